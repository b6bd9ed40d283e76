r"""How far branch trees lie from each other, and whether estimates agree more than chance would.

The branch score distance (Kuhner and Felsenstein 1994, Mol. Biol. Evol. 11: 459-468) of trees A, B
over the same classes, here for rooted trees, sums over all clades S, the sets of classes of a
branch,

    d(A, B)² = Σ_S (a_S - b_S)²,

where a_S is the length of A's branch of S, 0 if it has none. Leaves count, and so does the root
branch: the trunk that all classes share, from the root to the horizon, is simulated like any other.
That is the unrooted distance of the trees with pure noise as an outgroup. A tree is a vector of
lengths, so d is a metric; branch points with more than two children need no resolution.

Whether trees estimated from different objects agree is judged against random trees, as in the
paper: the distances among all pairs of either, by Welch's one-sided t-test. It takes pairs for
independent, and those that share a tree are not, so its p value is too small; the distances
themselves say more.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import ttest_ind

from bdiff.randomness import generator
from bdiff.tree import BranchPoint, BranchTree

KINDS = ("estimated", "random")
LEAST = 10  # random trees, the paper's number: three of them may lie near to each other by chance


class Agreement(NamedTuple):
    """Distances among trees, and whether the estimated ones are nearer to each other.

    Args:
        rows: tidy rows with the keys kind ("estimated" or "random"), first and second (numbers of
            the two trees among those of their kind), and distance.
        statistic: Welch's t, below 0 if the estimated trees are nearer to each other.
        p_value: of the one-sided test.
    """

    rows: list[dict[str, Any]]
    statistic: float
    p_value: float

    def distances(self, kind: str) -> np.ndarray:
        """Those among the trees of one kind, one-dimensional."""
        return np.array([row["distance"] for row in self.rows if row["kind"] == kind])


def branch_score(one: BranchTree, other: BranchTree) -> float:
    """The branch score distance of two trees, in units of time (Kuhner and Felsenstein 1994).

    Raises:
        ValueError: if the trees differ in their classes or horizons.
    """
    if different := set(one.classes) ^ set(other.classes):
        raise ValueError(
            f"only one of the trees has the classes {sorted(different)}; restrict both to the "
            "classes they share"
        )
    if one.horizon != other.horizon:
        raise ValueError(
            f"the trees have the horizons {one.horizon:g} and {other.horizon:g}; load both in the "
            "time of one process"
        )
    a, b = _lengths(one), _lengths(other)
    clades = sorted(a.keys() | b.keys(), key=sorted)  # a fixed order fixes the rounding of the sum
    return float(np.linalg.norm([a.get(clade, 0.0) - b.get(clade, 0.0) for clade in clades]))


def _lengths(tree: BranchTree) -> dict[frozenset[str], float]:
    """The length of every branch, by its classes."""
    return {frozenset(branch.classes): branch.end - branch.start for branch in tree.branches}


def random_tree(
    classes: Sequence[str], rng: np.random.Generator, horizon: float = 1.0
) -> BranchTree:
    """A binary tree by chance: classes in random order, cut at a random place, again and again.

    The time of a cut is uniform between 0 and that of the cut above it (the horizon for the root);
    so were the paper's random trees made.

    Args:
        classes: names, one or more.
        rng: what all choices are drawn from.
        horizon: T, the largest time.
    """
    points = []

    def split(names: list[str], above: float) -> None:
        if len(names) == 1:
            return
        time, cut = rng.uniform(0, above), rng.integers(1, len(names))
        points.append(BranchPoint(frozenset(names), time))
        split(names[:cut], time)
        split(names[cut:], time)

    split(rng.permutation(list(classes)).tolist(), horizon)
    return BranchTree(classes, points, horizon)


def agreement(trees: Sequence[BranchTree], seed: int = 0) -> Agreement:
    """Are the trees nearer to each other than random trees over the same classes are?

    There are as many random trees, but no fewer than ten.

    Args:
        trees: three or more, over the same classes, with the same horizon.
        seed: of the random trees.

    Raises:
        ValueError: if there are fewer than three trees, or if their classes or horizons differ.
    """
    if len(trees) < 3:
        raise ValueError(
            f"found {len(trees)} tree(s), expected three or more: the t-test needs the spread of "
            "the distances, so two pairs at least"
        )
    names, horizon = trees[0].classes, trees[0].horizon
    chance = [
        random_tree(names, generator(seed, "random tree", number), horizon)
        for number in range(max(len(trees), LEAST))
    ]
    rows = [
        {"kind": kind, "first": first, "second": second, "distance": branch_score(one, other)}
        for kind, group in zip(KINDS, (trees, chance), strict=True)
        for (first, one), (second, other) in combinations(enumerate(group), 2)
    ]
    found = Agreement(rows, np.nan, np.nan)
    test = ttest_ind(*map(found.distances, KINDS), equal_var=False, alternative="less")
    return found._replace(statistic=float(test.statistic), p_value=float(test.pvalue))
