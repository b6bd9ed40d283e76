r"""DDIM, from deterministic to ancestral (Song et al. 2021, arXiv 2010.02502, eq. 12 and 16).

    x_t = alpha_t x̂_0 + √(sigma_t² - v²) ε̂ + v z,     v = η sigma_t √(1 - e^{-2h})

η = 0 is the deterministic first-order solver, η = 1 the ancestral sampler of DDPM, which is also
SDE-DPM-Solver++ of first order: it samples the exact posterior of x_t given x_s and x̂_0.
"""

import torch
from torch import Tensor

from bdiff.sampling.solvers.base import Memory, Solver, Step


class DDIM(Solver):
    """First order, one call per step.

    Args:
        eta: η in [0, 1].
    """

    name = "ddim"
    elementwise = True

    def __init__(self, eta: float = 0.0):
        if not 0 <= eta <= 1:
            raise ValueError(f"eta must lie in [0, 1], found {eta}")
        self.eta = eta

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        x_0 = step.denoise(x, step.s)
        (alpha_s, sigma_s), (alpha_t, sigma_t) = (
            step.process.at(time, x) for time in (step.s, step.t)
        )
        noise = (x - alpha_s.to(x) * x_0) / sigma_s.to(x)
        fresh = self.eta**2 * sigma_t**2 * (1 - (alpha_s * sigma_t / (sigma_s * alpha_t)) ** 2)
        x = alpha_t.to(x) * x_0 + torch.sqrt(sigma_t**2 - fresh).to(x) * noise
        if self.eta:
            x = x + torch.sqrt(fresh).to(x) * step.noise()
        return x, {}
