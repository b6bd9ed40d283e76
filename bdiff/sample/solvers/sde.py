r"""The paper's samplers: Euler-Maruyama steps of the reverse equation, with and without a corrector.

The reverse-time equation (Song et al. 2021, arXiv 2011.13456, eq. 6) is dx = (f - g² score) dt + g dw̄; a
step of length d = s - t is

    x_t = x_s - (f(x_s, s) - g(s)² score(x_s, s)) d + g(s) √d z.

The predictor-corrector sampler puts a Langevin step x + (a/2) score + √a z at time s before it. Its step
size a = snr D / |score|² is taken per sample; the reference takes one for the mean norm of the batch, by
which samples influence each other (paper, section 5.1 and defect 15).
"""

import torch
from torch import Tensor

from bdiff.process import expand_like
from bdiff.sample.solvers.base import Memory, Solver, Step


class EulerMaruyama(Solver):
    """Weak first order, stochastic, one call per step."""

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        length = step.s - step.t
        g = step.process.diffusion(step.s)
        drift = step.process.drift(x, step.s) - expand_like(g**2, x) * step.score(x, step.s)
        return x - expand_like(length, x) * drift + expand_like(
            g * torch.sqrt(length), x
        ) * step.noise(), {}


class PredictorCorrector(EulerMaruyama):
    """A Langevin correction before every Euler-Maruyama step, two calls per step.

    Args:
        snr: the corrector's step size in units of D / |score|² (the paper's value is 0.1).
    """

    calls = 2

    def __init__(self, snr: float = 0.1):
        self.snr = snr

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        score = step.score(x, step.s)
        a = expand_like(self.snr / score.flatten(1).square().mean(dim=1), x)
        x = x + 0.5 * a * score + torch.sqrt(a) * step.noise()
        return super().step(x, step, memory)
