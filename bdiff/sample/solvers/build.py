"""Solvers by name."""

from bdiff.sample.solvers.base import Solver
from bdiff.sample.solvers.ddim import DDIM
from bdiff.sample.solvers.dpm_solver import DPMSolver2M
from bdiff.sample.solvers.probability_flow import ProbabilityFlow
from bdiff.sample.solvers.sde import EulerMaruyama, PredictorCorrector

SOLVERS = {
    "ddim": DDIM,
    "dpm_solver_pp_2m": DPMSolver2M,
    "euler_maruyama": EulerMaruyama,
    "predictor_corrector": PredictorCorrector,
    "probability_flow": ProbabilityFlow,
}


def solver_from(name: str, **options) -> Solver:
    """The solver of this name with its options.

    Raises:
        ValueError: if the name is unknown.
    """
    if name not in SOLVERS:
        raise ValueError(f"unknown solver {name!r}; known: {', '.join(map(repr, SOLVERS))}")
    return SOLVERS[name](**options)
