"""From curves to trees: first crossings, single linkage, minima, ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import squareform

from bdiff.branch_points.linkage import crossing_times, first_met, link

TIMES = np.linspace(0, 1, 101)


def matrix(classes, **times):
    """Symmetric matrix of pair times; ab=0.3 sets the pair a, b."""
    crossing = np.zeros((len(classes), len(classes)))
    for pair, time in times.items():
        u, v = (classes.index(name) for name in pair)
        crossing[u, v] = crossing[v, u] = time
    return crossing


def points(tree):
    return {"".join(sorted(point.classes)): round(point.time, 9) for point in tree.points}


def test_the_first_crossing_is_found_to_the_step():
    """Similarity 1 - t within, 1 - t - gap between classes: the gap passes ε at a known t."""
    within = 1 - TIMES
    curves = np.tile(within[:, None, None], (1, 2, 2))
    curves[:, 0, 1] = curves[:, 1, 0] = within - np.maximum(0.4 - TIMES, 0)
    crossing = crossing_times(curves, TIMES, "ab", smoothing=0, epsilon=0.0999)
    assert crossing[0, 1] == crossing[1, 0] == pytest.approx(0.31)
    assert crossing[0, 0] == crossing[1, 1] == 0
    assert crossing_times(curves, TIMES, "ab", smoothing=0, epsilon=0.5)[0, 1] == 0


def test_smoothing_is_scipys_gaussian_filter_and_not_in_place():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, (101, 2, 2))
    curves = 1 - TIMES[:, None, None] + noise + noise.transpose(0, 2, 1)
    curves[:, [0, 1], [1, 0]] -= np.maximum(0.4 - TIMES, 0)[:, None]
    before = curves.copy()
    smoothed = gaussian_filter1d(curves, 3, axis=0)
    reached = smoothed[:, 0, 1] >= (smoothed[:, 0, 0] + smoothed[:, 1, 1]) / 2 - 0.01
    for _ in range(2):  # the second call sees the same curves
        crossing = crossing_times(curves, TIMES, "ab", smoothing=3, epsilon=0.01)
        assert crossing[0, 1] == TIMES[reached][0]
    np.testing.assert_array_equal(curves, before)


def test_classes_that_stay_apart_are_named():
    curves = np.ones((101, 3, 3))
    curves[:, [1, 2], [2, 1]] = 0.75
    with pytest.raises(ValueError, match=r"'b' and 'c' stay apart up to t = 1: .* 0\.25 below"):
        crossing_times(curves, TIMES, "abc")


def test_single_linkage_of_a_known_matrix():
    crossing = matrix("abcd", ab=0.2, ac=0.5, bc=0.3, ad=0.9, bd=0.7, cd=0.8)
    tree = link(crossing, "abcd", horizon=1, least=0.01)
    assert points(tree) == {"ab": 0.2, "abc": 0.3, "abcd": 0.7}
    assert tree.classes == tuple("abcd")


def test_complete_linkage_joins_sets_when_all_their_classes_may():
    crossing = matrix("abcd", ab=0.2, ac=0.5, bc=0.3, ad=0.9, bd=0.7, cd=0.8)
    tree = link(crossing, "abcd", horizon=1, least=0.01, linkage="complete")
    assert points(tree) == {"ab": 0.2, "abc": 0.5, "abcd": 0.9}
    # a and b are near, and so are b and c, but a and c are not: single linkage joins the chain
    chain = matrix("abc", ab=0.2, bc=0.25, ac=0.8)
    assert points(link(chain, "abc", horizon=1, least=0.01)) == {"ab": 0.2, "abc": 0.25}
    assert points(link(chain, "abc", horizon=1, least=0.01, linkage="complete")) == {
        "ab": 0.2,
        "abc": 0.8,
    }


def test_what_is_lacking_is_met_at_the_first_time_and_in_both_orders():
    lacking = np.ones((101, 2, 2))
    lacking[30:, 0, 1] = 0.0
    lacking[31:, 1, 0] = 0.05  # rounding may part the two by a step: the later one counts
    found = first_met(lacking, 0.05, TIMES, "ab", "")
    np.testing.assert_allclose(found, [[0, 0.31], [0.31, 0]])
    lacking[50:, 0, 1] = 1.0  # the first time counts, whatever comes later
    assert first_met(lacking, 0.05, TIMES, "ab", "")[0, 1] == pytest.approx(0.31)


def test_what_is_never_met_is_told_with_what_is_lacking_at_least():
    lacking = np.full((101, 2, 2), 0.5)
    lacking[70, 0, 1] = 0.125
    with pytest.raises(ValueError, match=r"'a' and 'b' stay apart up to t = 1: still 0\.125"):
        first_met(lacking, 0.05, TIMES, "ab", "still {least:.4g}")


def test_a_crossover_at_zero_is_lifted_to_one_step_and_separates():
    tree = link(matrix("abc", ab=0.0, ac=0.5, bc=0.4), "abc", horizon=1, least=0.01)
    assert points(tree) == {"ab": 0.01, "abc": 0.4}
    assert min(branch.end - branch.start for branch in tree.branches) > 0


def test_minimum_time_and_length_lift_in_one_pass():
    crossing = matrix("abcd", ab=0.0, ac=0.06, bc=0.1, ad=0.2, bd=0.12, cd=0.3)
    tree = link(crossing, "abcd", horizon=1, least=0.01, min_time=0.05, min_length=0.04)
    assert points(tree) == {"ab": 0.05, "abc": 0.09, "abcd": 0.13}


def test_a_leaf_is_a_leaf_also_where_times_are_zero():
    """Two merges at t = 0, of which the second joins a leaf to an inner set."""
    tree = link(np.zeros((3, 3)), "abc", horizon=1, least=0.01, min_length=0.2)
    assert sorted(points(tree).values()) == [0.01, 0.21]


def test_equal_times_make_one_branch_point_with_more_children():
    tree = link(
        matrix("abcd", ab=0.3, ac=0.3, bc=0.3, ad=0.6, bd=0.6, cd=0.6),
        "abcd",
        horizon=1,
        least=0.01,
    )
    assert points(tree) == {"abc": 0.3, "abcd": 0.6}
    flat = link(np.zeros((4, 4)), "abcd", horizon=1, least=0.01)
    assert points(flat) == {"abcd": 0.01}
    # Disjoint sets of one time stay two points.
    pairs = matrix("abcd", ab=0.3, cd=0.3, ac=0.5, ad=0.5, bc=0.5, bd=0.5)
    assert points(link(pairs, "abcd", horizon=1, least=0.01)) == {"ab": 0.3, "cd": 0.3, "abcd": 0.5}


def test_lifting_to_the_horizon_is_refused():
    crossing = matrix("abc", ab=0.4, ac=0.8, bc=0.8)
    with pytest.raises(ValueError, match=r"a/b/c would lie at t = 1, lifted from 0\.8"):
        link(crossing, "abc", horizon=1, least=0.01, min_length=0.6)
    with pytest.raises(ValueError, match=r"a/b would lie at t = 1, but .* more noise"):
        link(matrix("ab", ab=1.0), "ab", horizon=1, least=0.01)


def test_one_class_needs_no_branch_point():
    assert link(np.zeros((1, 1)), ("a",), horizon=1, least=0.01).points == ()


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(2, 12),
    steps=st.sampled_from([3, 10, 1000]),
    min_time=st.sampled_from([0.0, 0.05]),
    min_length=st.sampled_from([0.0, 0.01]),
    linkage=st.sampled_from(["single", "complete"]),
    seed=st.integers(0, 2**16),
)
def test_linkage_is_a_valid_tree_above_its_floors(
    count, steps, min_time, min_length, linkage, seed
):
    crossing = np.triu(np.random.default_rng(seed).integers(0, steps, (count, count)), 1)
    crossing = (crossing + crossing.T) / (2 * steps)  # in [0, 1/2), ties and zeros frequent
    classes = [f"class {number}" for number in range(count)]
    minima = {"min_time": min_time, "min_length": min_length}
    tree = link(crossing, classes, horizon=1, least=1e-3, linkage=linkage, **minima)
    inner = tree.branches[: len(tree.points)]
    assert all(point.time >= max(min_time, 1e-3) for point in tree.points)
    assert all(b.end - b.start >= min_length - 1e-12 for b in inner if b.parent is not None)
    assert all(branch.end > branch.start for branch in tree.branches)
    # A pair meets no earlier than its cophenetic distance, and exactly there if nothing was lifted.
    cophenet = squareform(hierarchy.cophenet(hierarchy.linkage(squareform(crossing), linkage)))
    met = np.array([[tree.branch_time(u, v) for v in classes] for u in classes])
    assert (met >= cophenet).all()
    if linkage == "complete":
        assert (met >= crossing).all()  # classes that share a process may all do so
    if min_time == min_length == 0:
        expected = np.maximum(cophenet, 1e-3)
        np.fill_diagonal(expected, 0)
        np.testing.assert_array_equal(met, expected)
