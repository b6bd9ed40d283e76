r"""The probability-flow equation, solved with an adaptive Runge-Kutta method of SciPy.

    dx/dt = f(x, t) - ½ g(t)² score(x, t)         (Song et al. 2021, arXiv 2011.13456, eq. 13)

Each leg is integrated by itself: at a branch time the right-hand side jumps, which error control
across it would have to resolve. The error is controlled for the whole batch, so a sample depends on
the others within the tolerances.
"""

import numpy as np
import torch
from torch import Tensor

from bdiff.process import expand_like
from bdiff.sampling.solvers.base import Memory, Solver, Step


class ProbabilityFlow(Solver):
    """RK45 from one end of a leg to the other; it chooses its own steps.

    Args:
        rtol, atol: relative and absolute tolerance (the paper's values are 1e-5).
    """

    name = "probability_flow"
    calls = None
    uses_grid = False
    continuous = True
    elementwise = True

    def __init__(self, rtol: float = 1e-5, atol: float = 1e-5):
        if not (rtol > 0 and atol > 0):
            raise ValueError(f"rtol and atol must be above 0, found {rtol} and {atol}")
        self.rtol, self.atol = rtol, atol

    def step(self, x: Tensor, step: Step, memory: Memory) -> tuple[Tensor, Memory]:
        from scipy.integrate import solve_ivp  # half a second that other solvers need not wait

        length = step.t - step.s

        def slope(u: float, flat: np.ndarray) -> np.ndarray:
            """dx/du for t = s + u (t - s), so that rows with different ends share one variable."""
            state = torch.as_tensor(flat, dtype=x.dtype, device=x.device).view_as(x)
            time = step.s + u * length
            g = step.equation.diffusion_at(time, x).to(x)
            slopes = step.equation.drift(state, time) - 0.5 * g**2 * step.score(state, time)
            scaled: Tensor = expand_like(length, x) * slopes
            return scaled.flatten().double().cpu().numpy()

        start = x.flatten().double().cpu().numpy()
        solution = solve_ivp(slope, (0.0, 1.0), start, "RK45", rtol=self.rtol, atol=self.atol)
        if not solution.success:
            raise RuntimeError(
                f"the probability-flow solver stopped: {solution.message} Use larger tolerances, a "
                "solver with a fixed number of steps, or train the model longer"
            )
        return torch.as_tensor(solution.y[:, -1], dtype=x.dtype, device=x.device).view_as(x), {}
