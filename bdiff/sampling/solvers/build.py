"""Solvers by name."""

from typing import Any

from bdiff.expect import kind_of
from bdiff.process import Process
from bdiff.sampling.solvers.base import Solver
from bdiff.sampling.solvers.ddim import DDIM
from bdiff.sampling.solvers.deis import DEIS
from bdiff.sampling.solvers.dpm_solver import DPMSolverPP, SDEDPMSolverPP
from bdiff.sampling.solvers.heun import Heun
from bdiff.sampling.solvers.probability_flow import ProbabilityFlow
from bdiff.sampling.solvers.sde import EulerMaruyama, PredictorCorrector
from bdiff.sampling.solvers.unipc import UniPC

SOLVERS: dict[str, type[Solver]] = {
    solver.name: solver
    for solver in (
        DDIM,
        DPMSolverPP,
        SDEDPMSolverPP,
        DEIS,
        UniPC,
        Heun,
        EulerMaruyama,
        PredictorCorrector,
        ProbabilityFlow,
    )
}
# Settings of all, which the sampler takes.
COMMON = ("steps", "begin", "grid", "branch_times", "clip")


def solver_from(name: str, **options: Any) -> Solver:
    """The solver of this name with its options.

    Raises:
        ValueError: if the name or an option is unknown, or an option is out of its range.
    """
    besides = f", besides {', '.join(COMMON)}"
    return kind_of(SOLVERS, "solver", name, options, besides=besides)(**options)


def check_solver(solver: Solver, process: Process) -> None:
    """Refuse a solver that needs more of the process than it has.

    Raises:
        ValueError: if the process is discrete or joint and the solver is not made for it; it names
            those that are.
    """
    if process.joint and not solver.elementwise:
        fit = ", ".join(repr(name) for name, kind in SOLVERS.items() if kind.elementwise)
        raise ValueError(
            f"solver {solver.name!r} needs one log-SNR for all of an object, but bonds and atoms "
            f"of {process} have their own; use {fit}"
        )
    if process.discrete and solver.continuous:
        # heun is among those of which it depends on the options
        always = ", ".join(repr(name) for name, kind in SOLVERS.items() if kind.continuous is False)
        raise ValueError(
            f"solver {solver.name!r} with {vars(solver) or 'no options'} needs times between the "
            f"steps of {process}; use {always} or 'heun' without churn"
        )
