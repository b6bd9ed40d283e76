r"""Adam and the average of the weights, for networks whose batches meet few of their branches.

Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1) with its default constants. A branch that no
example of a batch goes through rests: its own weights (those of `Routed` layers), their moments and
their number of steps stay as they are. So they are trained by the Adam that they would have alone,
on the batches that reach the branch, and a step costs as much as the branches present, however many
there are. (Adam with gradients of zero instead lets the moments of a resting branch decay and moves
it on by what is left of them, for some ten steps; as its second moment is then an average over the
steps at rest too, the step after a long rest is larger.) What branches share is under plain Adam,
and so are the vectors that they inherit (`bdiff.nets.heads.InheritedVector`), which are too few
numbers to matter.

The average (EMA) with decay d is warmed up: step k uses d_k = min(d, (1 + k) / (10 + k)), so early
weights are forgotten. Weights w that rest from step j to step k leave

    w + (average - w) d_j d_(j+1) ... d_k,

which is made up for when they move again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim.adam import adam

from bdiff.nets.routed_layers import Routed


@dataclass
class _Tensors:
    """What belongs to a parameter; `parts` are views of all of it, by branch where it is routed."""

    parameter: nn.Parameter
    average: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor
    step: Tensor
    routed: bool

    def __post_init__(self) -> None:
        tensors = (self.parameter.detach(), self.average, self.exp_avg, self.exp_avg_sq, self.step)
        rows = (t.unbind() if self.routed else (t,) for t in tensors)
        self.parts = list(zip(*rows, strict=True))

    def gradient(self, present: Sequence[int]) -> tuple[Tensor, Sequence[Tensor]]:
        """The gradient's numbers as one tensor, and as parts: of the branches present, or all."""
        gradient = self.parameter.grad
        assert gradient is not None  # `step` asks those that have one
        if not self.routed:
            return gradient, (gradient,)
        if not gradient.is_sparse:
            return gradient, [gradient[branch] for branch in present]
        # A gradient from one use of the parameter has its rows in order already, but no longer
        # says so; `coalesce` would copy them.
        branches, values = gradient._indices()[0].tolist(), gradient._values()
        if branches != list(present):
            gradient = gradient.coalesce()
            branches, values = gradient.indices()[0].tolist(), gradient.values()
        if branches != list(present):
            raise ValueError(
                f"found gradients of the branches {branches}, expected those of {list(present)}: "
                "name all branches of the batch, in ascending order"
            )
        return values, values.unbind()


class BranchAdam:
    """The optimiser of a network; see the module.

    Args:
        net: the network, on its device.
        ema: decay of the average, in [0, 1).
    """

    def __init__(self, net: nn.Module, ema: float = 0.0):
        routed = {
            id(parameter)
            for module in net.modules()
            if isinstance(module, Routed)
            for parameter in module.parameters(recurse=False)
        }
        self.ema, self.steps = ema, 0
        self.tensors = {
            name: _Tensors(
                parameter,
                average=parameter.detach().clone(),
                exp_avg=torch.zeros_like(parameter.data),
                exp_avg_sq=torch.zeros_like(parameter.data),
                step=parameter.new_zeros(parameter.shape[0] if id(parameter) in routed else ()),
                routed=id(parameter) in routed,
            )
            for name, parameter in net.named_parameters()
        }
        rows = [len(t.parts) for t in self.tensors.values() if t.routed]
        self.averaged = [0] * max(rows, default=0)  # steps that each branch's average has seen

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for tensors in self.tensors.values():
            tensors.parameter.grad = None

    def step(self, rate: float, clip: float, present: Sequence[int]) -> float:
        """Move the weights, unless the gradient is not finite; returns its norm.

        Args:
            rate: learning rate.
            clip: largest norm of the gradient.
            present: branches of the batch, in ascending order.

        Raises:
            ValueError: if the gradients are those of other branches.
        """
        used = [t for t in self.tensors.values() if t.parameter.grad is not None]
        whole, gradients = zip(*(t.gradient(present) for t in used), strict=True)
        norm = get_total_norm(whole)
        total = float(norm)
        if not math.isfinite(total):
            return total
        self._average(present)
        parts = [t.parts[b] for t in used for b in (present if t.routed else (0,))]
        weights, _, exp_avgs, exp_avg_sqs, steps = map(list, zip(*parts, strict=True))
        with torch.no_grad():
            adam(
                weights, list(chain(*gradients)), exp_avgs, exp_avg_sqs, [], steps,
                fused=True, amsgrad=False, beta1=0.9, beta2=0.999, lr=rate, weight_decay=0.0,
                eps=1e-8, maximize=False,
                # the kernel divides the gradient by it, which saves a pass over all gradients
                grad_scale=(norm + 1e-6) / clip if total > clip else None,
            )  # fmt: skip
        self.steps += 1
        return total

    def _average(self, branches: Sequence[int]) -> None:
        """Let the average see all steps so far, of what is shared and of these branches."""
        groups: dict[int, list[int]] = {self.steps - 1: []}  # of equally long rest
        for branch in branches if self.averaged else ():  # no branch has weights of its own
            groups.setdefault(self.averaged[branch], []).append(branch)
            self.averaged[branch] = self.steps
        for since, members in groups.items():
            decay = math.prod(min(self.ema, (1 + k) / (10 + k)) for k in range(since, self.steps))
            parts = [
                part
                for t in self.tensors.values()
                for part in ([t.parts[b] for b in members] if t.routed else t.parts)
                if t.routed or since == self.steps - 1 >= 0
            ]
            if parts and since < self.steps:
                torch._foreach_lerp_([p[1] for p in parts], [p[0] for p in parts], 1 - decay)

    def use_average(self) -> None:
        """Give the network its averaged weights."""
        self._average(range(len(self.averaged)))
        with torch.no_grad():
            for tensors in self.tensors.values():
                tensors.parameter.copy_(tensors.average)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """All tensors, by kind and then by name of the parameter."""
        return {
            "weights": {name: t.parameter for name, t in self.tensors.items()},
            "average": {name: t.average for name, t in self.tensors.items()},
            "optimizer": {
                f"{name}/{key}": getattr(t, key)
                for name, t in self.tensors.items()
                for key in ("step", "exp_avg", "exp_avg_sq")
            },
        }

    def load(self, state: dict[str, dict[str, Tensor]], steps: int, averaged: list[int]) -> None:
        """Continue from a `state`, and the `steps` and `averaged` that belonged to it."""
        with torch.no_grad():
            for kind, tensors in self.state().items():
                for name, tensor in tensors.items():
                    tensor.copy_(state[kind][name])
        self.steps, self.averaged = steps, list(averaged)
