"""Options that several commands have, and the types of arguments."""

import argparse
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

DATA = (
    "one's own .csv, .parquet, .npz (arrays x and y), .h5ad (counts of cells), folder of 10x "
    "Genomics or .smi (molecules); or a data set made by bdiff (.parquet)"
)


def data(command: argparse.ArgumentParser) -> None:
    command.add_argument("data", type=Path, help=DATA)
    command.add_argument(
        "--label",
        metavar="COLUMN",
        help="column of class names (default of tables: label; of cells there is none)",
    )
    command.add_argument(
        "--classes-by",
        metavar="RULE",
        help="what decides the class of a molecule: rings, halogen, aromatic, heteroaromatic, "
        "bicyclic, non_aromatic_ring or module:function (default: rings)",
    )


def more_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("data", type=Path, help=f"{DATA}; with the features of those fitted to")
    command.add_argument(
        "--label", metavar="COLUMN", help="column of class names (default: that of `bdiff fit`)"
    )


def folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, help="folder by `bdiff fit` or `bdiff extend`")


def output(command: argparse.ArgumentParser, text: str, *endings: str) -> None:
    """Where to write: a file whose name has one of the endings, or without them a folder."""
    command.add_argument(
        "-o",
        "--output",
        type=path_with(endings) if endings else Path,
        required=True,
        metavar="PATH",
        help=text,
    )


def table(command: argparse.ArgumentParser, text: str) -> None:
    output(command, f"{text} (.parquet or .csv)", ".parquet", ".csv")


def steps(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help=f"optimisation steps, 1 or more (default: {default})",
    )


def settings(command: argparse.ArgumentParser, sections: str, examples: str) -> None:
    command.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        type=setting,
        metavar="SECTION.KEY=VALUE",
        help=f"any other setting that a data set has in config.yaml, sections {sections}; such as "
        f"{examples}",
    )


def seed(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="of all randomness (default: 0)"
    )


def device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto (a GPU when there is one), cpu or cuda (default: %(default)s)",
    )


def natural(text: str) -> int:
    """An argument that is a whole number of 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number of 0 or more, found {text!r}")
    return int(text)


def class_name(text: str) -> str:
    """An argument that names a class, in the Unicode form that data sets have."""
    return unicodedata.normalize("NFC", text)


def class_count(text: str) -> tuple[str, int]:
    """An argument N, for which the class is "", or CLASS=N."""
    name, equals, count = text.rpartition("=")
    if not count.isdecimal() or int(count) < 1 or bool(equals) != bool(name):
        raise argparse.ArgumentTypeError(
            f"expected N or CLASS=N with N of 1 or more, found {text!r}"
        )
    return class_name(name), int(count)


def path_with(endings: Sequence[str]) -> Callable[[str], Path]:
    """The type of an argument that is the path of a file with one of these endings."""

    def path(text: str) -> Path:
        if Path(text).suffix not in endings:
            raise argparse.ArgumentTypeError(
                f"expected a name that ends with {' or '.join(endings)}, found {text!r}"
            )
        if Path(text).is_dir():
            raise argparse.ArgumentTypeError(f"{text!r} is a folder; name a file")
        if files := [str(folder) for folder in Path(text).parents if folder.is_file()]:
            raise argparse.ArgumentTypeError(
                f"{text!r} cannot be in {files[0]!r}, which is a file; name another place"
            )
        return Path(text)

    return path


def setting(text: str) -> tuple[Sequence[str], Any]:
    """An argument SECTION.KEY=VALUE, the value as in YAML."""
    import yaml

    name, equals, value = text.partition("=")
    keys = name.split(".")
    if not equals or len(keys) < 2 or not all(keys):
        raise argparse.ArgumentTypeError(f"expected SECTION.KEY=VALUE, found {text!r}")
    try:
        return keys, yaml.safe_load(value)
    except yaml.YAMLError:
        raise argparse.ArgumentTypeError(f"{value!r} is no value as in YAML, in {text!r}") from None
