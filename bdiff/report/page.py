"""The report: all figures and tables of a run on one HTML page, in the order of the paper.

captions.yaml says what there is to say of each, and in which order; page.html, a Jinja template,
how it looks. All that the template is given is escaped, and pictures are embedded, so that the page
needs no other file and no network.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from bdiff.report.quality_table import rounded

LARGEST_SVG = 400_000  # bytes of a drawing; beyond them the pixels are embedded
NUMBER = re.compile(r"([FT]\d+[a-z]?)_")
PANEL = re.compile(r"^(F\d+)[a-z]_")
TEXT = ("dataset", "model", "class", "classes", "added", "source", "split", "solver")
WORDS = {"True": "yes", "False": "no", "": "–"}
Cell = tuple[str, bool]
MEDIA = {".svg": "image/svg+xml", ".png": "image/png"}


class Entry(BaseModel):
    """What captions.yaml says of a figure or a table; the keys are explained there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    caption: str
    paper: str
    made_of: tuple[str, ...]
    section: str = ""
    data: str = ""
    columns: dict[str, str | tuple[str, str]] = {}
    folded: bool = False


class Chapter(BaseModel):
    """A chapter of the page, with its figures and tables by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    text: str
    entries: dict[str, Entry]


@dataclass(frozen=True)
class Picture:
    """An embedded picture: a data URI, and what stands in its place for who cannot see it."""

    source: str
    alt: str


@dataclass(frozen=True)
class Table:
    """Headings and rows; a cell is its text, and whether it stands in a column of numbers."""

    headings: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Facts:
    """What is known of a figure or table besides its caption: its data, and what was checked."""

    data: str = ""  # title of its data set
    made_of: tuple[str, ...] = ()  # a line per data set
    other_data: bool = False  # than the paper's?
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """A figure or a table on the page."""

    name: str
    entry: Entry
    facts: Facts
    pictures: tuple[Picture, ...] = ()
    table: Table | None = None

    @property
    def number(self) -> str:
        return number_of(self.name)

    @property
    def anchor(self) -> str:
        return self.number or self.name


@dataclass(frozen=True)
class Part:
    """A chapter with those of its figures and tables that there are."""

    title: str
    text: str
    items: tuple[Item, ...]


def number_of(name: str) -> str:
    """The number that a name begins with, "F4a" or "T1"; nothing where there is none."""
    found = NUMBER.match(name)
    return found[1] if found else ""


def read_chapters(path: str | Path) -> tuple[Chapter, ...]:
    """The chapters of captions.yaml, in order.

    Raises:
        ValueError: if a key is missing or unknown, with its place.
    """
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return tuple(Chapter.model_validate(chapter) for chapter in content["chapters"])


def assemble(
    chapters: Sequence[Chapter],
    figures: Iterable[Path],
    tables: Iterable[Path],
    facts: Mapping[str, Facts],
) -> list[Part]:
    """The parts of the page: every figure and table once, under its caption, in their order.

    Args:
        chapters: see `read_chapters`.
        figures: drawings (.svg), with the pixels (.png) beside them; panels F16a, F16b, ... that
            have no captions of their own stand together under that of F16.
        tables: .csv files.
        facts: by the names in captions.yaml; some may be missing.

    Raises:
        ValueError: if a file has no caption.
    """
    entries = {name for chapter in chapters for name in chapter.entries}
    panels: dict[str, list[Path]] = {}
    for path in sorted(figures):
        name = path.stem if path.stem in entries else PANEL.sub(r"\1_", path.stem)
        panels.setdefault(name, []).append(path)
    sheets = {path.stem: path for path in tables}
    if unknown := sorted((panels.keys() | sheets.keys()) - entries):
        raise ValueError(
            f"there is no caption for {', '.join(unknown)}: write it into "
            "workflow/report/captions.yaml, in the chapter where it is to stand"
        )
    parts = []
    for chapter in chapters:
        items = tuple(
            _item(name, entry, panels.get(name, ()), sheets.get(name), facts.get(name, Facts()))
            for name, entry in chapter.entries.items()
            if name in panels or name in sheets
        )
        if items:
            parts.append(Part(chapter.title, chapter.text, items))
    return parts


def _item(
    name: str, entry: Entry, panels: Sequence[Path], sheet: Path | None, facts: Facts
) -> Item:
    data = f", {facts.data}" if facts.data else ""
    pictures = tuple(
        Picture(embedded(path), f"Figure {number_of(path.stem)}: {entry.title}{data}")
        for path in panels
    )
    table = read_table(sheet, entry.columns) if sheet else None
    return Item(name, entry, facts, pictures, table)


def embedded(path: Path) -> str:
    """A picture as a data URI: the drawing, or the pixels beside it where it is too large."""
    if path.stat().st_size > LARGEST_SVG:
        path = path.with_suffix(".png")
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{MEDIA[path.suffix]};base64,{content}"


def read_table(path: str | Path, columns: Mapping[str, str | Sequence[str]]) -> Table:
    """A table as it is shown: the columns that have values, under these headings, rounded.

    Args:
        path: CSV file.
        columns: heading -> column, or two columns, which share a cell: "a / b".
    """
    import pandas as pd

    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    shown = {}
    for heading, names in columns.items():
        names = (names,) if isinstance(names, str) else names
        if all(name in found and (found[name] != "").any() for name in names):
            number = names[0] not in TEXT and not found[names[0]].isin(["True", "False"]).any()
            write = str if names[0] in TEXT else _cell
            rows = zip(*(found[name] for name in names), strict=True)
            shown[heading, number] = [
                (" / ".join(map(write, row)) if any(row) else "–", number) for row in rows
            ]
    return Table(tuple(shown), tuple(zip(*shown.values(), strict=True)))


def _cell(value: str) -> str:
    """A number with three digits, a whole one with all; words as they are."""
    try:
        number = float(value)
    except ValueError:
        return WORDS.get(value, value)
    whole = number.is_integer() and "e" not in value
    return f"{number:,.0f}" if whole else rounded(number)


def render(template: str, parts: Sequence[Part], about: Mapping[str, Any]) -> str:
    """The page.

    Args:
        template: of Jinja; it gets `parts` and what is in `about`.
        parts: see `assemble`.
        about: what its head says.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(parts=parts, **about)
