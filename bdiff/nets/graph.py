r"""Graph network for molecules: the paper's network, routed.

It is the pair of score networks of GDSS (Jo et al. 2022, arXiv 2202.02514, section 3.3 and appendix
A): one network predicts the noise of the atoms X, the other that of the bonds A. Along a symmetric
matrix A with ones on its diagonal, a graph convolution (GCN, Kipf and Welling 2017, arXiv
1609.02907) maps node features H to

    D^(-1/2) A D^(-1/2) H W + b,          D = diag(max(row sums of A, 1)).

The atoms' network has two of them with tanh, and an MLP of all features so far. The bonds' network
starts from the channels A and A², and an attention layer turns C channels of matrices into C': each
channel has convolutions for queries, keys and values; an MLP takes each pair's attention, tanh(Q
K^T / sqrt(16)) averaged over heads and made symmetric, and the channels themselves to the next
channels, another MLP each node's values to its next features. A last MLP sees the channels of all
layers. All matrices are symmetric, and no diagonal but that of ones is ever read, so the MLPs run
over pairs i < j only.

Time enters only as one number that multiplies both outputs, a linear map of 256 Fourier features
(not the reference's random ones, as for the other networks). The paper has no label-guided graph
network: here, as in the paper's network for tables, a label adds 32 features to the
input, those of every node.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, silu

from bdiff.nets.conditioning import FourierTime, label_embedding
from bdiff.nets.heads import Lineage
from bdiff.nets.network import Layer, Network
from bdiff.nets.node_pairs import NodePairs, nodes_and_atoms
from bdiff.nets.routed_layers import RoutedLinear
from bdiff.nets.routing import Route

HEADS = 4


class GraphNet(Network):
    """Shared graph convolutions and attention layers; the last layers belong to a branch.

    Args:
        shape: (nodes, nodes + atoms) of a graph: bond orders, then atom types.
        lineage: for every branch, itself and the branches it descends from; as every branch has
            layers of its own here, only their number counts.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        width: features of a node, a multiple of 4.
        channels: channels of the attention layers but the last, which has half as many.
        layers: attention layers, the last of which is a branch's own.

    Raises:
        ValueError: if objects are no graphs, or widths do not fit.
    """

    prediction = "noise"

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        width: int = 16,
        channels: int = 8,
        layers: int = 6,
    ):
        super().__init__()
        self.nodes, atoms = nodes_and_atoms(shape)
        if width % HEADS or channels % 2:
            raise ValueError(
                f"a graph network needs a width that is a multiple of {HEADS} and an even number "
                f"of channels, found {width} and {channels}"
            )
        branches = len(lineage)
        self.conditioning = _TimeLabelEmbedding(labels)
        inputs = atoms + self.conditioning.features
        self.convolutions = nn.ModuleList(
            _Convolution(None, features, width) for features in (inputs, width)
        )
        sizes = [2] + [channels] * (layers - 1) + [channels // 2]
        self.attention = nn.ModuleList(
            _Attention(
                branches if layer == layers - 1 else None,
                width if layer else inputs,
                width,
                *sizes[layer : layer + 2],
            )
            for layer in range(layers)
        )
        both = atoms + 2 * width
        self.atom_output = _MLP(branches, both, 2 * both, 2 * both, atoms)
        self.bond_output = _MLP(branches, sum(sizes), 2 * sum(sizes), 2 * sum(sizes), 1)

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, nodes, nodes + atoms); t: (N,) in [0, 1]; branch and label: (N,) int64 -> the
        shape of x, zero where a node is absent."""
        route = Route.of(branch)
        x = x[route.order]
        mask = x.any(dim=2)
        pairs = NodePairs.of(mask, route)
        condition = self.conditioning(t[route.order], label[route.order])
        factor: Tensor
        factor, features = (part.to(x.dtype) for part in condition)

        bonds, atoms = x[..., : self.nodes, None], x[..., self.nodes :]
        bonds = pairs.matrices(pairs.values(bonds))
        inputs = torch.cat([atoms, features.unsqueeze(1).expand(-1, self.nodes, -1)], dim=2)
        inputs = inputs * mask.unsqueeze(2)
        atoms = self._atoms(atoms, inputs, bonds, mask, route)
        bonds = self._bonds(inputs, bonds, mask, pairs, route)
        output = torch.cat([bonds, atoms * mask.unsqueeze(2)], dim=2) * factor.unsqueeze(1)
        return output[route.inverse]

    def _atoms(
        self, atoms: Tensor, inputs: Tensor, bonds: Tensor, mask: Tensor, route: Route
    ) -> Tensor:
        features, operator, h = [atoms], _normalised(bonds), inputs
        for convolution in self.convolutions:
            h = torch.tanh(convolution(h, operator, route)).flatten(2) * mask.unsqueeze(2)
            features.append(h)
        rows = torch.cat(features, dim=2).flatten(0, 1)
        return self.atom_output(rows, route).view(atoms.shape)

    def _bonds(
        self, h: Tensor, bonds: Tensor, mask: Tensor, pairs: NodePairs, route: Route
    ) -> Tensor:
        squares = bonds[..., 0] @ bonds[..., 0]
        e = torch.cat([pairs.values(bonds), pairs.values(squares.unsqueeze(3))], dim=1)
        channels = [e]
        for layer in self.attention:
            h, e = layer(h, e, mask, pairs, route)
            channels.append(e)
        output = self.bond_output(torch.cat(channels, dim=1), pairs.route)
        return pairs.matrices(output).squeeze(3)


