r"""Heun's method with churn (Karras et al. 2022, arXiv 2206.00364, algorithm 2).

In u = x / alpha and ρ = sigma / alpha the probability-flow equation is du / dρ = ε̂. A step first
adds noise up to ρ̂ = ρ_s (1 + churn), then averages the slopes at both ends:

    û = u_s + √(ρ̂² - ρ_s²) z,
    u_t = û + ½ (ρ_t - ρ̂) (ε̂(û, ρ̂) + ε̂(û + (ρ_t - ρ̂) ε̂(û, ρ̂), ρ_t)).

The noise never leads back above the time where the branch began, which is another branch's. (The
churn there is that of the whole run; here it is that of one step.) At full variance-preserving
noise, ρ = 152, it needs 20 calls and more.
"""

import math

import torch
from torch import Tensor

from bdiff.process import expand_like
from bdiff.sampling.solvers.base import Memory, Solver, Step

MOST_CHURN = math.sqrt(2) - 1


class Heun(Solver):
    """Second order, two calls per step; stochastic where there is churn.

    Args:
        churn: noise added before a step, as a share of ρ, in [0, √2 - 1].
    """

    name = "heun"
    calls = 2

    def __init__(self, churn: float = 0.0):
        if not 0 <= churn <= MOST_CHURN:
            raise ValueError(f"churn must lie in [0, {MOST_CHURN:.4f}], found {churn}")
        self.churn = churn

    @property
    def continuous(self) -> bool:  # type: ignore[override]  # all other solvers always or never are
        """Noise up to ρ̂ leads to a time between nodes."""
        return self.churn > 0

    def start(self, x: Tensor) -> Memory:
        return {"began": torch.full((len(x),), torch.inf, dtype=torch.float64, device=x.device)}

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        began = torch.where(memory["began"].isfinite(), memory["began"], step.s)
        s = step.s
        if self.churn:
            raised = step.process.log_snr(s) - 2 * math.log1p(self.churn)
            s = torch.minimum(step.process.time_of(raised), began)
            ratio = step.process.alpha(s) / step.process.alpha(step.s)
            added = (step.process.sigma(s) ** 2 - (ratio * step.process.sigma(step.s)) ** 2).clamp(
                0
            )
            x = expand_like(ratio, x) * x + expand_like(torch.sqrt(added), x) * step.noise()

        alpha_t, alpha_s = step.process.alpha(step.t), step.process.alpha(s)
        ratio = expand_like(alpha_t / alpha_s, x)
        length = expand_like(
            step.process.sigma(step.t) - alpha_t / alpha_s * step.process.sigma(s), x
        )
        first = step.noise_prediction(x, s)
        second = step.noise_prediction(ratio * x + length * first, step.t)
        return ratio * x + 0.5 * length * (first + second), {"began": began}
