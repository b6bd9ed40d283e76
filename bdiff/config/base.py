"""What all sections share: their strictness, and the types of their values."""

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)


class Section(BaseModel):
    """A mapping whose keys are all known; frozen, and without NaN or infinity."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )

    # An overlay is merged key by key: laid over {name: ddim, eta: 1}, {name: euler_maruyama} leaves
    # the eta behind. In sections of which there are several kinds, a null takes a key away.
    null_removes_a_key: ClassVar[bool] = False

    @model_validator(mode="before")
    @classmethod
    def _note_where(cls, value: Any, info: ValidationInfo) -> Any:
        """Tell the error messages which mapping was read as which section."""
        if not isinstance(value, dict):
            return value
        if info.context is not None:
            info.context[id(value)] = cls
        if cls.null_removes_a_key:
            return {k: v for k, v in value.items() if v is not None or k in cls.model_fields}
        return value


class Kind(Section):
    """A section that comes in several kinds, told apart by one of its keys."""

    null_removes_a_key = True


def _not_a_switch(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("should be a number, not true or false")
    return value


def _whole(value: Any) -> Any:
    """YAML reads 5.0e+3 as a number, but 5e3 as text."""
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return _not_a_switch(value)


def _kind(value: Any) -> str:
    return "word" if isinstance(value, str) else "other"


def word_or(word: Any, other: Any) -> Any:
    """Either one of some words or another type; told apart first, so that one error is given."""
    tagged = Annotated[word, Tag("word")] | Annotated[other, Tag("other")]
    return Annotated[tagged, Discriminator(_kind)]


Whole = Annotated[int, BeforeValidator(_whole)]
Real = Annotated[float, BeforeValidator(_not_a_switch)]
# Keys become names of files and folders.
Key = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
# YAML reads a bare 4 as a number: class names that look like numbers need quotes.
ClassName = Annotated[str, Field(strict=True, min_length=1)]
Pair = tuple[ClassName, ClassName]
