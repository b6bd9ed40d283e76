"""bdiff: hierarchically branched diffusion models for class-labelled data.

The names below are loaded when they are first used; importing bdiff costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

_HOME = {
    "Branched": "bdiff.branched",
    "BranchPoint": "bdiff.tree",
    "BranchTree": "bdiff.tree",
    "build_model": "bdiff.build",
    "CheckpointError": "bdiff.checkpoint",
    "Dataset": "bdiff.data.dataset",
    "DDPM": "bdiff.process",
    "encode": "bdiff.autoencoder",
    "estimate_tree": "bdiff.branch_points.estimate",
    "extend": "bdiff.extension",
    "extend_tree": "bdiff.branch_points.estimate",
    "fit_autoencoder": "bdiff.autoencoder",
    "from_arrays": "bdiff.data.tables",
    "from_smiles": "bdiff.data.molecules",
    "given_tree": "bdiff.branch_points.estimate",
    "Guided": "bdiff.guidance",
    "hybrids": "bdiff.sampling.hybrids",
    "Joint": "bdiff.process",
    "Linear": "bdiff.linear",
    "load_autoencoder": "bdiff.autoencoder_files",
    "load_model": "bdiff.model_files",
    "load_tree": "bdiff.tree_files",
    "quality": "bdiff.analysis.quality",
    "read_cells": "bdiff.data.cells",
    "read_dataset": "bdiff.data.dataset",
    "read_molecules": "bdiff.data.molecules",
    "read_samples": "bdiff.sampling.files",
    "read_table": "bdiff.data.tables",
    "sample": "bdiff.sampling.sampler",
    "Sampler": "bdiff.sampling.sampler",
    "Samples": "bdiff.sampling.files",
    "save_autoencoder": "bdiff.autoencoder_files",
    "save_model": "bdiff.model_files",
    "save_tree": "bdiff.tree_files",
    "simulate_cells": "bdiff.data.simulated_cells",
    "train": "bdiff.training.train",
    "Training": "bdiff.training.settings",
    "TrainingError": "bdiff.training.settings",
    "transmute": "bdiff.sampling.transmutation",
    "valid_molecules": "bdiff.chemistry",
    "VE": "bdiff.process",
    "VP": "bdiff.process",
    "write_dataset": "bdiff.data.dataset",
    "write_samples": "bdiff.sampling.files",
}

__all__ = sorted(_HOME)


def __dir__() -> list[str]:
    return __all__


# Type checkers read the same list as imports; of `__getattr__` they would believe any name.
if TYPE_CHECKING:
    from bdiff.analysis.quality import quality as quality
    from bdiff.autoencoder import encode as encode
    from bdiff.autoencoder import fit_autoencoder as fit_autoencoder
    from bdiff.autoencoder_files import load_autoencoder as load_autoencoder
    from bdiff.autoencoder_files import save_autoencoder as save_autoencoder
    from bdiff.branch_points.estimate import estimate_tree as estimate_tree
    from bdiff.branch_points.estimate import extend_tree as extend_tree
    from bdiff.branch_points.estimate import given_tree as given_tree
    from bdiff.branched import Branched as Branched
    from bdiff.build import build_model as build_model
    from bdiff.checkpoint import CheckpointError as CheckpointError
    from bdiff.chemistry import valid_molecules as valid_molecules
    from bdiff.data.cells import read_cells as read_cells
    from bdiff.data.dataset import Dataset as Dataset
    from bdiff.data.dataset import read_dataset as read_dataset
    from bdiff.data.dataset import write_dataset as write_dataset
    from bdiff.data.molecules import from_smiles as from_smiles
    from bdiff.data.molecules import read_molecules as read_molecules
    from bdiff.data.simulated_cells import simulate_cells as simulate_cells
    from bdiff.data.tables import from_arrays as from_arrays
    from bdiff.data.tables import read_table as read_table
    from bdiff.extension import extend as extend
    from bdiff.guidance import Guided as Guided
    from bdiff.linear import Linear as Linear
    from bdiff.model_files import load_model as load_model
    from bdiff.model_files import save_model as save_model
    from bdiff.process import DDPM as DDPM
    from bdiff.process import VE as VE
    from bdiff.process import VP as VP
    from bdiff.process import Joint as Joint
    from bdiff.sampling.files import Samples as Samples
    from bdiff.sampling.files import read_samples as read_samples
    from bdiff.sampling.files import write_samples as write_samples
    from bdiff.sampling.hybrids import hybrids as hybrids
    from bdiff.sampling.sampler import Sampler as Sampler
    from bdiff.sampling.sampler import sample as sample
    from bdiff.sampling.transmutation import transmute as transmute
    from bdiff.training.settings import Training as Training
    from bdiff.training.settings import TrainingError as TrainingError
    from bdiff.training.train import train as train
    from bdiff.tree import BranchPoint as BranchPoint
    from bdiff.tree import BranchTree as BranchTree
    from bdiff.tree_files import load_tree as load_tree
    from bdiff.tree_files import save_tree as save_tree
else:

    def __getattr__(name):
        if name not in _HOME:
            raise AttributeError(f"module 'bdiff' has no attribute {name!r}")
        return getattr(importlib.import_module(_HOME[name]), name)
