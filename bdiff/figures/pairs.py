"""The pairs of classes in files of hybrids and transmutations."""

import numpy as np

from bdiff.analysis.kept import directions
from bdiff.analysis.slant import slant
from bdiff.sampling.files import Samples


def pairs_of(transmutation: Samples) -> list[tuple[str, str]]:
    """The pairs (a, b) in the order of the file, each once whatever its direction."""
    pairs: list[tuple[str, str]] = []
    for a, b in directions(transmutation):
        if (b, a) not in pairs:
            pairs.append((a, b))
    return pairs


def hybrid_pairs(hybrids: Samples) -> dict[str, tuple[str, str]]:
    """The pair (a, b) of each label "a/b" of hybrids, in the order of the file.

    It is what they were continued as that tells, since names of classes may hold "/" themselves.
    """
    pairs = {}
    for both in dict.fromkeys(hybrids.label[hybrids.role == "hybrid"].tolist()):
        a, b = dict.fromkeys(hybrids.label[hybrids.origin == both].tolist())
        pairs[both] = (a, b) if f"{a}/{b}" == both else (b, a)
    return pairs


def hybrids_of(
    hybrids: Samples, pair: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Hybrids of a pair, row by row their continuations as each class, and the time of hybrids.

    Raises:
        ValueError: if there are no hybrids of this pair; the message lists those there are.
    """
    known = hybrid_pairs(hybrids)
    both = next((name for name, other in known.items() if set(other) == set(pair)), None)
    if both is None:
        raise ValueError(
            f"there are no hybrids of {' and '.join(pair)}, only of {sorted(known)}; give hybrids "
            "and transmutation the same pairs"
        )
    as_a, as_b = (hybrids.where(label=name, role="sample", origin=both) for name in pair)
    time = float(hybrids.time[(hybrids.label == both) & (hybrids.role == "hybrid")][0])
    return hybrids.where(label=both, role="hybrid"), as_a, as_b, time


def spread(images: np.ndarray, count: int, by_slant: bool = True) -> np.ndarray:
    """Indices of at most `count` images, (n, 1, height, width), evenly spaced in order of slant, or
    in the order given."""
    order = np.argsort(slant(images), kind="stable") if by_slant else np.arange(len(images))
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    chosen: np.ndarray = order[places]
    return chosen
