r"""DPM-Solver++ of second and third order, deterministic and stochastic (Lu et al. 2022, arXiv
2211.01095, section 4 and algorithm 2).

In λ = log(alpha / sigma) the probability-flow equation is solved by

    x_t = (sigma_t / sigma_s) x_s + alpha_t ∫_0^h e^{τ - h} x̂_0(λ_s + τ) dτ,     h = λ_t - λ_s.

Of second order, with r = (λ_s - λ_p) / h from the prediction x̂_p before, that is made

    x_t = (sigma_t / sigma_s) x_s + alpha_t (1 - e^{-h}) (x̂_s + (x̂_s - x̂_p) / (2 r)),

and the stochastic equation leads to

    x_t = (sigma_t / sigma_s) e^{-h} x_s + alpha_t (1 - e^{-2h}) (x̂_s + (x̂_s - x̂_p) / (2 r))
          + sigma_t √(1 - e^{-2h}) z,

whose first order is the ancestral sampler.

Third order is that of the authors' code, which the paper does not spell out: with
r_0 = (λ_s - λ_p) / h, r_1 = (λ_p - λ_q) / h, Δ_0 = (x̂_s - x̂_p) / r_0, Δ_1 = (x̂_p - x̂_q) / r_1,

    d_2 = (Δ_0 - Δ_1) / (r_0 + r_1),    d_1 = Δ_0 + r_0 d_2,
    x_t = (sigma_t / sigma_s) x_s + alpha_t ((1 - e^{-h}) x̂_s
          + ((e^{-h} - 1) / h + 1) d_1 - ((e^{-h} - 1 + h) / h² - 1/2) d_2).

It takes half of the curvature that the three predictions have, so it is exact where x̂_0 is linear
in λ, and of second order with a smaller error; UniPC takes all of it.
"""

import torch
from torch import Tensor

from bdiff.process import Process, expand_like
from bdiff.sampling.solvers.base import Step
from bdiff.sampling.solvers.multistep import Multistep, check_order, data_weights


class DPMSolverPP(Multistep):
    """Deterministic, one call per step.

    Args:
        order: 2 or 3.
    """

    name = "dpm_solver_pp"

    def __init__(self, order: int = 2):
        self.order = check_order(self.name, order, (2, 3))

    @property
    def remembered(self) -> int:
        return self.order - 1

    def weights(self, process: Process, times: Tensor, t: Tensor) -> Tensor:
        if times.shape[1] < 3:
            return data_weights(process, times, t)
        level_s, level_p, level_q = process.half_log_snr(times).T
        h = process.half_log_snr(t) - level_s
        r_0, r_1 = (level_s - level_p) / h, (level_p - level_q) / h
        total = -torch.expm1(-h)
        of_d_1 = 1 - total / h
        of_d_2 = 0.5 - (h - total) / h**2
        of_1 = -(r_0 * of_d_1 + of_d_2) / (r_0 + r_1)
        of_0 = of_d_1 - of_1
        shares = total + of_0 / r_0, of_1 / r_1 - of_0 / r_0, -of_1 / r_1
        return process.alpha(t)[:, None] * torch.stack(shares, dim=1)


class SDEDPMSolverPP(Multistep):
    """Second order in the drift, stochastic, one call per step."""

    name = "sde_dpm_solver_pp"
    remembered = 1

    def scale(self, step: Step) -> Tensor:
        return super().scale(step) * torch.exp(-step.h)

    def weights(self, process: Process, times: Tensor, t: Tensor) -> Tensor:
        levels = process.half_log_snr(times)
        h = process.half_log_snr(t) - levels[:, 0]
        total = -process.alpha(t) * torch.expm1(-2 * h)
        if times.shape[1] == 1:
            return total[:, None]
        share = 0.5 * h / (levels[:, 0] - levels[:, 1])
        return torch.stack([total * (1 + share), -total * share], dim=1)

    def fresh_noise(self, x: Tensor, step: Step) -> Tensor:
        variance = -(step.process.sigma(step.t) ** 2) * torch.expm1(-2 * step.h)
        return expand_like(torch.sqrt(variance), x) * step.noise()
