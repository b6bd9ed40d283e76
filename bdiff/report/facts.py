"""What the report says besides captions: what a figure was made of, and what the run was.

Settings are those of the configuration as plain values, as the rule `make_report` passes them:
`figures` that are made and `datasets` that are run, by name.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from bdiff.data.dataset import read_facts
from bdiff.defaults import form_of_shape
from bdiff.report.page import Chapter, Facts, Table
from bdiff.report.words import PARTS, named, training_words, tree_words

DIGITS = 12  # of a hash that are shown


@dataclass(frozen=True)
class DataFacts:
    """What the file of a data set says: its title, the shape of an object, classes, objects."""

    title: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    train: int
    test: int

    @property
    def kind(self) -> str:
        form = form_of_shape(self.shape)
        return "rows" if form == "table" else form

    @property
    def text(self) -> str:
        held_out = f" and {self.test:,} held-out" if self.test else ""
        return (
            f"{self.title} ({self.train:,} training{held_out} {self.kind}, "
            f"{len(self.classes)} classes)"
        )


def data_facts(path: str | Path) -> DataFacts:
    """The facts of a data set, from its file; objects are counted, not read."""
    facts = read_facts(path)
    split = pq.read_table(path, columns=["split"])["split"].to_pylist()
    shape, classes = tuple(facts["shape"]), tuple(facts["classes"])
    return DataFacts(facts["title"], shape, classes, split.count("train"), split.count("test"))


def facts_of(
    chapters: Sequence[Chapter],
    settings: Mapping[str, Any],
    data: Mapping[str, DataFacts],
    notes: Mapping[str, Sequence[str]],
) -> dict[str, Facts]:
    """What is known of every figure and table besides its caption, by name.

    A figure is of the data set that its section names, a table of all that have its parts, by name.

    Args:
        chapters: with the names, and the parts that each is made of.
        settings: of the configuration, see above.
        data: facts of the data sets that are run, by name.
        notes: what was checked, by figure or table.

    Raises:
        ValueError: if there are no words for a part, naming those that have.
    """
    found = {}
    entries = {name: entry for chapter in chapters for name, entry in chapter.entries.items()}
    for name, entry in entries.items():
        if unknown := set(entry.made_of) - set(PARTS):
            raise ValueError(f"{name}: no words for {unknown}; there are for {', '.join(PARTS)}")
        about: dict[str, Any] = {}
        if own := settings["figures"].get(entry.section or name):
            key = own["dataset"]
            lines = [_made_of(key, entry.made_of, own, settings, data)]
            about = {"data": data[key].title, "other_data": bool(entry.data) and key != entry.data}
        else:
            keys = [key for key in data if _has(settings["datasets"][key], entry.made_of)]
            lines = [f"{key}: {_made_of(key, entry.made_of, None, settings, data)}" for key in keys]
        found[name] = Facts(made_of=tuple(lines), notes=tuple(notes.get(name, ())), **about)
    return found


def _has(dataset: Mapping[str, Any], parts: Sequence[str]) -> bool:
    return all(dataset.get(part) for part in parts)


def _made_of(
    key: str,
    parts: Sequence[str],
    figure: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    data: Mapping[str, DataFacts],
) -> str:
    dataset = settings["datasets"][key] | {"figure": figure, "all": settings["datasets"]}
    words = (PARTS[part](dataset, data[key].shape) for part in parts)
    line = "; ".join([data[key].text, *filter(None, words)]) + "."
    return line.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")


def data_table(settings: Mapping[str, Any], data: Mapping[str, DataFacts]) -> Table:
    """The data sets of a run, a row each: objects, tree and training."""
    words = ("name", "data set", "branch points", "models")
    numbers = ("classes", "training objects", "held out")
    headings = (*words[:2], *numbers, *words[2:])
    rows = []
    for name, facts in data.items():
        dataset = settings["datasets"][name]
        tree = tree_words(dataset["tree"]).removeprefix("branch points ")
        counts = (f"{count:,}" for count in (len(facts.classes), facts.train, facts.test))
        rows.append((name, facts.title, *counts, tree, training_words(dataset["training"])))
    cells = ([(text, h in numbers) for h, text in zip(headings, row, strict=True)] for row in rows)
    return Table(tuple((h, h in numbers) for h in headings), tuple(map(tuple, cells)))


def kept_words(hashes: pd.DataFrame) -> str:
    """Whether adding classes left all that a branched model had learned as it was.

    Args:
        hashes: rows of kept_branched.csv: the classes, and the sha256 before and after.
    """
    words = []
    for row in hashes.to_dict("records"):
        same = "the same" if row["before"] == row["after"] else "NOT the same"
        before, after = (row[key][:DIGITS] for key in ("before", "after"))
        words.append(
            f"{row['classes']} added to the branched model: the sha256 of all parameters that it "
            f"had is {before}… before and {after}… after, {same}."
        )
    return " ".join(words)


def scale_and_commands(command: str) -> dict[str, Any]:
    """What of the configuration was run, in words, and the commands that run it again.

    Args:
        command: of Snakemake, with the overlays it was given.
    """
    words = shlex.split(command)
    overlays = words[words.index("--configfile") + 1 :] if "--configfile" in words else []
    ours = [Path(overlay).stem for overlay in overlays if "workflow/config/" in overlay]
    make = ["make reproduce SCALE=paper"] if not overlays else []
    if len(ours) == len(overlays) == 1:
        make = [f"make reproduce SCALE={ours[0]}"]
    scale = (
        f"config.yaml with {named(overlays)} laid over it" if overlays else "config.yaml as it is"
    )
    return {"scale": scale, "commands": [*make, command]}
