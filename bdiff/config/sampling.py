"""Solvers, and what is sampled and measured with them."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from bdiff.config.base import Pair, Real, Section, Whole

NAMES = (
    "predictor_corrector (the paper's), euler_maruyama, ddim, dpm_solver_pp, sde_dpm_solver_pp, "
    "deis, unipc, heun or probability_flow"
)
CLIP = Field(
    True, strict=True, description="true: predictions are kept inside the training objects' range"
)


class Stepped(Section):
    """What all solvers with a fixed number of steps have."""

    name: str = Field(description=NAMES)
    steps: Whole = Field(ge=2, description="steps from t = 1 to 0, at least 2")
    begin: Literal["prior", "root"] = Field(
        "prior",
        description="prior: at t = 1; root: a branched model begins where its classes part, from "
        "the Gaussians of their noised objects (others at t = 1)",
    )
    grid: Literal["uniform_t", "quadratic_t", "log_snr", "edm"] = Field(
        "uniform_t",
        description="where the steps are even: uniform_t, quadratic_t, log_snr or edm",
    )
    branch_times: Literal["insert", "coalesce"] = Field(
        "insert",
        description="insert: branch times are steps besides; coalesce: steps move there, and "
        "branch times nearer than half a step become one",
    )
    clip: bool = CLIP


class SteppedSolver(Stepped):
    """Solvers without options of their own."""

    name: Literal["euler_maruyama", "sde_dpm_solver_pp"] = Field(description=NAMES)


class PredictorCorrector(Stepped):
    """The paper's: a Langevin step before each Euler-Maruyama step."""

    name: Literal["predictor_corrector"] = Field(description=NAMES)
    snr: Real = Field(
        0.1, gt=0, description="corrector's step in units of sigma², above 0 (paper: 0.1)"
    )


class DDIM(Stepped):
    """Denoising diffusion implicit models: deterministic at eta = 0, ancestral at eta = 1."""

    name: Literal["ddim"] = Field(description=NAMES)
    eta: Real = Field(0.0, ge=0, le=1, description="share of fresh noise, 0 to 1")


class MultistepSolver(Stepped):
    """DPM-Solver++ (2M, 3M) and UniPC."""

    name: Literal["dpm_solver_pp", "unipc"] = Field(description=NAMES)
    order: Whole = Field(2, ge=2, le=3, description="predictions that a step takes, 2 or 3")


class DEIS(Stepped):
    """Exponential Adams-Bashforth in time."""

    name: Literal["deis"] = Field(description=NAMES)
    order: Whole = Field(2, ge=1, le=3, description="degree of its polynomial, 1 to 3")


class Heun(Stepped):
    """Heun's method, two network calls per step."""

    name: Literal["heun"] = Field(description=NAMES)
    churn: Real = Field(
        0.0, ge=0, le=0.4142, description="noise added before a step, 0 to 0.4142 of what is there"
    )


class ProbabilityFlow(Section):
    """The probability-flow ODE by adaptive Runge-Kutta (RK45)."""

    name: Literal["probability_flow"] = Field(description=NAMES)
    rtol: Real = Field(1e-5, gt=0, le=1, description="relative tolerance, above 0, at most 1")
    atol: Real = Field(1e-5, gt=0, le=1, description="absolute tolerance, above 0, at most 1")
    clip: bool = CLIP


Solver = Annotated[
    PredictorCorrector | SteppedSolver | DDIM | MultistepSolver | DEIS | Heun | ProbabilityFlow,
    Discriminator("name"),
]

# Those that need no times between the steps of a process in discrete time, heun only without churn.
DISCRETE = ("ddim", "dpm_solver_pp", "sde_dpm_solver_pp", "unipc", "heun")

# Those that take the noise level of each value by itself, as the process of molecules needs.
ELEMENTWISE = ("ddim", "euler_maruyama", "predictor_corrector", "probability_flow")


def is_discrete(solver: Solver) -> bool:
    """Whether a process in discrete time can be sampled with it."""
    return solver.name in DISCRETE and not getattr(solver, "churn", 0)


SOLVER = Field(
    None,
    description="{name: ..., and the solver's own settings}; null for the default for images, "
    "tables or molecules",
)


class Samples(Section):
    """Generated objects of every class."""

    count: Whole = Field(ge=1, description="objects per class, at least 1")
    share_trunks: bool = Field(
        False,
        strict=True,
        description="true: the branched model's classes share their trunks' noise",
    )
    solver: Solver | None = SOLVER
    guidance: Real | None = Field(
        None,
        ge=0,
        description="weight of classifier-free guidance, for samples of linear_guided; 1 is no "
        "guidance, null for no such samples",
    )


class Metrics(Section):
    """Quality of the samples, class by class."""

    count: Whole = Field(
        ge=2, description="objects per class that are compared, at least 2, at most samples.count"
    )


class Pairs(Section):
    """Hybrids or transmutation between pairs of classes (paper)."""

    count: Whole = Field(ge=1, description="objects per pair and direction, at least 1")
    pairs: tuple[Pair, ...] = Field(
        min_length=1, description="list of [class, class] with two different class names each"
    )
    solver: Solver | None = SOLVER


class Efficiency(Section):
    """Time and network evaluations of sampling all classes, with and without shared trunks."""

    count: Whole = Field(ge=1, description="objects per class, at least 1")
    repeats: Whole = Field(10, ge=1, description="timed repetitions, at least 1")
    solver: Solver | None = SOLVER
