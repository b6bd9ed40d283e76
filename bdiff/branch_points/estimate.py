"""Branch trees of labelled data: draw objects, compare them under noise, link their classes.

estimate_tree(dataset)                                    where sharing a process costs little
estimate_tree(dataset, VP(0.1, 10), method="all_pairs")   expected similarity, no noise drawn
estimate_tree(dataset, method="aligned_pairs", objects=100)   the paper's estimate
extend_tree(tree, "7", dataset)                           one more class, where it belongs
given_tree([{"classes": ["4", "9"], "time": 0.35}, ...], classes)     set by hand
"""

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np

from bdiff.branch_points.linkage import crossing_times, first_met, join, link
from bdiff.branch_points.sharing_cost import sharing_costs
from bdiff.branch_points.similarity import Objects, aligned_pairs, all_pairs
from bdiff.data.dataset import Dataset
from bdiff.defaults import form_of
from bdiff.expect import expect
from bdiff.process import VP, Process, process_from
from bdiff.randomness import generator
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import convert_tree

METHODS = ("sharing_cost", "all_pairs", "aligned_pairs")


def estimate_tree(
    data: Dataset | Objects,
    process: Process | None = None,
    *,
    method: str = "sharing_cost",
    objects: int | None = None,
    times: int = 1000,
    smoothing: float = 3.0,
    epsilon: float = 0.005,
    tolerance: float = 0.02,
    min_time: float = 0.01,
    min_length: float = 0.0,
    seed: int = 0,
) -> BranchTree:
    """The branch tree of a data set under a forward process.

    Args:
        data: a `bdiff.data.dataset.Dataset`, of which the split "train" is used, or a mapping class
            name -> objects (n, *shape).
        process: the forward process, by default `VP()`; the tree's times are its times.
        method: "sharing_cost" (what sharing does to the samples), "all_pairs" (expected similarity
            over all pairs), or "aligned_pairs" (the paper's).
        objects: objects per class, drawn without replacement; None takes all of them
            ("aligned_pairs": as many as the smallest class has).
        times: number of times, equally spaced from 0 to the horizon, >= 2.
        smoothing: standard deviation of the filter over time, in time steps; for similarities.
        epsilon: difference of mean cosines that counts as none; for similarities.
        tolerance: Fréchet distance between a class and what becomes of another's noised objects up
            to which the two may share a process, in units of the mean of the two variances, > 0;
            for "sharing_cost".
        min_time: least time of a branch point.
        min_length: least length of a branch between two branch points.
        seed: seed of the choice of objects and of the noise.

    Raises:
        ValueError: if there is no class or one with too few objects, if a setting is out of its
            range, if two classes stay apart up to the horizon, if the minima push a branch point to
            the horizon, or if the objects are molecules, whose atoms cannot be compared place by
            place.
    """
    expect(process, (Process, type(None)), "process", "such as bdiff.VP()")
    process = process or VP()
    chosen = draw_objects(data, objects, seed, equal=method == "aligned_pairs")
    own = VP() if process.discrete else process  # continuous time has all noise levels
    tree = pair_times_and_tree(
        chosen,
        own,
        method=method,
        times=times,
        smoothing=smoothing,
        epsilon=epsilon,
        tolerance=tolerance,
        min_time=min_time,
        min_length=min_length,
        seed=seed,
    )[1]
    return convert_tree(tree, own, process) if process.discrete else tree


# What `estimate_tree` takes for settings that are not given, once the objects are drawn.
DEFAULTS: dict[str, Any] = {
    name: parameter.default
    for name, parameter in signature(estimate_tree).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY and name != "objects"
}


def pair_times_and_tree(
    objects: Objects,
    process: Process,
    *,
    method: str,
    times: int,
    smoothing: float,
    epsilon: float,
    tolerance: float,
    min_time: float,
    min_length: float,
    seed: int,
) -> tuple[np.ndarray, BranchTree]:
    """The branch time of every two classes, (C, C), and the tree; see `estimate_tree`."""
    grid = np.linspace(0, process.horizon, _at_least_two(times, "times"))
    for name, value in {"smoothing": smoothing, "epsilon": epsilon, "min_time": min_time}.items():
        if not value >= 0:
            raise ValueError(f"{name} must be 0 or more, found {value}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, found {tolerance}")
    names = tuple(objects)
    if method == "sharing_cost":
        crossing = first_met(
            sharing_costs(objects, process, grid),
            tolerance,
            grid,
            names,
            f"sharing costs at best {{least:.4g}}, more than tolerance = {tolerance:g}; use a "
            "process with more noise, a larger tolerance, or objects scaled to unit variance or to "
            "[-1, 1]",
        )
    elif method in METHODS:
        curves = (
            all_pairs(objects, process, grid)
            if method == "all_pairs"
            else aligned_pairs(objects, process, grid, seed)
        )
        crossing = crossing_times(curves, grid, names, smoothing=smoothing, epsilon=epsilon)
    else:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(map(repr, METHODS))}")
    tree = link(
        crossing,
        names,
        horizon=process.horizon,
        least=grid[1],
        min_time=min_time,
        min_length=min_length,
        linkage="complete" if method == "sharing_cost" else "single",
    )
    return crossing, BranchTree(names, tree.points, tree.horizon, process.to_dict())


