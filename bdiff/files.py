"""Files that are either whole or not there.

A file is written under a temporary name beside its place, flushed to the disk and renamed. Whoever
is killed, or runs out of disk, in the middle leaves the old file (or none), never half a file.
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; it becomes `path` if the block ends without an error.

    The temporary name has the same suffix and lies in the same folder, which is made if missing.

    Raises:
        OSError: if writing fails (a full disk, no permission); what stood at `path` stays as it
            was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)  # the new name itself must survive a crash, too
    finally:
        temporary.unlink(missing_ok=True)


def check_ending(path: str | Path, ending: str) -> None:
    """Raise ValueError, before anything is written, unless the file is named for what it holds."""
    if Path(path).suffix != ending:
        raise ValueError(
            f"{path}: the file is written in the format of {ending}; call it "
            f"{Path(path).with_suffix(ending).name!r}"
        )


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file (UTF-8); raises as `atomic_write`."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def to_json(value: Any, **options: Any) -> str:
    """`json.dumps` that takes numbers of numpy, too: settings may come from an array."""
    return json.dumps(value, default=_number, **options)


def _number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be written as JSON")


def sha256_of(path: str | Path) -> str:
    """sha256 of a file, in hexadecimal; the file need not fit into memory."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain(name: str) -> bool:
    """Whether this names a file of the folder it is looked for in, and leads nowhere else."""
    return name == Path(name).name and name not in ("", "..")


def write_rows(path: str | Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write a tidy table as CSV: one mapping per row, every column named.

    Raises:
        ValueError: if a row has a column that is not named.
    """
    with atomic_write(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: str | Path) -> "pd.DataFrame":
    """Read a tidy table; names, such as class "0" or "NA", stay text."""
    import pandas as pd

    text = dict.fromkeys(("dataset", "class", "draw", "origin", "target"), str)
    missing = {key: ["", "nan"] for key in ("value", "low", "high")}
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=missing)
