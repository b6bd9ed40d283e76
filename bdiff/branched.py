r"""The branched model: one reverse process per branch of a tree, most layers shared.

A network has `heads`, each the parameters of a branch's own, and an example is routed to the head
of the branch in charge of its (class, t). In a model that is built from a tree every branch has its
head. A class that is added later cuts the branch which it parts from, and both parts keep the old
head; so what a model has learned stays where it was, and so do its samples, see `bdiff.extension`.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from bdiff.model import DiffusionModel
from bdiff.process import Process
from bdiff.transport import RANK, Moments, moments, transport
from bdiff.tree import BranchTree


class Branched(DiffusionModel):
    """One reverse process per branch of a tree, most layers shared (Tseng et al. 2024).

    Args:
        process: the forward process.
        tree: the branch tree, in the time of the process.
        shape: shape of one object.
        net: settings of the network.
        heads: head of every branch, numbers from 0 on; by default every branch has its own, and
            heads inherit from those of the branches above. Given heads inherit nothing.
        first: number of classes, first in order, that have been there since the model was built,
            or since all above its newest leaf was trained anew: they are sampled alike, whatever
            was added later.

    Raises:
        ValueError: if the tree's times are those of another process, or one of them is below the
            first time of this one, where sampling ends.
    """

    kind = "branched"
    tree: BranchTree
    bounds: Tensor
    paths: Tensor
    means: Tensor
    axes: Tensor

    def __init__(
        self,
        process: Process,
        tree: BranchTree,
        shape: Sequence[int],
        net: dict[str, Any],
        heads: Sequence[int] | None = None,
        first: int | None = None,
    ):
        if tree.horizon != process.horizon or tree.process not in (None, process.to_dict()):
            raise ValueError(
                f"the tree's times are those of {tree.process or 'another process'}, up to "
                f"{tree.horizon:g}, but the model uses {process}, up to {process.horizon:g}: use "
                "`convert_tree`, or `load_tree(path, process)`"
            )
        if tree.points and tree.points[-1].time < process.first_time:
            raise ValueError(
                f"the classes {sorted(tree.points[-1].classes)} part at t = "
                f"{tree.points[-1].time:g}, but sampling ends at {process.first_time:g}: let them "
                "part at a later time (of estimates: a larger min_time)"
            )
        lineage = tree.lineage if heads is None else [[head] for head in range(max(heads) + 1)]
        super().__init__(process, tree.classes, shape, net, lineage, labels=0)
        self.tree, self.inherits = tree, heads is None
        self.heads = tuple(range(len(tree.branches)) if heads is None else heads)
        self.first = len(tree.classes) if first is None else first
        bounds, paths = tree.table
        # The tree travels with the model's description, not with its weights.
        self.register_buffer("bounds", torch.from_numpy(bounds), persistent=False)
        heads_on_paths = torch.tensor(self.heads)[torch.from_numpy(paths)]
        self.register_buffer("paths", heads_on_paths, persistent=False)
        # Moments of the training objects of every head, once training has observed them.
        values = math.prod(self.shape)
        rank = min(RANK, values)
        self.register_buffer("means", torch.zeros(len(lineage), values))
        self.register_buffer("axes", torch.zeros(len(lineage), rank, values))
        self._heads_by_classes = self._known_branches()

    def _known_branches(self) -> dict[frozenset[str], int]:
        """Heads by the classes of a branch, as they were when the model had fewer classes, too.

        The parts of a branch that was cut have the same classes in the tree before, and one head.
        """
        known = {}
        for count in range(self.first, len(self.classes) + 1):
            kept = frozenset(self.classes[:count])
            for branch, head in zip(self.tree.branches, self.heads, strict=True):
                known[kept & set(branch.classes)] = head
        return known

    def _observe(self, head: int, x_0: Tensor) -> None:
        super()._observe(head, x_0)
        if self.process.joint:
            return self._observe_sizes(head, x_0)
        self.means[head], self.axes[head] = moments(x_0.flatten(1), self.axes.shape[1])

    def _size_row(self, name: str) -> int:
        return self.head_of_branch([name])

    def heads_of(self, name: str) -> set[int]:
        """Heads that a class runs through."""
        return {self.heads[number] for number in self.tree.path(name)}

    def codes_of(self, head: int) -> list[int]:
        return torch.nonzero((self.paths == head).any(dim=1)).flatten().tolist()

    def tree_for(self, names: Collection[str]) -> BranchTree:
        """The tree when the last of these classes had been added: what came later has no part in
        how they are sampled."""
        last = max(map(self.tree.index, names)) + 1
        return self.tree.restrict(self.classes[: max(last, self.first)])

    def head_of_branch(self, classes: Collection[str]) -> int:
        return self._heads_by_classes[frozenset(classes)]

    def cross(self, x_t: Tensor, t: float, parent: int, child: int) -> Tensor:
        """States at time t, on their way from one head into another.

        They are given the mean and the covariance of the child's noised objects, see
        `bdiff.transport`, without which samples of the child would keep much of the parent's.

        Args:
            x_t: (N, *shape) as the parent makes them.
            t: the time, usually that of a branch point.
            parent, child: indices of the heads.
        """
        if parent == child or self.process.joint:
            return x_t  # the nodes at one place differ, so a mean says little of graphs
        alpha, sigma = float(self.process.alpha(t)), float(self.process.sigma(t))
        of_parent, of_child = (Moments(self.means[n], self.axes[n]) for n in (parent, child))
        return transport(x_t.flatten(1), alpha, sigma, of_parent, of_child).view_as(x_t)

    def prior(self, noise: Tensor, names: Sequence[str], t: float, head: int) -> Tensor:
        if t == self.process.horizon:
            return super().prior(noise, names, t, head)
        # The Gaussian with the moments of the head's noised objects (late initialisation, Raya and
        # Ambrogioni 2023, arXiv 2305.19693), made of one with no moments but those of the noise.
        alpha, sigma = float(self.process.alpha(t)), float(self.process.sigma(t))
        none = Moments(torch.zeros_like(self.means[head]), torch.zeros_like(self.axes[head, :1]))
        of_head = Moments(self.means[head], self.axes[head])
        return transport(sigma * noise.flatten(1), alpha, sigma, none, of_head).view_as(noise)

    def head_of(self, classes: Tensor, t: Tensor) -> Tensor:
        above = (self.bounds[classes] < t[:, None]).sum(dim=1)
        return self.paths[classes, above]
