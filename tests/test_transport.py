"""The map between the noised objects of two branches, against its definition."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from bdiff.transport import Moments, moments, transport

ALPHA, SIGMA = 0.6, 0.8


def objects(seed, count=40, values=6):
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((count, values)) @ rng.standard_normal((values, values))
    return torch.from_numpy(mixed + rng.standard_normal(values))


def noised(found):
    """Mean and covariance of noised objects."""
    identity = torch.eye(len(found.mean), dtype=torch.float64)
    return ALPHA * found.mean, ALPHA**2 * found.axes.T @ found.axes + SIGMA**2 * identity


def matrix(parent, child):
    """The linear part of the map."""
    points = torch.eye(len(parent.mean), dtype=torch.float64)
    zero = transport(torch.zeros_like(points[:1]), ALPHA, SIGMA, parent, child)
    return (transport(points, ALPHA, SIGMA, parent, child) - zero).T


def test_moments_are_those_of_the_objects():
    x = objects(0)
    mean, axes = moments(x, 6)
    torch.testing.assert_close(mean, x.mean(dim=0))
    torch.testing.assert_close(axes.T @ axes, torch.cov(x.T, correction=0))
    lengths = axes.norm(dim=1)
    assert (lengths.diff() <= 0).all()
    torch.testing.assert_close(moments(x, 2).axes, axes[:2])


def test_it_gives_mean_and_covariance_of_the_child_and_moves_no_more_than_it_must():
    """A C_p A = C_c with A symmetric and positive, which only the optimal map is."""
    parent, child = moments(objects(1), 6), moments(objects(2), 6)
    (mean_p, cov_p), (mean_c, cov_c) = noised(parent), noised(child)
    torch.testing.assert_close(transport(mean_p[None], ALPHA, SIGMA, parent, child)[0], mean_c)
    found = matrix(parent, child)
    torch.testing.assert_close(found, found.T)
    assert torch.linalg.eigvalsh(found).min() > 0
    torch.testing.assert_close(found @ cov_p @ found, cov_c)
    root = sqrtm(cov_c.numpy())
    expected = root @ np.linalg.inv(sqrtm(root @ cov_p.numpy() @ root)) @ root
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_of_equal_covariances_only_the_mean_differs():
    parent = moments(objects(3), 6)
    child = Moments(parent.mean + 1, parent.axes.flip(0))
    x = objects(4)
    torch.testing.assert_close(transport(x, ALPHA, SIGMA, parent, child), x + ALPHA)


@pytest.mark.parametrize("rank", [1, 2])
def test_outside_of_the_axes_nothing_changes(rank):
    parent, child = moments(objects(5), rank), moments(objects(6), rank)
    found = matrix(parent, child)
    outside = torch.linalg.svd(torch.cat([parent.axes, child.axes]))[2][2 * rank :]
    torch.testing.assert_close(found @ outside.T, outside.T)
    torch.testing.assert_close(found @ noised(parent)[1] @ found, noised(child)[1])


def test_one_object_has_no_axes():
    mean, axes = moments(objects(7, count=1), 6)
    torch.testing.assert_close(mean, objects(7, count=1)[0])
    assert axes.abs().max() < 1e-6
