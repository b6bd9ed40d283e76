"""A data set of one Gaussian class, its exact model, and its exact flow."""

import numpy as np
import pytest
import torch

from bdiff.sampling.plan import Leg
from bdiff.sampling.simulate import simulate

D = 8
MEAN, VARIANCE = np.linspace(-1, 1, D), np.geomspace(0.01, 2, D)


@pytest.fixture
def oracle(gaussian):
    """The exact model of N(MEAN, diag VARIANCE)."""
    return gaussian(MEAN[None], VARIANCE[None])


@pytest.fixture
def flow():
    """Exact solution of the probability-flow equation: (x - alpha m) / sd is constant."""

    def solve(model, x, start, end):
        process = model.process
        m, v = model.means[0].detach(), model.variances[0]

        def sd(t):
            return torch.sqrt(process.alpha(t) ** 2 * v + process.sigma(t) ** 2)

        z = (x - process.alpha(start) * m) / sd(start)
        return process.alpha(end) * m + sd(end) * z

    return solve


@pytest.fixture
def run():
    """The end of a single leg with the given nodes, and its network evaluations."""

    def end_state(model, solver, nodes, x):
        leg = Leg("only", ("only",), len(x), tuple(nodes))
        states, spent = simulate(model, [leg], solver, given={0: x})
        return states[0], spent

    return end_state
