"""The forward process, the networks and their training."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, model_validator

from bdiff.config.base import Real, Section, Whole

PROCESSES = (
    "vp (variance-preserving, in continuous time), ddpm (its chain of discrete steps) or joint "
    "(bonds and atoms of molecules, each with a process of its own)"
)


class Rates(Section):
    """Variance-preserving forward process with beta(t) = beta_min + (beta_max - beta_min) t."""

    beta_min: Real = Field(0.1, ge=0, description="noise rate at t = 0, from 0 to below beta_max")
    beta_max: Real = Field(20.0, gt=0, description="noise rate at t = 1, above beta_min")

    @model_validator(mode="after")
    def _rates_grow(self) -> Self:
        if self.beta_min >= self.beta_max:
            raise ValueError(
                f"beta_min ({self.beta_min}) should be below beta_max ({self.beta_max})"
            )
        return self


class VP(Rates):
    """The same, of whole objects."""

    name: Literal["vp"] = Field(description=PROCESSES)


class Deviations(Section):
    """Variance-exploding forward process, its rate that of sigma_min (sigma_max / sigma_min)^t."""

    sigma_min: Real = Field(
        0.1, gt=0, description="noise that does not matter, above 0, below sigma_max"
    )
    sigma_max: Real = Field(8.0, gt=0, description="noise at t = 1, above sigma_min")

    @model_validator(mode="after")
    def _deviations_grow(self) -> Self:
        if self.sigma_min >= self.sigma_max:
            raise ValueError(
                f"sigma_min ({self.sigma_min}) should be below sigma_max ({self.sigma_max})"
            )
        return self


class Joint(Section):
    """Forward process of molecules: that of bond orders explodes, that of atom types is as vp."""

    name: Literal["joint"] = Field(description=PROCESSES)
    bonds: Deviations = Field(
        default_factory=Deviations, description="process of the bond orders: {sigma_min, sigma_max}"
    )
    atoms: Rates = Field(
        default_factory=Rates, description="process of the atom types: {beta_min, beta_max}"
    )


class DDPM(Section):
    """Variance-preserving chain, the variance of a step's noise even from beta_min to beta_max."""

    name: Literal["ddpm"] = Field(description=PROCESSES)
    steps: Whole = Field(1000, ge=2, description="steps from data to noise, at least 2")
    beta_min: Real = Field(
        1e-4, gt=0, lt=1, description="variance of the first step's noise, above 0, below 1"
    )
    beta_max: Real = Field(
        0.02, gt=0, lt=1, description="variance of the last step's noise, from beta_min to below 1"
    )

    @model_validator(mode="after")
    def _variances_grow(self) -> Self:
        if self.beta_min > self.beta_max:
            raise ValueError(
                f"beta_min ({self.beta_min}) should be at most beta_max ({self.beta_max})"
            )
        return self


OneProcess = Annotated[VP | DDPM, Discriminator("name")]
Process = Annotated[VP | DDPM | Joint, Discriminator("name")]


NAMES = (
    "residual_unet (for images), residual (for tables) or graph_transformer (for molecules); the "
    "paper's are unet (images), dense (tables) and graph (molecules)"
)


class Net(Section):
    """What all networks have."""

    name: str = Field(description=NAMES)
    prediction: Literal["noise", "v"] | None = Field(
        None, description="what it predicts, noise or v; null for v, of the paper's networks noise"
    )


class ResidualUNet(Net):
    """Residual U-Net for images; a branch has small changes of the layers all share."""

    name: Literal["residual_unet"] = Field(description=NAMES)
    channels: tuple[Annotated[Whole, Field(ge=8, multiple_of=8)], ...] = Field(
        (32, 64), min_length=1, description="channels at each resolution, multiples of 8"
    )
    blocks: Whole = Field(1, ge=1, description="blocks at each resolution, at least 1")
    patch: Whole = Field(
        2, ge=1, description="pixels a side that are cut into channels, at least 1"
    )
    rank: Whole = Field(16, ge=0, description="rank of a branch's own products, 0 for none")
    condition: Whole = Field(256, ge=1, description="numbers that tell time and branch, at least 1")


class ResidualNet(Net):
    """Residual dense network for tables; a branch has small changes of the layers all share."""

    name: Literal["residual"] = Field(description=NAMES)
    width: Whole = Field(256, ge=1, description="units per layer, at least 1")
    blocks: Whole = Field(3, ge=1, description="blocks of two layers, at least 1")
    rank: Whole = Field(16, ge=0, description="rank of a branch's own products, 0 for none")
    condition: Whole = Field(128, ge=1, description="numbers that tell time and branch, at least 1")


