r"""Which rows of a batch belong to which branch, and products of rows with the branch's weight.

A batch of N examples is sorted by branch once; then the examples of branch b are one slice of rows
[start_b, stop_b), and with weights W of shape (branches, in, out)

    y[start_b:stop_b] = x[start_b:stop_b] W_b      for each branch b that is present.

There are two ways to compute it, with the same result:

- on a CPU one matrix product per present branch, written into slices of one output. An absent
  branch costs nothing;
- elsewhere, where the host would have to wait for the branches' sizes and a call costs more than a
  small product, a fixed number of calls: the slices are cut into tiles of at most `TILE` examples
  of one branch, which are padded with zeros and multiplied all at once, each by the weight of its
  branch. There are at most N / TILE + min(branches, N) tiles, whatever the branches are, so no
  shape depends on the data. For bfloat16 torch has a kernel that needs no padding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_GROUPED: Any = getattr(nn.functional, "grouped_mm", None)  # since torch 2.9
TILE = 8  # examples; more waste products on padding, fewer copy a weight more often


@dataclass(frozen=True)
class Route:
    """Which rows of a batch, sorted by branch, belong to which branch.

    Args:
        order: (N,) positions that sort the batch by branch.
        inverse: (N,) positions that undo it.
        branch: (N,) branch of each sorted example.
        segments: (branch, start, stop) of every branch present; none if vectorised.
        present: (branches present,) their numbers, int64; none if vectorised.
        tiles: how the batch is cut into tiles; only if vectorised.
    """

    order: Tensor
    inverse: Tensor
    branch: Tensor
    segments: tuple[tuple[int, int, int], ...] | None
    present: Tensor | None
    tiles: "Tiles | None"

    @classmethod
    def of(cls, branch: Tensor, vectorised: bool | None = None) -> "Route":
        """The route of a batch with these branches.

        Args:
            branch: (N,) int64.
            vectorised: whether to avoid loops over branches; by default everywhere but on a CPU.
        """
        order = torch.argsort(branch, stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order), device=order.device)
        branch = branch[order]
        if branch.device.type != "cpu" if vectorised is None else vectorised:
            return cls(order, inverse, branch, None, None, Tiles.of(branch))
        present, counts = torch.unique_consecutive(branch, return_counts=True)
        segments, start = [], 0
        for number, count in zip(present.tolist(), counts.tolist(), strict=True):
            segments.append((number, start, start + count))
            start += count
        return cls(order, inverse, branch, tuple(segments), present, None)


@dataclass(frozen=True)
class Tiles:
    """A sorted batch of N examples in tiles of one branch each. All shapes depend on N alone; the
    tiles in use come first, and `bound` says how many that can be.

    Args:
        slot: (N,) place of each example in the row of tiles.
        source: (N TILE,) example at each place, N where there is none.
        branch: (N,) branch of each tile, 0 where there is none.
    """

    slot: Tensor
    source: Tensor
    branch: Tensor

    @classmethod
    def of(cls, branch: Tensor) -> "Tiles":
        """branch: (N,) int64, sorted."""
        count = len(branch)
        position = torch.arange(count, device=branch.device)
        first = torch.ones_like(branch, dtype=torch.bool)
        first[1:] = branch[1:] != branch[:-1]
        rank = position - torch.where(first, position, 0).cummax(dim=0).values  # within its branch
        tile = (rank % TILE == 0).cumsum(dim=0) - 1
        slot = tile * TILE + rank % TILE
        source = torch.full((count * TILE,), count, device=branch.device).scatter(0, slot, position)
        return cls(slot, source, torch.zeros_like(branch).scatter(0, tile, branch))

    def bound(self, branches: int) -> int:
        """The most tiles that N examples of that many branches can need."""
        count = len(self.slot)
        return min(count, count // TILE + min(branches, count))


def product(rows: Tensor, weight: Tensor, route: Route, sparse: bool = False) -> Tensor:
    """Rows times the weight of their branch.

    Args:
        rows: (N k, in), sorted by branch; k rows (pixels) per example.
        weight: (branches, in, out).
        route: of the N examples.
        sparse: whether the gradient of a leaf `weight` is a sparse tensor, which has rows for the
            branches present only; on a CPU.

    Returns:
        (N k, out), in the lower precision where autocast is on.
    """
    device = rows.device.type
    if torch.is_autocast_enabled(device):
        rows = rows.to(torch.get_autocast_dtype(device))
    if route.segments is not None:
        return _SegmentProduct.apply(rows.contiguous(), weight, route, sparse)
    weight = weight.to(rows.dtype)
    # The kernel is for bfloat16 and wants rows of whole 16 bytes.
    aligned = weight.shape[1] % 8 == 0 and weight.shape[2] % 8 == 0
    if rows.is_cuda and rows.dtype == torch.bfloat16 and aligned and _GROUPED is not None:
        return grouped_product(rows, weight, route)
    return tiled_product(rows, weight, route)


def grouped_product(rows: Tensor, weight: Tensor, route: Route) -> Tensor:
    """`product` by torch's kernel for groups of rows."""
    numbers = torch.arange(len(weight), device=rows.device)
    stops = torch.searchsorted(route.branch, numbers, right=True)
    stops = stops * (len(rows) // len(route.branch))
    return _GroupedProduct.apply(rows.contiguous(), weight, stops.to(torch.int32))


def tiled_product(rows: Tensor, weight: Tensor, route: Route) -> Tensor:
    """`product` in tiles: by gathers and one batched matrix product."""
    count, tiles = len(route.branch), route.tiles
    assert tiles is not None, "a route for tiles is made with vectorised=True"
    bound = tiles.bound(len(weight))
    examples = rows.reshape(count, -1, rows.shape[1])
    examples = torch.cat([examples, torch.zeros_like(examples[:1])])
    tiled = examples.index_select(0, tiles.source[: bound * TILE])
    tiled = tiled.view(bound, -1, rows.shape[1])  # (tiles, TILE k, in)
    out = torch.bmm(tiled, weight.index_select(0, tiles.branch[:bound]))
    out = out.view(bound * TILE, -1, weight.shape[2]).index_select(0, tiles.slot)
    return out.view(len(rows), weight.shape[2])


def rows_of(parameter: Tensor, route: Route, sparse: bool = False) -> Tensor:
    """The row of a (branches, C) parameter that belongs to each sorted example: (N, C).

    Args:
        parameter, route, sparse: as in `product`.
    """
    if route.segments is None:
        return parameter.index_select(0, route.branch)
    return _PerExample.apply(parameter, route, sparse)


class TensorFunction(torch.autograd.Function):
    """A function with a backward of its own, whose result is one tensor."""

    apply: ClassVar[Callable[..., Tensor]]


class _SegmentProduct(TensorFunction):
    """Rows of each segment times the segment's weight; autograd would keep a node per branch."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, route: Route, sparse: bool) -> Tensor:
        ctx.save_for_backward(rows, weight)
        ctx.route, ctx.sparse = route, sparse
        out = rows.new_empty(rows.shape[0], weight.shape[2])
        weights = weight.to(rows.dtype).unbind()
        for (branch, _, _), part, result in _parts(route, rows, out):
            torch.mm(part, weights[branch], out=result)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        route, grad = ctx.route, grad.contiguous()
        grad_rows = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_rows = torch.empty_like(rows)
            weights = weight.to(rows.dtype).mT.unbind()
            for (branch, _, _), part, result in _parts(route, grad, grad_rows):
                torch.mm(part, weights[branch], out=result)
        if ctx.needs_input_grad[1]:
            values = rows.new_empty(len(route.segments), *weight.shape[1:])
            for result, (_, part, partner) in zip(
                values.unbind(), _parts(route, rows, grad), strict=True
            ):
                torch.mm(part.T, partner, out=result)
            grad_weight = _gradient(values.to(weight.dtype), route, weight.shape, ctx.sparse)
        return grad_rows, grad_weight, None, None


class _GroupedProduct(TensorFunction):
    """torch's own backward refuses gradients that are not contiguous, such as that of a sum."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, stops: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight, stops)
        out: Tensor = _GROUPED(rows, weight, offs=stops)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight, stops = ctx.saved_tensors
        grad = grad.contiguous()
        grad_rows = _GROUPED(grad, weight.mT, offs=stops) if ctx.needs_input_grad[0] else None
        grad_weight = None
        if ctx.needs_input_grad[1]:
            # Some GPUs leave what was in memory as the gradient of an empty group (pytorch issue
            # 172439).
            empty = stops.diff(prepend=torch.zeros_like(stops[:1])) == 0
            grad_weight = _GROUPED(rows.mT, grad, offs=stops)
            grad_weight = grad_weight.masked_fill(empty[:, None, None], 0)
        return grad_rows, grad_weight, None


class _PerExample(TensorFunction):
    """Rows of a parameter by branch; indexing would add up its gradient in no fixed order."""

    @staticmethod
    def forward(ctx: Any, parameter: Tensor, route: Route, sparse: bool) -> Tensor:
        ctx.shape, ctx.route, ctx.sparse = parameter.shape, route, sparse
        return parameter[route.branch]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        route = ctx.route
        members = (route.present[:, None] == route.branch).to(grad.dtype)
        return _gradient(members @ grad, route, ctx.shape, ctx.sparse), None, None


def _parts(route: Route, *tensors: Tensor) -> Iterator[tuple[Any, ...]]:
    """For each segment: itself, and its rows of each tensor of (N k, ...)."""
    assert route.segments is not None
    per_example = len(tensors[0]) // len(route.branch)
    sizes = [(stop - start) * per_example for _, start, stop in route.segments]
    return zip(route.segments, *(tensor.split(sizes) for tensor in tensors), strict=True)


def _gradient(values: Tensor, route: Route, shape: torch.Size, sparse: bool) -> Tensor:
    """The gradient of a parameter, given that of its rows of branches present."""
    assert route.present is not None
    if sparse:
        return torch.sparse_coo_tensor(
            route.present[None], values, shape, is_coalesced=True, check_invariants=False
        )
    return values.new_zeros(shape).index_copy_(0, route.present, values)
