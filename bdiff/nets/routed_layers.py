r"""Routed layers: one weight per branch, and every example meets only the weight of its own branch.

The batch is sorted by branch, see `bdiff.nets.routing`. An absent branch gets a gradient of
exactly zero. The result equals evaluating every branch for every example and selecting afterwards,
at 1/branches of the work.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bdiff.nets.network import Layer
from bdiff.nets.routing import Route, TensorFunction, product, rows_of

__all__ = [
    "Route", "Routed", "RoutedConvTranspose", "RoutedGroupNorm", "RoutedLinear", "rows_of",
    "sparse_gradients",
]  # fmt: skip


class Routed(Layer):
    """A layer all of whose parameters have one row per branch.

    `sparse_gradients` says whether their gradients hold the rows of the batch's branches only (as
    in `torch.nn.Embedding`): with many branches, most of a dense gradient are zeros that are
    written, squared and stepped through.
    """

    sparse_gradients = False


def sparse_gradients(net: nn.Module, wanted: bool) -> None:
    """Have the gradients of all routed layers sparse, or dense; see `Routed`."""
    for module in net.modules():
        if isinstance(module, Routed):
            module.sparse_gradients = wanted


class RoutedLinear(Routed):
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
        out = product(x, self.weight, route, self.sparse_gradients)
        if self.bias is None:
            return out
        rows = len(x) // len(route.branch)
        bias = rows_of(self.bias, route, self.sparse_gradients)
        return out + (bias if rows == 1 else bias.repeat_interleave(rows, dim=0))


class RoutedGroupNorm(Routed):
    """Group normalisation (Wu and He 2018) with a scale and an offset per branch and channel."""

    def __init__(self, branches: int, groups: int, channels: int):
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.ones(branches, channels))
        self.bias = nn.Parameter(torch.zeros(branches, channels))

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """x: (N, channels, H, W), sorted by branch -> the same shape."""
        x = nn.functional.group_norm(x, self.groups)
        weight = rows_of(self.weight, route, self.sparse_gradients)
        bias = rows_of(self.bias, route, self.sparse_gradients)
        return x * weight[:, :, None, None] + bias[:, :, None, None]


class RoutedConvTranspose(Routed):
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
        taps = product(rows, self.weight, route, self.sparse_gradients)
        out = _Fold.apply(
            taps.view(count, height, width, 3, 3, self.outputs), self.stride, self.size
        ).permute(0, 3, 1, 2)
        if self.bias is None:
            return out
        return out + rows_of(self.bias, route, self.sparse_gradients)[:, :, None, None]


class _Fold(TensorFunction):
    """Adds 3x3 taps (N, h, w, 3, 3, C) into images (N, H, W, C); backward reads them off."""

    @staticmethod
    def forward(ctx: Any, taps: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
        ctx.stride, ctx.shape = stride, taps.shape
        out = taps.new_zeros(taps.shape[0], *size, taps.shape[-1])
        for i, j, window in _windows(taps.shape, stride):
            out[window] += taps[:, :, :, i, j]
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        taps = grad.new_empty(ctx.shape)
        for i, j, window in _windows(ctx.shape, ctx.stride):
            taps[:, :, :, i, j] = grad[window]
        return taps, None, None


def _windows(shape: torch.Size, stride: int) -> Iterator[tuple[int, int, tuple[slice, ...]]]:
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