def extend_tree(
    tree: BranchTree,
    name: str,
    data: Dataset | Objects,
    process: Process | None = None,
    **settings: Any,
) -> BranchTree:
    """The tree with one more class; all branch points that there are stay where they are.

    Args:
        tree: of the other classes.
        name: the new class.
        data: objects of all classes, as in `estimate_tree`.
        process: the forward process, by default the tree's.
        settings: as those of `estimate_tree`; the new branch point takes a step of `times`, or
            min_length if that is more, from those there are.

    Raises:
        ValueError: if the class is in the tree already, objects of a class are missing, or the new
            class stays apart from another up to the horizon.
    """
    process = process or (VP() if tree.process is None else process_from(tree.process))
    if process.discrete:  # continuous time has all noise levels
        larger = extend_tree(convert_tree(tree, process, VP()), name, data, VP(), **settings)
        return convert_tree(larger, VP(), process)
    objects, settings = settings.pop("objects", None), DEFAULTS | settings
    equal = settings["method"] == "aligned_pairs"
    chosen = draw_objects(data, objects, settings["seed"], equal=equal)
    if name in tree.classes:
        raise ValueError(f"class {name!r} is in the tree already")
    if missing := [other for other in (*tree.classes, name) if other not in chosen]:
        raise ValueError(
            f"found no objects of {missing}; the branch point is estimated from those of all "
            "classes: add them, or give the tree with the new class"
        )
    chosen = {other: chosen[other] for other in (*tree.classes, name)}
    crossing, _ = pair_times_and_tree(chosen, process, **settings)
    least = max(process.horizon / (settings["times"] - 1), settings["min_length"])
    times = {
        other: max(float(t), settings["min_time"])
        for other, t in zip(chosen, crossing[-1], strict=True)
    }
    return join(tree, name, times, least)


def draw_objects(
    data: Dataset | Objects, count: int | None, seed: int, *, equal: bool = False
) -> dict[str, np.ndarray]:
    """`count` objects of each class, without replacement, or all of them if `count` is None.

    Args:
        data: a data set or a mapping class name -> objects.
        count: objects per class, >= 2.
        seed: the choice within a class depends on it and on the class name alone.
        equal: with `count` None, take as many of each class as the smallest one has.

    Raises:
        ValueError: if a class has fewer objects than asked for.
    """
    if isinstance(data, Mapping):
        objects = dict(data)
    else:
        _check_dataset(data)
        objects = {name: data.of(name, "train") for name in data.classes}
    if not objects:
        raise ValueError("found no class; a tree needs the objects of one or more")
    if count is None and not equal:
        return objects
    if count is None:
        count = min(map(len, objects.values()))
    drawn = {}
    for name, x in objects.items():
        if len(x) < _at_least_two(count, "objects"):
            raise ValueError(
                f"class {name!r} has {len(x)} object(s), fewer than the {count} asked for; lower "
                "objects, or set it to null to take all there are"
            )
        drawn[name] = x[generator(seed, "objects", name).choice(len(x), count, replace=False)]
    return drawn


def _check_dataset(data: object) -> None:
    """Refuse what has no classes, and molecules."""
    expect(data, (Dataset, Mapping), "data", "bdiff.from_arrays(x, labels)")
    if isinstance(data, Dataset) and form_of(data) == "molecules":
        raise ValueError(
            f"the objects of {data.name!r} are molecules, whose branch points cannot be estimated, "
            "since their atoms cannot be compared place by place; give them: "
            "given_tree([{'classes': [...], 'time': 0.4}], classes), or tree=tree.extend(...) for "
            "a class that is added"
        )


def given_tree(
    points: Sequence[Mapping[str, Any]], classes: Sequence[str], process: Process | None = None
) -> BranchTree:
    """The tree of branch points set by hand.

    Args:
        points: one mapping a branch point, {"classes": [names], "time": t of the process}.
        classes: all class names, in order.
        process: the forward process whose times these are; without, a model takes them as those of
            its own, from 0 to 1.

    Raises:
        ValueError: if the points are no tree over the classes.
    """
    return BranchTree(
        classes,
        [_point(point) for point in points],
        *(() if process is None else (process.horizon, process.to_dict())),
    )


def _point(given: Mapping[str, Any]) -> BranchPoint:
    expect(given, Mapping, "a branch point", "{'classes': ['a', 'b'], 'time': 0.4}")
    if set(given) != {"classes", "time"}:
        raise ValueError(
            f"a branch point has classes and time, found {dict(given)}; expected something like "
            "{'classes': ['a', 'b'], 'time': 0.4}"
        )
    return BranchPoint(frozenset(given["classes"]), float(given["time"]))


def _at_least_two(value: int, name: str) -> int:
    if value < 2:
        raise ValueError(f"{name} must be 2 or more, found {value}")
    return value
