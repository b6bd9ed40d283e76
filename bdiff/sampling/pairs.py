"""Pairs of classes, as hybrids and transmutations are asked for."""

from collections.abc import Iterable, Iterator, Sequence

from bdiff.data.checks import check_class_names, normalised
from bdiff.expect import expect
from bdiff.model import DiffusionModel
from bdiff.progress import Progress


def check_pairs(model: DiffusionModel, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs, each once; refuses what is none, or not of the model's classes."""
    expect(model, DiffusionModel, "model", "bdiff.load_model(folder)")
    pairs = list(pairs)
    if not pairs:
        raise ValueError("no pairs of classes asked for")
    checked: dict[tuple[str, str], None] = {}  # in order, each once
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"a pair is two class names, ('a', 'b'), found {pair!r}")
        a, b = map(normalised, pair)
        check_class_names((a, b), model.classes)
        if a == b:
            raise ValueError(f"a pair needs two different classes, found {a!r} twice")
        checked[a, b] = None
    return list(checked)


def with_progress(what: str, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The pairs one by one, with a progress bar that says what is done to them."""
    with Progress(what, len(pairs), "pairs") as progress:
        for pair in pairs:
            yield pair
            progress.update(1)
