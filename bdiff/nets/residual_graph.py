r"""Residual graph network for molecules, with heads that are small changes of shared layers.

Each node has features h_i and each pair of nodes features e_ij = e_ji. A block reads from the pairs
a few symmetric matrices S_1 ... S_C with zero diagonals, the channels, which it learns where the
paper's network has A and A² alone (section 3.4). Along them nodes are told of each other, and walks
of two steps tell pairs what lies between their nodes:

    h_i <- h_i + f(h_i, sum_j S_c,ij (V h_j)_c  for all c),
    e_ij <- e_ij + g(e_ij, U h_i + U h_j, (S_c S_c)_ij  for all c).

Products of matrices that are learned from pairs count what sums over neighbours cannot, rings among
them (Maron et al. 2019, arXiv 1905.11136, section 6). All is equivariant to the order of the nodes.
The condition (time, branch and label) scales and shifts the nodes' features; pairs hear of it from
their nodes.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from bdiff.nets.heads import Adapted, Condition, Lineage
from bdiff.nets.node_pairs import NodePairs, nodes_and_atoms
from bdiff.nets.routing import Route


class ResidualGraphNet(nn.Module):
    """Blocks that change the features of nodes and of pairs of nodes.

    Args:
        shape: (nodes, nodes + atoms) of an object: per node its bonds, then its atom type.
        lineage: for every branch, itself and the branches it descends from.
        labels: number of classes to be told (label-guided model), or 0.
        width: features of a node, a multiple of the channels.
        pair_width: features of a pair.
        channels: matrices that a block reads from the pairs.
        blocks: number of blocks.
        rank: features of a branch's own products beside the second layers of a block and the output
            layers; 0 leaves a branch its vector alone.
        condition: numbers that tell time, branch and label.

    Raises:
        ValueError: if objects are no graphs, or the channels do not divide the width.
    """

    prediction = "v"

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        width: int = 64,
        pair_width: int = 32,
        channels: int = 8,
        blocks: int = 4,
        rank: int = 8,
        condition: int = 128,
    ):
        super().__init__()
        self.nodes, atoms = nodes_and_atoms(shape)
        if width % channels:
            raise ValueError(
                f"the width of a residual graph network needs to be a multiple of its channels, "
                f"found {width} and {channels}"
            )
        branches = len(lineage)
        self.conditioning = Condition(lineage, labels, condition)
        self.atom_input, self.bond_input = nn.Linear(atoms, width), nn.Linear(1, pair_width)
        self.blocks = nn.ModuleList(
            _Block(width, pair_width, channels, condition, branches, rank) for _ in range(blocks)
        )
        self.atom_norm, self.bond_norm = nn.LayerNorm(width), nn.LayerNorm(pair_width)
        self.atom_output = Adapted(nn.Linear(width, atoms), branches, width, atoms, rank)
        self.bond_output = Adapted(nn.Linear(pair_width, 1), branches, pair_width, 1, rank)

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, nodes, nodes + atoms), bonds symmetric and rows of absent nodes zero; t: (N,) in
        [0, 1]; branch and label: (N,) int64 -> the shape of x, with zeros where x has them for
        absent nodes and on the diagonal of the bonds."""
        route = Route.of(branch)
        condition = self.conditioning(t, label, route).to(x.dtype)
        x = x[route.order]
        mask = x.any(dim=2)
        pairs = NodePairs.of(mask, route)
        bonds, atoms = x[..., : self.nodes, None], x[..., self.nodes :]
        h, e = self.atom_input(atoms.flatten(0, 1)), self.bond_input(pairs.values(bonds))
        # Keeps a sum over the nodes of the size of its terms.
        spread = mask.sum(dim=1).clamp(min=1).to(x.dtype).rsqrt()
        for block in self.blocks:
            h, e = block(h, e, condition, spread, route, pairs)
        atoms = self.atom_output(silu(self.atom_norm(h)), route).view(atoms.shape)
        bonds = pairs.matrices(self.bond_output(silu(self.bond_norm(e)), pairs.route))
        return torch.cat([bonds[..., 0], atoms * mask[..., None]], dim=2)[route.inverse]


class _Block(nn.Module):
    """The two sums of the module, each of two dense layers."""

    def __init__(
        self,
        width: int,
        pair_width: int,
        channels: int,
        condition: int,
        branches: int,
        rank: int,
    ):
        super().__init__()
        self.channels = channels
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.condition = nn.Linear(condition, 2 * width)
        self.message = nn.Linear(width, width)
        self.first = nn.Linear(2 * width, width)
        self.second = Adapted(nn.Linear(width, width), branches, width, width, rank)
        self.pair_norm = nn.LayerNorm(pair_width, elementwise_affine=False)
        self.matrices = nn.Linear(pair_width, channels)
        self.ends = nn.Linear(width, pair_width)
        self.pair_first = nn.Linear(pair_width + channels, pair_width)
        pair_second = nn.Linear(pair_width, pair_width)
        self.pair_second = Adapted(pair_second, branches, pair_width, pair_width, rank)

    def forward(
        self,
        h: Tensor,
        e: Tensor,
        condition: Tensor,
        spread: Tensor,
        route: Route,
        pairs: NodePairs,
    ) -> tuple[Tensor, Tensor]:
        """h: (N n, width); e: (P, pair_width); condition: (N, C); spread: (N,) -> new h and e."""
        graphs, nodes = pairs.graphs, pairs.nodes
        scale, shift = self.condition(condition).unsqueeze(1).chunk(2, dim=2)
        h_normed = self.norm(h).view(graphs, nodes, -1) * (1 + scale) + shift
        e_normed = self.pair_norm(e)

        matrices = pairs.matrices(self.matrices(e_normed)) * spread[:, None, None, None]
        matrices = matrices.permute(0, 3, 1, 2).contiguous()  # (N, channels, n, n)
        messages = self.message(h_normed).view(graphs, nodes, self.channels, -1).transpose(1, 2)
        messages = (matrices @ messages).transpose(1, 2).flatten(2)
        walks = pairs.values((matrices @ matrices).permute(0, 2, 3, 1))

        change = self.first(torch.cat([h_normed, messages], dim=2)).flatten(0, 1)
        ends = pairs.sums(self.ends(h_normed).flatten(0, 1))
        pair_change = self.pair_first(torch.cat([e_normed, walks], dim=1)) + ends
        return (
            h + self.second(silu(change), route),
            e + self.pair_second(silu(pair_change), pairs.route),
        )
