"""One data set and everything that is done with it."""

from pydantic import Field

from bdiff.config.base import Section
from bdiff.config.data import SHAPES, Data, MoleculeClasses
from bdiff.config.experiments import Control, EpsilonSweep, Extension, LeaveOneOut, Stability
from bdiff.config.models import AnyNet, Autoencoder, Models, Process
from bdiff.config.sampling import Efficiency, Metrics, Pairs, Samples
from bdiff.config.trees import Comparison, Tree
from bdiff.data.classes import CLASSES, MOLECULE_CLASSES


class Dataset(Section):
    """Everything that is done with one data set; a part that is left out, or null, is not done."""

    data: Data = Field(description="{source: ..., which classes, what is held out}")
    process: Process | None = Field(
        None, description="forward process of this data set's models; null for that of all"
    )
    autoencoder: Autoencoder | None = Field(
        None,
        description="autoencoder of counts, in whose latent space the tree and the models are; "
        "null for none",
    )
    tree: Tree = Field(description="{method: ..., and the method's own settings}")
    comparison: Comparison | None = Field(
        None, description="comparison of the branch-point estimators; null for none"
    )
    net: AnyNet = Field(description="{name: ..., and the network's own settings}")
    training: Models = Field(description="training of each model")
    samples: Samples | None = Field(None, description="samples of every class; null for none")
    metrics: Metrics | None = Field(None, description="quality of the samples; null for none")
    hybrids: Pairs | None = Field(None, description="hybrids of pairs of classes; null for none")
    transmutation: Pairs | None = Field(
        None, description="transmutation between pairs of classes; null for none"
    )
    efficiency: Efficiency | None = Field(
        None, description="measurement of sampling time; null for none"
    )
    extension: Extension | None = Field(
        None, description="classes added to a trained model; null for none"
    )
    leave_one_out: LeaveOneOut | None = Field(
        None, description="each class added to a model of all others; null for none"
    )
    control: Control | None = Field(
        None, description="transmutation at several noise levels, both models; null for none"
    )
    stability: Stability | None = Field(
        None, description="trees and models of independent draws of objects; null for none"
    )
    epsilon_sweep: EpsilonSweep | None = Field(
        None, description="trees and models for several epsilons; null for none"
    )

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are trained."""
        return ("branched", "linear") if self.training.linear else ("branched",)

    @property
    def sampled(self) -> tuple[str, ...]:
        """The models that are sampled: with guidance the label-guided one is so twice."""
        guided = self.samples and self.samples.guidance is not None
        return (*self.models, "linear_guided") if guided else self.models

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The class names, or None where only the file knows them."""
        return self.classes_of_source if self.data.classes == "all" else self.data.classes

    @property
    def classes_of_source(self) -> tuple[str, ...] | None:
        """The class names of the whole source, or None where only the file knows them."""
        if isinstance(self.data, MoleculeClasses):
            return MOLECULE_CLASSES.get(self.data.classes_by)
        return CLASSES.get(self.data.source)

    @property
    def classes_by(self) -> str:
        """What decides the classes of molecules.

        Raises:
            KeyError: if the objects are no molecules.
        """
        if isinstance(self.data, MoleculeClasses):
            return self.data.classes_by
        raise KeyError(f"the data of {self.data.source!r} are no molecules")

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Channels, height and width of one image, or None for what is none."""
        if self.data.source == "file":
            return self.data.shape
        return SHAPES.get(self.data.source)

    @property
    def form(self) -> str:
        """What the models work on: images, molecules or rows of a table, which latents are too."""
        if isinstance(self.data, MoleculeClasses):
            return "molecules"
        return "table" if self.shape is None else "images"
