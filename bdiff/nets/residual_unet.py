"""Residual U-Net for small images, with heads that are small changes of shared layers.

Blocks of two 3x3 convolutions with group normalisation, whose channels the condition scales and
shifts (Dhariwal and Nichol 2021, arXiv 2105.05233, section 3). Images are cut into patches first,
which become channels, so no layer works at full resolution: on a processor that is what makes it
fast.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, silu

from bdiff.nets.heads import Adapted, ConditionEmbedding, Lineage
from bdiff.nets.network import Network
from bdiff.nets.routing import Route

GROUPS = 8  # of the normalisation


class ResidualUNet(Network):
    """Encoder and decoder of residual blocks, with skip connections by concatenation.

    Args:
        shape: (channels, height, width) of an image.
        lineage: for every branch, itself and the branches it descends from.
        labels: number of class labels of a label-guided network; 0 for a branched one.
        channels: channels at each resolution, multiples of 8; each but the first has half the
            height and width of the one before.
        blocks: blocks at each resolution, in the encoder and again in the decoder.
        patch: height and width of the patches.
        rank: channels of a branch's own products beside the second layer of the decoder's blocks
            and the output layer; 0 leaves a branch its vector alone.
        condition: features of the embedding of time, branch and label.

    Raises:
        ValueError: if objects are no images, or channels or patches do not fit.
    """

    prediction = "v"

    def __init__(
        self,
        shape: tuple[int, ...],
        lineage: Lineage,
        labels: int = 0,
        channels: tuple[int, ...] = (32, 64),
        blocks: int = 1,
        patch: int = 2,
        rank: int = 16,
        condition: int = 256,
    ):
        super().__init__()
        smallest = patch * 2 ** (len(channels) - 1) + 1  # two pixels at the lowest resolution
        if (
            len(shape) != 3
            or any(c % GROUPS for c in channels)
            or any(s % patch or s < smallest for s in shape[1:])
        ):
            raise ValueError(
                "a residual U-Net needs objects of shape (channels, height, width), with height "
                "and width multiples of the patch and large enough to be halved for each of the "
                f"channels but the first, and channels that are multiples of {GROUPS}; "
                f"found objects of shape {tuple(shape)}, patch {patch} and channels "
                f"{list(channels)}; for tables use 'residual'"
            )
        branches = len(lineage)
        self.patch = patch
        self.conditioning = ConditionEmbedding(lineage, labels, condition)
        pixels = shape[0] * patch**2
        self.input = nn.Conv2d(pixels, channels[0], 3, padding=1)
        self.encoder, self.down = nn.ModuleList(), nn.ModuleList()
        width = channels[0]
        skips: list[int] = []
        for level, outputs in enumerate(channels):
            if level:
                self.down.append(nn.Conv2d(width, width, 3, stride=2, padding=1))
            stage = nn.ModuleList()
            for _ in range(blocks):
                stage.append(_Block(width, outputs, condition, branches, rank=0))
                skips.append(width := outputs)
            self.encoder.append(stage)
        self.decoder, self.up = nn.ModuleList(), nn.ModuleList()
        for level, outputs in enumerate(reversed(channels)):
            if level:
                self.up.append(nn.Conv2d(width, outputs, 3, padding=1))
                width = outputs
            stage = nn.ModuleList()
            for _ in range(blocks):
                inputs = width + skips.pop()
                stage.append(_Block(inputs, outputs, condition, branches, rank))
                width = outputs
            self.decoder.append(stage)
        self.norm = nn.GroupNorm(GROUPS, width)
        output = nn.Conv2d(width, pixels, 3, padding=1)
        self.output = Adapted(output, branches, width, pixels, rank)
        # torch's annotations do not know this argument
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, t: Tensor, branch: Tensor, label: Tensor) -> Tensor:
        """x: (N, C, H, W); t: (N,) in [0, 1]; branch and label: (N,) int64 -> (N, C, H, W)."""
        route = Route.of(branch)
        condition = self.conditioning(t, label, route)
        h = pixel_unshuffle(x[route.order], self.patch)
        h = self.input(h.contiguous(memory_format=torch.channels_last))
        skips: list[Tensor] = []
        for level, blocks in enumerate(self.encoder):
            if level:
                h = self.down[level - 1](h)
            for block in blocks.children():
                h = block(h, condition, route)
                skips.append(h)
        for level, blocks in enumerate(self.decoder):
            if level:
                h = self.up[level - 1](interpolate(h, size=skips[-1].shape[2:]))
            for block in blocks.children():
                h = block(torch.cat([h, skips.pop()], dim=1), condition, route)
        h = self.output(silu(self.norm(h)), route)
        return pixel_shuffle(h, self.patch)[route.inverse].contiguous()


class _Block(nn.Module):
    """Two convolutions and a shortcut; between them the condition scales and shifts."""

    def __init__(self, inputs: int, outputs: int, condition: int, branches: int, rank: int):
        super().__init__()
        self.norm_1 = nn.GroupNorm(GROUPS, inputs)
        self.convolution_1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.condition = nn.Linear(condition, 2 * outputs)
        self.norm_2 = nn.GroupNorm(GROUPS, outputs)
        convolution_2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.convolution_2 = Adapted(convolution_2, branches, outputs, outputs, rank)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor, route: Route) -> Tensor:
        h = self.convolution_1(silu(self.norm_1(x)))
        scale, shift = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
        h = silu(self.norm_2(h) * (1 + scale) + shift)
        shortcut: Tensor = self.shortcut(x)
        return self.convolution_2(h, route) + shortcut
