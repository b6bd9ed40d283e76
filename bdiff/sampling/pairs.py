"""Pairs of classes, as hybrids and transmutations are asked for."""

from collections.abc import Iterator, Sequence

from bdiff.data.checks import check_class_names
from bdiff.expect import expect
from bdiff.model import DiffusionModel
from bdiff.progress import Progress


def check_pairs(model: DiffusionModel, pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse pairs that are none, or not of the model's classes."""
    expect(model, DiffusionModel, "model", "bdiff.load_model(folder)")
    if not pairs:
        raise ValueError("no pairs of classes asked for")
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"a pair is two class names, ('a', 'b'), found {pair!r}")
        a, b = pair
        check_class_names(pair, model.classes)
        if a == b:
            raise ValueError(f"a pair needs two different classes, found {a!r} twice")


def with_progress(what: str, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The pairs one by one, with a progress bar that says what is done to them."""
    with Progress(what, len(pairs), "pairs") as progress:
        for pair in pairs:
            yield pair
            progress.update(1)
