r"""Processes that preserve the variance of data that have variance 1.

With a B(t) that grows from B(0) = 0,

    alpha = exp(-B/2),   sigma² = 1 - exp(-B),   log_snr = -log(exp(B) - 1).

In continuous time, t in [0, 1] (Song et al. 2021, arXiv 2011.13456, eq. 11 and 33), it follows the
stochastic differential equation dx = -½ β(t) x dt + √β(t) dw with β(t) = β_0 + (β_1 - β_0) t, hence

    B(t) = ∫_0^t β = β_0 t + ½ (β_1 - β_0) t².

In discrete time, t = 0, 1, ..., T (Ho et al. 2020, arXiv 2006.11239, eq. 2 and 4), it is the chain
x_t = √(1 - β_t) x_{t-1} + √β_t ε_t with β_t even from β_1 to β_T, hence alpha² = Π_{s≤t} (1 - β_s):

    B(t) = -Σ_{s≤t} log(1 - β_s).
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from bdiff.process.base import Continuous, Process, expand_like


class VariancePreserving(Process):
    """alpha² + sigma² = 1."""

    @abstractmethod
    def _integrated_beta(self, t: Tensor | float) -> Tensor:
        """B(t), float64."""

    @abstractmethod
    def _time_of(self, B: Tensor) -> Tensor:
        """The t of a value of B."""

    def alpha(self, t: Tensor | float) -> Tensor:
        return torch.exp(-0.5 * self._integrated_beta(t))

    def sigma(self, t: Tensor | float) -> Tensor:
        return torch.sqrt(-torch.expm1(-self._integrated_beta(t)))

    def log_snr(self, t: Tensor | float) -> Tensor:
        return -torch.log(torch.expm1(self._integrated_beta(t)))

    def time_of(self, log_snr: Tensor | float) -> Tensor:
        log_snr = torch.as_tensor(log_snr, dtype=torch.float64)
        return self._time_of(torch.logaddexp(torch.zeros_like(log_snr), -log_snr))


@dataclass(frozen=True)
class VP(VariancePreserving, Continuous):
    """Variance-preserving process on t in [0, 1].

    Args:
        beta_min: β_0, noise rate at t = 0, in [0, beta_max).
        beta_max: β_1, noise rate at t = 1. The paper's value is 20 (alpha(1) = 0.0066).

    Raises:
        ValueError: if the rates are not 0 <= beta_min < beta_max.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    name = "vp"

    def __post_init__(self) -> None:
        if not 0 <= self.beta_min < self.beta_max:
            raise ValueError(
                f"the VP process needs 0 <= beta_min < beta_max, "
                f"found beta_min={self.beta_min}, beta_max={self.beta_max}"
            )

    def _integrated_beta(self, t: Tensor | float) -> Tensor:
        t = torch.as_tensor(t, dtype=torch.float64)
        return self.beta_min * t + 0.5 * (self.beta_max - self.beta_min) * t**2

    def _time_of(self, B: Tensor) -> Tensor:
        slope = self.beta_max - self.beta_min
        # The root of ½ slope t² + beta_min t = B in the form that does not cancel.
        return 2 * B / (self.beta_min + torch.sqrt(self.beta_min**2 + 2 * slope * B))

    def beta(self, t: Tensor | float) -> Tensor:
        """Noise rate β(t)."""
        t = torch.as_tensor(t, dtype=torch.float64)
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        """Drift -½ β(t) x of the forward equation; x: (N, ...), t: (N,)."""
        return -0.5 * expand_like(self.beta(t), x) * x

    def diffusion(self, t: Tensor | float) -> Tensor:
        """Diffusion coefficient √β(t) of the forward equation."""
        return torch.sqrt(self.beta(t))


@dataclass(frozen=True)
class DDPM(VariancePreserving):
    """Variance-preserving chain on t = 0, 1, ..., steps.

    A time that is not one of these whole numbers is an error wherever it is used: there is nothing
    between two steps. The check costs some 20 μs, next to nothing beside a call of a network.

    Args:
        steps: T, 2 or more. The paper's value is 1000.
        beta_min: β_1, variance of the noise of the first step, in (0, beta_max].
        beta_max: β_T, variance of the noise of the last step, below 1. The paper's values are 1e-4
            and 0.01009, which leave alpha(T) = 0.078; those of Ho et al. leave 0.0064.

    Raises:
        ValueError: if the steps or the variances are out of these ranges.
    """

    steps: int = 1000
    beta_min: float = 1e-4
    beta_max: float = 0.02

    name = "ddpm"
    first_time = 1.0
    discrete = True

    def __post_init__(self) -> None:
        if not isinstance(self.steps, int) or self.steps < 2:
            raise ValueError(
                f"the DDPM process needs a whole number of steps, 2 or more, found {self.steps!r}"
            )
        if not 0 < self.beta_min <= self.beta_max < 1:
            raise ValueError(
                f"the DDPM process needs 0 < beta_min <= beta_max < 1, "
                f"found beta_min={self.beta_min}, beta_max={self.beta_max}"
            )

    @property
    def horizon(self) -> float:
        return float(self.steps)

    @cached_property
    def _sums(self) -> Tensor:
        """B(0), ..., B(T)."""
        beta = torch.linspace(self.beta_min, self.beta_max, self.steps, dtype=torch.float64)
        return torch.cat([beta.new_zeros(1), -torch.log1p(-beta).cumsum(0)])

    def _integrated_beta(self, t: Tensor | float) -> Tensor:
        t = torch.as_tensor(t, dtype=torch.float64)
        known = (t >= 0) & (t <= self.steps) & (t == t.round())
        if not known.all():
            raise ValueError(
                f"{self} has the times 0, 1, ..., {self.steps}, but t = {float(t[~known][0]):g} is "
                "asked for; `nearest` and `time_of` give times that it has"
            )
        return self._sums.to(t.device)[t.long()]

    def _time_of(self, B: Tensor) -> Tensor:
        # The margin makes it the inverse of `log_snr` in spite of rounding; as β_t grows, B(t) is
        # by 1/T of itself or more above B(t - 1).
        t = torch.searchsorted(self._sums.to(B.device), B * (1 - 1e-9)).double()
        return t.masked_fill(t > self.steps, torch.inf)

    def times(self, fractions: Tensor) -> Tensor:
        # The margin is for t / T, which rounding may take above a whole number of steps.
        return torch.ceil(self.steps * fractions * (1 - 1e-12))

    def nearest(self, t: Tensor) -> Tensor:
        return torch.round(t)
