"""Metrics against closed forms and independent computations."""

import numpy as np
import pytest
from prdc import compute_prdc
from scipy.linalg import sqrtm

from bdiff.analysis.metrics import (
    density_coverage,
    frechet_distance,
    near_copies,
    nearest_distance,
    precision_recall,
)


def test_frechet_of_diagonal_gaussians_is_the_closed_form():
    """|m_a - m_b|² + Σ (s_a - s_b)²; samples are whitened to have exactly these moments."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((500, 3))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z, rowvar=False))).T
    s_a, s_b, shift = (
        np.array([1.0, 2.0, 0.5]),
        np.array([2.0, 1.0, 0.5]),
        np.array([1.0, 0.0, -2.0]),
    )
    expected = (shift**2).sum() + ((s_a - s_b) ** 2).sum()
    assert frechet_distance(z * s_a, z * s_b + shift) == pytest.approx(expected)


def test_frechet_agrees_with_a_matrix_square_root():
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal((80, 4)) @ rng.standard_normal((4, 4)) for _ in range(2))
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * sqrtm(ca @ cb).real)
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_frechet_is_fine_with_constant_pixels_and_few_objects():
    x = np.zeros((10, 2, 6, 6))
    x[:, :, 2:4, 2:4] = np.random.default_rng(2).standard_normal((10, 2, 2, 2))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(x, x + 1) == pytest.approx(72)


def test_frechet_does_not_see_a_rotation_and_counts_a_shift_alone():
    """d(Qa + c, Qb + c) = d(a, b) for orthogonal Q, d(sa, sb) = s² d(a, b), d(a, a + c) = |c|²."""
    rng = np.random.default_rng(3)
    a, b, c = rng.standard_normal((60, 5)), rng.gamma(2, size=(50, 5)), rng.standard_normal(5)
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    expected = frechet_distance(a, b)
    assert frechet_distance(a @ turn + c, b @ turn + c) == pytest.approx(expected)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * expected)
    assert frechet_distance(a, a + c) == pytest.approx((c**2).sum())


def test_frechet_needs_two_objects():
    with pytest.raises(ValueError, match="two objects or more, found 1 and 5"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))


def test_nearest_distance():
    reference = np.array([[0.0, 0.0], [3.0, 4.0]])
    x = np.array([[0.0, 1.0], [3.0, 4.0], [6.0, 8.0]])
    assert nearest_distance(x, reference).tolist() == pytest.approx([1, 0, 5])


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("shift", "spread"), [(0, 1), (1, 1), (0, 0.3), (0, 2), (20, 1)])
def test_manifolds_agree_with_prdc(k, shift, spread):
    rng = np.random.default_rng(k)
    real = rng.standard_normal((70, 4))
    made = shift + spread * rng.standard_normal((90, 4))
    expected = compute_prdc(real, made, nearest_k=k)
    found = *precision_recall(real, made, k), *density_coverage(real, made, k)
    assert found == pytest.approx([expected[name] for name in expected])


def test_manifolds_by_hand():
    """On a line with k = 1 the real balls are [-1, 1], [0, 2], [1, 3], [5, 17] and [11, 23]."""
    real = np.array([[0.0], [1.0], [2.0], [11.0], [17.0]])
    made = np.array([[0.5], [2.5], [4.0], [100.0]])
    # 0.5 lies in two balls, 2.5 in one, 4 and 100 in none; three balls hold a sample.
    assert density_coverage(real, made, k=1) == (3 / 4, 3 / 5)
    # The samples' balls are [-1.5, 2.5], [1, 4], [2.5, 5.5] and [4, 196].
    assert precision_recall(real, made, k=1) == (2 / 4, 5 / 5)


def test_manifolds_of_extreme_sets():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((40, 3, 2))
    assert precision_recall(x, x) == (1, 1)
    assert density_coverage(x, x)[1] == 1
    assert precision_recall(x, x + 100) == (0, 0)
    assert density_coverage(x, x + 100) == (0, 0)
    # One real object repeated: all of it looks real, and it covers next to nothing.
    one = np.repeat(x[:1], 40, axis=0)
    precision, recall = precision_recall(x, one)
    assert (precision, recall) == (1, 1 / 40)
    # Swapping the sets swaps precision and recall.
    a, b = x, 0.5 * rng.standard_normal((30, 3, 2))
    assert precision_recall(a, b) == precision_recall(b, a)[::-1]


@pytest.mark.parametrize(("k", "n"), [(0, 10), (5, 5)])
def test_manifolds_need_neighbours(k, n):
    few, many = np.zeros((n, 2)), np.zeros((20, 2))
    with pytest.raises(ValueError, match=f"{n} objects have no neighbour number {k}"):
        precision_recall(few, many, k)
    with pytest.raises(ValueError, match="choose another k"):
        density_coverage(few, many, k)


def test_equal_objects_are_at_no_distance():
    x = np.random.default_rng(5).standard_normal((200, 16)).astype(np.float32) + 100
    assert (nearest_distance(x[::-1], x) == 0).all()


def test_near_copies_are_counted_against_held_out_objects():
    held_out = np.linspace(1, 2, 101)  # the 1 % quantile is 1.01
    assert near_copies(np.array([0.0, 1.005, 1.015, 3.0]), held_out) == 0.5
    # Held-out objects that equal a training object do not make the bound 0.
    assert near_copies(np.array([0.5, 1.5]), np.append(np.zeros(50), held_out)) == 0.5
    assert np.isnan(near_copies(held_out, np.zeros(5)))


def test_near_copies_tell_memory_from_learning():
    rng = np.random.default_rng(6)
    train, held_out, learnt = rng.standard_normal((3, 1000, 4))
    copied = train[::2] + 1e-3 * rng.standard_normal((500, 4))
    bounds = nearest_distance(held_out, train)
    assert near_copies(nearest_distance(learnt, train), bounds) < 0.03
    assert near_copies(nearest_distance(copied, train), bounds) == 1
