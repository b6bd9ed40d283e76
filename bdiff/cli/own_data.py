"""Data of one's own: read for a fit, or later, in the units of what a model was fitted to."""

import re
import warnings
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bdiff.autoencoder import encode
from bdiff.cli.folder import FitFolder
from bdiff.cli.settings import Assignments, data_settings, source_of
from bdiff.data.dataset import Dataset, read_dataset, read_facts
from bdiff.data.preprocess import preprocess
from bdiff.data.scaling import scale
from bdiff.defaults import form_of
from bdiff.expect import listed

LIMITS = "--set " + " ".join(
    f"data.{name}=..." for name in ("min_genes", "max_genes", "min_cells", "max_mitochondrial")
)


def is_dataset(path: Path) -> bool:
    """Whether a file is a data set made by bdiff."""
    if path.suffix != ".parquet" or not path.is_file():
        return False
    try:
        read_facts(path)
    except ValueError:
        return False
    return True


class OwnFile:
    """A file to fit to, read when its data set is first wanted.

    Args:
        path: of the file.
        label, classes_by, assignments: as in `bdiff.cli.settings.data_settings`.

    Attributes:
        settings: by which it is read; None for a data set made by bdiff.
    """

    def __init__(
        self, path: Path, label: str | None, classes_by: str | None, assignments: Assignments
    ):
        _check_path(path)
        self.path = path
        self.settings: dict[str, Any] | None = None
        if is_dataset(path):
            _refuse_settings(path, label, classes_by, assignments)
        else:
            self.settings = data_settings(path, label, classes_by, assignments)

    @cached_property
    def dataset(self) -> Dataset:
        """The objects; the file's name, without the ending, is that of the data set."""
        if self.settings is None:
            return read_dataset(self.path)
        return _read(self.path, self.settings, can_set=True)


def _refuse_settings(
    path: Path, label: str | None, classes_by: str | None, assignments: Assignments
) -> None:
    """Refuse to be told how to read a data set made by bdiff."""
    told = [f"--label {label}"] if label is not None else []
    told += [f"--classes-by {classes_by}"] if classes_by is not None else []
    told += [f"--set {'.'.join(keys)}=..." for keys, _ in assignments if keys[0] == "data"]
    if told:
        raise ValueError(
            f"{path} is a data set made by bdiff, whose classes, scaling and split are made; leave "
            f"out {', '.join(told)}, or give the file that it was made of"
        )


def read_like(folder: FitFolder, path: Path, label: str | None) -> Dataset:
    """The objects of a file as the model of a folder sees objects: its features, in its units.

    All are in the split "train", but those of a data set made by bdiff keep theirs.

    Args:
        folder: of a fit.
        path: a file as `bdiff fit` takes it.
        label: column of class names; None for that of the fit.

    Raises:
        FileNotFoundError: if there is nothing.
        ValueError: if the objects have other features, naming them; and as `preprocess`.
    """
    _check_path(path)
    reference = folder.read_dataset()
    if is_dataset(path):
        return _fitted(read_dataset(path), reference, folder)
    settings = _settings_like(folder, path, label, reference)
    with warnings.catch_warnings():  # of a scale that is not that of the noise: it is found below
        warnings.filterwarnings("ignore", "the values of x run from")
        dataset = _read(path, settings, can_set=False, least=1)
    return _fitted(dataset, reference, folder)


def _check_path(path: Path) -> None:
    """Refuse what is not there, or no data but made of them."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if FitFolder(path).record.exists():
        raise ValueError(
            f"{path} is a folder by `bdiff fit`; give the file that it was made of, or "
            f"{FitFolder(path).data}"
        )


def _read(path: Path, settings: dict[str, Any], *, can_set: bool, least: int = 2) -> Dataset:
    """The data set that a file holds; errors name options, --set only where the command has it."""
    try:
        return preprocess(name=path.name.partition(".")[0], least=least, **settings)
    except ValueError as error:
        text = str(error).replace("set `label` to", "let --label be")
        if can_set:
            text = re.sub(r"set `(\w+)` to", r"let --set data.\1=... be", text)
            text = re.sub(r"widen the limits\b.*", f"widen the limits: {LIMITS}", text)
        raise ValueError(text) from error


def _settings_like(
    folder: FitFolder, path: Path, label: str | None, reference: Dataset
) -> dict[str, Any]:
    """How to read a file so that its features are those of a fit, unscaled."""
    found = folder.read_record()["settings"]["data"] or {}
    if found and found["source"] == source_of(path, found.get("classes_by")):
        found |= {"path": str(path)} | ({} if label is None else {"label": label})
    else:
        found = data_settings(path, label, None, ())
    found |= {"classes": "all", "held_out": "none"}
    match found["source"]:
        case "file":
            found["standardise"] = False
        case "cells":
            autoencoder = folder.load_autoencoder()
            if autoencoder is not None:  # no gene of these is too rare
                found |= {"genes": list(autoencoder.genes), "min_cells": 0}
        case "smiles":
            found["nodes"] = reference.shape[0]
    return found


def _fitted(dataset: Dataset, reference: Dataset, folder: FitFolder) -> Dataset:
    """The data set in the units of another."""
    autoencoder = folder.load_autoencoder()
    if autoencoder is not None and form_of(dataset) == "cells":
        return encode(autoencoder, dataset, reference.scaling)
    if dataset.shape != reference.shape or dataset.feature_names != reference.feature_names:
        raise ValueError(_mismatch(dataset, reference))
    if dataset.scaling == reference.scaling:
        return dataset
    x = scale(dataset.unscale(dataset.x), reference.scaling)
    return replace(dataset, x=x, scaling=reference.scaling)


def _mismatch(dataset: Dataset, reference: Dataset) -> str:
    """What differs between the features of two data sets."""
    found, expected = dataset.feature_names, reference.feature_names
    missing = [name for name in expected if name not in found]
    more = [name for name in found if name not in expected]
    if missing or more:
        said = f"missing: {listed(missing)}; not known: {listed(more)}"
    elif found != expected:
        said = f"another order: {listed(found)}; expected: {listed(expected)}"
    else:
        said = f"objects of shape {dataset.shape}; expected {reference.shape}"
    return (
        f"data set {dataset.name!r} has other features than the model was fitted to, {said}; give "
        "the columns of the fit, in its order"
    )


def with_class(reference: Dataset, dataset: Dataset, name: str) -> Dataset:
    """The data set with the objects of one class more, which comes last.

    Args:
        reference: all old classes.
        dataset: objects of the new class, as `read_like` gives them; of others, too, if you like.
        name: of the new class.

    Raises:
        ValueError: if the class is known already, or has no objects.
    """
    if name in reference.classes:
        raise ValueError(
            f"the model knows {name!r} already; its classes are {', '.join(reference.classes)}"
        )
    new = dataset.keep_classes([name])
    kept = [key for key in reference.covariates if key in new.covariates]
    return replace(
        reference,
        x=np.concatenate([reference.x, new.x]),
        labels=np.concatenate([reference.labels, np.full(len(new), len(reference.classes))]),
        classes=(*reference.classes, *new.classes),
        split=np.concatenate([reference.split, new.split]),
        covariates={
            key: np.concatenate([reference.covariates[key], new.covariates[key]]) for key in kept
        },
    )
