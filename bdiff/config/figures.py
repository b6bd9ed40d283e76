"""The figures, by their number in the paper's list; each names the data set it is made of."""

from typing import Annotated

from pydantic import Field

from bdiff.config.base import ClassName, Key, Pair, Section, Whole


class Figure(Section):
    """A figure that needs nothing but its data set."""

    dataset: Key = Field(description="name of the data set, a key of `datasets`")


class BranchedProcess(Figure):
    """F1: the forward process of some classes along their branches."""

    classes: tuple[ClassName, ...] = Field(
        min_length=2, description="class names to show, two or more (quote digits)"
    )


class Examples(Figure):
    """F2: samples of every class, also of a model in discrete time."""

    discrete: Key | None = Field(
        None, description="data set whose branched model has discrete time; null for none"
    )


class Hybrids(Figure):
    """F16: hybrids of a table, a panel for each pair."""


class Similarities(Figure):
    """F22: similarities of object pairs at the branch point of two classes."""

    pair: Pair = Field(description="[class, class], two different class names")
    objects: Whole = Field(100, ge=2, description="objects per class, at least 2")


class Needs:
    """What a figure needs of its data set.

    Attributes:
        parts: sections of the data set that must be there.
        form: "images", "table" or "molecules"; None for any.
    """

    def __init__(self, *parts: str, form: str | None = None):
        self.parts, self.form = parts, form


class Figures(Section):
    """Which figures to make; null, or leaving one out, makes none."""

    F1_branched_process: Annotated[BranchedProcess | None, Needs(form="images")] = Field(
        None, description="objects on their way to noise, branch by branch: {dataset, classes}"
    )
    F2_examples: Annotated[Examples | None, Needs("samples", form="images")] = Field(
        None, description="generated examples: {dataset}, and {discrete} if wanted"
    )
    F3_sample_quality: Annotated[Figure | None, Needs("metrics")] = Field(
        None, description="sample quality class by class: {dataset}"
    )
    F4_letters: Annotated[Figure | None, Needs("samples", "metrics", form="table")] = Field(
        None, description="five panels on the samples of a table: {dataset}"
    )
    F5_sample_quality: Annotated[Figure | None, Needs("metrics")] = Field(
        None, description="as F3, of cells: {dataset}"
    )
    F5b_expression: Annotated[Figure | None, Needs("autoencoder", "metrics")] = Field(
        None, description="how well samples of cells have the types' expression: {dataset}"
    )
    F6_sample_quality: Annotated[Figure | None, Needs("metrics")] = Field(
        None, description="as F3, of a second data set: {dataset}"
    )
    F7_class_extension: Annotated[Figure | None, Needs("extension")] = Field(
        None, description="a class added to a trained model: {dataset}"
    )
    F8_class_extension_steps: Annotated[Figure | None, Needs("extension")] = Field(
        None, description="classes added one after another: {dataset}"
    )
    F8b_leave_one_out: Annotated[Figure | None, Needs("leave_one_out", "metrics")] = Field(
        None, description="each class added to a model of all others: {dataset}"
    )
    F9_class_extension: Annotated[Figure | None, Needs("extension")] = Field(
        None, description="as F7, of cells: {dataset}"
    )
    F10_efficiency: Annotated[Figure | None, Needs("efficiency")] = Field(
        None, description="sampling time: {dataset}"
    )
    F11_efficiency: Annotated[Figure | None, Needs("efficiency")] = Field(
        None, description="as F10, of a second data set: {dataset}"
    )
    F12_efficiency: Annotated[Figure | None, Needs("efficiency")] = Field(
        None, description="as F10, of cells: {dataset}"
    )
    F13_hybrids_transmutation: Annotated[
        Figure | None, Needs("hybrids", "transmutation", form="images")
    ] = Field(None, description="hybrids and transmutation of images: {dataset}")
    F14_transmutation_control: Annotated[Figure | None, Needs("control")] = Field(
        None, description="transmutation over noise levels, branched and label-guided: {dataset}"
    )
    F14b_transmutation_control: Annotated[Figure | None, Needs("control")] = Field(
        None, description="as F14, of a second data set: {dataset}"
    )
    F15_hybrids_transmutation: Annotated[
        Figure | None, Needs("hybrids", "transmutation", form="table")
    ] = Field(None, description="hybrids and transmutation of a table: {dataset}")
    F16_hybrids: Annotated[Hybrids | None, Needs("hybrids", form="table")] = Field(
        None, description="hybrids of less similar classes of a table: {dataset}"
    )
    F17_cell_transmutation: Annotated[Figure | None, Needs("autoencoder", "control")] = Field(
        None, description="four panels on the transmutation of cells: {dataset}"
    )
    F18_molecules: Annotated[Figure | None, Needs("samples", "control", form="molecules")] = Field(
        None, description="molecules before and after transmutation, and samples: {dataset}"
    )
    F19_molecule_transmutation: Annotated[
        Figure | None, Needs("samples", "control", form="molecules")
    ] = Field(
        None, description="what becomes of transmuted molecules, and what they keep: {dataset}"
    )
    F20_branch_stability: Annotated[Figure | None, Needs("stability")] = Field(
        None, description="trees, and models, of independent draws of objects: {dataset}"
    )
    F21_epsilon_sweep: Annotated[Figure | None, Needs("epsilon_sweep")] = Field(
        None, description="trees, and models, for several epsilons: {dataset}"
    )
    F22_similarities: Annotated[Similarities | None, Needs()] = Field(
        None, description="similarities at a branch point: {dataset, pair, objects}"
    )
    F23_hybrids_transmutation: Annotated[
        Figure | None, Needs("hybrids", "transmutation", form="images")
    ] = Field(None, description="as F13, of a second data set: {dataset}")
