"""The settings of a fit: those of a data set in config.yaml, with defaults by the form of the data.

Sections, defaults, ranges and error messages are those of `bdiff.config`; what has no default there
is in `bdiff.defaults`.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bdiff.config.base import Section
from bdiff.config.data import Data
from bdiff.config.errors import ConfigError, explain
from bdiff.config.models import AnyNet, Autoencoder, LinearTraining, Process, Training
from bdiff.config.overlay import lay_over
from bdiff.config.trees import Estimated
from bdiff.data.dataset import Dataset
from bdiff.data.tables import READERS
from bdiff.defaults import ADDED, BY_FORM, Settings, form_of

TREE = {"method": "sharing_cost"}

Assignments = Sequence[tuple[Sequence[str], Any]]


class OwnData(Section):
    """Where the objects come from."""

    data: Data


class Branched(Section):
    """All that a branched model is made with, besides its data."""

    process: Process
    autoencoder: Autoencoder | None = None
    tree: Estimated
    net: AnyNet
    training: Training


class Linear(Branched):
    """The same of a label-guided model."""

    training: LinearTraining


class Added(Section):
    """All that a class is added with."""

    tree: Estimated
    training: LinearTraining


def data_settings(
    path: Path, label: str | None, classes_by: str | None, assignments: Assignments
) -> Settings:
    """Arguments of `bdiff.data.preprocess.preprocess` for a file of one's own.

    Raises:
        ConfigError: if a setting is unknown or out of range, or the ending of the file.
        ValueError: if something is said twice, or cells have no label.
    """
    _check_once("--label", label, "data.label", assignments)
    _check_once("--classes-by", classes_by, "data.classes_by", assignments)
    given: Settings = {"source": source_of(path, classes_by), "path": str(path)}
    given |= {} if label is None else {"label": label}
    given |= {} if classes_by is None else {"classes_by": classes_by}
    if given["source"] == "file":
        given["standardise"] = True
    whole = _overlaid({"data": given}, _of(assignments, ["data"]))
    if whole["data"]["source"] == "cells" and "label" not in whole["data"]:
        raise ValueError(
            f"{path} is read as counts of cells; name the column of their types, in obs or in "
            "labels.csv: --label COLUMN"
        )
    found: Settings = _checked(OwnData, whole)["data"]
    return found


def source_of(path: Path, classes_by: str | None = None) -> str:
    """The source, in config.yaml's words, of a file of one's own.

    Args:
        path: of the file or folder.
        classes_by: what decides the class of molecules; None if that was not said.

    Raises:
        ValueError: if the ending tells nothing.
    """
    if path.is_dir() or path.suffix == ".h5ad":
        return "cells"
    if classes_by is not None or path.name.lower().removesuffix(".gz").endswith(".smi"):
        return "smiles"
    if path.suffix not in READERS:
        raise ValueError(
            f"{path}: expected a table ({', '.join(READERS)}), molecules (.smi, or .csv with "
            "--classes-by) or cells (.h5ad, or a folder of 10x Genomics)"
        )
    return "file"


def fit_settings(
    dataset: Dataset, kind: str, steps: int | None, assignments: Assignments
) -> Settings:
    """Settings of every stage of a fit but the data, by section.

    Args:
        dataset: the data as they are read; of cells their counts.
        kind: branched or linear.
        steps: of the training; None for the default of this form of data.
        assignments: keys from the section on, and the value, of what is to be otherwise.

    Raises:
        ConfigError: if a setting is unknown or out of range.
        ValueError: if there is something to encode with, but no counts; if steps are said twice.
    """
    _check_once("--steps", steps, "training.steps", assignments)
    form = form_of(dataset)
    if form != "cells" and _of(assignments, ["autoencoder"]):
        raise ValueError(f"--set autoencoder: data set {dataset.name!r} has no counts to encode")
    sections: list[Settings] = [{"tree": TREE}, BY_FORM[form]]
    sections += [{"autoencoder": {}}] if form == "cells" else []
    sections += _of(assignments, list(Linear.model_fields))
    sections += [] if steps is None else [{"training": {"steps": steps}}]
    return _checked(Linear if kind == "linear" else Branched, _overlaid({}, sections))


def added_settings(tree: Settings, steps: int | None, assignments: Assignments) -> Settings:
    """Settings by which a class is added; the tree's are those of the fit, if not set otherwise."""
    _check_once("--steps", steps, "training.steps", assignments)
    sections = [{"tree": tree, "training": ADDED}, *_of(assignments, list(Added.model_fields))]
    sections += [] if steps is None else [{"training": {"steps": steps}}]
    return _checked(Added, _overlaid({}, sections))


def check_sections(assignments: Assignments, sections: Iterable[str]) -> None:
    """Raise ValueError for an assignment to another section than these."""
    for keys, _ in assignments:
        if keys[0] not in sections:
            raise ValueError(
                f"--set {'.'.join(keys)}: there is no section {keys[0]!r} here; the sections are "
                f"{', '.join(sections)}"
            )


def _check_once(option: str, given: Any, name: str, assignments: Assignments) -> None:
    """Raise ValueError if what an option gives is set as well."""
    if given is not None and any(".".join(keys) == name for keys, _ in assignments):
        raise ValueError(f"{option} and --set {name} are the same setting; leave one out")


def _of(assignments: Assignments, sections: Iterable[str]) -> list[Settings]:
    """The assignments to some sections, each as an overlay."""
    return [
        reduce(lambda inner, key: {key: inner}, reversed(keys), value)
        for keys, value in assignments
        if keys[0] in sections
    ]


def _overlaid(first: Settings, overlays: Iterable[Settings]) -> Settings:
    return reduce(lay_over, overlays, first)


def _checked(section: type[Section], mapping: Settings) -> Settings:
    """The mapping with all defaults filled in, as plain numbers, strings and lists."""
    seen: dict[int, type] = {}
    try:
        return section.model_validate(mapping, context=seen).model_dump(mode="json")
    except ValidationError as error:
        raise ConfigError(explain(error, mapping, seen)) from None
