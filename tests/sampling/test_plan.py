"""Grids and legs: what is simulated for a request, and what it costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bdiff.process import VP
from bdiff.sampling.grids import time_grid
from bdiff.sampling.plan import chain, evaluations, separate, shared
from bdiff.tree import BranchPoint, BranchTree


def test_grid_runs_from_the_horizon_to_zero():
    assert time_grid(4, VP(), t_end=0.1) == pytest.approx((1.0, 0.7, 0.4, 0.1, 0.0))
    assert time_grid(2, VP()) == (1.0, 1e-3, 0.0)
    with pytest.raises(ValueError, match=r"steps must be a whole number of 2 or more, found 1"):
        time_grid(1, VP())
    with pytest.raises(ValueError, match=r"t_end must lie between 0 and the first time 1, found 2"):
        time_grid(4, VP(), t_end=2)


def test_every_leg_lies_in_one_branch_and_branch_times_are_nodes(tree):
    grid = time_grid(7, VP())
    for legs in (shared(tree, dict.fromkeys("049", 3), grid), separate(tree, {"9": 3}, grid)):
        for leg in legs:
            assert all(a > b for a, b in zip(leg.nodes, leg.nodes[1:], strict=False))
            middle = 0.5 * (leg.nodes[0] + leg.nodes[-1])
            branch = tree.branches[tree.branch_of([leg.classes[0]], [middle])[0]]
            assert (leg.nodes[0], leg.nodes[-1]) == (branch.end, branch.start)
            if leg.parent is not None:
                assert legs[leg.parent].nodes[-1] == leg.nodes[0]


def test_grid_nodes_at_branch_times_make_no_empty_steps():
    tree = BranchTree("ab", [BranchPoint(frozenset("ab"), 0.5)])
    legs = chain(tree, "a", 1, (1.0, 0.5, 0.25, 0.0))
    assert [leg.nodes for leg in legs] == [(1.0, 0.5), (0.5, 0.25, 0.0)]


@given(st.integers(2, 1200), st.floats(0.002, 0.999))
def test_no_step_is_next_to_nothing(steps, time):
    """However near a branch time lies to a grid node: steps advance, and t_end is there."""
    tree = BranchTree("ab", [BranchPoint("ab", time)])
    grid = time_grid(steps, VP())
    nodes = np.concatenate([leg.nodes for leg in chain(tree, "a", 1, grid)])
    lengths = -np.diff(nodes)
    lengths = lengths[lengths != 0]  # the branch time ends one leg and begins the next
    assert lengths.min() >= min(1e-3 * (grid[0] - grid[1]), time - 1e-3) * 0.999
    assert grid[-2] in nodes


def test_a_chain_can_begin_anywhere(tree):
    legs = chain(tree, "4", 2, (1.0, 0.8, 0.6, 0.4, 0.2, 0.0), begin=0.45)
    assert [leg.nodes for leg in legs] == [(0.45, 0.4, 0.35), (0.35, 0.2, 0.0)]
    assert [leg.parent for leg in legs] == [None, 0]
    legs = chain(tree, "4", 2, (1.0, 0.4, 0.2, 0.0), begin=0.35)
    assert [leg.nodes for leg in legs] == [(0.35, 0.2, 0.0)]


def test_cost_of_sharing(tree):
    """Ten steps in each of the intervals (0.5, 1], (0.35, 0.5], ...: counted by hand."""
    grid = (1.0, 0.75, 0.5, 0.35, 0.1, 0.0)
    request = {"0": 2, "4": 3, "9": 5}
    # legs: trunk 2 steps x 5, {4,9} 1 x 5, 0: 3 x 2, 4: 2 x 3, 9: 2 x 5
    assert evaluations(shared(tree, request, grid)) == 10 + 5 + 6 + 6 + 10
    assert evaluations(separate(tree, request, grid)) == 5 * (2 + 3 + 5)
    # with two calls a step all but the leaves' last step are doubled
    assert evaluations(shared(tree, request, grid), 2) == 2 * 37 - 10


def test_only_branches_of_requested_classes_are_simulated(tree):
    legs = shared(tree, {"4": 1}, (1.0, 0.0))
    assert [leg.classes for leg in legs] == [("4",)] * 3
    assert [leg.noise_class for leg in legs] == ["0", "4", "4"]
