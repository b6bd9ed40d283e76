r"""Diffusion models: what training and sampling see of a network.

A model predicts the noise ε in x_t = alpha x_0 + sigma ε. The paper's networks predict the score s
= -ε / sigma and weight the squared error by the inverse of its own mean square, which is the same
loss

    L = E |ε̂(x_t, t, class) - ε|² / D,          D = number of values of an object,

without a network output that grows as 1 / sigma (paper, section 4). Two models share this protocol:

    Branched   the branch of (class, t) is a routed part of the network, and all that tells the
    class Linear     the paper's baseline: one reverse process, told the class by an embedded label
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bdiff.nets.build import net_from
from bdiff.process import VP, expand_like
from bdiff.tree import BranchTree


class DiffusionModel(nn.Module, ABC):
    """The protocol. `classes` are names; batches hold their codes, positions in `classes`.

    Args:
        process: the forward process.
        classes: class names.
        shape: shape of one object.
        net: settings of the network, see `bdiff.nets.build.net_from`.
        branches, labels: what the network is routed by and told.
    """

    kind: str
    tree: BranchTree | None = None

    def __init__(
        self,
        process: VP,
        classes: Sequence[str],
        shape: Sequence[int],
        net: dict,
        branches: int,
        labels: int,
    ):
        super().__init__()
        self.process = process
        self.classes = tuple(classes)
        self.shape = tuple(shape)
        self.settings = dict(net)
        self.net = net_from(net, self.shape, branches, labels)

    @abstractmethod
    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        """Branch in charge of each (class, time); classes: (N,) int64, t: (N,) float64."""

    def predict_noise(
        self, x_t: Tensor, t: Tensor, classes: Tensor, branch: Tensor | None = None
    ) -> Tensor:
        """ε̂(x_t, t, class).

        Args:
            x_t: (N, *shape).
            t: (N,) float64 in [0, T].
            classes: (N,) codes.
            branch: (N,) the branches to use, by default those in charge of (class, t). A solver
                that arrives at a branch time still evaluates the branch that it comes from.

        Returns:
            (N, *shape).
        """
        branch = self.branch_of(classes, t) if branch is None else branch
        return self.net(x_t, t / self.process.horizon, branch, classes)

    def loss(self, x_0: Tensor, classes: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Mean squared error of the predicted noise, per example.

        Args:
            x_0, noise: (N, *shape).
            classes: (N,) codes.
            t: (N,) float64 in (0, T].

        Returns:
            (N,); 1 is what a network that outputs 0 would score.
        """
        x_t = self.process.diffuse(x_0, t, noise)
        return (self.predict_noise(x_t, t, classes) - noise).square().flatten(1).mean(dim=1)

    def denoise(
        self, x_t: Tensor, t: Tensor, classes: Tensor, branch: Tensor | None = None
    ) -> Tensor:
        """x̂_0 = (x_t - sigma ε̂) / alpha, the expected object; arguments as in `predict_noise`."""
        alpha = expand_like(self.process.alpha(t), x_t)
        sigma = expand_like(self.process.sigma(t), x_t)
        return (x_t - sigma * self.predict_noise(x_t, t, classes, branch)) / alpha


class Branched(DiffusionModel):
    """One reverse process per branch of a tree, most layers shared (Tseng et al. 2024).

    Args:
        process: the forward process.
        tree: the branch tree, in the time of the process.
        shape: shape of one object.
        net: settings of the network.

    Raises:
        ValueError: if the tree's times are those of another process.
    """

    kind = "branched"

    def __init__(self, process: VP, tree: BranchTree, shape: Sequence[int], net: dict):
        if tree.horizon != process.horizon or tree.process not in (None, process.to_dict()):
            raise ValueError(
                f"the tree's times are those of {tree.process or 'another process'}, up to "
                f"{tree.horizon:g}, but the model uses {process}, up to {process.horizon:g}: use "
                "`convert_tree`, or `load_tree(path, process)`"
            )
        super().__init__(process, tree.classes, shape, net, branches=len(tree.branches), labels=0)
        self.tree = tree
        bounds, paths = tree.table
        # The tree travels with the model's description, not with its weights.
        self.register_buffer("bounds", torch.from_numpy(bounds), persistent=False)
        self.register_buffer("paths", torch.from_numpy(paths), persistent=False)

    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        above = (self.bounds[classes] < t[:, None]).sum(dim=1)
        return self.paths[classes, above]


class Linear(DiffusionModel):
    """The label-guided baseline: one chain for all classes, told the class.

    Args:
        process: the forward process.
        classes: class names.
        shape: shape of one object.
        net: settings of the network.
    """

    kind = "linear"

    def __init__(self, process: VP, classes: Sequence[str], shape: Sequence[int], net: dict):
        super().__init__(process, classes, shape, net, branches=1, labels=len(classes))

    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        return torch.zeros_like(classes)


def build_model(
    kind: str,
    process: VP,
    shape: Sequence[int],
    net: dict,
    *,
    classes: Sequence[str] = (),
    tree: BranchTree | None = None,
    seed: int = 0,
) -> DiffusionModel:
    """A model with weights drawn from the seed (and torch's own random state left as it was).

    Args:
        kind: "branched" (needs the tree) or "linear" (needs the classes).
        process, shape, net, classes, tree: as in `Branched` and `Linear`.
        seed: of the weights.

    Raises:
        ValueError: if the kind is unknown or what it needs is missing.
    """
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        digest = hashlib.sha256(f"weights {seed}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:7], "little"))
        if kind == "branched" and tree is not None:
            return Branched(process, tree, shape, net)
        if kind == "linear" and classes:
            return Linear(process, classes, shape, net)
    raise ValueError(
        f"found kind {kind!r}, {'a' if tree else 'no'} tree and {len(classes)} classes; "
        "'branched' needs a tree, 'linear' needs class names"
    )
