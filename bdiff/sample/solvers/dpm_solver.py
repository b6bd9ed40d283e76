r"""DPM-Solver++ of second and third order, deterministic and stochastic (Lu et al. 2022, arXiv
2211.01095, section 4 and algorithm 2).

In λ = log(alpha / sigma) the probability-flow equation is solved by

    x_t = (sigma_t / sigma_s) x_s + alpha_t ∫_0^h e^{τ - h} x̂_0(λ_s + τ) dτ,     h = λ_t - λ_s.

Of order p, x̂_0 is the polynomial through the last p predictions, as in the predictor of UniPC, of
which these solvers are the case without a corrector. Of second order, with r = (λ_s - λ_p) / h,
that is made

    x_t = (sigma_t / sigma_s) x_s + alpha_t (1 - e^{-h}) (x̂_s + (x̂_s - x̂_p) / (2 r)),

and the stochastic equation leads to

    x_t = (sigma_t / sigma_s) e^{-h} x_s + alpha_t (1 - e^{-2h}) (x̂_s + (x̂_s - x̂_p) / (2 r))
          + sigma_t √(1 - e^{-2h}) z,

whose first order is the ancestral sampler.
"""

import torch
from torch import Tensor

from bdiff.process import VP, expand_like
from bdiff.sample.solvers.base import Step
from bdiff.sample.solvers.multistep import Multistep, check_order
from bdiff.sample.solvers.unipc import data_weights


class DPMSolverPP(Multistep):
    """Deterministic, one call per step.

    Args:
        order: 2 or 3.
    """

    name = "dpm_solver_pp"

    def __init__(self, order: int = 2):
        self.order = check_order(self.name, order, (2, 3))

    @property
    def _length(self) -> int:
        return self.order - 1

    def weights(self, process: VP, times: Tensor, t: Tensor) -> Tensor:
        return data_weights(process, times, t)


class SDEDPMSolverPP(Multistep):
    """Second order in the drift, stochastic, one call per step."""

    name = "sde_dpm_solver_pp"
    _length = 1

    def scale(self, step: Step) -> Tensor:
        return super().scale(step) * torch.exp(-step.h)

    def weights(self, process: VP, times: Tensor, t: Tensor) -> Tensor:
        levels = 0.5 * process.log_snr(times)
        h = 0.5 * process.log_snr(t) - levels[:, 0]
        total = -process.alpha(t) * torch.expm1(-2 * h)
        if times.shape[1] == 1:
            return total[:, None]
        share = 0.5 * h / (levels[:, 0] - levels[:, 1])
        return torch.stack([total * (1 + share), -total * share], dim=1)

    def fresh_noise(self, x: Tensor, step: Step) -> Tensor:
        variance = -(step.process.sigma(step.t) ** 2) * torch.expm1(-2 * step.h)
        return expand_like(torch.sqrt(variance), x) * step.noise()
