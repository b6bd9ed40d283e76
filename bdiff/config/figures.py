"""The figures, by their number in the paper's list; each names the data set it is made of."""

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


class Similarities(Figure):
    """F22: similarities of object pairs at the branch point of two classes."""

    pair: Pair = Field(description="[class, class], two different class names")
    objects: Whole = Field(100, ge=2, description="objects per class, at least 2")


class Figures(Section):
    """Which figures to make; null, or leaving one out, makes none."""

    F1_branched_process: BranchedProcess | None = Field(
        None, description="objects on their way to noise, branch by branch: {dataset, classes}"
    )
    F2_examples: Examples | None = Field(
        None, description="generated examples: {dataset}, and {discrete} if wanted"
    )
    F3_sample_quality: Figure | None = Field(
        None, description="sample quality class by class: {dataset}"
    )
    F4_letters: Figure | None = Field(
        None, description="five panels on the samples of a table: {dataset}"
    )
    F5_sample_quality: Figure | None = Field(None, description="as F3, of cells: {dataset}")
    F5b_expression: Figure | None = Field(
        None, description="how well samples of cells have the types' expression: {dataset}"
    )
    F6_sample_quality: Figure | None = Field(
        None, description="as F3, of a second data set: {dataset}"
    )
    F7_class_extension: Figure | None = Field(
        None, description="a class added to a trained model: {dataset}"
    )
    F8_class_extension_steps: Figure | None = Field(
        None, description="classes added one after another: {dataset}"
    )
    F8b_leave_one_out: Figure | None = Field(
        None, description="each class added to a model of all others: {dataset}"
    )
    F9_class_extension: Figure | None = Field(None, description="as F7, of cells: {dataset}")
    F10_efficiency: Figure | None = Field(None, description="sampling time: {dataset}")
    F11_efficiency: Figure | None = Field(
        None, description="as F10, of a second data set: {dataset}"
    )
    F12_efficiency: Figure | None = Field(None, description="as F10, of cells: {dataset}")
    F13_hybrids_transmutation: Figure | None = Field(
        None, description="hybrids and transmutation of images: {dataset}"
    )
    F14_transmutation_control: Figure | None = Field(
        None, description="transmutation over noise levels, branched and label-guided: {dataset}"
    )
    F14b_transmutation_control: Figure | None = Field(
        None, description="as F14, of a second data set: {dataset}"
    )
    F15_hybrids_transmutation: Figure | None = Field(
        None, description="hybrids and transmutation of a table: {dataset}"
    )
    F16_hybrids: Figure | None = Field(
        None, description="hybrids of less similar classes of a table: {dataset}"
    )
    F17_cell_transmutation: Figure | None = Field(
        None, description="four panels on the transmutation of cells: {dataset}"
    )
    F18_molecules: Figure | None = Field(
        None, description="molecules before and after transmutation, and samples: {dataset}"
    )
    F19_molecule_transmutation: Figure | None = Field(
        None, description="what becomes of transmuted molecules, and what they keep: {dataset}"
    )
    F20_branch_stability: Figure | None = Field(
        None, description="trees, and models, of independent draws of objects: {dataset}"
    )
    F21_epsilon_sweep: Figure | None = Field(
        None, description="trees, and models, for several epsilons: {dataset}"
    )
    F22_similarities: Similarities | None = Field(
        None, description="similarities at a branch point: {dataset, pair, objects}"
    )
    F23_hybrids_transmutation: Figure | None = Field(
        None, description="as F13, of a second data set: {dataset}"
    )


# What a figure needs: sections of its data set, and images or a table.
NEEDS = {
    "F1_branched_process": ((), "images"),
    "F2_examples": (("samples",), "images"),
    "F3_sample_quality": (("metrics",), None),
    "F4_letters": (("samples", "metrics"), "table"),
    "F5_sample_quality": (("metrics",), None),
    "F5b_expression": (("autoencoder", "metrics"), None),
    "F6_sample_quality": (("metrics",), None),
    "F7_class_extension": (("extension",), None),
    "F8_class_extension_steps": (("extension",), None),
    "F8b_leave_one_out": (("leave_one_out", "metrics"), None),
    "F9_class_extension": (("extension",), None),
    "F10_efficiency": (("efficiency",), None),
    "F11_efficiency": (("efficiency",), None),
    "F12_efficiency": (("efficiency",), None),
    "F13_hybrids_transmutation": (("hybrids", "transmutation"), "images"),
    "F14_transmutation_control": (("control",), None),
    "F14b_transmutation_control": (("control",), None),
    "F15_hybrids_transmutation": (("hybrids", "transmutation"), "table"),
    "F16_hybrids": (("hybrids",), "table"),
    "F17_cell_transmutation": (("autoencoder", "control"), None),
    "F18_molecules": (("samples", "control"), "molecules"),
    "F19_molecule_transmutation": (("samples", "control"), "molecules"),
    "F20_branch_stability": (("stability",), None),
    "F21_epsilon_sweep": (("epsilon_sweep",), None),
    "F22_similarities": ((), None),
    "F23_hybrids_transmutation": (("hybrids", "transmutation"), "images"),
}
