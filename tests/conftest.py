"""What several tests use: a small tree, small models, and a model that knows the exact answer."""

import signal

import hypothesis
import pytest
import torch
from torch import nn

from bdiff.build import initialised
from bdiff.model import DiffusionModel
from bdiff.process import VP
from bdiff.tree import BranchPoint, BranchTree

pytest_plugins = ["tests.faults.table"]
torch.set_num_threads(1)
# A shell starts what runs in the background deaf to it, and tests of Ctrl-C would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
# How long an example takes depends on what else the machine is doing.
hypothesis.settings.register_profile("bdiff", deadline=None)
hypothesis.settings.load_profile("bdiff")


@pytest.fixture
def tree():
    """4 and 9 part at 0.35, both from 0 at 0.5 (the paper's tree of three digits)."""
    points = [BranchPoint(frozenset("049"), 0.5), BranchPoint(frozenset("49"), 0.35)]
    return BranchTree("049", points)


@pytest.fixture
def branched(tree):
    """An untrained branched model of 5 features."""
    net = {"name": "dense", "width": 32}
    return initialised("branched", VP(), (5,), net, tree=tree, seed=0).eval()


@pytest.fixture
def linear(tree):
    """A label-guided model of 5 features, untrained but for what it makes of untold classes."""
    net = {"name": "dense", "width": 32}
    model = initialised("linear", VP(), (5,), net, classes=tree.classes, seed=0).eval()
    torch.nn.init.constant_(model.net.conditioning.label.weight[-1], 0.5)
    return model


class GaussianModel(DiffusionModel):
    """The exact model of Gaussian classes N(mean_c, diag var_c), each branch using its first class.

        E[x_0 | x_t] = m + alpha v / (alpha² v + sigma²) (x_t - alpha m)

    Args:
        means, variances: (classes, D) float64.
        tree: with one name per class; classes of a branch should agree above its start.
    """

    kind = "exact"

    def __init__(self, means, variances, tree):
        nn.Module.__init__(self)
        self.means = nn.Parameter(torch.as_tensor(means, dtype=torch.float64))
        self.variances = torch.as_tensor(variances, dtype=torch.float64)
        self.tree, self.classes, self.process = tree, tree.classes, VP()
        self.shape = tuple(self.means.shape[1:])
        everything = torch.tensor([[-torch.inf], [torch.inf]], dtype=torch.float64)
        everything = everything.repeat(len(tree.branches), 1, *self.shape)
        self.register_buffer("value_range", everything)
        bounds, paths = tree.table
        self.bounds, self.paths = torch.from_numpy(bounds), torch.from_numpy(paths)
        self.first = torch.tensor([tree.index(branch.classes[0]) for branch in tree.branches])

    def tree_for(self, names):
        return self.tree

    def head_of(self, classes, t):
        return self.paths[classes, (self.bounds[classes] < t[:, None]).sum(dim=1)]

    def head_of_branch(self, classes):
        return {b.classes: number for number, b in enumerate(self.tree.branches)}.get(classes, 0)

    def codes_of(self, head):
        return [self.tree.index(name) for name in self.tree.branches[head].classes]

    def cross(self, x, t, parent, child):
        return x

    def denoise(self, x, t, classes, head=None):
        head = self.head_of(classes, t) if head is None else head
        m, v = self.means[self.first[head]], self.variances[self.first[head]]
        alpha, sigma = self.process.alpha(t)[:, None], self.process.sigma(t)[:, None]
        return m + alpha * v / (alpha**2 * v + sigma**2) * (x - alpha * m)


@pytest.fixture
def gaussian():
    """Makes a `GaussianModel`; without a tree, of a single class."""

    def make(means, variances, tree=None):
        tree = BranchTree(["only"]) if tree is None else tree
        return GaussianModel(means, variances, tree)

    return make


@pytest.fixture
def write_h5ad(tmp_path):
    """Write an .h5ad file of cells called "cell0", ... and return its path."""
    import anndata
    import pandas as pd

    # pandas 3 keeps texts in a way that not all versions of anndata write.
    def table(names, columns=None):
        frame = pd.DataFrame(index=pd.Index(names, dtype=object))
        for key, values in (columns or {}).items():
            kind = object if isinstance(values[0], str) else None
            frame[key] = pd.Series(list(values), index=frame.index, dtype=kind)
        return frame

    def write(x, genes, obs=None, layers=None, raw=None):
        path = tmp_path / "cells.h5ad"
        names = [f"cell{number}" for number in range(x.shape[0])]
        data = anndata.AnnData(x, obs=table(names, obs), var=table(genes), layers=layers)
        if raw is not None:
            x, genes = raw if isinstance(raw, tuple) else (raw, genes)
            data.raw = anndata.AnnData(x, obs=table(names), var=table(genes))
        data.write_h5ad(path)
        return path

    return write
