"""Trees for tests: by name, and random ones."""

import numpy as np
from hypothesis import strategies as st

from bdiff.tree import BranchPoint, BranchTree


def tree_of(classes, horizon=1.0, **times):
    """Branch points by name: tree_of("abc", ab=0.3, abc=0.5)."""
    points = [BranchPoint(frozenset(names), time) for names, time in times.items()]
    return BranchTree(classes, points, horizon)


@st.composite
def trees(draw, most=40, least=1):
    """Trees of `least` to `most` classes, binary or not, with equal times in unrelated places."""
    count = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    clusters = [({name}, 0.0) for name in (f"class {number}" for number in range(count))]
    points = []
    while len(clusters) > 1:
        joined = rng.choice(
            len(clusters), min(len(clusters), int(rng.integers(2, 5))), replace=False
        )
        children = [clusters[index] for index in joined]
        above = max(time for _, time in children)
        # Steps of 1 / 8 of what is left make equal times in different parts of the tree likely.
        time = above + (1 - above) * int(rng.integers(1, 4)) / 8
        names = set().union(*(names for names, _ in children))
        points.append(BranchPoint(frozenset(names), time))
        clusters = [c for i, c in enumerate(clusters) if i not in joined] + [(names, time)]
    rng.shuffle(points)
    return BranchTree([f"class {number}" for number in range(count)], points)
