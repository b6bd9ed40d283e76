"""Transmutation: a real object of one class, turned into another.

The forward process takes it to the branch point of the two classes, where they cannot be told
apart, and the reverse process from there down the branches of the other class (paper).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np
import torch

from bdiff.data.checks import normalised
from bdiff.expect import expect
from bdiff.guidance import Guided
from bdiff.model import DiffusionModel
from bdiff.process import process_from
from bdiff.randomness import sample_noise
from bdiff.sampling.files import Part, Samples, collected
from bdiff.sampling.pairs import check_pairs, with_progress
from bdiff.sampling.plan import chain
from bdiff.sampling.sampler import Sampler, describe
from bdiff.tree import BranchTree
from bdiff.tree_files import convert_tree

UNGUIDED = 2 / 3  # of the time that objects are noised to; below, guidance breaks what they are


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
            none. One that was made for another process keeps its noise levels.
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
    pairs = check_pairs(model, pairs)
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
    ways = [way for a, b in pairs for way in (((a, b), (b, a)) if both else ((a, b),))]
    directions = list(dict.fromkeys(ways))
    if tree is not None and tree.process is not None:
        tree = convert_tree(tree, process_from(tree.process), model.process)
    objects = {normalised(name): x for name, x in objects.items()}
    objects = _checked(objects, {origin for origin, _ in directions}, model.shape)
    parts: list[Part] = []
    began, spent = perf_counter(), 0
    device = next(model.parameters()).device
    for origin, target in with_progress("transmuting", directions):
        own, grid = sampler.schedule(model, (origin, target))
        at = time
        if at is None:
            known = tree or own
            assert known is not None  # one of the models' trees, as was checked above
            at = known.branch_time(origin, target)
        heads = _heads(model, own, (origin, target), at)
        guided = model if guidance == 1 else Guided(model, guidance, origin, above=UNGUIDED * at)
        for first in range(0, len(objects[origin]), sampler.per_class):
            x_0 = objects[origin][first : first + sampler.per_class]
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
                torch.from_numpy(x_0),
                torch.full((len(x_0),), at, dtype=torch.float64),
                torch.from_numpy(noise),
            )
            legs = chain(own, target, len(x_0), grid, begin=at)
            given = {0: model.cross(noised.to(device), at, *heads)}
            states, made = sampler.simulate(guided, legs, first, given)
            spent += made
            parts += [
                Part(x_0, target, "original", origin, 0.0, first),
                Part(noised.numpy(), target, "noised", origin, at, first),
                Part(states[-1], target, "sample", origin, 0.0, first),
            ]
    count = sum(len(objects[origin]) for origin, _ in directions)
    meta = describe(model, sampler, began, spent, count, guidance=guidance)
    return collected(parts, meta)


def _heads(
    model: DiffusionModel, tree: BranchTree | None, names: Sequence[str], at: float
) -> list[int]:
    """The head that is in charge of each class at a time, by the tree that is sampled by."""
    if tree is None:
        return [0] * len(names)
    branches = tree.branch_of(names, np.full(len(names), at))
    return [model.head_of_branch(tree.branches[number].classes) for number in branches]


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
