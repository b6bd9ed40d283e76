"""How the tree of the classes is found.

Times t are those of the forward process, from 0 (data) to 1 (noise).
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from bdiff.config.base import ClassName, Real, Section, Whole

# Samplers stop here (t_end of bdiff.sampling.sampler): an earlier branch point is never reached.
SAMPLING_END = 0.001
METHODS = (
    "sharing_cost (what sharing a process does to the samples), all_pairs (expected cosine over "
    "all pairs, no Monte-Carlo noise), aligned_pairs (the paper's estimator), or given (branch "
    "points set by hand)"
)


class EstimatedTree(Section):
    """What all estimated trees have."""

    method: str = Field(description=METHODS)
    objects: Annotated[Whole, Field(ge=2)] | None = Field(
        None, description="objects drawn per class, at least 2; null takes all"
    )
    times: Whole = Field(1000, ge=2, description="times on an even grid over [0, 1], at least 2")
    min_time: Real = Field(
        0.01,
        gt=SAMPLING_END,
        lt=1,
        description="earliest branch point, a time t between 0.001, where sampling ends, and 1",
    )
    min_length: Real = Field(
        0.001, gt=0, lt=1, description="shortest branch, a length of time between 0 and 1"
    )


class SharingTree(EstimatedTree):
    """Branch points where sharing a process costs little (Fréchet distance)."""

    method: Literal["sharing_cost"] = Field(description=METHODS)
    tolerance: Real = Field(
        0.02,
        gt=0,
        description="Fréchet distance, in units of the variance of a class, that counts as none, "
        "above 0",
    )


class Cosines(Section):
    """What estimates from the similarity of noised objects have."""

    smoothing: Real = Field(
        3, ge=0, description="deviation of the Gaussian filter over time, in grid steps, at least 0"
    )
    epsilon: Real = Field(
        0.005,
        ge=0,
        le=2,
        description="classes join where their cosine is within epsilon of that within each, 0 to 2",
    )


class SimilarityTree(EstimatedTree, Cosines):
    """Branch points from the similarity of noised objects (paper)."""

    method: Literal["all_pairs", "aligned_pairs"] = Field(description=METHODS)


class BranchPoint(Section):
    """Where the classes of one branch part."""

    classes: tuple[ClassName, ...] = Field(
        min_length=2, description="names of all classes below the branch point, two or more"
    )
    time: Real = Field(
        gt=SAMPLING_END,
        lt=1,
        description="time t of the branch point, between 0.001, where sampling ends, and 1",
    )


class GivenTree(Section):
    """Branch points set by hand."""

    method: Literal["given"] = Field(description=METHODS)
    branch_points: tuple[BranchPoint, ...] = Field(
        min_length=1, description="list of {classes, time}; one of them holds all classes"
    )


class Comparison(Cosines):
    """Agreement of the estimators between independent draws of objects, and their time."""

    objects: Whole = Field(100, ge=2, description="objects drawn per class, at least 2")
    draws: Whole = Field(4, ge=2, description="independent draws, at least 2")


Estimated = Annotated[SharingTree | SimilarityTree, Discriminator("method")]
Tree = Annotated[SharingTree | SimilarityTree | GivenTree, Discriminator("method")]
