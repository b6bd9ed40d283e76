"""From similarity curves to a branch tree.

Two classes u and v need not be told apart from the time on at which noised objects of the two are
as similar as objects of one,

    t_uv = first t with S_uv(t) >= (S_uu(t) + S_vv(t)) / 2 - ε,

taken from curves S that a Gaussian filter has smoothed (Tseng et al. 2024, arXiv 2212.10777).
Single linkage of the t_uv gives nested sets of classes with a height each. One pass from the leaves
up then lifts heights to times that leave every branch its minimum:

    time(set) = max(height, for each child: min_time if a leaf, else time(child) + min_length).

A set that ends up at the time of a set within it takes its place: the branch point has more than
two children.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.cluster import hierarchy
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import squareform

from bdiff.tree import BranchPoint, BranchTree


def crossing_times(
    curves: np.ndarray,
    times: np.ndarray,
    classes: Sequence[str],
    *,
    smoothing: float = 3.0,
    epsilon: float = 0.005,
) -> np.ndarray:
    """The time t_uv from which on each pair of classes can share a reverse process.

    Args:
        curves: (T, C, C) mean similarities.
        times: (T,) ascending.
        classes: C names, for the error message.
        smoothing: standard deviation of the Gaussian filter, in steps of `times`, >= 0.
        epsilon: ε, the difference of cosines that counts as none, >= 0.

    Returns:
        (C, C) float64, symmetric, 0 on the diagonal.

    Raises:
        ValueError: if the similarity of two classes never reaches that within them.
    """
    if smoothing > 0:
        curves = gaussian_filter1d(curves, smoothing, axis=0)
    within = np.diagonal(curves, axis1=1, axis2=2)
    lacking = (within[:, :, None] + within[:, None, :]) / 2 - curves
    return first_met(
        lacking,
        epsilon,
        times,
        classes,
        "their mean similarity is at best {least:.4g} below that within them, more than epsilon = "
        f"{epsilon:g}; use a process with more noise or a larger epsilon",
    )


def first_met(
    lacking: np.ndarray, enough: float, times: np.ndarray, classes: Sequence[str], why: str
) -> np.ndarray:
    """The first time at which little is lacking for two classes to share a process.

    Args:
        lacking: (T, C, C).
        enough: they may share it where no more than this is lacking.
        times: (T,) ascending.
        classes: C names, for the error message.
        why: the message's second half; {least} stands for the least that is lacking.

    Returns:
        (C, C) float64, symmetric, 0 on the diagonal.

    Raises:
        ValueError: if two classes stay apart up to the last time.
    """
    met = lacking <= enough
    apart = np.argwhere(np.triu(~met.any(axis=0), 1))
    if len(apart):
        u, v = apart[0]
        raise ValueError(
            f"classes {classes[u]!r} and {classes[v]!r} stay apart up to t = {times[-1]:g}: "
            + why.format(least=lacking[:, u, v].min())
        )
    crossing: np.ndarray = times[met.argmax(axis=0)]
    crossing[np.diag_indices(len(classes))] = 0
    # Float rounding may part u, v from v, u by one step.
    symmetric: np.ndarray = np.maximum(crossing, crossing.T)
    return symmetric


def join(tree: BranchTree, name: str, crossing: Mapping[str, float], least: float) -> BranchTree:
    """The tree with one more class, where complete linkage would have it; the rest stays.

    Walk down from the root towards the class that it can share a process with longest: the new
    class leaves in the first branch that it cannot share with all its classes down to its start.

    Args:
        tree: of the classes there are.
        name: the new class.
        crossing: time from which on it can share a process with each of them.
        least: length that every branch keeps, > 0.

    Raises:
        ValueError: if the new class stays apart from some class up to the horizon.
    """
    beside = min(tree.classes, key=lambda other: (crossing[other], tree.index(other)))
    apart = max(tree.classes, key=crossing.__getitem__)
    if crossing[apart] >= tree.horizon - least:
        raise ValueError(
            f"the new class {name!r} can share a process with {apart!r} only from t = "
            f"{crossing[apart]:g} on, but must before the horizon {tree.horizon:g}; use a process "
            "with more noise"
        )
    for number in reversed(tree.path(beside)):
        branch = tree.branches[number]
        time = max(crossing[other] for other in branch.classes)
        if time > branch.start or len(branch.classes) == 1:
            break
    time = max(time, branch.start + least)
    if time > branch.end - least and branch.parent is not None:
        time = branch.end  # where it becomes one more child of the branch point
    return tree.extend(name, beside, time)


def link(
    crossing: np.ndarray,
    classes: Sequence[str],
    *,
    horizon: float,
    least: float,
    min_time: float = 0.0,
    min_length: float = 0.0,
    linkage: str = "single",
) -> BranchTree:
    """The tree of hierarchical linkage, with the minimum branch time and length.

    Args:
        crossing: (C, C) symmetric times t_uv.
        classes: C names.
        horizon: T, the largest time of the process.
        least: one time step, > 0; a branch point below it is lifted to it, so no branch is empty.
        min_time: least time of a branch point, in [0, horizon).
        min_length: least length of the branches between two branch points, in [0, horizon).
        linkage: "single", where two sets join as soon as some class of each may (the paper's), or
            "complete", as soon as all may.

    Raises:
        ValueError: if a branch point would lie at the horizon or beyond it.
    """
    if len(classes) == 1:
        return BranchTree(classes, horizon=horizon)
    leaf = max(min_time, least)
    clusters: list[tuple[frozenset[str], float]] = [(frozenset([name]), 0.0) for name in classes]
    times: dict[frozenset[str], float] = {}
    for left, right, height, _ in hierarchy.linkage(squareform(crossing), linkage):
        children = clusters[int(left)], clusters[int(right)]
        floors = [time + min_length if time > 0 else leaf for _, time in children]
        time = float(max(height, *floors))
        for names, below in children:
            if below == time:
                del times[names]
        joined = children[0][0] | children[1][0]
        times[joined] = time
        clusters.append((joined, time))
        if time >= horizon:
            lifted = f", lifted from {height:g} by the minima" if time > height else ""
            raise ValueError(
                f"the branch point of {'/'.join(sorted(joined))} would lie at t = {time:g}"
                f"{lifted}, but must lie before the horizon {horizon:g}; lower min_time = "
                f"{min_time:g} or min_length = {min_length:g}, or use a process with more noise"
            )
    points = [BranchPoint(names, time) for names, time in times.items()]
    return BranchTree(classes, points, horizon)
