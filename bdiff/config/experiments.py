"""Experiments that train further models: classes added, trees and settings varied.

Each is a set of further data sets, see `bdiff.config.derived`.
"""

from typing import Annotated, Literal

from pydantic import Field

from bdiff.config.base import ClassName, Real, Section, Whole, WordOr
from bdiff.config.models import LinearTraining, Training
from bdiff.config.sampling import Pairs
from bdiff.config.trees import SAMPLING_END, Estimated, SimilarityTree

COUNT = Field(ge=4, description="objects per class that are sampled and judged, at least 4")


class Added(Section):
    """Training of each model on a class that is added."""

    branched: Training = Field(description="training of the new leaf")
    linear_new: LinearTraining = Field(
        description="training of the label-guided model on the new class alone"
    )
    linear_all: LinearTraining = Field(
        description="training of the label-guided model on all classes there are"
    )


class Start(Section):
    """Training of each model before classes are added."""

    branched: Training = Field(description="training of the branched model")
    linear: LinearTraining = Field(description="training of the label-guided model")


class Extension(Section):
    """Classes added to a trained model one after another (paper)."""

    start: tuple[ClassName, ...] = Field(min_length=2, description="class names to start with")
    add: tuple[ClassName, ...] = Field(min_length=1, description="class names to add, in order")
    training: Start = Field(description="training of the models of the first classes")
    added: Added = Field(description="training of the models on each class that is added")
    count: Whole = COUNT


class LeaveOneOut(Section):
    """Each class added to a model of all others; as many objects are compared as of that of all."""

    classes: WordOr[Literal["all"], Annotated[tuple[ClassName, ...], Field(min_length=1)]] = Field(
        "all", description="all, or a list of the class names to leave out in turn"
    )
    training: Training = Field(description="training of the models without the class")
    added: Training = Field(description="training of the new leaf, and of the branches above it")


class Stability(Section):
    """The tree of independent draws of objects, and a branched model of each."""

    draws: Whole = Field(ge=3, description="independent draws of objects, at least 3")
    tree: Estimated = Field(description="{method: ..., objects per class, the method's settings}")
    training: Training | None = Field(
        None, description="training of a branched model on each tree; null for none"
    )
    count: Whole = COUNT


class EpsilonSweep(Section):
    """The tree for each of several epsilons, and a branched model of each."""

    epsilons: tuple[Annotated[Real, Field(gt=0, le=2)], ...] = Field(
        min_length=2,
        description="differences of cosines that count as none, each above 0, at most 2",
    )
    tree: SimilarityTree = Field(description="{method: all_pairs or aligned_pairs, its settings}")
    training: Training | None = Field(
        None, description="training of a branched model on each tree; null for none"
    )
    count: Whole = COUNT


class Control(Pairs):
    """Transmutation at several noise levels, branched and label-guided."""

    count: Whole = Field(ge=2, description="objects per pair and direction, at least 2")
    times: tuple[Annotated[Real, Field(gt=SAMPLING_END, lt=1)], ...] = Field(
        min_length=1,
        description="times t to noise objects to, besides each pair's branch point; between "
        "0.001, where sampling ends, and 1",
    )
    guidance: Real = Field(
        1.0,
        ge=0,
        description="weight by which objects are pushed away from the class they come from; 1 is "
        "none",
    )
