"""The first check of a public function: is an argument what it takes, and a name one of those?"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from inspect import signature
from numbers import Integral
from typing import TypeVar

Made = TypeVar("Made")


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
    fits = isinstance(value, Integral) and not isinstance(value, bool)
    if not fits or (least is not None and int(value) < least):  # type: ignore[call-overload]
        wanted = "a whole number" if least is None else f"a whole number of {least} or more"
        raise ValueError(f"{name} must be {wanted}, found {value!r}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def kind_of(
    kinds: Mapping[str, Callable[..., Made]],
    what: str,
    name: object,
    settings: Collection[str],
    given: Collection[str] = (),
    besides: str = "",
) -> Callable[..., Made]:
    """What makes the kind of this name.

    Args:
        kinds: what there is to choose from, by name.
        what: it is called, "network".
        name: of the kind.
        settings: the arguments that a user gives.
        given: those that the library gives.
        besides: what else may be set, for the message.

    Raises:
        ValueError: if there is no such kind, or it has no such setting; the message lists those
            that there are.
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
    return found


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
