"""bdiff: hierarchically branched diffusion models for class-labelled data.

The names below are loaded when they are first used; importing bdiff costs nothing.
"""

import importlib

_HOME = {
    "Branched": "bdiff.branched",
    "BranchPoint": "bdiff.tree",
    "BranchTree": "bdiff.tree",
    "DDPM": "bdiff.process",
    "Dataset": "bdiff.data.dataset",
    "Guided": "bdiff.linear",
    "Linear": "bdiff.linear",
    "Sampler": "bdiff.sampling.sampler",
    "Training": "bdiff.training_settings",
    "VP": "bdiff.process",
    "build_model": "bdiff.build",
    "estimate_tree": "bdiff.branch_points.estimate",
    "extend": "bdiff.extension",
    "from_arrays": "bdiff.data.tables",
    "hybrids": "bdiff.analysis.analogies",
    "load_model": "bdiff.checkpoint",
    "load_tree": "bdiff.tree_files",
    "read_dataset": "bdiff.data.dataset",
    "sample": "bdiff.sampling.sampler",
    "save_model": "bdiff.checkpoint",
    "save_tree": "bdiff.tree_files",
    "train": "bdiff.training",
    "transmute": "bdiff.analysis.analogies",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'bdiff' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return __all__
