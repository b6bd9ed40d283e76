"""The cost of sharing: the Fréchet distance that denoising as another class ends with."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from bdiff.branch_points.sharing_cost import sharing_costs
from bdiff.process import VP

PROCESS = VP(0.1, 20.0)
TIMES = np.linspace(0, 1, 11)


def gaussians(means, variances, count=60, seed=0):
    """Classes whose sample moments are exact: means, and variances along common oblique axes."""
    rng = np.random.default_rng(seed)
    dimension = len(means["a"])
    axes, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    objects = {}
    for name, mean in means.items():
        z = rng.standard_normal((count, dimension))
        z -= z.mean(axis=0)
        z = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z, rowvar=False))).T
        objects[name] = np.asarray(mean) + z * np.sqrt(variances[name]) @ axes.T
    return objects


def outcome_distance(u, v, time):
    """Fréchet distance to class v of objects of u, noised to a time and denoised exactly as v."""
    alpha, sigma = (
        float(f(torch.tensor(time, dtype=torch.float64))) for f in (PROCESS.alpha, PROCESS.sigma)
    )
    mean_u, mean_v = u.mean(axis=0), v.mean(axis=0)
    cov_u, cov_v = np.cov(u, rowvar=False), np.cov(v, rowvar=False)
    identity = np.eye(len(mean_u))
    gain = alpha * cov_v @ np.linalg.inv(alpha**2 * cov_v + sigma**2 * identity)
    mean = mean_v + gain @ (alpha * mean_u - alpha * mean_v)
    posterior = cov_v - alpha * gain @ cov_v
    covariance = gain @ (alpha**2 * cov_u + sigma**2 * identity) @ gain.T + posterior
    cross = sqrtm(covariance @ cov_v).real
    return ((mean - mean_v) ** 2).sum() + np.trace(covariance + cov_v - 2 * cross)


def test_the_cost_is_the_distance_that_exact_denoising_ends_with():
    means = {"a": [0.0, 1.0, 0.5], "b": [1.0, 0.0, 0.5], "c": [0.2, 0.1, -0.4]}
    variances = {"a": [1.0, 0.5, 0.1], "b": [0.4, 0.9, 0.2], "c": [0.3, 0.3, 0.3]}
    objects = gaussians(means, variances)
    found = sharing_costs(objects, PROCESS, TIMES)
    total = [np.sum(v) for v in variances.values()]
    for step, time in list(enumerate(TIMES))[1:]:
        for i, u in enumerate(objects.values()):
            for j, v in enumerate(objects.values()):
                if i < j:
                    both = outcome_distance(u, v, time), outcome_distance(v, u, time)
                    scale = (total[i] + total[j]) / 2
                    assert found[step, i, j] == pytest.approx(max(both) / scale, rel=1e-3, abs=1e-6)


def test_without_noise_it_is_the_distance_of_the_classes_and_in_noise_nothing():
    objects = gaussians({"a": [0.0, 0.0], "b": [3.0, 4.0]}, {"a": [1.0, 1.0], "b": [4.0, 4.0]})
    costs = sharing_costs(objects, PROCESS, TIMES)
    # 25 in the mean and (2 - 1)² twice in the spread, over the mean of 2 and 8
    assert costs[0, 0, 1] == pytest.approx(27 / 5, rel=1e-4)
    assert costs[-1].max() < 1e-6
    np.testing.assert_array_equal(costs, costs.transpose(0, 2, 1))
    np.testing.assert_array_equal(np.diagonal(costs, axis1=1, axis2=2), 0)
    assert (np.diff(costs[:, 0, 1]) <= 0).all()


def test_what_differs_finely_costs_nothing_before_what_differs_coarsely():
    """A difference of means along an axis of little variance is lost in noise earlier."""
    variances = {name: [4.0, 0.01] for name in "abc"}
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((2, 2)))[0]
    means = {"a": np.zeros(2), "b": axes[:, 0], "c": axes[:, 1]}
    costs = sharing_costs(gaussians(means, variances), PROCESS, TIMES)
    assert costs[0, 0, 1] == pytest.approx(costs[0, 0, 2], rel=1e-3)
    assert (costs[2:8, 0, 1] > 2 * costs[2:8, 0, 2]).all()


def test_constant_features_cost_what_their_means_differ_by_and_are_then_forgotten():
    objects = {name: np.full((5, 2), value) for name, value in (("a", 0.0), ("b", 1.0))}
    for x in objects.values():
        x[:, 0] = [-2, -1, 0, 1, 2]
    costs = sharing_costs(objects, PROCESS, TIMES)
    assert costs[0, 0, 1] == pytest.approx(1 / 2.5)  # a difference of 1, a variance of 2.5
    assert costs[1:].max() < 1e-9


def test_the_cost_of_two_classes_is_theirs_whatever_else_there_is():
    means = {"a": [0.0, 0.0], "b": [2.0, 0.0], "c": [5.0, 5.0]}
    objects = gaussians(means, {"a": [1.0, 1.0], "b": [1.0, 2.0], "c": [900.0, 900.0]})
    of_three = sharing_costs(objects, PROCESS, TIMES)[:, :2, :2]
    of_two = sharing_costs({name: objects[name] for name in "ab"}, PROCESS, TIMES)
    np.testing.assert_allclose(of_three, of_two)


def test_along_other_axes_it_is_a_lower_bound():
    rng = np.random.default_rng(0)
    line = rng.standard_normal((400, 1)) + 0.2 * rng.standard_normal((400, 2))
    objects = {"line": line, "disc": rng.standard_normal((400, 2))}
    found = sharing_costs(objects, PROCESS, TIMES)[1:6, 0, 1]
    scale = np.mean([np.trace(np.cov(x, rowvar=False)) for x in objects.values()])
    pairs = [(line, objects["disc"]), (objects["disc"], line)]
    exact = [max(outcome_distance(*pair, time) for pair in pairs) for time in TIMES[1:6]]
    assert (found * scale < exact).all()


def test_one_object_and_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match=r"class 'b' has 1 object"):
        sharing_costs({"a": np.zeros((3, 2)), "b": np.zeros((1, 2))}, PROCESS, TIMES)
    with pytest.raises(ValueError, match="class 'b' holds NaN or infinite values"):
        sharing_costs({"a": np.zeros((3, 2)), "b": np.full((3, 2), np.nan)}, PROCESS, TIMES)
    with pytest.raises(ValueError, match="all objects of 'b' are the same"):
        sharing_costs({"a": np.eye(2), "b": np.ones((3, 2))}, PROCESS, TIMES)
