"""The first check of a public function: is an argument what it takes, and a name one of those?"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from inspect import signature
from numbers import Integral, Real
from typing import Any, TypeVar

Made = TypeVar("Made")


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


# What a user calls an argument of a type, and whether a value is one.
_TYPES: dict[object, tuple[str, Callable[[object], bool]]] = {
    int: ("a whole number", _whole),
    float: ("a number", lambda value: isinstance(value, Real) and not isinstance(value, bool)),
    str: ("a text", lambda value: isinstance(value, str)),
    tuple[int, ...]: (
        "a list of whole numbers",
        lambda value: isinstance(value, list | tuple) and all(map(_whole, value)),
    ),
}


def expect(value: object, kind: type | tuple[type, ...], name: str, fix: str) -> None:
    """Refuse an argument of another type.

    Args:
        value: what was given.
        kind: type, or types, that it may have.
        name: of the argument.
        fix: how to get what is expected.

    Raises:
        TypeError: naming what was given, what is expected, and the fix.
    """
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join("None" if k is type(None) else k.__name__ for k in kinds)
        raise TypeError(f"{name} is {_shown(value)}, expected {wanted}: {fix}")


def whole_number(value: object, name: str, least: int | None = None) -> int:
    """The number as Python's own, of numpy's, too.

    Raises:
        ValueError: unless it is a whole number, and `least` or more.
    """
    if not _whole(value) or (least is not None and int(value) < least):  # type: ignore[call-overload]
        wanted = "a whole number" if least is None else f"a whole number of {least} or more"
        raise ValueError(f"{name} must be {wanted}, found {value!r}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def kind_of(
    kinds: Mapping[str, Callable[..., Made]],
    what: str,
    name: object,
    settings: Mapping[str, object],
    given: Collection[str] = (),
    besides: str = "",
) -> Callable[..., Made]:
    """What makes the kind of this name.

    Args:
        kinds: what there is to choose from, by name.
        what: it is called, "network".
        name: of the kind.
        settings: the arguments that a user gives.
        given: names of those that the library gives.
        besides: what else may be set, for the message.

    Raises:
        ValueError: if there is no such kind, or it has no such setting, in a message that lists
            those that there are; or a setting has another type.
    """
    if name not in kinds:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(map(repr, kinds))}")
    found = kinds[str(name)]
    known = [key for key in signature(found).parameters if key not in given]
    if unknown := sorted(set(settings) - set(known)):
        raise ValueError(
            f"{what} {name!r} has no setting {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(known) or 'none'}{besides}"
        )
    if wrong := misfits(found, settings):
        raise ValueError(f"{what} {name!r}: {'; '.join(wrong)}")
    return found


def misfits(function: Callable[..., Any], settings: Mapping[str, object]) -> list[str]:
    """Which settings are no number, text or list of whole numbers where the function takes one."""
    takes = {key: _TYPES.get(p.annotation) for key, p in signature(function).parameters.items()}
    return [
        f"{key} must be {expected[0]}, found {value!r}"
        for key, value in settings.items()
        if (expected := takes.get(key)) and not expected[1](value)
    ]


def listed(names: Sequence[object], most: int = 10) -> str:
    """Names for a message: "a, b, c", the first of many with their number, "none" of none."""
    more = f", ... ({len(names):,} in all)" if len(names) > most else ""
    return (", ".join(map(str, names[:most])) or "none") + more


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of a message: the most similar of the known names, or nothing if none is similar."""
    known = list(known)
    if name == "gpu" and "cuda" in known:
        return "; did you mean 'cuda'?"
    matches = get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def _shown(value: object) -> str:
    """A short name for what was given."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    text = repr(value)
    return text if len(text) <= 40 else f"of type {type(value).__name__}"
