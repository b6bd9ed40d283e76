"""Dense network for tables: the paper's network for letters, routed."""

import itertools

import torch
from torch import Tensor, nn

from bdiff.nets.conditioning import TimeLabelEmbedding
from bdiff.nets.heads import Lineage
from bdiff.nets.network import Network
from bdiff.nets.routed_layers import RoutedLinear
from bdiff.nets.routing import Route


class DenseNet(Network):
    """Dense layers with ReLU between them; the first are shared, the last belong to a branch.

    Args:
        shape: (features,) of an object.
        lineage: for every branch, itself and the branches it descends from; as every branch has
            layers of its own here, only their number counts.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        width: units per layer.
        shared_layers: dense layers that all branches share, after those of the input and the time.
        branch_layers: dense layers of each branch, the output layer included.
    """

    prediction = "noise"

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        width: int = 256,
        shared_layers: int = 2,
        branch_layers: int = 2,
    ):
        super().__init__()
        branches = len(lineage)
        if len(shape) != 1 or branch_layers < 1:
            raise ValueError(
                f"a dense network needs objects of shape (features,) and one branch layer or more, "
                f"found {tuple(shape)} and {branch_layers}; for images use 'unet'"
            )
        (features,) = shape
        self.conditioning = TimeLabelEmbedding(labels, width)
        self.input = nn.Linear(features, width)
        self.condition = nn.Linear(self.conditioning.features, width)
        self.shared = nn.ModuleList(nn.Linear(width, width) for _ in range(shared_layers))
        sizes = [width] * branch_layers + [features]
        self.routed = nn.ModuleList(
            RoutedLinear(branches, inputs, outputs) for inputs, outputs in itertools.pairwise(sizes)
        )

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, features); t: (N,) in [0, 1]; branch and label: (N,) int64 -> (N, features)."""
        route = Route.of(branch)
        h = self.input(x) + self.condition(self.conditioning(t, label))
        for layer in self.shared:
            h = layer(torch.relu(h))
        h = h[route.order]
        for layer in self.routed:
            h = layer(torch.relu(h), route)
        output: Tensor = h[route.inverse]
        return output
