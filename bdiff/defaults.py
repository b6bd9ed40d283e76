"""What suits data by their form, where nothing else is said: process, network, training, solver.

config.yaml says all of it itself; these are for Python and the command line.
"""

from collections.abc import Sequence
from typing import Any

from bdiff.data.dataset import Dataset
from bdiff.data.scaling import COUNTS, GRAPHS

Settings = dict[str, Any]

VARIANCE_PRESERVING = {"name": "vp"}
BY_FORM: dict[str, dict[str, Settings]] = {
    "table": {
        "process": VARIANCE_PRESERVING,
        "net": {"name": "residual"},
        "training": {"steps": 5_000},
    },
    "cells": {  # counts, through an autoencoder
        "process": VARIANCE_PRESERVING,
        "net": {"name": "residual"},
        "training": {"steps": 10_000},
    },
    "images": {
        "process": VARIANCE_PRESERVING,
        "net": {"name": "residual_unet"},
        "training": {"steps": 10_000, "ema": 0.999},
    },
    "molecules": {
        "process": {"name": "joint"},
        "net": {"name": "graph_transformer"},
        "training": {"steps": 20_000, "batch_size": 64, "learning_rate": 2e-3},
    },
}
# Of the solvers with ten to twenty network evaluations per object, the one whose samples come
# nearest, in distance and class, to those of the paper's with 1000 steps: benchmarks/sampling.py,
# docs/solvers.csv. Others come nearer to real objects by being less varied (docs/results.md).
_SDE = {"name": "sde_dpm_solver_pp", "branch_times": "coalesce"}
SOLVERS_BY_FORM: dict[str, Settings] = {  # by `form_of_shape`
    "table": {**_SDE, "grid": "uniform_t", "steps": 18},
    "images": {**_SDE, "grid": "quadratic_t", "steps": 20},
    # Corrector steps where there is little noise: 0.85 of molecules are valid, in place of 0.76
    # after 600 ancestral steps, even in time (docs/results.md).
    "molecules": {"name": "predictor_corrector", "snr": 0.3, "grid": "edm", "steps": 200},
}
# What makes a new leaf are small changes of shared layers, which can be learned fast.
ADDED: Settings = {"steps": 2_000, "learning_rate": 1e-2}


def form_of_shape(shape: Sequence[int]) -> str:
    """Which kind of object a model of this shape is of: "table", "molecules" or "images"."""
    return {1: "table", 2: "molecules", 3: "images"}[len(shape)]


def form_of(dataset: Dataset) -> str:
    """A key of `BY_FORM`.

    Raises:
        ValueError: if objects are neither counts nor molecules, and no rows or images either.
    """
    kind, shape = dataset.scaling.get("kind"), dataset.shape
    if kind in (COUNTS["kind"], GRAPHS["kind"]):
        return "cells" if kind == COUNTS["kind"] else "molecules"
    if len(shape) == 3 and shape[0] > 4 >= shape[2]:
        fix = "images have their channels first: x.transpose(0, 3, 1, 2)"
    elif len(shape) == 2:
        fix = "images of one channel are (N, 1, height, width): x[:, None]"
    elif len(shape) in (1, 3):
        return form_of_shape(shape)
    else:
        fix = "give each object the shape (features,)"
    raise ValueError(
        f"the objects of {dataset.name!r} have the shape {shape}; expected rows of a table, "
        f"(features,), or images, (channels, height, width): {fix}"
    )


def suited(dataset: Dataset, what: str) -> Settings:
    """Settings of the "process", the "net" or the "training"."""
    return dict(BY_FORM[form_of(dataset)][what])
