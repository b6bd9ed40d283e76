"""Arguments of the benchmarks: numbers in their range, labels that exist, files of data sets."""

import argparse
import math
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path


def whole(least: int) -> Callable[[str], int]:
    """The type of an argument: a whole number of so much or more."""

    def number(text: str) -> int:
        if not text.removeprefix("-").isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"found {text!r}, expected a whole number of {least} or more"
            )
        return int(text)

    return number


def positive(text: str) -> float:
    """An argument that is a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above 0")
    return value


def check_labels(option: str, parts: Iterable[str] | None, labels: Iterable[str]) -> None:
    """Raise ValueError if one of the parts is in no label, naming the labels and the nearest."""
    labels = list(labels)
    for part in parts or []:
        if not any(part in label for label in labels):
            lower = {label.lower(): label for label in labels}
            near = [lower[name] for name in get_close_matches(part.lower(), lower, 1, 0.3)]
            raise ValueError(
                f"{option}: {part!r} is part of no label; there are: {'; '.join(labels)}"
                + "".join(f"; did you mean {name!r}?" for name in near)
            )


def data_file(folder: Path, name: str) -> Path:
    """The processed file of a data set.

    Raises:
        FileNotFoundError: if there is none, naming those that are there and how to make one.
    """
    path = folder / f"{name}.parquet"
    if not path.exists():
        there = ", ".join(sorted(file.stem for file in folder.glob("*.parquet"))) or "none"
        raise FileNotFoundError(
            f"there is no {path}; the data sets in {folder} are: {there}. `snakemake --cores all "
            f"data/processed/{name}.parquet` makes it where config.yaml has such a data set"
        )
    return path
