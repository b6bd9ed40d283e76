"""The paper's baseline: one reverse process for all classes, conditioned on a class label."""

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from bdiff.model import DiffusionModel
from bdiff.process import Process


class Linear(DiffusionModel):
    """The label-guided baseline: one chain for all classes, conditioned on the class.

    Code len(classes) stands for no class (the null label); see `bdiff.guidance`.

    Args:
        process: the forward process.
        classes: class names.
        shape: shape of one object.
        net: settings of the network.
    """

    kind = "linear"

    def __init__(
        self, process: Process, classes: Sequence[str], shape: Sequence[int], net: dict[str, Any]
    ):
        super().__init__(process, classes, shape, net, [[0]], labels=len(classes) + 1)

    def head_of(self, classes: Tensor, t: Tensor) -> Tensor:
        return torch.zeros_like(classes)

    def observe(self, x_0: Tensor, classes: Tensor, heads: Collection[int] | None = None) -> None:
        known, given = self.value_range.clone(), classes.unique().tolist()
        super().observe(x_0, classes, heads)
        if len(given) < len(self.classes) and known.isfinite().all():
            # A class is learned alone; the others, which share its range, keep theirs.
            (least, largest), (low, high) = known[0], self.value_range[0]
            self.value_range[0] = torch.stack([least.minimum(low), largest.maximum(high)])
        if self.process.joint:
            for code in given:
                self._observe_sizes(code, x_0[classes == code])

    @property
    def has_unconditional(self) -> bool:
        """Whether it was trained with label dropout, which alone moves the embedding of the null
        label away from zero."""
        return bool(self.net.get_parameter("conditioning.label.weight")[-1].any())
