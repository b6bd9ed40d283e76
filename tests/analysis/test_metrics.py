"""Metrics against closed forms and independent computations."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from bdiff.analysis.metrics import frechet_distance, nearest_distance


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


def test_frechet_needs_two_objects():
    with pytest.raises(ValueError, match="two objects or more, found 1 and 5"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))


def test_nearest_distance():
    reference = np.array([[0.0, 0.0], [3.0, 4.0]])
    x = np.array([[0.0, 1.0], [3.0, 4.0], [6.0, 8.0]])
    assert nearest_distance(x, reference).tolist() == pytest.approx([1, 0, 5])
