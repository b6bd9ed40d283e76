"""The protocol of a solver: one reverse step, for rows that each have their own next time."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from bdiff.process import Process
from bdiff.process.base import Continuous

Memory = dict[str, Tensor]


@dataclass(frozen=True)
class Step:
    """One reverse step from s to t, t < s, of N samples.

    Args:
        process: the forward process.
        s, t: (N,) float64.
        denoise: (x, times) -> x̂_0, one call of the network for all N.
        noise: () -> (N, *shape), standard normal, new at every call.
    """

    process: Process
    s: Tensor
    t: Tensor
    denoise: Callable[[Tensor, Tensor], Tensor]
    noise: Callable[[], Tensor]

    @property
    def equation(self) -> Continuous:
        """The process, for solvers that are `continuous`: `check_solver` refuses any other."""
        assert isinstance(self.process, Continuous)
        return self.process

    def alpha(self, time: Tensor, x: Tensor) -> Tensor:
        return self.process.at(time, x)[0].to(x)

    def sigma(self, time: Tensor, x: Tensor) -> Tensor:
        return self.process.at(time, x)[1].to(x)

    def noise_prediction(self, x: Tensor, time: Tensor) -> Tensor:
        """ε̂ = (x - alpha x̂_0) / sigma."""
        return (x - self.alpha(time, x) * self.denoise(x, time)) / self.sigma(time, x)

    def score(self, x: Tensor, time: Tensor) -> Tensor:
        """∇ log p_time(x) = (alpha x̂_0 - x) / sigma²."""
        return (self.alpha(time, x) * self.denoise(x, time) - x) / self.sigma(time, x) ** 2

    @property
    def h(self) -> Tensor:
        """λ_t - λ_s > 0, (N,)."""
        return self.process.half_log_snr(self.t) - self.process.half_log_snr(self.s)


class Solver(ABC):
    """A way to make a reverse step.

    `name` is its name in settings; `calls` its network calls per step (None: it varies); one that
    chooses its own steps does not use the grid; one that is `continuous` uses the drift of the
    forward equation, or times between nodes, which a discrete process does not have; one that is
    `elementwise` takes alpha and sigma of each value by itself, as a joint process needs.
    """

    name: str
    calls: int | None = 1
    uses_grid: bool = True
    continuous: bool = False
    elementwise: bool = False

    def start(self, x: Tensor) -> Memory:
        """What samples remember that have made no step yet under the current branch."""
        return {}

    @abstractmethod
    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        """x at s: (N, *shape) -> x at t, and what to remember of the step."""
