"""What all sections share: their strictness, and the types of their values."""

from typing import Annotated, Any, TypeVar

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

    @model_validator(mode="before")
    @classmethod
    def _note_where(cls, value: Any, info: ValidationInfo) -> Any:
        """Tell the error messages which mapping was read as which section."""
        if isinstance(value, dict) and info.context is not None:
            info.context[id(value)] = cls
        return value


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


Word = TypeVar("Word")
Other = TypeVar("Other")
# Either one of some words or another type; told apart first, so that one error is given.
WordOr = Annotated[
    Annotated[Word, Tag("word")] | Annotated[Other, Tag("other")], Discriminator(_kind)
]
Whole = Annotated[int, BeforeValidator(_whole)]
Real = Annotated[float, BeforeValidator(_not_a_switch)]
# Keys become names of files and folders.
Key = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
# YAML reads a bare 4 as a number: class names that look like numbers need quotes.
ClassName = Annotated[str, Field(strict=True, min_length=1)]
Pair = tuple[ClassName, ClassName]
