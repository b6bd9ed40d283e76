"""Hybrids: states at the branch point of two classes, which show what the classes share (paper)."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from bdiff.model import DiffusionModel
from bdiff.sampling.files import Part, Samples, collected
from bdiff.sampling.pairs import check_pairs, with_progress
from bdiff.sampling.plan import shared
from bdiff.sampling.sampler import Sampler, describe, warn_of_remainder


def hybrids(
    model: DiffusionModel,
    pairs: Sequence[tuple[str, str]],
    count: int,
    sampler: Sampler | None = None,
) -> Samples:
    """Hybrids of pairs of classes, and what each becomes as either class.

    Args:
        model: a branched model.
        pairs: pairs of class names.
        count: hybrids per pair.
        sampler: solver, grid and seed; by default those of `Sampler.for_model`.

    Returns:
        For every pair the hybrids, of role "hybrid" and label "a/b", at the branch time, and their
        continuations, of role "sample", labels a and b, and origin "a/b". Row i of each belongs to
        hybrid i. As names of classes may hold "/" themselves, it is the continuations that tell the
        pair.

    Raises:
        ValueError: if the model has no branch points, pairs or count do not fit, or the hybrids of
            two pairs would have one name.
    """
    if model.tree is None:
        raise ValueError(
            f"a {model.kind} model has no branch points; hybrids need a branched model"
        )
    pairs = check_pairs(model, pairs)
    named: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        if (other := named.setdefault("/".join(pair), pair)) != pair:
            raise ValueError(
                f"hybrids of {other} and of {pair} would both be called {'/'.join(pair)!r}; make "
                "them one after the other"
            )
    # Two classes may part at the root itself.
    sampler = replace(sampler or Sampler.for_model(model), begin="prior")
    if count < 1:
        raise ValueError(f"{count} hybrids asked for; ask for 1 or more")
    warn_of_remainder(model.process)
    parts: list[Part] = []
    began, spent = perf_counter(), 0
    for a, b in with_progress("making hybrids", pairs):
        both = f"{a}/{b}"
        tree, grid = sampler.schedule(model, (a, b))
        assert tree is not None  # as the model has one
        for first in range(0, count, sampler.per_class):
            size = min(sampler.per_class, count - first)
            legs = shared(tree, {a: size, b: size}, grid)
            states, made = sampler.simulate(model, legs, first)
            spent += made
            trunk = max(i for i, leg in enumerate(legs) if set(leg.classes) == {a, b})
            time = tree.branch_time(a, b)
            parts.append(Part(states[trunk], both, "hybrid", time=time, first=first))
            for leg, state in zip(legs, states, strict=True):
                if leg.nodes[-1] == 0:
                    parts.append(Part(state, leg.classes[0], origin=both, first=first))
    return collected(parts, describe(model, sampler, began, spent, 2 * count * len(pairs)))
