"""Solvers, and what is sampled and measured with them."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from bdiff.config.base import Kind, Pair, Real, Section, Whole


class SteppedSolver(Kind):
    """Solvers of the reverse process with a fixed number of steps."""

    name: Literal["predictor_corrector", "euler_maruyama", "dpm_solver_pp_2m"] = Field(
        description="predictor_corrector (the paper's), euler_maruyama, ddim, dpm_solver_pp_2m or "
        "probability_flow"
    )
    steps: Whole = Field(ge=2, description="steps from t = 1 to 0, at least 2")


class DDIM(Kind):
    """Denoising diffusion implicit models: deterministic at eta = 0, ancestral at eta = 1."""

    name: Literal["ddim"] = Field(description="ddim")
    steps: Whole = Field(ge=2, description="steps from t = 1 to 0, at least 2")
    eta: Real = Field(0.0, ge=0, le=1, description="share of fresh noise, 0 to 1")


class ProbabilityFlow(Kind):
    """The probability-flow ODE by adaptive Runge-Kutta (RK45)."""

    name: Literal["probability_flow"] = Field(description="probability_flow")
    rtol: Real = Field(1e-5, gt=0, le=1, description="relative tolerance, above 0, at most 1")
    atol: Real = Field(1e-5, gt=0, le=1, description="absolute tolerance, above 0, at most 1")


Solver = Annotated[SteppedSolver | DDIM | ProbabilityFlow, Discriminator("name")]


class Samples(Section):
    """Generated objects of every class."""

    count: Whole = Field(ge=1, description="objects per class, at least 1")
    share_trunks: bool = Field(
        False,
        strict=True,
        description="true: the branched model's classes share their trunks' noise",
    )
    solver: Solver = Field(description="{name: ..., and the solver's own settings}")


class Metrics(Section):
    """Quality of the samples, class by class."""

    count: Whole = Field(
        ge=2, description="objects per class that are compared, at least 2, at most samples.count"
    )


class Pairs(Section):
    """Hybrids or transmutation between pairs of classes (paper, sections 5.4 and 5.5)."""

    count: Whole = Field(ge=1, description="objects per pair and direction, at least 1")
    pairs: tuple[Pair, ...] = Field(
        min_length=1, description="list of [class, class] with two different class names each"
    )
    solver: Solver = Field(description="{name: ..., and the solver's own settings}")


class Efficiency(Section):
    """Time and network evaluations of sampling all classes, with and without shared trunks."""

    count: Whole = Field(ge=1, description="objects per class, at least 1")
    repeats: Whole = Field(10, ge=1, description="timed repetitions, at least 1")
    solver: Solver = Field(description="{name: ..., and the solver's own settings}")