class _TimeLabelEmbedding(nn.Module):
    """The time as one factor, and the label where there are any as features of every node."""

    def __init__(self, labels: int):
        super().__init__()
        self.features = 32 if labels else 0
        self.fourier, self.time = FourierTime(256), nn.Linear(256, 1)
        self.label = label_embedding(labels, self.features)

    def forward(self, t: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """t: (N,) in [0, 1]; label: (N,) int64 -> (N, 1) and (N, features)."""
        factor = self.time(silu(self.fourier(t)))
        return factor, factor[:, 1:] if self.label is None else self.label(label)


class _Shared(nn.Linear):
    """A dense layer of all branches, called as a routed one is."""

    def forward(self, x: Tensor, route: Route | None = None) -> Tensor:
        return super().forward(x)


def _dense(
    branches: int | None, inputs: int, outputs: int, bias: bool = True
) -> _Shared | RoutedLinear:
    """A layer of each of the branches, or of all if None."""
    if branches is None:
        return _Shared(inputs, outputs, bias)
    return RoutedLinear(branches, inputs, outputs, bias)


class _MLP(Layer):
    """Dense layers with ELU between them."""

    def __init__(self, branches: int | None, *sizes: int):
        super().__init__()
        self.layers = nn.ModuleList(_dense(branches, *pair) for pair in itertools.pairwise(sizes))

    def forward(self, x: Tensor, route: Route) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = layer(elu(x) if number else x, route)
        return x


def _normalised(matrices: Tensor) -> Tensor:
    """(N, n, n, C) with zero diagonals -> (N, C, n, n): D^(-1/2) A D^(-1/2), see the module."""
    ones = torch.eye(matrices.shape[1], dtype=matrices.dtype, device=matrices.device)
    matrices = matrices.permute(0, 3, 1, 2) + ones
    scale = matrices.sum(dim=3).clamp(min=1).rsqrt()
    return scale.unsqueeze(3) * matrices * scale.unsqueeze(2)


class _Convolution(nn.Module):
    """Graph convolutions along each channel, with weights of its own."""

    def __init__(self, branches: int | None, inputs: int, outputs: int, channels: int = 1):
        super().__init__()
        self.weight = _dense(branches, inputs, channels * outputs, bias=False)
        self.bias = _dense(branches, 1, channels * outputs, bias=False)
        nn.init.zeros_(self.bias.weight)

    def forward(self, h: Tensor, operator: Tensor, route: Route) -> Tensor:
        """h: (N, n, inputs); operator: (N, C, n, n) -> (N, n, C, outputs)."""
        graphs, channels, nodes, _ = operator.shape
        mapped = self.weight(h.flatten(0, 1), route).view(graphs, nodes, channels, -1)
        bias = self.bias(h.new_ones(graphs, 1), route).view(graphs, 1, channels, -1)
        return (operator @ mapped.transpose(1, 2)).transpose(1, 2) + bias


class _Attention(nn.Module):
    """Node features and channels of matrices to the next ones; see the module."""

    def __init__(self, branches: int | None, inputs: int, width: int, channels: int, outputs: int):
        super().__init__()
        hidden = 2 * max(channels, outputs)
        self.convolution = _Convolution(branches, inputs, 3 * width, channels)
        self.matrices = _MLP(branches, 2 * channels, hidden, hidden, outputs)
        # In the last layer these reach no output. They are kept as the paper's counts have them.
        self.nodes = _MLP(branches, channels * width, hidden, width)

    def forward(
        self, h: Tensor, e: Tensor, mask: Tensor, pairs: NodePairs, route: Route
    ) -> tuple[Tensor, Tensor]:
        """h: (N, n, inputs); e: (P, channels); mask: (N, n) -> the same with `width` and `outputs`
        features."""
        operator = _normalised(pairs.matrices(e))
        queries, keys, values = self.convolution(h, operator, route).chunk(3, dim=3)
        queries, keys = (
            y.unflatten(3, (HEADS, -1)).permute(0, 2, 3, 1, 4) for y in (queries, keys)
        )
        scores = queries @ keys.mT / math.sqrt(values.shape[3])  # (N, channels, heads, n, n)
        attention = torch.tanh(scores).mean(dim=2)
        attention = (attention + attention.mT).permute(0, 2, 3, 1) / 2
        e = self.matrices(torch.cat([pairs.values(attention), e], dim=1), pairs.route)
        h = self.nodes(values.flatten(2).flatten(0, 1), route).view(*mask.shape, -1)
        return torch.tanh(h) * mask.unsqueeze(2), e
