"""The paper's baseline: one reverse process for all classes, conditioned on a class label."""

import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bdiff.model import DiffusionModel
from bdiff.process import Process


class Linear(DiffusionModel):
    """The label-guided baseline: one chain for all classes, conditioned on the class.

    Code len(classes) stands for no class (the null label); see `Guided`.

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
        super().observe(x_0, classes, heads)
        if self.process.joint:
            for code in classes.unique().tolist():
                self._observe_sizes(code, x_0[classes == code])

    @property
    def has_unconditional(self) -> bool:
        """Whether it was trained with label dropout, which alone moves the embedding of the null
        label away from zero."""
        return bool(self.net.get_parameter("conditioning.label.weight")[-1].any())


class Guided(DiffusionModel):
    """A label-guided model with classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598).

        x̂_0 = x̂_0(none) + weight (x̂_0(class) - x̂_0(none))

    Args:
        model: trained with label dropout.
        weight: 1 is the model itself; more brings samples nearer to what is typical of their class,
            at the cost of variety.

    Raises:
        ValueError: if the model is not label-guided or was trained without label dropout, or the
            weight is not a number of 0 or more.
    """

    kind = "linear_guided"
    evaluations = 2

    def __init__(self, model: Linear, weight: float):
        nn.Module.__init__(self)
        if not isinstance(model, Linear) or not 0 <= weight < math.inf:
            raise ValueError(
                f"guidance needs a label-guided model and a weight of 0 or more, found a "
                f"{model.kind} model and {weight}"
            )
        if not model.has_unconditional:
            raise ValueError(
                "the model was trained without label_dropout, so it has no unconditional "
                "prediction; train it with label_dropout=0.1"
            )
        self.model, self.weight = model, weight
        self.process, self.classes, self.shape = model.process, model.classes, model.shape
        self.net, self.facts = model.net, model.facts
        self.register_buffer("value_range", model.value_range)
        if self.process.joint:
            self.register_buffer("sizes", model.sizes)

    def head_of(self, classes: Tensor, t: Tensor) -> Tensor:
        return self.model.head_of(classes, t)

    def output(self, x_t: Tensor, t: Tensor, classes: Tensor, head: Tensor | None = None) -> Tensor:
        null = torch.full_like(classes, len(self.classes))
        both = self.model.output(
            torch.cat([x_t, x_t]), torch.cat([t, t]), torch.cat([classes, null])
        )
        conditional, unconditional = both.chunk(2)
        # The output is linear in x̂_0 at fixed x_t, so guiding it is guiding x̂_0.
        return unconditional + self.weight * (conditional - unconditional)
