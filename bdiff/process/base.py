"""What every forward process has; the notation is that of `bdiff.process`."""

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor


class Process(ABC):
    """A forward process.

    `name` is its name in settings; `horizon` is T; `first_time` is the least time above 0 at which
    samplers call the network; a `discrete` process has only the whole numbers from 0 to T as times;
    a `joint` one takes the parts of an object at different rates, so that its own alpha, sigma and
    log-SNR, by which trees and grids go, are those of one part, and `at` has those of all.
    """

    name: str
    first_time: float = 1e-3
    discrete: bool = False
    joint: bool = False

    @property
    def horizon(self) -> float:
        return 1.0

    @abstractmethod
    def alpha(self, t: Tensor | float) -> Tensor:
        """Factor of the data in x_t, in (0, 1]; float64."""

    @abstractmethod
    def sigma(self, t: Tensor | float) -> Tensor:
        """Standard deviation of the noise in x_t, 0 at t = 0; float64."""

    @abstractmethod
    def log_snr(self, t: Tensor | float) -> Tensor:
        """log(alpha² / sigma²); +inf at t = 0."""

    def half_log_snr(self, t: Tensor | float) -> Tensor:
        """λ = log(alpha / sigma), the variable that exponential integrators step in."""
        return 0.5 * self.log_snr(t)

    @abstractmethod
    def time_of(self, log_snr: Tensor | float) -> Tensor:
        """The t at which `log_snr(t)` has the given value; it may lie beyond the horizon.

        In discrete time it is the first t with that ratio or a lower one, infinite if none has.
        """

    def times(self, fractions: Tensor) -> Tensor:
        """Times to train at, in (0, T]: uniform if the fractions, in (0, 1], are."""
        return self.horizon * fractions

    def nearest(self, t: Tensor) -> Tensor:
        """The times of the process that are nearest to values in [0, T]."""
        return t

    def at(self, t: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """alpha and sigma at the times t (N,) of objects x (N, *shape), float64, to multiply x."""
        return as_factors(self.alpha(t), x), as_factors(self.sigma(t), x)

    def noise(self, noise: Tensor, x: Tensor) -> Tensor:
        """Noise as objects like x have it, from standard normal numbers of their shape."""
        return noise

    def diffuse(self, x_0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t = alpha x_0 + sigma ε; x_0 and standard normal noise: (N, ...), t: (N,)."""
        alpha, sigma = self.at(t, x_0)
        return alpha.to(x_0) * x_0 + sigma.to(x_0) * self.noise(noise, x_0)

    def prior(self, noise: Tensor) -> Tensor:
        """The state at T that sampling starts from, of standard normal noise, (N, *shape)."""
        return noise

    def mean_square(self, error: Tensor, x: Tensor) -> Tensor:
        """Mean square of the error of each object, both (N, *shape) -> (N,)."""
        return error.square().flatten(1).mean(dim=1)

    @property
    def remainder(self) -> float:
        """alpha / √(alpha² + sigma²) at T: the share of data, of variance 1, that is left."""
        return float(torch.sigmoid(self.log_snr(self.horizon)).sqrt())

    def to_dict(self) -> dict[str, Any]:
        # Every process is a dataclass, though this class is not.
        return {"name": self.name, **asdict(self)}  # type: ignore[call-overload]


class Continuous(Process):
    """A process on t in [0, 1] that follows dx = f(x, t) dt + g(t) dw."""

    @abstractmethod
    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        """f(x, t); x: (N, ...), t: (N,)."""

    @abstractmethod
    def diffusion(self, t: Tensor | float) -> Tensor:
        """g(t), float64."""

    def diffusion_at(self, t: Tensor, x: Tensor) -> Tensor:
        """g at the times t (N,) of objects x (N, *shape), float64, to multiply x."""
        return as_factors(self.diffusion(t), x)


def as_factors(values: Tensor, x: Tensor) -> Tensor:
    """Per-example values (N,) with the number of dimensions of x (N, ...)."""
    return values.reshape(-1, *[1] * (x.ndim - 1))


def expand_like(values: Tensor, x: Tensor) -> Tensor:
    """Per-example values (N,) in the dtype, device and number of dimensions of x (N, ...)."""
    return as_factors(values.to(x), x)
