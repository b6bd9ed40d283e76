"""What a network is given besides x_t: the time, and for label-guided models the class."""

import math

import torch
from torch import Tensor, nn


class FourierTime(nn.Module):
    """sin(2π f t) and cos(2π f t) for frequencies f from 1/4 to `highest` cycles, a geometric
    series.

    The lowest frequency turns by a quarter only, so no two times in [0, 1] look alike. (The
    reference's sin(2π t), cos(2π t) are the same at t = 0 and t = 1: no noise and pure noise.)

    Args:
        features: numbers returned per time, even.
        highest: f of the fastest pair; it resolves times 1 / (4 highest) apart.
    """

    angles: Tensor

    def __init__(self, features: int = 32, highest: float = 64.0):
        super().__init__()
        octaves = torch.linspace(0, 1, features // 2, dtype=torch.float64)
        self.register_buffer(
            "angles", 2 * math.pi * 0.25 * (4 * highest) ** octaves, persistent=False
        )

    def forward(self, t: Tensor) -> Tensor:
        """t: (N,) in [0, 1] -> (N, features), float32."""
        phase = t.double()[:, None] * self.angles
        return torch.cat([phase.sin(), phase.cos()], dim=1).float()


def label_embedding(labels: int, features: int) -> nn.Embedding | None:
    """Vectors of the labels, the last of which is the null label (see `bdiff.linear.Linear`) and
    starts at zero; None without labels."""
    if not labels:
        return None
    embedding = nn.Embedding(labels, features)
    nn.init.zeros_(embedding.weight[-1])
    return embedding


class TimeLabelEmbedding(nn.Module):
    """Time, and the label where there are any, as one vector per example.

    Args:
        labels: number of class labels of a label-guided network; 0 for a branched one, which has a
            branch per class.
        width: features of the time; a label adds 32 (paper).
    """

    def __init__(self, labels: int = 0, width: int = 128):
        super().__init__()
        self.time = nn.Sequential(FourierTime(32), nn.Linear(32, width), nn.SiLU())
        self.label = label_embedding(labels, 32)
        self.features = width + (32 if labels else 0)

    def forward(self, t: Tensor, label: Tensor) -> Tensor:
        """t: (N,) in [0, 1]; label: (N,) int64, ignored without labels -> (N, features)."""
        time = self.time(t)
        return time if self.label is None else torch.cat([time, self.label(label)], dim=1)
