"""Branch trees as dendrograms: noise time runs right, each class has a row.

A branch lies at the mean row of its classes, so a set of classes that several trees have lies at
the same height in all of them, whatever happens inside it: trees that agree overlap.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.cluster import hierarchy

from bdiff.figures.style import shorten
from bdiff.tree import BranchTree

SIZE = 8.5  # points, of a class's name
NAME = 12  # characters of one
TURN = 11  # points between the two columns in which names take turns


def common_order(trees: Sequence[BranchTree]) -> list[str]:
    """The classes so that those that part late, on the mean over trees, are neighbours."""
    names = trees[0].classes
    if len(names) == 1:
        return list(names)
    times = [[tree.branch_time(*pair) for pair in combinations(names, 2)] for tree in trees]
    joined = hierarchy.linkage(np.mean(times, axis=0), "average", optimal_ordering=True)
    return [names[code] for code in hierarchy.leaves_list(joined)]


def leaf_order(tree: BranchTree, order: Sequence[str]) -> list[str]:
    """The classes in an order in which those of any branch are neighbours, as near as may be to
    the given one."""

    def first_members(name: str) -> list[int]:
        """Along the way from the root, the first class of each branch."""
        way = [tree.branches[number].classes for number in tree.path(name)[::-1]]
        return [min(map(order.index, members)) for members in way]

    return sorted(order, key=first_members)


def dendrogram(axes: Axes, tree: BranchTree, order: Sequence[str], **look: Any) -> None:
    """Draw a tree as one line, with the classes in the given order from the top.

    Lines of one tree do not darken where they meet, however translucent; trees do.
    """
    rows = [
        float(np.mean([order.index(name) for name in branch.classes])) for branch in tree.branches
    ]
    points: list[tuple[float, float]] = []
    for row, branch in zip(rows, tree.branches, strict=True):
        above = row if branch.parent is None else rows[branch.parent]
        points += [(branch.start, row), (branch.end, row), (branch.end, above), (np.nan, np.nan)]
    style = {"solid_joinstyle": "miter", "solid_capstyle": "projecting"}
    axes.plot(*np.transpose(points), **style | look)


def class_rows(axes: Axes, order: Sequence[str], turns: int = 1) -> None:
    """Rows of classes from the top, with their names.

    Args:
        axes: where to.
        order: the classes.
        turns: columns that the names take turns in; 2 where rows are close, 0 for no names.
    """
    for turn in range(turns):
        rows = range(turn, len(order), turns)
        labels = [shorten(order[row], NAME) for row in rows]
        axes.set_yticks(list(rows), labels, minor=turn == 1, fontsize=SIZE)
    if not turns:
        axes.set_yticks([])
    axes.tick_params("y", length=0, pad=2)
    axes.tick_params("y", which="minor", length=0, pad=2 + TURN)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.grid(False, axis="y")


def time_axis(axes: Axes, horizon: float, ticks: int = 3, label: str = "") -> None:
    """The scale of the noise time, from data to noise."""
    axes.set(xlim=(0, horizon), xlabel=label, xticks=np.linspace(0, horizon, ticks))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(True, axis="x")
