r"""UniPC, a predictor and a corrector with one call per step (Zhao et al. 2023, arXiv 2302.04867).

A step from b to t, h = λ_t - λ_b, with predictions x̂_j at r_j = (λ_j - λ_b) / h besides x̂_b, is

    x_t = (sigma_t / sigma_b) x_b + alpha_t (1 - e^{-h}) (x̂_b + Σ_j c_j (x̂_j - x̂_b) / r_j)

with Σ_j r_j^{k-1} c_j = k! φ_{k+1}(z) / φ_1(z),  z = -h,  φ_1(z) = (e^z - 1) / z,
φ_{k+1}(z) = (φ_k(z) - 1/k!) / z,  for k = 1, ..., so that it is exact where x̂_0 is a polynomial in
λ; with a single other prediction c = ½ is of the same order (B(h) = e^z - 1, equations 3 to 5 and
appendix there).

The predictor uses predictions at and before b. The corrector, from the same b, uses that at t too:
it is the one with which the next step begins, so correcting costs nothing. Where a branch changes,
the network at t is another one and history is dropped; so the state that arrives there is not
corrected.
"""

import torch
from torch import Tensor

from bdiff.process import expand_like
from bdiff.sampling.solvers.base import Memory, Solver, Step
from bdiff.sampling.solvers.multistep import (
    check_order,
    data_weights,
    newest,
    no_history,
    prepended,
    weighted_sum,
    well_spaced,
)


class UniPC(Solver):
    """Order `order` + 1 where the branch does not change, deterministic, one call per step.

    Args:
        order: 2 or 3, predictions of the predictor; the corrector has one more.
    """

    name = "unipc"

    def __init__(self, order: int = 2):
        self.order = check_order(self.name, order, (2, 3))

    def start(self, x: Tensor) -> Memory:
        return {"origin": torch.zeros_like(x), **no_history(x, self.order)}

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        origin, past = memory["origin"], {k: memory[k] for k in ("predictions", "times")}
        history = prepended(past, step.denoise(x, step.s), step.s)
        x = self._corrected(x, origin, history, step)
        recent = newest(history, self.order)
        used = well_spaced(recent, step.process, step.t)
        after = weighted_sum(used, step.t, lambda *rows: data_weights(step.process, *rows))
        ratio = step.process.sigma(step.t) / step.process.sigma(step.s)
        return expand_like(ratio, x) * x + after, {"origin": x, **recent}

    def _corrected(self, x: Tensor, origin: Tensor, history: Memory, step: Step) -> Tensor:
        """x at s anew, from the state one node earlier; x itself in rows that have none."""

        def weights(times: Tensor, s: Tensor) -> Tensor:
            if times.shape[1] == 1:
                return torch.zeros_like(times)
            # the step starts at the second time, so that one comes first
            w = data_weights(step.process, torch.cat([times[:, 1:], times[:, :1]], dim=1), s)
            return w.roll(1, dims=1)

        before = history["times"][:, 1]
        known = before.isfinite()
        ratio = step.process.sigma(step.s) / step.process.sigma(before.where(known, step.s))
        anew = expand_like(ratio, x) * origin + weighted_sum(history, step.s, weights)
        return torch.where(expand_like(known, x).bool(), anew, x)
