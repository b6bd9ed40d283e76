"""Maximum mean discrepancy: its definition, its closed form for Gaussians, and no bias."""

import numpy as np
import pytest

from bdiff.analysis.metrics import maximum_mean_discrepancy, median_distance


def test_it_is_the_mean_over_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((4, 2, 1)), rng.standard_normal((3, 2, 1))

    def mean(x, y, same):
        pairs = [(i, j) for i in range(len(x)) for j in range(len(y)) if not (same and i == j)]
        return np.mean([np.exp(-((x[i] - y[j]) ** 2).sum() / (2 * 0.7**2)) for i, j in pairs])

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    assert maximum_mean_discrepancy(a, b, 0.7) == pytest.approx(expected)
    assert maximum_mean_discrepancy(b, a, 0.7) == pytest.approx(expected)


def test_two_gaussians_have_their_closed_form():
    """E k(x, y) = (s² / v)^(D/2) exp(-|m|² / (2 v)), v = s² and both variances, m between means."""
    rng = np.random.default_rng(1)
    s, (var_a, var_b), m = 1.5, (1.0, 2.25), np.array([1.0, -0.5])

    def kernel(variances, distance):
        v = s**2 + variances
        return s**2 / v * np.exp(-distance / (2 * v))

    expected = kernel(2 * var_a, 0) + kernel(2 * var_b, 0) - 2 * kernel(var_a + var_b, (m**2).sum())
    sets = (rng.standard_normal((2, 80, 2)) for _ in range(300))
    values = [maximum_mean_discrepancy(a, 1.5 * b + m, s) for a, b in sets]
    error = np.std(values) / np.sqrt(len(values))
    assert np.mean(values) == pytest.approx(expected, abs=4 * error)
    assert error < 0.02 * expected


def test_of_equal_distributions_it_is_zero_on_average():
    rng = np.random.default_rng(2)
    values = [
        maximum_mean_discrepancy(rng.standard_normal((6, 3)), rng.standard_normal((9, 3)), 2.0)
        for _ in range(1000)
    ]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0


def test_the_median_distance_is_that_of_different_objects():
    assert median_distance(np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 1.0]]])) == pytest.approx(
        np.sqrt(18)
    )


def test_sets_of_one_object_and_no_bandwidth_are_refused():
    with pytest.raises(ValueError, match="found 1 and 3 objects"):
        maximum_mean_discrepancy(np.zeros((1, 2)), np.zeros((3, 2)), 1.0)
    with pytest.raises(ValueError, match="not all of them equal"):
        maximum_mean_discrepancy(np.zeros((3, 2)), np.ones((3, 2)), 0.0)
