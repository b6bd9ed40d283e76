"""How long and how a model is trained, and which part of it."""

import math
from dataclasses import dataclass
from typing import Any, Self

from bdiff.data.dataset import Dataset
from bdiff.defaults import suited
from bdiff.expect import misfits, whole_number

SCHEDULES = ("cosine", "constant")
_LEAST = {"steps": 1, "batch_size": 1, "log_every": 1, "checkpoint_every": 1}


class TrainingError(RuntimeError):
    """Training that cannot go on: numbers that are not finite, or a checkpoint of another run."""


@dataclass(frozen=True)
class Training:
    """Settings of a training run.

    Args:
        steps: optimisation steps.
        batch_size: examples per step; the last batch of an epoch may be smaller.
        learning_rate: of Adam, see `bdiff.training.optimizer`.
        schedule: "cosine", which rises over the first 200 steps (or a tenth, if that is less) and
            falls to 0 along half a cosine; or "constant", which can be trained on.
        ema: decay of the averaged weights, in [0, 1); these are the weights the model ends with.
        clip: largest norm of the gradient.
        label_dropout: share of the objects whose label a label-guided model does not see, so that
            it can be sampled with classifier-free guidance.
        log_every: steps between lines of metrics.
        checkpoint_every: steps between checkpoints.
        seed: of the order, the times and the noise.
    """

    steps: int
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    ema: float = 0.9995
    clip: float = 1.0
    label_dropout: float = 0.0
    log_every: int = 100
    checkpoint_every: int = 1000
    seed: int = 0

    @classmethod
    def for_data(cls, dataset: Dataset, **changes: Any) -> Self:
        """What suits the data (`bdiff.defaults`), but for these settings."""
        return cls(**(suited(dataset, "training") | changes))

    def __post_init__(self) -> None:
        whole = {**_LEAST, "seed": None}
        others = {key: value for key, value in vars(self).items() if key not in whole}
        wrong = misfits(type(self), others) or self._out_of_range()
        for name, least in whole.items():
            try:
                object.__setattr__(self, name, whole_number(getattr(self, name), name, least))
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise ValueError("training settings: " + "; ".join(wrong))

    def _out_of_range(self) -> list[str]:
        """What is wrong with the numbers that are not whole, and the schedule."""
        wrong = [
            f"{name} is {getattr(self, name)!r}, it must lie in [0, 1)"
            for name in ("ema", "label_dropout")
            if not 0 <= getattr(self, name) < 1
        ]
        if self.schedule not in SCHEDULES:
            wrong.append(f"schedule is {self.schedule!r}, it must be one of {SCHEDULES}")
        if not (0 < self.learning_rate < math.inf and self.clip > 0):
            wrong.append("learning_rate must be a number above 0, and clip above 0")
        return wrong

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        if self.schedule == "constant":
            return self.learning_rate
        warmed = min(1.0, (1 + step) / min(200, 1 + self.steps // 10))
        return self.learning_rate * warmed * 0.5 * (1 + math.cos(math.pi * step / self.steps))


@dataclass(frozen=True)
class Part:
    """What of a model is trained, if not all of it.

    Args:
        heads: the heads whose parameters move, of a branched model; everything else stays as it is.
            Only examples at the times that run through them are seen.
        classes: the classes whose objects are seen.
    """

    heads: tuple[int, ...] | None = None
    classes: tuple[str, ...] | None = None
