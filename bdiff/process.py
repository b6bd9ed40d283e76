r"""Forward processes: how data turn into noise.

A process blends an object x_0 with Gaussian noise ε over the time t in [0, T]:

    x_t = alpha(t) x_0 + sigma(t) ε,        ε ~ N(0, I)

Everything that separates two classes at time t is in the signal-to-noise ratio, so times of
different processes are compared by

    log_snr(t) = log(alpha(t)² / sigma(t)²)      (natural logarithm, strictly decreasing in t)

The variance-preserving process (Song et al. 2021, arXiv 2011.13456, eq. 11 and 33) follows the
stochastic differential equation dx = -½ β(t) x dt + √β(t) dw with β(t) = β_0 + (β_1 - β_0) t, hence
with B(t) = ∫_0^t β = β_0 t + ½ (β_1 - β_0) t²

    alpha = exp(-B/2),   sigma² = 1 - exp(-B),   log_snr = -log(exp(B) - 1).

Times are float64 throughout: near t = 0 a float32 time has no digits left for the ratio.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class VP:
    """Variance-preserving process on t in [0, 1].

    Args:
        beta_min: β_0, noise rate at t = 0, in [0, beta_max).
        beta_max: β_1, noise rate at t = 1. The paper's value is 20 (alpha(1) = 0.0066).

    Raises:
        ValueError: if the rates are not 0 <= beta_min < beta_max.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    horizon = 1.0

    def __post_init__(self):
        if not 0 <= self.beta_min < self.beta_max:
            raise ValueError(
                f"the VP process needs 0 <= beta_min < beta_max, "
                f"found beta_min={self.beta_min}, beta_max={self.beta_max}"
            )

    def _integrated_beta(self, t: Tensor | float) -> Tensor:
        t = torch.as_tensor(t, dtype=torch.float64)
        return self.beta_min * t + 0.5 * (self.beta_max - self.beta_min) * t**2

    def beta(self, t: Tensor | float) -> Tensor:
        """Noise rate β(t)."""
        t = torch.as_tensor(t, dtype=torch.float64)
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def alpha(self, t: Tensor | float) -> Tensor:
        """Factor of the data in x_t, in (0, 1]."""
        return torch.exp(-0.5 * self._integrated_beta(t))

    def sigma(self, t: Tensor | float) -> Tensor:
        """Standard deviation of the noise in x_t, in [0, 1)."""
        return torch.sqrt(-torch.expm1(-self._integrated_beta(t)))

    def log_snr(self, t: Tensor | float) -> Tensor:
        """log(alpha² / sigma²); +inf at t = 0."""
        return -torch.log(torch.expm1(self._integrated_beta(t)))

    def time_of(self, log_snr: Tensor | float) -> Tensor:
        """The t at which `log_snr(t)` has the given value (may lie beyond the horizon)."""
        log_snr = torch.as_tensor(log_snr, dtype=torch.float64)
        B = torch.logaddexp(torch.zeros_like(log_snr), -log_snr)
        slope = self.beta_max - self.beta_min
        # The root of ½ slope t² + beta_min t = B in the form that does not cancel.
        return 2 * B / (self.beta_min + torch.sqrt(self.beta_min**2 + 2 * slope * B))

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        """Drift -½ β(t) x of the forward equation; x: (N, ...), t: (N,)."""
        return -0.5 * expand_like(self.beta(t), x) * x

    def diffusion(self, t: Tensor | float) -> Tensor:
        """Diffusion coefficient √β(t) of the forward equation."""
        return torch.sqrt(self.beta(t))

    def diffuse(self, x_0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t = alpha x_0 + sigma noise; x_0 and noise: (N, ...), t: (N,)."""
        return expand_like(self.alpha(t), x_0) * x_0 + expand_like(self.sigma(t), x_0) * noise

    def to_dict(self) -> dict:
        return {"name": "vp", **asdict(self)}


def process_from(settings: dict) -> VP:
    """The process that `to_dict` described.

    Raises:
        ValueError: if the name is not that of a known process.
    """
    settings = dict(settings)
    name = settings.pop("name", "vp")
    if name != "vp":
        raise ValueError(f"unknown forward process {name!r}; known: 'vp'")
    return VP(**settings)


def expand_like(values: Tensor, x: Tensor) -> Tensor:
    """Per-example values (N,) in the dtype, device and number of dimensions of x (N, ...)."""
    return values.to(x).reshape(-1, *[1] * (x.ndim - 1))
