r"""Time grids, and branch times on them.

A grid has `steps` intervals: from its begin, by default the horizon T, to t_end evenly in a
coordinate c(t), then to 0.

    uniform_t      c = t
    quadratic_t    c = √t
    log_snr        c = log(alpha² / sigma²)
    edm            c = (sigma / alpha)^{1/7}        (Karras et al. 2022, arXiv 2206.00364, eq. 5)

In discrete time nodes are rounded to whole numbers, and where several would be the same, as near 0
where c is not t, they move up to the next that are free.

Branch times must be nodes. They are inserted, at one network call per branch time; or coalesced:
branch times nearer to each other than half an interval, in c, become one, and the nearest node
moves there. Then few calls are added to those of the grid, but around a branch time the network is
used up to about half an interval outside the times it was trained for.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bdiff.process import Process
from bdiff.tree import BranchPoint, BranchTree, merge_simultaneous

BRANCH_TIMES = ("insert", "coalesce")


class Coordinate(NamedTuple):
    """What a grid is even in: `of(process, t)` is the coordinate c at the times t, and
    `time(process, c)` its inverse; all (n,) float64."""

    of: Callable[[Process, Tensor], Tensor]
    time: Callable[[Process, Tensor], Tensor]


GRIDS = {
    "uniform_t": Coordinate(lambda process, t: t, lambda process, c: c),
    "quadratic_t": Coordinate(lambda process, t: torch.sqrt(t), lambda process, c: c**2),
    "log_snr": Coordinate(
        lambda process, t: process.log_snr(t), lambda process, c: process.time_of(c)
    ),
    "edm": Coordinate(
        lambda process, t: torch.exp(-process.log_snr(t) / 14),
        lambda process, c: process.time_of(-14 * torch.log(c)),
    ),
}


def check_grid(grid: str, branch_times: str) -> None:
    """Refuse unknown names."""
    if grid not in GRIDS:
        raise ValueError(f"unknown grid {grid!r}; known: {', '.join(GRIDS)}")
    if branch_times not in BRANCH_TIMES:
        raise ValueError(
            f"unknown way of branch times {branch_times!r}; known: {', '.join(BRANCH_TIMES)}"
        )


def time_grid(
    steps: int,
    process: Process,
    t_end: float | None = None,
    grid: str = "uniform_t",
    begin: float | None = None,
) -> tuple[float, ...]:
    """Times from `begin` to t_end, then 0: `steps` intervals.

    Args:
        steps: network calls of a solver that makes one per step, 2 or more.
        process: the forward process.
        t_end: time of the last call, in (0, begin); by default the process's first time.
        grid: a name in `GRIDS`.
        begin: the first time, by default the process's horizon.

    Raises:
        ValueError: if there are fewer than two steps or more than the process has, or t_end is not
            inside (0, begin) or is no time of the process.
    """
    begin = process.horizon if begin is None else begin
    t_end = process.first_time if t_end is None else t_end
    if steps < 2:
        raise ValueError(f"steps must be a whole number of 2 or more, found {steps}")
    if not 0 < t_end < begin:
        raise ValueError(f"t_end must lie between 0 and the first time {begin:g}, found {t_end:g}")
    process.log_snr(t_end)  # which refuses what is no time of the process
    first, last = _coordinates(process, (begin, t_end), grid)
    inner = _times(process, np.linspace(first, last, steps)[1:-1], grid)
    nodes: Sequence[float] = (begin, *inner, t_end)
    if process.discrete:
        nodes = _distinct(nodes, process)
    return (*nodes, 0.0)


def _distinct(nodes: Sequence[float], process: Process) -> list[float]:
    """Whole numbers, descending, where some are equal moved to the next that are free."""
    first, last, count = nodes[0], nodes[-1], len(nodes)
    if count > first - last + 1:
        raise ValueError(
            f"{count} steps, the last of them from t = {last:g}, are more than {process} has; take "
            f"at most {first - last + 1:g}"
        )
    # A node with n nodes below it lies n or more above the last, with n above it n below the first.
    places = np.arange(count)
    above = np.maximum.accumulate(np.array(nodes)[::-1] - places)
    rising = np.minimum(above, first - count + 1) + places
    distinct: list[float] = rising[::-1].tolist()
    return distinct


def _coordinates(process: Process, times: Sequence[float], grid: str) -> list[float]:
    return GRIDS[grid].of(process, torch.tensor(times, dtype=torch.float64)).tolist()


def _times(process: Process, coordinates: Sequence[float] | np.ndarray, grid: str) -> list[float]:
    values = torch.as_tensor(np.asarray(coordinates, dtype=np.float64))
    return process.nearest(GRIDS[grid].time(process, values)).tolist()


def coalesced(
    tree: BranchTree, nodes: Sequence[float], process: Process, grid: str
) -> tuple[BranchTree, tuple[float, ...]]:
    """Clusters of branch times as one, and the grid with its nearest nodes moved there.

    The two clusters with the nearest means are joined until all means are half an interval apart.
    A node that two clusters want goes to the nearer, and the other is inserted, as is one that is
    nearest to the first or last node; these stay.

    Args:
        tree: the tree; all classes share the grid.
        nodes: a grid made by `time_grid`.
        process, grid: those of the nodes.

    Returns:
        The tree with the times of the clusters, without branches that came to have no length, and
        the grid.
    """
    if not tree.points:
        return tree, tuple(nodes)
    moved, places = _clusters(tree, nodes, process, grid)
    points = [BranchPoint(p.classes, moved[p.time], p.support) for p in tree.points]
    collapsed = BranchTree(tree.classes, merge_simultaneous(points), tree.horizon, tree.process)
    times = list(nodes)
    for time, node in places:
        if node is None:
            times.append(time)
        else:
            times[node] = time
    # in discrete time a branch time may be the first or last node itself
    return collapsed, tuple(sorted(set(times), reverse=True))


def _clusters(
    tree: BranchTree, nodes: Sequence[float], process: Process, grid: str
) -> tuple[dict[float, float], list[tuple[float, int | None]]]:
    """The new time of every branch time, and the node that each new time takes, if any."""
    c = _coordinates(process, nodes[:-1], grid)
    step = abs(c[-1] - c[0]) / (len(c) - 1) if len(c) > 1 else math.inf
    times = sorted({point.time for point in tree.points}, reverse=True)
    clusters = [
        ([time], at) for time, at in zip(times, _coordinates(process, times, grid), strict=True)
    ]
    while len(clusters) > 1:
        gaps = [abs(b - a) for (_, a), (_, b) in pairwise(clusters)]
        first = int(np.argmin(gaps))
        if gaps[first] >= 0.5 * step:
            break
        (few, a), (more, b) = clusters[first : first + 2]
        mean = (len(few) * a + len(more) * b) / (len(few) + len(more))
        clusters[first : first + 2] = [(few + more, mean)]
    means = _times(process, [mean for _, mean in clusters], grid)
    # a branch time by itself stays what it is, to the last digit
    news = [old[0] if len(old) == 1 else t for (old, _), t in zip(clusters, means, strict=True)]
    moved = {time: new for (old, _), new in zip(clusters, news, strict=True) for time in old}
    places = dict(zip(news, _coordinates(process, news, grid), strict=True))
    taken: dict[int, float] = {}
    for time, at in places.items():
        node = int(np.argmin([abs(other - at) for other in c]))
        if node in (0, len(c) - 1):
            continue
        rival = taken.get(node)
        if rival is None or abs(at - c[node]) < abs(places[rival] - c[node]):
            taken[node] = time
    node_of = {time: node for node, time in taken.items()}
    return moved, [(time, node_of.get(time)) for time in places]
