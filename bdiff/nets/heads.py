"""Heads as small changes of a shared network.

The paper gives every branch layers of its own, which start from nothing and see only the branch's
share of the data. Here all branches run through the same layers, and what belongs to a branch are
changes of them that start at zero: a vector, which scales and shifts channels, and low-rank
products beside the shared layers. A branch that has seen little data is then still as good as the
shared network, and a new class is still a leaf with parameters of its own.

Vectors alone (rank 0) halve the time of a step and do for classes that were there from the start,
not for a new one: five letters, each added to a model of ten, came to a Fréchet distance of 0.29
with products of rank 16 and of 2.3 without.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from bdiff.nets.conditioning import FourierTime
from bdiff.nets.network import Layer
from bdiff.nets.routed_layers import Routed, RoutedLinear
from bdiff.nets.routing import Route, rows_of

Lineage = Sequence[Sequence[int]]


class InheritedVector(nn.Module):
    """A vector per branch: the sum of its own and those of the branches it descends from.

    Args:
        lineage: for every branch, the branches whose vectors it adds up, itself among them.
        features: length of the vectors.
    """

    sums: Tensor

    def __init__(self, lineage: Lineage, features: int):
        super().__init__()
        sums = torch.zeros(len(lineage), len(lineage))
        for branch, line in enumerate(lineage):
            sums[branch, list(line)] = 1.0
        self.register_buffer("sums", sums, persistent=False)
        self.weight = nn.Parameter(torch.zeros(len(lineage), features))

    def forward(self, route: Route) -> Tensor:
        """(N, features), of each sorted example's branch."""
        return rows_of(self.sums @ self.weight, route)


def head_parameters(net: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that have one row per head, by name; all others are shared."""
    return {
        f"{place}.{name}".lstrip("."): parameter
        for place, module in net.named_modules()
        if isinstance(module, Routed | InheritedVector)
        for name, parameter in module.named_parameters(recurse=False)
    }


class ConditionEmbedding(nn.Module):
    """Time, branch and label, where there are any, as one vector per example.

    Args:
        lineage: as in `InheritedVector`.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        features: length of the vector.
    """

    def __init__(self, lineage: Lineage, labels: int, features: int):
        super().__init__()
        self.time = nn.Sequential(
            FourierTime(64), nn.Linear(64, features), nn.SiLU(), nn.Linear(features, features)
        )
        self.branch = InheritedVector(lineage, features)
        self.label = nn.Embedding(labels, features) if labels else None
        if self.label is not None:
            nn.init.zeros_(self.label.weight)

    def forward(self, t: Tensor, label: Tensor, route: Route) -> Tensor:
        """t: (N,) in [0, 1]; label: (N,) int64; in the order of the batch -> (N, features),
        sorted."""
        condition = self.time(t[route.order]) + self.branch(route)
        if self.label is not None:
            condition = condition + self.label(label[route.order])
        return silu(condition)


class Adapter(Layer):
    """A low-rank product per branch, x A_b B_b, that starts at zero (Hu et al. 2022, LoRA,
    arXiv 2106.09685).

    Args:
        branches: number of branches.
        inputs, outputs: features in and out.
        rank: features between.
    """

    def __init__(self, branches: int, inputs: int, outputs: int, rank: int):
        super().__init__()
        self.down = RoutedLinear(branches, inputs, rank, bias=False)
        self.up = RoutedLinear(branches, rank, outputs, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """x, sorted by branch: (N, inputs), or (N, inputs, H, W), where every pixel is a row ->
        the same with `outputs`."""
        if x.ndim == 2:
            return self.up(self.down(x, route), route)
        count, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, channels)
        rows = self.up(self.down(rows, route), route)
        return rows.view(count, height, width, -1).permute(0, 3, 1, 2)


class Adapted(Layer):
    """A shared layer that starts at zero, and beside it an adapter per branch.

    Args:
        layer: maps features (a linear layer) or channels (a convolution that keeps the size).
        branches, inputs, outputs, rank: as in `Adapter`; rank 0 leaves it out.
    """

    def __init__(
        self,
        layer: nn.Module,
        branches: int,
        inputs: int,
        outputs: int,
        rank: int,
    ):
        super().__init__()
        self.layer = layer
        self.adapter = Adapter(branches, inputs, outputs, rank) if rank else None
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """x, sorted by branch -> the same with `outputs` features or channels."""
        y: Tensor = self.layer(x)
        return y if self.adapter is None else y + self.adapter(x, route)
