"""The branch score distance is a metric on trees, and tells agreement from chance."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from bdiff.tree import BranchTree
from bdiff.tree_distance import agreement, branch_score, random_tree
from tests.trees import tree_of, trees


@st.composite
def trees_of_same_classes(draw, count):
    """`count` trees of the same classes, binary or not."""
    found = [draw(trees(12)) for _ in range(count)]
    fewest = min((tree.classes for tree in found), key=len)
    return [tree.restrict(fewest) for tree in found]


def test_trees_of_the_same_clades_differ_by_their_lengths():
    one, other = tree_of("abc", ab=0.25, abc=0.5), tree_of("abc", ab=0.35, abc=0.7)
    # a and b: 0.1 each; c: 0.2; ab: 0.25 against 0.35; abc, the trunk: 0.5 against 0.3
    squares = 0.1**2 + 0.1**2 + 0.2**2 + 0.1**2 + 0.2**2
    assert branch_score(one, other) == pytest.approx(squares**0.5)


def test_a_clade_of_one_tree_only_counts_with_its_whole_length():
    one, other = tree_of("abc", ab=0.25, abc=0.5), tree_of("abc", bc=0.25, abc=0.5)
    # a: 0.25 against 0.5, and c the other way round; ab 0.25 and bc 0.25 stand alone
    assert branch_score(one, other) == pytest.approx((4 * 0.25**2) ** 0.5)


def test_branch_points_with_many_children_have_no_inner_branches():
    star, cherry = tree_of("abcd", abcd=0.5), tree_of("abcd", cd=0.2, abcd=0.5)
    # c and d: 0.5 against 0.2; cd: nothing against 0.3
    assert branch_score(star, cherry) == pytest.approx((3 * 0.3**2) ** 0.5)


@given(trees_of_same_classes(3))
def test_it_is_a_metric(three):
    one, two, three = three
    assert branch_score(one, one) == 0
    assert branch_score(one, two) == branch_score(two, one)
    assert branch_score(one, three) <= branch_score(one, two) + branch_score(two, three) + 1e-12
    different = one.points != two.points
    assert (branch_score(one, two) > 0) == different


@given(trees_of_same_classes(2), st.randoms())
def test_the_order_of_the_classes_does_not_matter(two, random):
    one, other = two
    shuffled = random.sample(other.classes, len(other.classes))
    again = BranchTree(shuffled, other.points, other.horizon)
    assert branch_score(one, again) == branch_score(one, other)


@given(trees_of_same_classes(2), st.floats(0.1, 100))
def test_it_is_measured_in_time(two, factor):
    def stretched(tree):
        points = [type(p)(p.classes, p.time * factor) for p in tree.points]
        return BranchTree(tree.classes, points, tree.horizon * factor)

    expected = factor * branch_score(*two)
    assert branch_score(*map(stretched, two)) == pytest.approx(expected)


def test_trees_that_cannot_be_compared_are_refused():
    tree = tree_of("abc", ab=0.25, abc=0.5)
    with pytest.raises(ValueError, match=r"\['c', 'd'\]; restrict both"):
        branch_score(tree, tree_of("abd", ab=0.25, abd=0.5))
    with pytest.raises(ValueError, match="horizons 1 and 2; load both"):
        branch_score(tree, tree_of("abc", horizon=2, ab=0.25, abc=0.5))


@given(st.integers(1, 30), st.integers(0, 2**32), st.floats(0.1, 100))
def test_random_trees_are_binary_and_follow_their_generator(count, seed, horizon):
    names = [f"class {number}" for number in range(count)]
    tree = random_tree(names, np.random.default_rng(seed), horizon)
    assert tree.classes == tuple(names)
    assert tree.horizon == horizon
    assert len(tree.points) == count - 1
    assert tree == random_tree(names, np.random.default_rng(seed), horizon)


def test_random_trees_have_uniform_times_and_all_splits():
    rng = np.random.default_rng(0)
    made = [random_tree("abcd", rng, 2.0) for _ in range(2000)]
    roots = [tree.points[0].time for tree in made]
    assert np.mean(roots) == pytest.approx(1, abs=0.05)
    assert np.std(roots) == pytest.approx(2 / 12**0.5, abs=0.03)
    ratios = [tree.points[1].time / tree.points[0].time for tree in made if splits(tree) == {1, 3}]
    assert np.mean(ratios) == pytest.approx(0.5, abs=0.03)
    # a cut after one, two or three of four classes in a row
    assert np.mean([splits(tree) == {2} for tree in made]) == pytest.approx(1 / 3, abs=0.04)


def splits(tree):
    """Sizes of the two parts below the root."""
    return {len(branch.classes) for branch in tree.branches if branch.parent == 0}


def near(rng, tree):
    """The tree, its times a little off."""
    points = [type(p)(p.classes, p.time + rng.uniform(-0.01, 0.01)) for p in tree.points]
    return BranchTree(tree.classes, points)


def test_trees_that_agree_are_told_from_chance():
    rng = np.random.default_rng(0)
    tree = tree_of("abcdef", ab=0.2, cd=0.25, abcd=0.4, abcdef=0.5)
    found = agreement([near(rng, tree) for _ in range(5)], seed=1)
    pairs = [(row["kind"], row["first"], row["second"]) for row in found.rows]
    assert pairs[:10] == [("estimated", *two) for two in itertools.combinations(range(5), 2)]
    assert pairs[10:] == [("random", *two) for two in itertools.combinations(range(10), 2)]
    assert found.distances("estimated").max() < 0.06 < found.distances("random").min()
    assert found.statistic < 0
    assert found.p_value < 1e-4


def test_the_test_is_welchs():
    rng = np.random.default_rng(0)
    found = agreement([random_tree("abcdef", rng) for _ in range(4)], seed=1)
    a, b = found.distances("estimated"), found.distances("random")
    u, v = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    statistic = (a.mean() - b.mean()) / np.sqrt(u + v)
    freedom = (u + v) ** 2 / (u**2 / (len(a) - 1) + v**2 / (len(b) - 1))
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(student.cdf(statistic, freedom))


def test_random_trees_depend_on_the_seed_alone():
    rng = np.random.default_rng(0)
    some, others = ([random_tree("abcd", rng) for _ in range(3)] for _ in range(2))
    first, second = agreement(some, seed=3), agreement(others, seed=3)
    np.testing.assert_array_equal(first.distances("random"), second.distances("random"))
    assert (first.distances("random") != agreement(some, seed=4).distances("random")).any()


def test_two_trees_are_too_few():
    tree = tree_of("ab", ab=0.5)
    with pytest.raises(ValueError, match="found 2 tree"):
        agreement([tree, tree])
