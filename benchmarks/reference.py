"""The paper's networks and loss, computed as its own code does, to be measured against.

For every batch, each branch in turn runs the shared layers and its own on all examples; then a loop
over the examples finds the branch of each in the list of branches and keeps that one output. The
layers are torch's own, in their own memory format, and time enters the U-Net as 32 constant
channels of every layer. The numbers of parameters are the paper's.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from bdiff.process import VP
from bdiff.tree import BranchTree

ENCODER = ((1, 32, 1), (32, 64, 2), (64, 128, 2), (128, 256, 2))  # channels in and out, stride
DECODER = ((256, 128, 2, 0), (256, 64, 2, 1), (128, 32, 2, 1))  # and output padding
TIME = 32  # channels of the time in every layer
WIDTH = 256  # of the dense network


class _Layer(nn.Module):
    """A convolution of the image and the tiled time, group normalisation, swish."""

    def __init__(self, convolution: nn.Module, channels: int, groups: int):
        super().__init__()
        self.time = nn.Linear(2, TIME)
        self.convolution = convolution
        self.norm = nn.GroupNorm(groups, channels)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        tiled = self.time(time)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return silu(self.norm(self.convolution(torch.cat([x, tiled], dim=1))))


class ReferenceUNet(nn.Module):
    """Images of 28x28 pixels: four shared convolutions, four transposed ones of every branch."""

    shape = (1, 28, 28)

    def __init__(self, branches: int):
        super().__init__()
        self.shared = nn.ModuleList(
            _Layer(nn.Conv2d(i + TIME, o, 3, stride, bias=False), o, 4 if i == 1 else 32)
            for i, o, stride in ENCODER
        )
        self.heads = nn.ModuleList()
        for _ in range(branches):
            head = nn.ModuleList()
            for i, o, stride, padding in DECODER:
                up = nn.ConvTranspose2d(
                    i + TIME, o, 3, stride, output_padding=padding, bias=False
                )  # fmt: skip
                head.append(_Layer(up, o, 32))
            head.append(nn.ConvTranspose2d(64, 1, 3))
            self.heads.append(head)

    def forward(self, x: Tensor, t: Tensor, branch: int) -> Tensor:
        angle = 2 * math.pi * t
        time = silu(torch.stack([angle.sin(), angle.cos()], dim=1))
        skips = []
        for layer in self.shared:
            x = layer(x, time)
            skips.append(x)
        skips.pop()
        *layers, last = self.heads[branch]
        for layer in layers:
            x = torch.cat([layer(x, time), skips.pop()], dim=1)
        return last(x)


class ReferenceDense(nn.Module):
    """Tables of 16 features: two shared dense layers, two of every branch."""

    shape = (16,)

    def __init__(self, branches: int):
        super().__init__()
        (features,) = self.shape
        self.register_buffer("frequencies", 30 * torch.randn(WIDTH // 2), persistent=False)
        swish = nn.SiLU()
        self.time = nn.Sequential(
            swish, nn.Linear(WIDTH, WIDTH), swish, nn.Linear(WIDTH, WIDTH)
        )  # fmt: skip
        self.input = nn.Linear(features, WIDTH)
        self.shared = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(2))
        self.heads = nn.ModuleList(
            nn.ModuleList([nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, features)])
            for _ in range(branches)
        )

    def forward(self, x: Tensor, t: Tensor, branch: int) -> Tensor:
        angle = 2 * math.pi * t[:, None] * self.frequencies
        h = self.input(x) + self.time(torch.cat([angle.sin(), angle.cos()], dim=1))
        for layer in (*self.shared, *self.heads[branch]):
            h = layer(h.relu())
        return h


NETS = {"fashion_mnist": ReferenceUNet, "letters": ReferenceDense}


class Reference(nn.Module):
    """A branched model that is computed as the paper's code does.

    Args:
        dataset: a key of `NETS`.
        tree: its branches have a head each.
    """

    def __init__(self, dataset: str, tree: BranchTree):
        super().__init__()
        self.net = NETS[dataset](len(tree.branches))
        self.shape, self.classes, self.process = self.net.shape, tree.classes, VP()
        self.branches = [
            ({tree.index(name) for name in branch.classes}, branch.start, branch.end)
            for branch in tree.branches
        ]

    def output(self, x_t: Tensor, t: Tensor, classes: Tensor) -> Tensor:
        """The score of every example from the head of its branch; all heads see all examples.

        Args:
            x_t: (N, *shape); t: (N,) in (0, 1]; classes: (N,) int64.

        Returns:
            (N, *shape).
        """
        outputs = [self.net(x_t, t, branch) for branch in range(len(self.branches))]
        own = []
        for example, (code, time) in enumerate(zip(classes.tolist(), t.tolist(), strict=True)):
            for branch, (members, start, end) in enumerate(self.branches):
                if code in members and start <= time <= end:
                    own.append(outputs[branch][example])
                    break
        return torch.stack(own)

    def loss(self, x_0: Tensor, classes: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """(N,) squared errors of the score over its mean square, as the paper weighs them."""
        per_example = (-1, *(1,) * len(self.shape))
        alpha, sigma = (
            f(t).to(x_0).view(per_example) for f in (self.process.alpha, self.process.sigma)
        )
        score = -noise / sigma
        error = self.output(alpha * x_0 + sigma * noise, t.to(x_0), classes) - score
        return error.square().flatten(1).sum(dim=1) / score.square().flatten(1).mean(dim=1)
