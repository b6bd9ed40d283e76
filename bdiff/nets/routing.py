r"""Routed layers: one weight per branch, and every example meets only the weight of its own branch.

A batch of N examples is sorted by branch once; then the examples of branch b are one slice of rows
[start_b, stop_b), and a layer with weights W of shape (branches, in, out) is

    y[start_b:stop_b] = x[start_b:stop_b] W_b + c_b      for each branch b that is present,

one matrix product per present branch, written into slices of one output. An absent branch costs
nothing and gets a gradient of exactly zero. The result equals evaluating every branch for every
example and selecting afterwards, at 1/branches of the work.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class Route:
    """Which rows of a batch, sorted by branch, belong to which branch.

    Args:
        order: (N,) positions that sort the batch by branch.
        inverse: (N,) positions that undo it.
        branch: (N,) branch of each sorted example.
        segments: (branch, start, stop) of every branch present.
    """

    order: Tensor
    inverse: Tensor
    branch: Tensor
    segments: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, branch: Tensor) -> "Route":
        """The route of a batch with these branches; branch: (N,) int64."""
        order = torch.argsort(branch, stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order), device=order.device)
        present, counts = torch.unique(branch, return_counts=True)
        segments, start = [], 0
        for number, count in zip(present.tolist(), counts.tolist(), strict=True):
            segments.append((number, start, start + count))
            start += count
        return cls(order, inverse, branch[order], tuple(segments))


class _SegmentProduct(torch.autograd.Function):
    """Rows of each segment times the segment's weight; autograd would keep a node per branch."""

    @staticmethod
    def forward(ctx, rows: Tensor, weight: Tensor, segments: tuple, per_example: int) -> Tensor:
        ctx.save_for_backward(rows, weight)
        ctx.segments, ctx.per_example = segments, per_example
        out = rows.new_empty(rows.shape[0], weight.shape[2])
        for branch, start, stop in segments:
            part = slice(start * per_example, stop * per_example)
            torch.mm(rows[part], weight[branch], out=out[part])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        rows, weight = ctx.saved_tensors
        grad = grad.contiguous()
        grad_rows = torch.empty_like(rows) if ctx.needs_input_grad[0] else None
        grad_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
        for branch, start, stop in ctx.segments:
            part = slice(start * ctx.per_example, stop * ctx.per_example)
            if grad_rows is not None:
                torch.mm(grad[part], weight[branch].T, out=grad_rows[part])
            if grad_weight is not None:
                torch.mm(rows[part].T, grad[part], out=grad_weight[branch])
        return grad_rows, grad_weight, None, None


class _PerExample(torch.autograd.Function):
    """Rows of a parameter by branch; indexing would add up its gradient in no fixed order."""

    @staticmethod
    def forward(ctx, parameter: Tensor, branch: Tensor, segments: tuple) -> Tensor:
        ctx.shape, ctx.segments = parameter.shape, segments
        return parameter[branch]

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        total = grad.new_zeros(ctx.shape)
        for branch, start, stop in ctx.segments:
            torch.sum(grad[start:stop], dim=0, out=total[branch])
        return total, None, None


def rows_of(parameter: Tensor, route: Route) -> Tensor:
    """The row of a (branches, C) parameter that belongs to each sorted example: (N, C)."""
    return _PerExample.apply(parameter, route.branch, route.segments)


class RoutedLinear(nn.Module):
    """A dense layer with weights of its own for every branch.

    Args:
        branches: number of branches.
        inputs, outputs: features in and out.
        bias: whether to add a constant per branch and output.
    """

    def __init__(self, branches: int, inputs: int, outputs: int, bias: bool = True):
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(branches, inputs, outputs).uniform_(-bound, bound))
        self.bias = (
            nn.Parameter(torch.empty(branches, outputs).uniform_(-bound, bound)) if bias else None
        )

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """x: (N, inputs), sorted by branch, or (N k, inputs) with k rows (pixels) per example ->
        the same with `outputs`."""
        rows = len(x) // len(route.branch)
        out = _SegmentProduct.apply(x.contiguous(), self.weight, route.segments, rows)
        if self.bias is None:
            return out
        bias = rows_of(self.bias, route)
        return out + (bias if rows == 1 else bias.repeat_interleave(rows, dim=0))


class RoutedGroupNorm(nn.Module):
    """Group normalisation (Wu and He 2018) with a scale and an offset per branch and channel."""

    def __init__(self, branches: int, groups: int, channels: int):
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.ones(branches, channels))
        self.bias = nn.Parameter(torch.zeros(branches, channels))

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """x: (N, channels, H, W), sorted by branch -> the same shape."""
        x = nn.functional.group_norm(x, self.groups)
        weight, bias = rows_of(self.weight, route), rows_of(self.bias, route)
        return x * weight[:, :, None, None] + bias[:, :, None, None]


class RoutedConvTranspose(nn.Module):
    """A 3x3 transposed convolution with weights of its own for every branch.

    Every input pixel (i, j) adds its 3x3 patch of outputs at (stride i, stride j). So the layer is
    a matrix product of pixels, the rows, with a (channels_in, 9 channels_out) matrix, and a fold
    that adds the nine taps into place. Images are kept channels-last, where pixels are rows
    already.

    Args:
        branches: number of branches.
        inputs, outputs: channels in and out.
        stride: 1 or 2.
        size: (height, width) of the output; the outermost rows that no patch reaches are 0.
        bias: whether to add a constant per branch and channel.
    """

    def __init__(
        self,
        branches: int,
        inputs: int,
        outputs: int,
        stride: int,
        size: tuple[int, int],
        bias: bool = False,
    ):
        super().__init__()
        # An output pixel meets 9 / stride² taps of every input channel.
        bound = stride / math.sqrt(9 * inputs)
        self.weight = nn.Parameter(
            torch.empty(branches, inputs, 9 * outputs).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.zeros(branches, outputs)) if bias else None
        self.outputs, self.stride, self.size = outputs, stride, size

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """x: (N, inputs, h, w), sorted by branch -> (N, outputs, H, W), channels-last in memory."""
        count, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, channels)
        taps = _SegmentProduct.apply(rows, self.weight, route.segments, height * width)
        out = _Fold.apply(
            taps.view(count, height, width, 3, 3, self.outputs), self.stride, self.size
        ).permute(0, 3, 1, 2)
        return out if self.bias is None else out + rows_of(self.bias, route)[:, :, None, None]


class _Fold(torch.autograd.Function):
    """Adds 3x3 taps (N, h, w, 3, 3, C) into images (N, H, W, C); backward reads them off."""

    @staticmethod
    def forward(ctx, taps: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
        ctx.stride, ctx.shape = stride, taps.shape
        out = taps.new_zeros(taps.shape[0], *size, taps.shape[-1])
        for i, j, window in _windows(taps.shape, stride):
            out[window] += taps[:, :, :, i, j]
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        taps = grad.new_empty(ctx.shape)
        for i, j, window in _windows(ctx.shape, ctx.stride):
            taps[:, :, :, i, j] = grad[window]
        return taps, None, None


def _windows(shape: torch.Size, stride: int):
    """For each tap (i, j), the output pixels that it reaches, as an index."""
    _, height, width = shape[:3]
    for i in range(3):
        for j in range(3):
            yield (
                i,
                j,
                (
                    slice(None),
                    slice(i, i + stride * (height - 1) + 1, stride),
                    slice(j, j + stride * (width - 1) + 1, stride),
                ),
            )
