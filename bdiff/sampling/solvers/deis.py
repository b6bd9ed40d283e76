r"""DEIS, exponential Adams-Bashforth in time (Zhang and Chen 2023, arXiv 2204.13902, tAB-DEIS).

With ρ = sigma / alpha the probability-flow equation is d(x / alpha) / dρ = ε̂(x, t), and with ε̂ the
polynomial in t through the last predictions, ℓ_j its Lagrange basis,

    x_t = (alpha_t / alpha_s) x_s + alpha_t Σ_j C_j ε̂_j,     C_j = ∫_{ρ_s}^{ρ_t} ℓ_j(t(ρ)) dρ.

The integral is taken over λ = -log ρ, where the integrand -e^{-λ} ℓ_j is smooth near t = 0 too.
"""

import numpy as np
import torch
from torch import Tensor

from bdiff.process import Process
from bdiff.sampling.solvers.base import Memory, Step
from bdiff.sampling.solvers.multistep import Multistep, check_order

POINTS, WEIGHTS = map(torch.from_numpy, np.polynomial.legendre.leggauss(32))


class DEIS(Multistep):
    """Order of convergence `order` + 1, deterministic, one call per step.

    Args:
        order: degree of the polynomial, 1 to 3 (degree 0 would be DDIM).
    """

    name = "deis"
    continuous = True  # the integral is over times between nodes

    def __init__(self, order: int = 2):
        self.order = check_order(self.name, order, (1, 2, 3))

    @property
    def remembered(self) -> int:
        return self.order

    def prediction(self, x: Tensor, step: Step) -> Tensor:
        return step.noise_prediction(x, step.s)

    def usable(self, history: Memory, step: Step) -> Memory:
        return history

    def scale(self, step: Step) -> Tensor:
        return step.process.alpha(step.t) / step.process.alpha(step.s)

    def weights(self, process: Process, times: Tensor, t: Tensor) -> Tensor:
        start, end = process.half_log_snr(times[:, :1]), process.half_log_snr(t)[:, None]
        points, weights = POINTS.to(times.device), WEIGHTS.to(times.device)
        levels = start + 0.5 * (end - start) * (1 + points)  # (n, 32)
        density = -0.5 * (end - start) * weights * torch.exp(-levels)
        tau, C = process.time_of(2 * levels), []
        for j, own in enumerate(times.unbind(1)):
            basis = torch.ones_like(tau)
            for i, other in enumerate(times.unbind(1)):
                if i != j:
                    basis = basis * (tau - other[:, None]) / (own - other)[:, None]
            C.append((density * basis).sum(dim=1))
        return process.alpha(t)[:, None] * torch.stack(C, dim=1)
