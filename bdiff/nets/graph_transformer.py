r"""Transformer for ordered graphs, with heads that are small changes of shared layers.

A node is a token: its row of the bonds and its atom type, and its place in the order. Molecules are
written in the order of RDKit's canonical SMILES, in which most bonds join neighbours: a network
that knows the places need not find out first which node is which. (On MOSES that takes the loss
from 0.63 to 0.38 after 1,000 steps. The paper's network does not depend on the order.) Tokens
attend to those of nodes that are there (Vaswani et al. 2017, arXiv 1706.03762), scaled and shifted
by the condition (time, branch and label), and the last features h_i make the outputs

    atom_i = W h_i,    bond_ij = (b_ij + b_ji) / 2,    b_ij = (V h_i)_j + (Q h_i) · (K h_j) / √d,

one part of a bond by the place of its other end, one by what stands there.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from bdiff.nets.heads import Adapted, ConditionEmbedding, Lineage
from bdiff.nets.network import Layer, Network
from bdiff.nets.node_pairs import nodes_and_atoms
from bdiff.nets.routing import Route

PAIR_FEATURES = 32  # d, of a node, by which bonds depend on what their ends are


class GraphTransformer(Network):
    """Attention between the nodes of a graph, each of which knows its place.

    Args:
        shape: (nodes, nodes + atoms) of an object: per node its bonds, then its atom type.
        lineage: for every branch, itself and the branches it descends from.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        width: features of a node, a multiple of the attention heads.
        blocks: number of blocks.
        attention_heads: parts of the features that attend by themselves.
        rank: features of a branch's own products beside the last layer of a block and the output
            layer; 0 leaves a branch its vector alone.
        condition: features of the embedding of time, branch and label.

    Raises:
        ValueError: if objects are no graphs, or the attention heads do not divide the width.
    """

    prediction = "v"
    large_products = True

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        width: int = 96,
        blocks: int = 4,
        attention_heads: int = 4,
        rank: int = 8,
        condition: int = 128,
    ):
        super().__init__()
        self.nodes, atoms = nodes_and_atoms(shape)
        if width % attention_heads:
            raise ValueError(
                "the width of a graph transformer needs to be a multiple of its attention heads, "
                f"found {width} and {attention_heads}"
            )
        branches, row = len(lineage), self.nodes + atoms
        self.conditioning = ConditionEmbedding(lineage, labels, condition)
        self.input = nn.Linear(row, width)
        self.place = nn.Parameter(0.5 * torch.randn(self.nodes, width))
        self.blocks = nn.ModuleList(
            _Block(width, attention_heads, condition, branches, rank) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.output = Adapted(nn.Linear(width, row), branches, width, row, rank)
        self.ends = nn.Linear(width, 2 * PAIR_FEATURES)

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, nodes, nodes + atoms), bonds symmetric and rows of absent nodes zero; t: (N,) in
        [0, 1]; branch and label: (N,) int64 -> the shape of x, with zeros where x has them for
        absent nodes and on the diagonal of the bonds."""
        route = Route.of(branch)
        condition = self.conditioning(t, label, route).to(x.dtype)
        x = x[route.order]
        there = x.any(dim=2)
        self_alone = torch.eye(self.nodes, dtype=torch.bool, device=x.device)
        seen = (there[:, None, :] | self_alone)[:, None]  # a node sees itself: a row needs one
        h = self.input(x) + self.place
        for block in self.blocks:
            h = block(h, condition, seen, route)
        h = silu(self.norm(h))
        rows = self.output(h.flatten(0, 1), route).view_as(x)
        first, second = self.ends(h).chunk(2, dim=2)
        bonds = rows[..., : self.nodes] + first @ second.mT / math.sqrt(PAIR_FEATURES)
        pairs = there[:, :, None] & there[:, None, :] & ~self_alone
        bonds = (bonds + bonds.mT) / 2 * pairs
        atoms = rows[..., self.nodes :] * there[..., None]
        return torch.cat([bonds, atoms], dim=2)[route.inverse]


class _Block(Layer):
    """Attention and two dense layers, each behind a norm whose values the condition changes."""

    def __init__(self, width: int, attention_heads: int, condition: int, branches: int, rank: int):
        super().__init__()
        self.attention_heads = attention_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.condition = nn.Linear(condition, 4 * width)
        self.attention = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.first = nn.Linear(width, 3 * width)
        second = nn.Linear(3 * width, width)
        self.second = Adapted(second, branches, 3 * width, width, rank)

    def forward(self, h: Tensor, condition: Tensor, seen: Tensor, route: Route) -> Tensor:
        """h: (N, nodes, width), sorted by branch; condition: (N, C); seen: (N, 1, nodes, nodes) ->
        new h."""
        changes = self.condition(condition)[:, None].chunk(4, dim=2)
        normed = self.norms[0](h) * (1 + changes[0]) + changes[1]
        parts = self.attention(normed).unflatten(2, (3, self.attention_heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (N, heads, nodes, width / heads)
        heard = _attention(query, key, value, seen)
        h = h + self.mix(heard.transpose(1, 2).flatten(2))
        normed = self.norms[1](h) * (1 + changes[2]) + changes[3]
        change = silu(self.first(normed)).flatten(0, 1)
        return h + self.second(change, route).view_as(h)


def _attention(query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
    """Scaled dot-product attention, on a processor in float32: in bfloat16 torch's backward pass
    takes six times as long there, more than all the rest of a step."""
    if query.is_cuda:
        return scaled_dot_product_attention(query, key, value, attn_mask=seen)
    wide = torch.promote_types(query.dtype, torch.float32)
    with torch.autocast("cpu", enabled=False):
        return scaled_dot_product_attention(
            query.to(wide), key.to(wide), value.to(wide), attn_mask=seen
        )
