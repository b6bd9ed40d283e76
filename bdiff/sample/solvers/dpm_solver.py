r"""DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095, algorithm 2).

With x̂_s the denoised object at s, x̂_p the one a step earlier and r = (λ_s - λ_p) / h,

    x_t = (sigma_t / sigma_s) x_s + alpha_t (1 - e^{-h}) (x̂_s + (x̂_s - x̂_p) / (2 r)).

Where there is no earlier step under the same branch, λ_p = -inf makes r infinite, and the step is
DDIM's.
"""

import torch
from torch import Tensor

from bdiff.process import expand_like
from bdiff.sample.solvers.base import Memory, Solver, Step, ddim_mean


class DPMSolver2M(Solver):
    """Second order, deterministic, one call per step."""

    name = "dpm_solver_pp_2m"

    def start(self, x: Tensor) -> Memory:
        never = torch.full((len(x),), -torch.inf, dtype=torch.float64, device=x.device)
        return {"x_0": torch.zeros_like(x), "half_log_snr": never}

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        x_0 = step.denoise(x, step.s)
        now = step.half_log_snr(step.s)
        r = (now - memory["half_log_snr"]) / step.h
        slope = expand_like(0.5 / r, x) * (x_0 - memory["x_0"])
        return ddim_mean(x, x_0 + slope, step), {"x_0": x_0, "half_log_snr": now}
