"""Residual dense network for tables, with heads that are small changes of shared layers."""

from torch import Tensor, nn
from torch.nn.functional import silu

from bdiff.nets.heads import Adapted, ConditionEmbedding, Lineage
from bdiff.nets.network import Network
from bdiff.nets.routing import Route


class ResidualNet(Network):
    """Blocks of two dense layers, whose features the condition scales and shifts.

    Args:
        shape: (features,) of an object.
        lineage: for every branch, itself and the branches it descends from.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        width: units per layer.
        blocks: number of blocks.
        rank: features of a branch's own products beside the second layer of a block and the output
            layer; 0 leaves a branch its vector alone.
        condition: features of the embedding of time, branch and label.

    Raises:
        ValueError: if objects are no tables.
    """

    prediction = "v"

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        width: int = 256,
        blocks: int = 3,
        rank: int = 16,
        condition: int = 128,
    ):
        super().__init__()
        if len(shape) != 1:
            raise ValueError(
                f"a residual network needs objects of shape (features,), found {tuple(shape)}; for "
                "images use 'residual_unet'"
            )
        (features,) = shape
        branches = len(lineage)
        self.conditioning = ConditionEmbedding(lineage, labels, condition)
        self.input = nn.Linear(features, width)
        self.blocks = nn.ModuleList(_Block(width, condition, branches, rank) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.output = Adapted(nn.Linear(width, features), branches, width, features, rank)

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, features); t: (N,) in [0, 1]; branch and label: (N,) int64 -> (N, features)."""
        route = Route.of(branch)
        condition = self.conditioning(t, label, route)
        h = self.input(x[route.order])
        for block in self.blocks:
            h = block(h, condition, route)
        return self.output(silu(self.norm(h)), route)[route.inverse]


class _Block(nn.Module):
    """h + second(silu(first(norm(h) scaled and shifted)))."""

    def __init__(self, width: int, condition: int, branches: int, rank: int):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.condition = nn.Linear(condition, 2 * width)
        self.first = nn.Linear(width, width)
        self.second = Adapted(nn.Linear(width, width), branches, width, width, rank)

    def forward(self, h: Tensor, condition: Tensor, route: Route) -> Tensor:
        scale, shift = self.condition(condition).chunk(2, dim=1)
        change = silu(self.first(self.norm(h) * (1 + scale) + shift))
        return h + self.second(change, route)
