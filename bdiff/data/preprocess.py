"""From raw files to a data set: its scaling, its split, then the choice of classes.

Held-out objects, the split "test":
    "official"   the data set's own test set: MNIST's and Fashion-MNIST's test files, the last 4,000
                 rows of the letters, the last 20 % of the digits
    "none"       the paper's protocol: everything that was training data is training data. The paper
                 never used the test files of MNIST and Fashion-MNIST, so they are left out
    a fraction   this share of each class, drawn at random with a fixed seed, from the objects of
                 "none"

Files of one's own, simulated cells and the embedded blood cells have no official test set. What is
found from a file of one's own, its scaling or its most variable genes, is found from its training
objects, of all classes in the file; the known data sets have the paper's scaling.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bdiff.data import digits, letters, mnist, moses, pbmc
from bdiff.data.cells import read_cells
from bdiff.data.dataset import Dataset, check_training_objects
from bdiff.data.download import fetch
from bdiff.data.molecules import read_molecules
from bdiff.data.simulated_cells import simulate_cells
from bdiff.data.sources import SourceError, read_raw, sources_of, verify
from bdiff.data.tables import check_fraction, hold_out, read_table
from bdiff.expect import nearest

FAMILIES: dict[str, Callable[..., Dataset]] = {
    "mnist": mnist.make_mnist,
    "fashion_mnist": mnist.make_fashion_mnist,
    "garments": mnist.make_garments,
    "letters": letters.make_dataset,
    "digits": digits.make_dataset,
    "pbmc": pbmc.make_dataset,
    "molecules": moses.make_dataset,
    "moses": moses.make_dataset,
}
# Sources with settings of their own: files of one's own, and what is drawn.
OWN: dict[str, Callable[..., Dataset]] = {
    "file": read_table,
    "cells": read_cells,
    "smiles": read_molecules,
}
MADE: dict[str, Callable[..., Dataset]] = {"simulated_cells": simulate_cells}
NOT_SETTINGS = ("files", "held_out")
SETTINGS = {
    source: {k: v for k, v in inspect.signature(make).parameters.items() if k not in NOT_SETTINGS}
    for source, make in (FAMILIES | OWN | MADE).items()
}


def preprocess(
    raw: str | Path | None = None,
    *,
    source: str,
    name: str | None = None,
    classes: str | Sequence[str] = "all",
    held_out: str | float = "official",
    least: int = 2,
    **settings: Any,
) -> Dataset:
    """Make a data set from raw files, ready for `write_dataset`.

    Args:
        raw: folder filled by scripts/download.py; None for what needs no download.
        source: mnist, fashion_mnist, garments, letters, digits, pbmc, simulated_cells, molecules,
            moses, or of one's own: file for a table, cells for counts of cells, smiles for
            molecules.
        name: key of the data set, the source by default.
        classes: "all", or names of classes in the order wanted.
        held_out: "official", "none" or a fraction in (0, 1); see the head of this module.
        least: training objects that every class has to have.
        settings: of the source: for "file" see `read_table`, for "cells" `read_cells`, for
            "smiles" `read_molecules`, for "simulated_cells" `simulate_cells`, for "molecules" and
            "moses" `bdiff.data.molecules.from_smiles`.

    Raises:
        ValueError: for an unknown setting, source, class or held_out, a class whose name is no
            text or that has fewer training objects, and whatever is wrong with the raw data.
    """
    _check_settings(source, settings)
    _check_classes(classes)
    if source in OWN:
        dataset = OWN[source](**settings, held_out=_share(source, held_out))
    elif source in MADE:
        dataset = _split(MADE[source](**settings), source, held_out)
    else:
        files, provenance = _raw_files(source, raw)
        made = FAMILIES[source](files, **settings)
        rule = {key: made.source[key] for key in ("classes_by",) if key in made.source}
        titled = replace(made, source=provenance | rule, title=_title(made.title, provenance))
        dataset = _split(titled, source, held_out)
    if classes != "all":
        dataset = dataset.keep_classes(classes)
        dataset = replace(dataset, title=f"{dataset.title}: {_listed(dataset.classes)}")
    dataset = replace(dataset, name=name or source)
    check_training_objects(dataset, least)
    return dataset


def _check_settings(source: str, settings: dict[str, Any]) -> None:
    """Raise ValueError for an unknown source, and for settings that are not its own or missing."""
    if source not in SETTINGS:
        *first, last = SETTINGS
        raise ValueError(f"unknown source {source!r}: expected {', '.join(first)} or {last}")
    own = SETTINGS[source]
    known = ("source", "name", "classes", "held_out", *own)
    for key in settings:
        others = [repr(other) for other in SETTINGS if key in SETTINGS[other]]
        if key not in own and others:
            raise ValueError(f"{key}: this setting belongs to the source {' or '.join(others)}")
        if key not in own:
            raise ValueError(
                f"unknown setting {key!r}; known settings: {', '.join(known)}{nearest(key, known)}"
            )
    lacking = [f"`{k}`" for k, v in own.items() if v.default is v.empty and k not in settings]
    if lacking:
        raise ValueError(f"the source {source!r} needs {' and '.join(lacking)}")


def _check_classes(classes: object) -> None:
    if classes == "all":
        return
    if not isinstance(classes, list | tuple):
        raise ValueError(f"classes is {classes!r}; expected 'all' or a list of class names")
    for name in classes:
        if not isinstance(name, str):
            raise ValueError(
                f'classes holds {name!r}, but class names are texts: put it in quotes, "{name}"'
            )


def _raw_files(source: str, raw: str | Path | None) -> tuple[dict[str, bytes], dict[str, Any]]:
    if raw is not None:
        files, provenance = read_raw(raw)
        if provenance["dataset"] != source:
            raise SourceError(f"{raw} holds {provenance['dataset']!r}, not {source!r}")
        return files, provenance
    origin = sources_of(source)[-1]
    if not origin.at_hand:
        raise SourceError(
            f"the source {source!r} needs its raw files: "
            f"scripts/download.py --source {source} --output data/raw/{source}"
        )
    files = fetch(origin)
    verify(files, origin.sha256)
    return files, origin.provenance


def _share(source: str, held_out: str | float) -> float | None:
    """The share of a file's objects that is held out."""
    if held_out == "official":
        raise _no_official_test_set(source)
    if held_out == "none":
        return None
    check_fraction(held_out, "'none'")
    return float(held_out)


def _no_official_test_set(source: str) -> ValueError:
    return ValueError(
        f"the data of {source!r} have no official test set; set held_out to 'none' (the paper's "
        "protocol) or to a fraction such as 0.2"
    )


def _split(dataset: Dataset, source: str, held_out: str | float) -> Dataset:
    if held_out == "official":
        if "test" not in dataset.split:
            raise _no_official_test_set(source)
        return dataset
    if held_out != "none":
        check_fraction(held_out, "'official', 'none'")
    # Files of their own that the paper never opened are not made training data here.
    own_files = source in ("mnist", "fashion_mnist", "garments")
    training = dataset.select("train") if own_files else dataset
    if held_out == "none":
        return replace(training, split=np.full(len(training), "train"))
    return hold_out(training, float(held_out))


def _title(title: str, provenance: dict[str, Any]) -> str:
    subset = provenance["version"] == mnist.SUBSET_VERSION
    return f"{title}, first 10,000 training images" if subset else title


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{len(names)} classes"
