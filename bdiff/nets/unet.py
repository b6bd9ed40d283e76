"""U-Net for small images: the paper's network, routed.

The encoder is shared, each branch has a decoder of its own. All convolutions are 3x3 without
padding. The paper concatenates the time (and the label) to the input of every layer as constant
channels. Under a convolution without padding constant channels are exactly a bias per output
channel, which is what is added here. Under a transposed convolution they are a bias and, besides,
differences at the border and, with stride 2, between even and odd pixels, which are left out.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from bdiff.nets.conditioning import TimeLabelEmbedding
from bdiff.nets.heads import Lineage
from bdiff.nets.network import Network
from bdiff.nets.routed_layers import RoutedConvTranspose, RoutedGroupNorm, RoutedLinear
from bdiff.nets.routing import Route


class UNet(Network):
    """Shared encoder, routed decoder, skip connections by concatenation.

    Args:
        shape: (channels, height, width) of an image.
        lineage: for every branch, itself and the branches it descends from; as every branch has
            layers of its own here, only their number counts.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        channels: output channels of the encoder's convolutions, multiples of 32.
        strides: their strides, 1 or 2.

    Raises:
        ValueError: if objects are no images, or too small for that many convolutions, or channels
            and strides do not fit, or the last layer would not reach all pixels.
    """

    prediction = "noise"

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        channels: tuple[int, ...] = (32, 64, 128, 256),
        strides: tuple[int, ...] = (1, 2, 2, 2),
    ):
        super().__init__()
        branches = len(lineage)
        fits = len(channels) == len(strides) and not any(c % 32 for c in channels)
        if len(shape) != 3 or not fits or not set(strides) <= {1, 2}:
            raise ValueError(
                "a U-Net needs objects of shape (channels, height, width), and as many strides of "
                "1 or 2 as channels, which are multiples of 32; found objects of shape "
                f"{tuple(shape)}, channels {list(channels)} and strides {list(strides)}; for "
                "tables use 'dense'"
            )
        self.conditioning = TimeLabelEmbedding(labels)
        widths = [shape[0], *channels]
        sizes = _sizes(shape[1:], strides)
        if any((size - 3) % strides[0] for size in shape[1:]):
            raise ValueError(
                f"3x3 patches at every {strides[0]} pixels do not reach the border of images of "
                f"{shape[1]}x{shape[2]} pixels; use stride 1 in the first layer"
            )
        self.encoder = nn.ModuleList(
            _Down(widths[i], widths[i + 1], stride, self.conditioning.features, 4 if i == 0 else 32)
            for i, stride in enumerate(strides)
        )
        deepest = len(strides) - 1
        self.decoder = nn.ModuleList(
            _Up(
                branches,
                widths[i + 1] * (1 if i == deepest else 2),  # below the deepest there is no skip
                widths[i],
                strides[i],
                sizes[i],
                self.conditioning.features,
            )
            for i in range(deepest, 0, -1)
        )
        self.output = RoutedConvTranspose(
            branches, widths[1] * (2 if deepest else 1), shape[0], strides[0], sizes[0], bias=True
        )

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, C, H, W); t: (N,) in [0, 1]; branch and label: (N,) int64 -> (N, C, H, W)."""
        route = Route.of(branch)
        condition = self.conditioning(t, label)[route.order]
        h = x[route.order].contiguous(memory_format=torch.channels_last)
        skips = []
        for layer in self.encoder:
            h = layer(h, condition)
            skips.append(h)
        skips.pop()
        for layer in self.decoder:
            h = torch.cat([layer(h, condition, route), skips.pop()], dim=1)
        return self.output(h, route)[route.inverse].contiguous()


class _Down(nn.Module):
    """Shared convolution, condition, group normalisation, swish."""

    def __init__(self, inputs: int, outputs: int, stride: int, condition: int, groups: int):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, bias=False)
        # torch's annotations do not know this argument
        self.convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.condition = nn.Linear(condition, outputs)
        self.norm = nn.GroupNorm(groups, outputs)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.convolution(x) + self.condition(condition)[:, :, None, None]
        return silu(self.norm(h))


class _Up(nn.Module):
    """Transposed convolution, condition, group normalisation of a branch, swish."""

    def __init__(
        self,
        branches: int,
        inputs: int,
        outputs: int,
        stride: int,
        size: tuple[int, int],
        condition: int,
    ):
        super().__init__()
        self.convolution = RoutedConvTranspose(branches, inputs, outputs, stride, size)
        self.condition = RoutedLinear(branches, condition, outputs)
        self.norm = RoutedGroupNorm(branches, 32, outputs)

    def forward(self, x: Tensor, condition: Tensor, route: Route) -> Tensor:
        h = self.convolution(x, route) + self.condition(condition, route)[:, :, None, None]
        return silu(self.norm(h, route))


def _sizes(size: Sequence[int], strides: tuple[int, ...]) -> list[tuple[int, int]]:
    """(height, width) before each of the encoder's convolutions."""
    sizes = [(size[0], size[1])]
    for stride in strides:
        if min(sizes[-1]) < 3:
            raise ValueError(
                f"an image of {size[0]}x{size[1]} pixels is too small for {len(strides)} "
                f"convolutions with strides {list(strides)}: the sizes are {sizes} and 3x3 needs "
                "three pixels; use fewer layers or smaller strides"
            )
        height, width = ((s - 3) // stride + 1 for s in sizes[-1])
        sizes.append((height, width))
    return sizes[:-1]
