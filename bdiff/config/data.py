"""Where the objects come from, and the tree of their classes.

Every field of every section says what it is, its unit and its range; these texts make the schema
and the error messages. Times t are those of the forward process, from 0 (data) to 1 (noise).
"""

from string import ascii_uppercase
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field

from bdiff.config.base import ClassName, Real, Section, Whole, word_or

DIGITS = tuple("0123456789")
CLOTHES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
# Here as well as where the data are read, so that a wrong name is found before hours of work.
CLASSES = {
    "mnist": DIGITS,
    "fashion_mnist": CLOTHES,
    "letters": tuple(ascii_uppercase),
    "digits": DIGITS,
}
DOWNLOADED = ("mnist", "fashion_mnist")
# Shape of one image: channels, height and width; the others are tables.
SHAPES = {"mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28), "digits": (1, 8, 8)}
# Samplers stop here (t_end of bdiff.sampling.sampler): an earlier branch point is never reached.
SAMPLING_END = 0.001
FILES = (".csv", ".parquet", ".npz")

Fraction = Annotated[Real, Field(gt=0, lt=1)]


def _readable(path: str) -> str:
    if not path.endswith(FILES):
        raise ValueError(f"should end with {', '.join(FILES[:-1])} or {FILES[-1]}")
    return path


class KnownData(Section):
    """One of the data sets the project knows."""

    source: Literal["mnist", "fashion_mnist", "letters", "digits"] = Field(
        description="mnist, fashion_mnist, letters (UCI), digits (scikit-learn's 8x8), or file"
    )
    classes: word_or(Literal["all"], tuple[ClassName, ...]) = Field(
        "all", description="all, or a list of class names in the order wanted (quote digits)"
    )
    held_out: word_or(Literal["official", "none"], Fraction) = Field(
        "official",
        description="test objects: official (the data set's own), none (the paper's protocol: all "
        "training data), or a share of each class between 0 and 1",
    )


class FileData(Section):
    """A table of one's own."""

    source: Literal["file"] = Field(description="file, a table of one's own")
    path: Annotated[str, AfterValidator(_readable)] = Field(
        description=".csv, .parquet or .npz file, from the working directory"
    )
    label: str = Field("label", description="name of the column of class names")
    standardise: bool = Field(
        False,
        strict=True,
        description="true to scale by the training objects: each feature of a table to mean 0 and "
        "deviation 1, or all pixels of images together to [-1, 1]",
    )
    shape: tuple[Annotated[Whole, Field(ge=1)], ...] | None = Field(
        None,
        min_length=3,
        max_length=3,
        description="[channels, height, width] of one object, such as [1, 28, 28], where columns "
        "are pixels; null for a table",
    )
    title: str = Field("", description="name for figures; the file's name when empty")
    classes: word_or(Literal["all"], tuple[ClassName, ...]) = Field(
        "all", description="all, or a list of class names in the order wanted (quote digits)"
    )
    held_out: word_or(Literal["none"], Fraction) = Field(
        0.2, description="test objects: none, or a share of each class between 0 and 1"
    )


Data = Annotated[KnownData | FileData, Discriminator("source")]


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
    """Branch points from the similarity of noised objects (paper, section 2.1)."""

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
