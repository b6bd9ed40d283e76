"""How far an estimate of the branch points depends on the objects that were drawn for it.

Each estimator is given the same draws of objects per class. Reported are the seconds of one
estimate, the standard deviation over draws of a pair's branch time (mean over pairs), and the
clades (the sets of classes below a branch point) that the trees of two draws have in common.
"""

import time
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from bdiff.branch_points.estimate import DEFAULTS, METHODS, draw_objects, pair_times_and_tree
from bdiff.branch_points.similarity import Objects
from bdiff.data.dataset import Dataset
from bdiff.process import Process
from bdiff.progress import Progress


def compare_estimators(
    data: Dataset | Objects,
    process: Process,
    *,
    objects: int,
    draws: int = 4,
    seed: int = 0,
    **settings: Any,
) -> list[dict[str, Any]]:
    """Agreement between draws of objects, for all estimators.

    Args:
        data: a data set or a mapping class name -> objects (n, *shape).
        process: the forward process.
        objects: objects per class in a draw.
        draws: number of draws, >= 2.
        seed: draw k has the seed `seed + k`.
        settings: times, smoothing, epsilon, tolerance, min_time and min_length, as in
            `bdiff.branch_points.estimate.estimate_tree`.

    Returns:
        Tidy rows with the keys estimator, measure, draw, value. Measures: "seconds" and "clades" of
        each draw "0", "1", ...; "shared_clades" of each two draws "0-1", ...; "pair_time_sd" of
        "all".

    Raises:
        ValueError: as `estimate_tree`, or if fewer than two draws are asked for.
    """
    if draws < 2:
        raise ValueError(f"draws must be 2 or more to be compared, found {draws}")
    rows = []
    with Progress("comparing estimators", len(METHODS) * draws, "estimates") as progress:
        for method in METHODS:
            seconds, crossings, clades = [], [], []
            for draw in range(seed, seed + draws):
                chosen = draw_objects(data, objects, draw)
                start = time.perf_counter()
                own = DEFAULTS | settings | {"method": method, "seed": draw}
                crossing, tree = pair_times_and_tree(chosen, process, **own)
                seconds.append(time.perf_counter() - start)
                crossings.append(crossing)
                clades.append({point.classes for point in tree.points})
                progress.update(1, method)
            rows += _of_draws(method, seconds, crossings, clades)
    return rows


def _of_draws(
    method: str,
    seconds: list[float],
    crossings: list[np.ndarray],
    clades: list[set[frozenset[str]]],
) -> list[dict[str, Any]]:
    """The rows of one estimator; one entry of each list per draw."""
    numbers = combinations(range(len(clades)), 2)
    shared = {f"{i}-{j}": len(clades[i] & clades[j]) for i, j in numbers}
    pairs = np.triu_indices(len(crossings[0]), 1)
    spread = np.std([crossing[pairs] for crossing in crossings], axis=0, ddof=1).mean()
    return [
        *_rows(method, "seconds", enumerate(seconds)),
        *_rows(method, "clades", enumerate(map(len, clades))),
        *_rows(method, "shared_clades", shared.items()),
        *_rows(method, "pair_time_sd", [("all", float(spread))]),
    ]


def _rows(
    method: str, measure: str, values: Iterable[tuple[str | int, float]]
) -> list[dict[str, Any]]:
    return [
        {"estimator": method, "measure": measure, "draw": str(draw), "value": value}
        for draw, value in values
    ]
