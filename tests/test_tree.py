"""The branch tree: a partition of classes x time, whatever is done to it."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bdiff.tree import BranchPoint, BranchTree
from tests.trees import tree_of, trees


def probes(tree):
    """Times that matter: the bounds of all branches, their neighbours in float64, and others."""
    bounds = np.array(sorted({0.0, tree.horizon, *(point.time for point in tree.points)}))
    near = np.concatenate([np.nextafter(bounds, -1), bounds, np.nextafter(bounds, 2)])
    times = np.concatenate([near, np.linspace(0, tree.horizon, 17)])
    return times[(times >= 0) & (times <= tree.horizon)]


def in_charge(tree, name, time):
    """All branches that hold (name, time), by the definition of the half-open interval."""
    return [
        number
        for number, branch in enumerate(tree.branches)
        if name in branch.classes
        and (branch.start < time <= branch.end or (time == 0 and branch.start == 0))
    ]


def check_is_a_partition(tree):
    times = probes(tree)
    for name in tree.classes:
        holding = [in_charge(tree, name, time) for time in times]
        assert all(len(numbers) == 1 for numbers in holding)
        found = tree.branch_of([name] * len(times), times)
        np.testing.assert_array_equal(found, [number for (number,) in holding])


@given(trees())
@pytest.mark.fault("F21")
def test_every_class_and_time_lies_in_one_branch_and_the_table_finds_it(tree):
    check_is_a_partition(tree)
    area = sum((b.end - b.start) * len(b.classes) for b in tree.branches)
    assert area == pytest.approx(len(tree.classes) * tree.horizon)


@given(trees())
@pytest.mark.fault("F21")
def test_branches_meet_their_parents(tree):
    children = [[] for _ in tree.branches]
    for number, branch in enumerate(tree.branches):
        assert branch.end > branch.start
        if branch.parent is None:
            assert branch.end == tree.horizon
            assert set(branch.classes) == set(tree.classes)
        else:
            assert branch.end == tree.branches[branch.parent].start
            assert branch.parent < number
            children[branch.parent].append(number)
    for number, below in enumerate(children):
        if below:
            assert len(below) >= 2
            names = [name for child in below for name in tree.branches[child].classes]
            assert sorted(names) == sorted(tree.branches[number].classes)
    for name in tree.classes:
        path = tree.path(name)
        assert tree.branches[path[0]].classes == (name,)
        assert tree.branches[path[-1]].parent is None


@given(trees())
def test_a_lineage_runs_from_the_branch_to_the_root(tree):
    assert len(tree.lineage) == len(tree.branches)
    for number, line in enumerate(tree.lineage):
        assert line[0] == number
        parents = [tree.branches[step].parent for step in line]
        assert parents == [*line[1:], None]
        sizes = [len(tree.branches[step].classes) for step in line]
        assert all(low < high for low, high in itertools.pairwise(sizes))
    for code, name in enumerate(tree.classes):
        assert tree.lineage[len(tree.points) + code] == tree.path(name)


def test_at_a_branch_point_the_child_is_in_charge():
    tree = tree_of("abc", ab=0.3, abc=0.5)
    names = [branch.classes for branch in tree.branches]
    times = [0.0, 0.3, np.nextafter(0.3, 1), 0.5, np.nextafter(0.5, 1), 1.0]
    found = [names[number] for number in tree.branch_of(["a"] * 6, np.array(times))]
    assert found == [("a",), ("a",), ("a", "b"), ("a", "b"), ("a", "b", "c"), ("a", "b", "c")]


def test_branches_are_listed_from_the_root_down_then_leaves_in_class_order():
    tree = tree_of("cab", ab=0.3, abc=0.5)
    assert [branch.classes for branch in tree.branches] == [
        ("c", "a", "b"),
        ("a", "b"),
        ("c",),
        ("a",),
        ("b",),
    ]
    assert tree.total_length == pytest.approx(0.5 + 0.2 + 0.5 + 0.3 + 0.3)
    assert tree.shared_cost == pytest.approx(tree.total_length / 3)


def test_times_outside_the_horizon_are_refused():
    tree = tree_of("ab", ab=0.5)
    for time in (-1e-9, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"times must lie in \[0, 1\]"):
            tree.branch_of(["a"], np.array([time]))


@given(trees(), st.data())
def test_first_common_branch_is_the_first_that_paths_share(tree, data):
    names = data.draw(st.lists(st.sampled_from(tree.classes), min_size=1, max_size=4))
    shared = [b for b in tree.path(names[0]) if all(b in tree.path(name) for name in names)]
    assert tree.first_common_branch(*names) == tree.branches[shared[0]]
    assert tree.branch_time(*names) == tree.branches[shared[0]].start


def test_first_common_branch_needs_known_names():
    tree = tree_of("ab", ab=0.5)
    with pytest.raises(ValueError, match="unknown class 'z'; the classes are a, b"):
        tree.first_common_branch("a", "z")
    with pytest.raises(ValueError, match="at least one class"):
        tree.first_common_branch()


@given(trees(), st.data())
@pytest.mark.fault("F21")
def test_restricting_keeps_the_branch_times_of_the_classes_that_stay(tree, data):
    count = data.draw(st.integers(1, len(tree.classes)))
    names = data.draw(st.permutations(tree.classes))[:count]
    part = tree.restrict(names)
    assert part.classes == tuple(name for name in tree.classes if name in set(names))
    for a in names:
        for b in names[:6]:
            assert part.branch_time(a, b) == tree.branch_time(a, b)
    check_is_a_partition(part)
    assert tree.restrict(tree.classes) == tree


@given(trees(most=15), st.data())
@pytest.mark.fault("F21")
def test_extending_leaves_old_intervals_unchanged(tree, data):
    beside = data.draw(st.sampled_from(tree.classes))
    bounds = [point.time for point in tree.points]
    inside = st.floats(1e-6, 1 - 1e-6)
    time = data.draw(st.one_of(inside, st.sampled_from(bounds)) if bounds else inside)
    larger = tree.extend("new", beside, time)
    check_is_a_partition(larger)
    assert larger.branch_time("new", beside) == time
    assert larger.restrict(tree.classes) == tree
    old = {(b.start, b.end, b.classes) for b in tree.branches if b.end <= time}
    assert old <= {(b.start, b.end, b.classes) for b in larger.branches}
    if time in bounds:  # the new class joins a branch point on its way, or makes its own
        on_path = [tree.branches[number].start for number in tree.path(beside)]
        assert len(larger.points) == len(tree.points) + (time not in on_path)


def test_the_papers_extension_of_0_4_9_by_7():
    tree = tree_of("049", **{"049": 0.5, "49": 0.35})
    larger = tree.extend("7", beside="9", time=0.38)
    assert larger == tree_of("0497", **{"0497": 0.5, "497": 0.38, "49": 0.35})
    with pytest.raises(ValueError, match="class '4' is in the tree already"):
        tree.extend("4", beside="9", time=0.38)
    for time in (0.0, 1.0):
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            tree.extend("7", beside="9", time=time)


def test_a_single_class_extends_to_a_pair():
    assert BranchTree("a").extend("b", "a", 0.4) == tree_of("ab", ab=0.4)


@given(trees(), st.sampled_from([0.0, 0.05, 0.2, 2.0]))
def test_collapsing_leaves_no_short_internal_branch(tree, min_length):
    smaller = tree.collapse(min_length)
    check_is_a_partition(smaller)
    assert set(smaller.points) <= set(tree.points)
    inner = [b for b in smaller.branches[: len(smaller.points)] if b.parent is not None]
    assert all(branch.end - branch.start >= min_length for branch in inner)
    if min_length == 0:
        assert smaller == tree
    if min_length == 2.0:
        assert len(smaller.points) == min(1, len(tree.points))


def test_a_chain_of_short_branches_does_not_collapse_as_a_whole():
    names = "abcdef"
    points = {names[: 6 - k]: 0.5 - 0.01 * k for k in range(5)}
    tree = tree_of(names, **points).collapse(0.015)
    assert [len(point.classes) for point in tree.points] == [6, 4, 2]


def test_support_belongs_to_a_set_of_classes():
    points = [BranchPoint(frozenset("abc"), 0.5, 1.0), BranchPoint(frozenset("ab"), 0.3, 0.8)]
    tree = BranchTree("abc", points)
    assert [point.support for point in tree.restrict("ab").points] == [0.8]
    assert [point.support for point in tree.restrict("ac").points] == [None]
    assert [point.support for point in tree.extend("d", "c", 0.4).points] == [None, None, 0.8]


@pytest.mark.parametrize(
    ("classes", "times", "message"),
    [
        ("abc", {"ab": 0.3}, "no root: one branch point must hold all classes"),
        ("abc", {}, "no root"),
        ("aab", {"ab": 0.3}, "class names must differ"),
        ([], {}, "classes must be non-empty names"),
        (["a", ""], {}, "classes must be non-empty names"),
        ("ab", {"ab": 0.0}, "a/b at t = 0: the time must lie strictly between 0 and 1"),
        ("ab", {"ab": 1.0}, "strictly between"),
        ("ab", {"ab": float("nan")}, "strictly between"),
        ("ab", {"ab": 0.5, "a": 0.3}, "a branch point needs two or more classes"),
        ("abc", {"abc": 0.5, "ab": 0.5}, "a/b at t = 0.5 lies below branch point a/b/c"),
        ("abc", {"abc": 0.5, "ab": 0.6}, "not nested"),
        ("abc", {"abc": 0.5, "ab": 0.3, "bc": 0.2}, "share ['b'] but are not nested"),
    ],
)
@pytest.mark.fault("F17")
def test_points_that_are_no_tree_are_named(classes, times, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        tree_of(classes, **times)


def test_a_point_given_twice_is_refused():
    points = [BranchPoint(frozenset("ab"), 0.5), BranchPoint(frozenset("ab"), 0.3)]
    with pytest.raises(ValueError, match="not nested"):
        BranchTree("ab", points)


def test_unknown_classes_are_named():
    with pytest.raises(ValueError, match="unknown class 'c'"):
        tree_of("ab", abc=0.5)
    tree = tree_of("ab", ab=0.5)
    for call in (
        lambda: tree.branch_of(["z"], np.array([0.1])),
        lambda: tree.restrict(["a", "z"]),
        lambda: tree.extend("c", "z", 0.1),
        lambda: tree.branch_time("z"),
    ):
        with pytest.raises(ValueError, match="unknown class 'z'"):
            call()
