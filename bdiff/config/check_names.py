"""Checks of names: they should be known, and stand there once."""

from collections.abc import Iterable, Iterator, Sequence

from bdiff.expect import nearest


def known_names(
    path: str, names: Iterable[str], known: Iterable[str] | None, what: str
) -> Iterator[str]:
    """Names that should be among the known ones; `known` is None where only the data can tell."""
    if known is None:
        return
    for name in names:
        if name not in known:
            yield f"{path}: no {what} {name!r}; known: {', '.join(known)}{nearest(name, known)}"


def unique(path: str, names: Sequence[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{path}: {name!r} stands there {names.count(name)} times; once is enough"


def pair(path: str, names: Sequence[str], classes: Sequence[str] | None) -> Iterator[str]:
    """A pair of two different classes."""
    yield from known_names(path, names, classes, "class")
    if names[0] == names[1]:
        yield f"{path}: found {list(names)}; a pair is of two different classes"


def pairs(
    path: str, found: Sequence[Sequence[str]], classes: Sequence[str] | None
) -> Iterator[str]:
    """Pairs, each there once."""
    for names in found:
        yield from pair(path, names, classes)
    in_order = [sorted(names) for names in found]
    for number, names in enumerate(in_order):
        if names in in_order[:number]:
            yield f"{path}: {list(found[number])} stands there twice, in this or the other order"
