"""Expected cosine curves: the closed form against the noise it stands for."""

import numpy as np
import pytest
import torch
from scipy.special import erf

from bdiff.branch_points.similarity import (
    aligned_pairs,
    all_pairs,
    mean_resultant_length,
    pair_similarities,
)
from bdiff.process import VP

PROCESS = VP(0.1, 20.0)


def blobs(sizes, dimension, seed=0, spread=1.0):
    """Classes around different means, with norms that differ a lot."""
    rng = np.random.default_rng(seed)
    return {
        str(c): (
            rng.exponential(1, (n, 1))
            * (rng.normal(c, 1, dimension) + spread * rng.normal(size=(n, dimension)))
        ).astype(np.float32)
        for c, n in enumerate(sizes)
    }


def exact_curves(objects, times):
    """The definition, pair by pair, in float64."""
    t = torch.as_tensor(times, dtype=torch.float64)
    alpha, sigma = PROCESS.alpha(t).numpy(), PROCESS.sigma(t).numpy()
    curves = np.empty((len(times), len(objects), len(objects)))
    for step in range(len(times)):
        shortened = []
        for x in objects.values():
            x = x.reshape(len(x), -1).astype(np.float64)
            norm = np.linalg.norm(x, axis=1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                kappa = np.where(norm > 0, alpha[step] * norm / sigma[step], 0)
            unit = x / np.where(norm > 0, norm, 1)
            shortened.append(mean_resultant_length(kappa, x.shape[1]) * unit)
        for u, a in enumerate(shortened):
            for v, b in enumerate(shortened):
                cosines = a @ b.T
                kept = ~np.eye(len(a), dtype=bool) if u == v else np.ones_like(cosines, dtype=bool)
                curves[step, u, v] = cosines[kept].mean()
    return curves


@pytest.mark.parametrize("dimension", [1, 2, 16, 784])
@pytest.mark.parametrize("kappa", [0.3, 3.0, 30.0])
def test_mean_resultant_length_is_the_mean_cosine_to_the_signal(dimension, kappa):
    rng = np.random.default_rng(int(kappa * 10) + dimension)
    x = rng.standard_normal((20_000, dimension))
    x[:, 0] += kappa
    cosine = x[:, 0] / np.linalg.norm(x, axis=1)
    error = cosine.std() / np.sqrt(len(cosine)) + 1e-12
    assert abs(mean_resultant_length(np.array(kappa), dimension) - cosine.mean()) < 4.5 * error


def test_mean_resultant_length_in_one_and_three_dimensions():
    kappa = np.geomspace(1e-3, 30, 50)
    np.testing.assert_allclose(mean_resultant_length(kappa, 1), erf(kappa / np.sqrt(2)), rtol=1e-12)
    gauss = np.sqrt(2 / np.pi) * np.exp(-(kappa**2) / 2) / kappa
    langevin = gauss + (1 - 1 / kappa**2) * erf(kappa / np.sqrt(2))
    np.testing.assert_allclose(mean_resultant_length(kappa, 3), langevin, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("dimension", [1, 2, 16, 784, 3072])
def test_mean_resultant_length_rises_from_0_to_1_without_overflow(dimension):
    kappa = np.concatenate([[0], np.geomspace(1e-8, 1e300, 3000), [np.inf]])
    s = mean_resultant_length(kappa, dimension)
    assert s[0] == 0
    assert s[-1] == pytest.approx(1, abs=1e-10)
    assert (np.diff(s) > -1e-11).all()
    large = 1e4
    limit = 1 - (dimension - 1) / (2 * large**2)
    assert mean_resultant_length(np.array(large), dimension) == pytest.approx(limit, abs=1e-9)


@pytest.mark.parametrize(("sizes", "dimension"), [((2, 3, 40), 5), ((30, 31, 300), 100)])
def test_all_pairs_is_the_mean_over_pairs_to_the_precision_of_float32(sizes, dimension):
    objects = blobs(sizes, dimension)
    times = np.linspace(0, 1, 23)
    curves = all_pairs(objects, PROCESS, times)
    assert curves.shape == (23, 3, 3)
    np.testing.assert_allclose(curves, curves.transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(curves, exact_curves(objects, times), atol=1e-6)


def test_all_pairs_holds_for_norms_over_many_orders_of_magnitude():
    objects = blobs((20, 20), 16)
    objects["0"] *= np.geomspace(1e-6, 1e6, 20, dtype=np.float32)[:, None]
    times = np.linspace(0, 1, 23)
    expected = exact_curves(objects, times)
    np.testing.assert_allclose(all_pairs(objects, PROCESS, times), expected, atol=1e-5)


def test_all_pairs_of_objects_of_one_norm():
    rng = np.random.default_rng(0)
    objects = {name: np.sign(rng.normal(size=(10, 4, 4))).astype(np.float32) for name in "ab"}
    times = np.linspace(0, 1, 11)
    expected = exact_curves(objects, times)
    np.testing.assert_allclose(all_pairs(objects, PROCESS, times), expected, atol=1e-6)


def test_objects_of_norm_zero_are_similar_to_nothing():
    objects = blobs((6, 5), 8)
    objects["0"][:2] = 0
    times = np.linspace(0, 1, 11)
    expected = exact_curves(objects, times)
    np.testing.assert_allclose(all_pairs(objects, PROCESS, times), expected, atol=1e-6)
    # Noise has no direction either, so the estimate with noise agrees, at t = 0 by convention.
    nothing = {"0": np.zeros((4, 8), np.float32), "1": objects["1"][:4]}
    assert aligned_pairs(nothing, PROCESS, times, seed=0)[0, 0, 0] == 0
    assert np.abs(all_pairs(nothing, PROCESS, times)[:, 0]).max() == 0


def test_all_pairs_is_the_mean_of_aligned_pairs_over_draws_of_objects_and_noise():
    objects = blobs((12, 12, 12), 6)
    times = np.linspace(0, 1, 6)
    rng = np.random.default_rng(1)
    draws = np.array(
        [
            aligned_pairs(
                {name: x[rng.permutation(12)] for name, x in objects.items()}, PROCESS, times, seed
            )
            for seed in range(3000)
        ]
    )
    error = draws.std(axis=0) / np.sqrt(len(draws)) + 1e-6
    deviation = (draws.mean(axis=0) - all_pairs(objects, PROCESS, times)) / error
    assert np.abs(deviation).max() < 4.5


def test_aligned_pairs_compares_object_n_with_object_n_and_within_a_class_with_its_mirror():
    objects = blobs((5, 5), 7)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in objects.values()]
    curve = aligned_pairs(objects, PROCESS, np.array([0.0]), seed=0)[0]
    between = np.mean([unit[0][n] @ unit[1][n] for n in range(5)])
    within = np.mean([unit[0][0] @ unit[0][4], unit[0][1] @ unit[0][3]])  # object 2 is the middle
    np.testing.assert_allclose(curve[0], [within, between], atol=1e-6)
    assert curve[1, 0] == pytest.approx(curve[0, 1])


def test_aligned_pairs_repeats_with_its_seed_and_leaves_the_objects_alone():
    objects = blobs((6, 6), 7)
    before = {name: x.copy() for name, x in objects.items()}
    times = np.linspace(0, 1, 9)
    first, again, other = (aligned_pairs(objects, PROCESS, times, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first[1:], other[1:])
    for name, x in before.items():
        np.testing.assert_array_equal(objects[name], x)


@pytest.mark.parametrize("curves", [all_pairs, lambda *args: aligned_pairs(*args, seed=0)])
def test_bad_objects_are_named(curves):
    times = np.linspace(0, 1, 5)
    with pytest.raises(ValueError, match="class '1' has 1 object"):
        curves(blobs((3, 1), 4), PROCESS, times)
    objects = blobs((3, 3), 4)
    objects["1"][1, 2] = np.nan
    with pytest.raises(ValueError, match="class '1' holds NaN"):
        curves(objects, PROCESS, times)


def test_aligned_pairs_needs_classes_of_one_size():
    with pytest.raises(ValueError, match="same number of objects"):
        aligned_pairs(blobs((3, 4), 4), PROCESS, np.linspace(0, 1, 5), seed=0)


def test_pair_similarities_average_to_the_curve():
    objects = blobs((150, 120), 30)
    a, b = (x.reshape(-1, 5, 6) for x in objects.values())
    aa, bb, ab = pair_similarities(a, b, PROCESS, 0.3, seed=1)
    assert (len(aa), len(bb), len(ab)) == (150 * 149 // 2, 120 * 119 // 2, 150 * 120)
    curve = all_pairs(objects, PROCESS, np.array([0.3]))[0]
    for values, expected in ((aa, curve[0, 0]), (bb, curve[1, 1]), (ab, curve[0, 1])):
        assert np.abs(values).max() <= 1 + 1e-5
        assert values.mean() == pytest.approx(expected, abs=0.03)
    again = pair_similarities(a, b, PROCESS, 0.3, seed=1)
    np.testing.assert_array_equal(aa, again[0])
