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
    "Joint": "bdiff.process",
    "Linear": "bdiff.linear",
    "Sampler": "bdiff.sampling.sampler",
    "Training": "bdiff.training_settings",
    "VE": "bdiff.process",
    "VP": "bdiff.process",
    "build_model": "bdiff.build",
    "encode": "bdiff.autoencoder",
    "estimate_tree": "bdiff.branch_points.estimate",
    "extend": "bdiff.extension",
    "fit_autoencoder": "bdiff.autoencoder",
    "from_arrays": "bdiff.data.tables",
    "from_smiles": "bdiff.data.molecules",
    "hybrids": "bdiff.analysis.analogies",
    "load_autoencoder": "bdiff.autoencoder",
    "load_model": "bdiff.model_files",
    "load_tree": "bdiff.tree_files",
    "read_cells": "bdiff.data.cells",
    "read_dataset": "bdiff.data.dataset",
    "read_molecules": "bdiff.data.molecules",
    "sample": "bdiff.sampling.sampler",
    "save_autoencoder": "bdiff.autoencoder",
    "save_model": "bdiff.model_files",
    "save_tree": "bdiff.tree_files",
    "simulate_cells": "bdiff.data.simulated_cells",
    "train": "bdiff.training",
    "transmute": "bdiff.analysis.analogies",
    "valid_molecules": "bdiff.chemistry",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'bdiff' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__():
    return __all__
