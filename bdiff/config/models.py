"""The forward process, the networks and their training."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, model_validator

from bdiff.config.base import Kind, Real, Section, Whole


class Process(Section):
    """Variance-preserving forward process with beta(t) = beta_min + (beta_max - beta_min) t."""

    name: Literal["vp"] = Field("vp", description="vp, the variance-preserving process")
    beta_min: Real = Field(0.1, ge=0, description="noise rate at t = 0, from 0 to below beta_max")
    beta_max: Real = Field(20.0, gt=0, description="noise rate at t = 1, above beta_min")

    @model_validator(mode="after")
    def _rates_grow(self) -> Self:
        if self.beta_min >= self.beta_max:
            raise ValueError(
                f"beta_min ({self.beta_min}) should be below beta_max ({self.beta_max})"
            )
        return self


class UNet(Kind):
    """Convolutional network for images; the encoder is shared (paper, section 3.1)."""

    name: Literal["unet"] = Field(description="unet (for images) or dense (for tables)")
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


class DenseNet(Kind):
    """Dense network for tables; the first layers are shared (paper, section 3.2)."""

    name: Literal["dense"] = Field(description="unet (for images) or dense (for tables)")
    width: Whole = Field(256, ge=1, description="units per layer, at least 1")
    shared_layers: Whole = Field(2, ge=0, description="layers that all branches share, at least 0")
    branch_layers: Whole = Field(2, ge=1, description="layers of each branch, at least 1")


Net = Annotated[UNet | DenseNet, Discriminator("name")]


class Training(Section):
    """Training of one model by Adam (paper, section 4)."""

    steps: Whole = Field(ge=1, description="optimisation steps, at least 1")
    batch_size: Whole = Field(128, ge=1, description="objects per step, at least 1")
    learning_rate: Real = Field(1e-3, gt=0, le=1, description="of Adam, above 0, at most 1")
    ema: Real = Field(
        0.9995, ge=0, lt=1, description="decay of the weight average per step, from 0 to below 1"
    )


class Models(Section):
    """The models of a data set: branched, and label-guided (the paper's "linear") if wanted."""

    branched: Training = Field(description="training of the branched model")
    linear: Training | None = Field(
        None, description="training of the label-guided model; null for none"
    )
