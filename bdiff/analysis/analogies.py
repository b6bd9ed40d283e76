"""Hybrids and transmutations: what the branch points of a tree are good for.

A hybrid of two classes is a state at their branch point, reached from the prior: what it shows, the
classes have in common. Transmutation takes a real object of one class to that point with the
forward process, and from there down the branches of another class (paper, sections 5.4 and 5.5).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bdiff.data.checks import check_class_names
from bdiff.expect import expect
from bdiff.guidance import Guided
from bdiff.model import DiffusionModel
from bdiff.progress import Progress
from bdiff.randomness import sample_noise
from bdiff.sampling.files import Samples
from bdiff.sampling.plan import chain, shared
from bdiff.sampling.sampler import Sampler, describe, warn_of_remainder
from bdiff.sampling.simulate import simulate
from bdiff.tree import BranchTree

UNGUIDED = 2 / 3  # of the time that objects are noised to; below, guidance breaks what they are
Row = tuple[Tensor, str, str, str, float, int]  # x, label, role, origin, time, number of the first


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
    _check_pairs(model, pairs)
    named: dict[str, tuple[str, ...]] = {}
    for pair in map(tuple, pairs):
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
    began, spent, rows = perf_counter(), 0, []
    for a, b in _with_progress("making hybrids", pairs):
        both = f"{a}/{b}"
        tree, grid = sampler.schedule(model, (a, b))
        assert tree is not None  # as the model has one
        for first in range(0, count, sampler.per_class):
            size = min(sampler.per_class, count - first)
            legs = shared(tree, {a: size, b: size}, grid)
            states, made = simulate(
                model, legs, sampler.solver, sampler.seed, first, clip=sampler.clip
            )
            spent += made
            trunk = max(i for i, leg in enumerate(legs) if set(leg.classes) == {a, b})
            rows.append((states[trunk], both, "hybrid", "", tree.branch_time(a, b), first))
            for leg, state in zip(legs, states, strict=True):
                if leg.nodes[-1] == 0:
                    rows.append((state, leg.classes[0], "sample", both, 0.0, first))
    return _collect(rows, describe(model, sampler, began, spent, 2 * count * len(pairs)))


def transmute(
    model: DiffusionModel,
    objects: dict[str, np.ndarray],
    pairs: Sequence[tuple[str, str]],
    sampler: Sampler | None = None,
    time: float | None = None,
    tree: BranchTree | None = None,
    both: bool = True,
    guidance: float = 1.0,
) -> Samples:
    """Turn real objects of each class of a pair into the other.

    Args:
        model: the model.
        objects: by class name, (n, *shape) float32.
        pairs: pairs of class names.
        sampler: solver, grid and seed; by default those of `Sampler.for_model`.
        time: t up to which objects are noised, inside (t_end, horizon); by default each pair's
            branch time.
        tree: whose branch times these are; by default the model's, but a label-guided model has
            none.
        both: make both directions of every pair, or only that from its first class to its second.
        guidance: weight by which predictions are pushed away from the class that the objects come
            from, in the upper third of the times; see `bdiff.guidance`. 1 is none, which takes half
            the evaluations.

    Returns:
        For every pair and direction a to b, with label b and origin a, rows of the roles "original"
        (the objects given), "noised" (at that time) and "sample". Row i of each belongs to object
        i. The noise of object i is the same for every model and time.

    Raises:
        ValueError: if pairs, objects or the time do not fit the model.
    """
    _check_pairs(model, pairs)
    expect(objects, Mapping, "objects", "by class, {'a': dataset.of('a'), 'b': dataset.of('b')}")
    # Objects may be noised beyond the root.
    sampler = replace(sampler or Sampler.for_model(model), begin="prior")
    if time is None and tree is None and model.tree is None:
        raise ValueError(
            f"a {model.kind} model has no branch points; give the time to noise objects to, or the "
            "tree of a branched model"
        )
    if time is not None and not sampler.end(model) < time < model.process.horizon:
        raise ValueError(
            f"time is {time:g}, it must lie between {sampler.end(model):g}, where sampling ends, "
            f"and the horizon {model.process.horizon:g}"
        )
    directions = [way for a, b in pairs for way in (((a, b), (b, a)) if both else ((a, b),))]
    objects = _checked(objects, {origin for origin, _ in directions}, model.shape)
    began, spent, rows = perf_counter(), 0, []
    device = next(model.parameters()).device
    for origin, target in _with_progress("transmuting", directions):
        own, grid = sampler.schedule(model, (origin, target))
        at = time
        if at is None:
            known = tree or own
            assert known is not None  # one of the models' trees, as was checked above
            at = known.branch_time(origin, target)
        heads = _heads(model, own, (origin, target), at)
        guided = model if guidance == 1 else Guided(model, guidance, origin, above=UNGUIDED * at)
        for first in range(0, len(objects[origin]), sampler.per_class):
            x_0 = torch.from_numpy(objects[origin][first : first + sampler.per_class])
            noise = sample_noise(
                sampler.seed,
                "forward",
                origin,
                target,
                first=first,
                count=len(x_0),
                shape=model.shape,
            )
            noised = model.process.diffuse(
                x_0, torch.full((len(x_0),), at, dtype=torch.float64), torch.from_numpy(noise)
            )
            legs = chain(own, target, len(x_0), grid, begin=at)
            given = {0: model.cross(noised.to(device), at, *heads)}
            states, made = simulate(
                guided, legs, sampler.solver, sampler.seed, first, given, sampler.clip
            )
            spent += made
            rows.append((x_0, target, "original", origin, 0.0, first))
            rows.append((noised, target, "noised", origin, at, first))
            rows.append((states[-1], target, "sample", origin, 0.0, first))
    count = sum(len(objects[origin]) for origin, _ in directions)
    meta = describe(model, sampler, began, spent, count, guidance=guidance)
    return _collect(rows, meta)


def _heads(
    model: DiffusionModel, tree: BranchTree | None, names: Sequence[str], at: float
) -> list[int]:
    """The head that is in charge of each class at a time, by the tree that is sampled by."""
    if tree is None:
        return [0] * len(names)
    branches = tree.branch_of(names, np.full(len(names), at))
    return [model.head_of_branch(tree.branches[number].classes) for number in branches]


def _with_progress(what: str, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    with Progress(what, len(pairs), "pairs") as progress:
        for pair in pairs:
            yield pair
            progress.update(1)


def _check_pairs(model: DiffusionModel, pairs: Sequence[tuple[str, str]]) -> None:
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


def _checked(
    objects: dict[str, np.ndarray], names: set[str], shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """The objects of the named classes as float32, one or more of each, of the model's shape."""
    if missing := sorted(names - {name for name, x in objects.items() if len(x)}):
        raise ValueError(
            f"no objects given of the classes {missing}; give some, or both=False for one direction"
        )
    arrays = {name: np.asarray(objects[name], dtype=np.float32) for name in names}
    for name, x in arrays.items():
        if x.shape[1:] != shape:
            raise ValueError(
                f"objects of class {name!r} have the shape {x.shape[1:]}, the model's have {shape}"
            )
        if not np.isfinite(x).all():
            raise ValueError(f"objects of class {name!r} hold NaN or infinite values")
    return arrays


def _collect(rows: list[Row], meta: dict[str, Any]) -> Samples:
    """All rows as one table."""
    sizes = [len(row[0]) for row in rows]
    x, label, role, origin, times, first = zip(*rows, strict=True)
    return Samples(
        x=torch.cat([part.cpu() for part in x]).numpy(),
        label=np.repeat(label, sizes),
        role=np.repeat(role, sizes),
        origin=np.repeat(origin, sizes),
        time=np.repeat(times, sizes),
        index=np.concatenate([f + np.arange(size) for f, size in zip(first, sizes, strict=True)]),
        meta=meta,
    )
