r"""The variance-exploding process: noise is added to data that stay as they are.

It follows dx = √(dσ²/dt) dw, where a geometric σ_min (σ_max / σ_min)^t sets the rate (Song et al.
2021, arXiv 2011.13456, eq. 9 and appendix C), so that from data at t = 0 on

    alpha = 1,   sigma² = σ_min² (r^{2t} - 1),   r = σ_max / σ_min.

(The paper's, as theirs, has σ_min² more, which is there at t = 0 already.)
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bdiff.process.base import Continuous


@dataclass(frozen=True)
class VE(Continuous):
    """Variance-exploding process on t in [0, 1].

    Args:
        sigma_min: standard deviation below which noise does not matter, in (0, sigma_max).
        sigma_max: standard deviation of the noise at t = 1, large beside that of the data. The
            paper's values are 0.2 and 1, for bond orders.

    Raises:
        ValueError: if they are not 0 < sigma_min < sigma_max.
    """

    sigma_min: float = 0.1
    sigma_max: float = 8.0

    name = "ve"

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max < math.inf:
            raise ValueError(
                f"the VE process needs 0 < sigma_min < sigma_max, "
                f"found sigma_min={self.sigma_min}, sigma_max={self.sigma_max}"
            )

    @property
    def _rate(self) -> float:
        """2 log r."""
        return 2 * math.log(self.sigma_max / self.sigma_min)

    def _variance(self, t: Tensor | float) -> Tensor:
        t = torch.as_tensor(t, dtype=torch.float64)
        return self.sigma_min**2 * torch.expm1(self._rate * t)

    def alpha(self, t: Tensor | float) -> Tensor:
        return torch.ones_like(torch.as_tensor(t, dtype=torch.float64))

    def sigma(self, t: Tensor | float) -> Tensor:
        return torch.sqrt(self._variance(t))

    def log_snr(self, t: Tensor | float) -> Tensor:
        return -torch.log(self._variance(t))

    def time_of(self, log_snr: Tensor | float) -> Tensor:
        log_snr = torch.as_tensor(log_snr, dtype=torch.float64)
        return torch.log1p(torch.exp(-log_snr) / self.sigma_min**2) / self._rate

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        """0: data stay as they are."""
        return torch.zeros_like(x)

    def diffusion(self, t: Tensor | float) -> Tensor:
        """√(dσ²/dt)."""
        t = torch.as_tensor(t, dtype=torch.float64)
        return self.sigma_min * math.sqrt(self._rate) * torch.exp(0.5 * self._rate * t)

    def prior(self, noise: Tensor) -> Tensor:
        return self.sigma(self.horizon).to(noise) * noise
