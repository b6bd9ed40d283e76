"""Pairs of nodes as rows, so that a layer meets each pair of a graph once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bdiff.nets.routing import Route


def nodes_and_atoms(shape: Sequence[int]) -> tuple[int, int]:
    """Rows of an object (nodes, nodes + atoms), and its columns after those of the bonds.

    Raises:
        ValueError: if objects are no graphs.
    """
    if len(shape) != 2 or not 2 <= shape[0] < shape[1]:
        raise ValueError(
            "a graph network needs objects of shape (nodes, nodes + atoms), with two nodes or more "
            f"and one atom type or more, found {tuple(shape)}; for tables use 'residual', for "
            "images 'residual_unet'"
        )
    return shape[0], shape[1] - shape[0]


@dataclass(frozen=True)
class NodePairs:
    """The pairs i < j of nodes in each of N graphs of n nodes, some of which may be absent.

    On a CPU pairs with an absent node are left out. Elsewhere the host would have to wait for their
    number (see `bdiff.nets.routing`): all are kept, and the absent ones are zero in `matrices`.

    Args:
        first, second: (P,) the nodes of each pair, as positions among all N n; sorted by graph.
        present: (P, 1) whether both nodes are; None if no other pairs are kept.
        route: of the pairs, as rows for routed layers.
        graphs, nodes: N and n.
    """

    first: Tensor
    second: Tensor
    present: Tensor | None
    route: Route
    graphs: int
    nodes: int

    @classmethod
    def of(cls, mask: Tensor, route: Route) -> "NodePairs":
        """mask: (N, n) bool, the nodes that are present; route: of the N graphs, sorted by it."""
        graphs, nodes = mask.shape
        i, j = torch.triu_indices(nodes, nodes, 1, device=mask.device)
        both = mask[:, i] & mask[:, j]  # (N, n (n - 1) / 2)
        present: Tensor | None = None
        if route.segments is not None and both.any():
            graph, pair = both.nonzero(as_tuple=True)
            i, j = i[pair], j[pair]
            route = Route.of(route.branch[graph])
        else:
            graph = torch.arange(graphs, device=mask.device).repeat_interleave(len(i))
            i, j, present = i.repeat(graphs), j.repeat(graphs), both.view(-1, 1)
        return cls(graph * nodes + i, graph * nodes + j, present, route, graphs, nodes)

    def values(self, matrices: Tensor) -> Tensor:
        """(N, n, n, C) -> (P, C), the entries (i, j)."""
        return matrices.flatten(0, 2).index_select(0, self._entries(self.first, self.second))

    def matrices(self, values: Tensor) -> Tensor:
        """(P, C) -> (N, n, n, C), symmetric, zero on the diagonal and where a node is absent."""
        if self.present is not None:
            values = values * self.present
        entries = values.new_zeros(self.graphs * self.nodes**2, values.shape[1])
        for ends in ((self.first, self.second), (self.second, self.first)):
            entries = entries.index_copy(0, self._entries(*ends), values)
        return entries.view(self.graphs, self.nodes, self.nodes, -1)

    def _entries(self, first: Tensor, second: Tensor) -> Tensor:
        return first * self.nodes + second % self.nodes
