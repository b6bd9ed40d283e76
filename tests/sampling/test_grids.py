"""Time grids, and branch times inserted into them or coalesced."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bdiff.process import DDPM, VP
from bdiff.sampling.grids import GRIDS, coalesced, time_grid
from bdiff.sampling.plan import chain, separate, shared
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import convert_tree
from tests.trees import tree_of, trees

T_END = 1e-3
CHAIN = DDPM()


def coordinates(times, grid):
    return GRIDS[grid].of(VP(), torch.tensor(times, dtype=torch.float64)).numpy()


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("steps", [2, 3, 10, 1000])
def test_grids_fall_from_the_horizon_to_zero_evenly_in_their_coordinate(grid, steps):
    nodes = time_grid(steps, VP(), T_END, grid)
    assert len(nodes) == steps + 1
    assert (nodes[0], *nodes[-2:]) == (1.0, T_END, 0.0)
    assert (np.diff(nodes) < 0).all()
    lengths = np.diff(coordinates(nodes[:-1], grid))
    np.testing.assert_allclose(lengths, lengths.mean(), rtol=1e-6)


def test_the_edm_grid_is_the_papers():
    process, n = VP(), 12
    ends = (process.sigma(t) / process.alpha(t) for t in (1.0, T_END))
    first, last = (float(rho) for rho in ends)
    rho = [
        (first ** (1 / 7) + i / n * (last ** (1 / 7) - first ** (1 / 7))) ** 7 for i in range(n + 1)
    ]
    nodes = torch.tensor(time_grid(n + 1, process, T_END, "edm")[:-1], dtype=torch.float64)
    found = process.sigma(nodes) / process.alpha(nodes)
    np.testing.assert_allclose(found.numpy(), rho, rtol=1e-9)


@given(trees(most=12), st.integers(2, 40), st.sampled_from(sorted(GRIDS)))
def test_coalesced_grids_of_any_tree(tree, steps, grid):
    """Nodes fall, no leg is without a step, all classes share the nodes; few nodes are added."""
    process = VP()
    nodes = time_grid(steps, process, T_END, grid)
    collapsed, moved = coalesced(tree, nodes, process, grid)
    assert (np.diff(moved) < 0).all()
    assert (moved[0], *moved[-2:]) == (1.0, T_END, 0.0)
    assert collapsed.classes == tree.classes
    assert {point.time for point in collapsed.points} <= set(moved)
    assert {b.classes for b in collapsed.branches} <= {b.classes for b in tree.branches}
    request = dict.fromkeys(tree.classes, 1)
    for legs in (separate(collapsed, request, moved), shared(collapsed, request, moved)):
        for leg in legs:
            assert len(leg.nodes) > 1
            assert (np.diff(leg.nodes) < 0).all()
            assert set(leg.nodes) <= set(moved)
    # branch times of one grid are half a step apart or more, and none moved by more than a step
    c = coordinates(nodes[:-1], grid)
    step = abs(c[1] - c[0])
    times = sorted({point.time for point in collapsed.points})
    assert (np.abs(np.diff(coordinates(times, grid))) > 0.4999 * step).all()
    for branch in tree.branches:
        if len(branch.classes) > 1:
            new = collapsed.branch_time(*branch.classes)
            a, b = coordinates([branch.start, new], grid)
            assert abs(a - b) <= step
    # Nodes that were added are shared even by classes that do not part there; but for them, paths
    # are no longer than with times inserted.
    added = len(moved) - len(nodes)
    assert added <= len(times)
    for name in tree.classes:
        few = sum(len(leg.nodes) - 1 for leg in chain(collapsed, name, 1, moved))
        many = sum(len(leg.nodes) - 1 for leg in chain(tree, name, 1, nodes))
        assert few <= many + added


def test_a_cluster_becomes_one_branch_point():
    tree = tree_of("abcd", abcd=0.53, abc=0.5, ab=0.1)
    grid = time_grid(11, VP(), 0.01)  # steps of 0.099
    collapsed, moved = coalesced(tree, grid, VP(), "uniform_t")
    assert [sorted(point.classes) for point in collapsed.points] == [list("abcd"), list("ab")]
    assert [point.time for point in collapsed.points] == pytest.approx([0.515, 0.1])
    assert len(moved) == len(grid)
    assert 0.1 in moved
    assert 0.109 not in np.round(moved, 6)
    assert collapsed.branch_time("a", "c") == collapsed.branch_time("a", "d")


def test_branch_times_beside_the_ends_are_inserted():
    tree = tree_of("abc", abc=0.99, ab=0.02)
    grid = time_grid(11, VP(), 0.01)
    _, moved = coalesced(tree, grid, VP(), "uniform_t")
    assert set(moved) == {*grid, 0.99, 0.02}


def test_nothing_moves_on_a_fine_grid_but_nodes():
    points = [BranchPoint("abc", 0.5), BranchPoint("ab", 0.31)]
    tree = BranchTree("abc", points)
    collapsed, moved = coalesced(tree, time_grid(200, VP()), VP(), "uniform_t")
    assert collapsed == tree
    assert len(moved) == 201


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("steps", [2, 3, 10, 300, 999, 1000])
def test_grids_of_a_chain_are_different_whole_numbers(grid, steps):
    nodes = time_grid(steps, CHAIN, grid=grid)
    assert len(nodes) == steps + 1
    assert (nodes[0], *nodes[-2:]) == (1000.0, 1.0, 0.0)
    assert all(node == int(node) for node in nodes)
    assert (np.diff(nodes) < 0).all()
    CHAIN.alpha(torch.tensor(nodes))  # has all these times


def test_a_chain_of_all_its_steps():
    for grid in GRIDS:
        assert time_grid(1000, CHAIN, grid=grid) == tuple(range(1000, -1, -1))
    message = r"1001 steps, the last of them from t = 1, are more than DDPM\(.*\) has; take at most"
    with pytest.raises(ValueError, match=message + " 1000"):
        time_grid(1001, CHAIN)
    with pytest.raises(ValueError, match="take at most 996"):
        time_grid(997, CHAIN, 5)
    with pytest.raises(ValueError, match=r"but t = 0.5 is asked for"):
        time_grid(10, CHAIN, 0.5)


@pytest.mark.parametrize("grid", GRIDS)
def test_nodes_of_a_chain_are_even_but_for_rounding(grid):
    """Above where even ones would lie within a step of each other; there, every step is one."""
    nodes = np.array(time_grid(60, CHAIN, grid=grid)[:-1])
    c = GRIDS[grid].of(CHAIN, torch.from_numpy(nodes)).numpy()
    even = np.linspace(c[0], c[-1], 60)
    free = nodes > nodes[np.diff(nodes, append=0) == -1].max() + 1
    off = GRIDS[grid].time(CHAIN, torch.from_numpy(even)).numpy() - nodes
    assert free.sum() > 10
    assert (np.abs(off[free]) <= 0.5 + 1e-9).all()


def test_the_first_time_of_the_process_is_the_default_end():
    assert time_grid(5, VP())[-2] == VP().first_time == T_END


@given(trees(most=12), st.integers(2, 200), st.sampled_from(sorted(GRIDS)))
def test_coalesced_grids_of_a_chain_stay_whole(tree, steps, grid):
    chain = DDPM(200, 1e-4, 0.1)
    points = [BranchPoint(point.classes, 0.6 * point.time) for point in tree.points]
    tree = convert_tree(BranchTree(tree.classes, points), VP(), chain)
    nodes = time_grid(steps, chain, grid=grid)
    collapsed, moved = coalesced(tree, nodes, chain, grid)
    assert all(node == int(node) for node in moved)
    assert (np.diff(moved) < 0).all()
    assert (moved[0], *moved[-2:]) == (200.0, 1.0, 0.0)
    assert {point.time for point in collapsed.points} <= set(moved)
    assert len(moved) <= len(nodes) + len(tree.points)
    request = dict.fromkeys(tree.classes, 1)
    for leg in shared(collapsed, request, moved):
        assert (np.diff(leg.nodes) < 0).all()
        assert set(leg.nodes) <= set(moved)
    if steps == 200:
        assert (collapsed, moved) == (tree, nodes)


def test_clusters_of_a_chain_are_rounded():
    chain = DDPM(20)
    nodes = time_grid(5, chain)
    assert nodes == (20, 15, 10, 6, 1, 0)
    tree = tree_of("abcd", 20.0, ab=5, abc=6, abcd=13)
    collapsed, moved = coalesced(tree, nodes, chain, "uniform_t")
    assert moved == (20, 13, 10, 6, 1, 0)
    assert collapsed == tree_of("abcd", 20.0, abc=6, abcd=13)


def test_a_branch_time_at_the_last_call_needs_no_node():
    nodes = time_grid(5, DDPM(20))
    tree = tree_of("abc", 20.0, ab=1, abc=10)
    assert coalesced(tree, nodes, DDPM(20), "uniform_t") == (tree, nodes)