class GraphTransformer(Net):
    """Transformer for molecules; a branch has small changes of the layers all share."""

    name: Literal["graph_transformer"] = Field(description=NAMES)
    width: Whole = Field(96, ge=1, description="features of a node, a multiple of attention_heads")
    blocks: Whole = Field(4, ge=1, description="blocks, at least 1")
    attention_heads: Whole = Field(4, ge=1, description="parts that attend by themselves")
    rank: Whole = Field(8, ge=0, description="rank of a branch's own products, 0 for none")
    condition: Whole = Field(128, ge=1, description="numbers that tell time and branch, at least 1")

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.attention_heads:
            raise ValueError(
                "width should be a multiple of attention_heads; found "
                f"{self.width} and {self.attention_heads}"
            )
        return self


class UNet(Net):
    """The paper's convolutional network for images; the encoder is shared."""

    name: Literal["unet"] = Field(description=NAMES)
    channels: tuple[Annotated[Whole, Field(ge=32, multiple_of=32)], ...] = Field(
        min_length=1, description="channels of each convolution, multiples of 32"
    )
    strides: tuple[Annotated[Whole, Field(ge=1, le=2)], ...] = Field(
        min_length=1, description="stride of each convolution, 1 or 2, as many as channels"
    )

    @model_validator(mode="after")
    def _as_many_strides_as_channels(self) -> Self:
        if len(self.strides) != len(self.channels):
            raise ValueError(
                f"strides and channels should be equally long, one entry per convolution; there "
                f"are {len(self.strides)} strides and {len(self.channels)} channels"
            )
        return self


class DenseNet(Net):
    """The paper's dense network for tables; the first layers are shared."""

    name: Literal["dense"] = Field(description=NAMES)
    width: Whole = Field(256, ge=1, description="units per layer, at least 1")
    shared_layers: Whole = Field(2, ge=0, description="layers that all branches share, at least 0")
    branch_layers: Whole = Field(2, ge=1, description="layers of each branch, at least 1")


class GraphNet(Net):
    """The paper's graph network for molecules; all but the last layers are shared."""

    name: Literal["graph"] = Field(description=NAMES)
    width: Whole = Field(16, ge=4, multiple_of=4, description="features of a node, a multiple of 4")
    channels: Whole = Field(
        8, ge=2, multiple_of=2, description="channels of the pairs, an even number"
    )
    layers: Whole = Field(6, ge=1, description="attention layers, the last a branch's own")


AnyNet = Annotated[
    ResidualUNet | ResidualNet | GraphTransformer | UNet | DenseNet | GraphNet,
    Discriminator("name"),
]


class Autoencoder(Section):
    """Linearly decoded variational autoencoder (LDVAE) of counts."""

    latent: Whole = Field(32, ge=1, description="numbers per cell, at most; idle ones are left out")
    hidden: Whole = Field(128, ge=1, description="units of each hidden layer of the encoder")
    steps: Whole = Field(3000, ge=1, description="optimisation steps, at least 1")
    batch_size: Whole = Field(256, ge=1, description="cells per step, at least 1")
    learning_rate: Real = Field(1e-2, gt=0, le=1, description="of Adam, above 0, at most 1")


class Training(Section):
    """Training of one model by Adam (paper)."""

    steps: Whole = Field(ge=1, description="optimisation steps, at least 1")
    batch_size: Whole = Field(128, ge=1, description="objects per step, at least 1")
    learning_rate: Real = Field(1e-3, gt=0, le=1, description="of Adam, above 0, at most 1")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="cosine (the learning rate rises, then falls to 0) or constant"
    )
    ema: Real = Field(
        0.9995, ge=0, lt=1, description="decay of the weight average per step, from 0 to below 1"
    )


class LinearTraining(Training):
    """Training of the label-guided model."""

    label_dropout: Real = Field(
        0.0, ge=0, lt=1, description="share of objects whose label is dropped, 0 to below 1"
    )


class Models(Section):
    """The models of a data set: branched, and label-guided (the paper's "linear") if wanted."""

    branched: Training = Field(description="training of the branched model")
    linear: LinearTraining | None = Field(
        None, description="training of the label-guided model; null for none"
    )
