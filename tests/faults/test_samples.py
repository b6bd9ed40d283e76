"""Samples do not depend on how they are made: batch by batch, or with shared trunks."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from bdiff.sampling.sampler import Sampler, sample

SOLVERS = {
    "ancestral": {"name": "ddim", "eta": 1, "steps": 12},
    "default": {"name": "sde_dpm_solver_pp", "steps": 12, "branch_times": "coalesce"},
}


@pytest.mark.fault("F15")
@pytest.mark.parametrize("solver", SOLVERS)
def test_samples_of_a_class_are_the_same_in_any_batch(branched, solver, reached):
    """Without shared trunks, in units of the data's standard deviation."""
    request, settings = {"9": 70, "0": 5}, SOLVERS[solver]
    whole = sample(branched, request, Sampler.of(settings, per_class=70), share_trunks=False)
    errors = []
    for size in (1, 7, 64):
        sampler = Sampler.of(settings, per_class=size)
        parts = sample(branched, request, sampler, share_trunks=False)
        errors.append(np.abs(parts.x - whole.x).max() / whole.x.std())
    reached(sum(error <= 1e-6 for error in errors), 3, f"{solver} within {max(errors):.1g}")
    assert max(errors) <= 1e-6


@pytest.mark.fault("F15")
def test_shared_trunks_have_the_distribution_of_separate_chains(gaussian, tree, count, reached):
    """An analytic mixture of three classes."""
    means, variances = [[-2.0], [1.0], [2.0]], [[0.25], [0.5], [1.0]]
    model, number = gaussian(means, variances, tree), count(1000, 5000)
    request = dict.fromkeys(tree.classes, number)
    ways = [
        sample(model, request, Sampler.of(SOLVERS["ancestral"], seed), share_trunks=share)
        for seed, share in enumerate((True, False))
    ]
    found = [ks_2samp(*(way.where(name)[:, 0] for way in ways)).pvalue for name in tree.classes]
    reached(sum(p > 0.01 for p in found), len(found), f"n = {number:,}, p >= {min(found):.2f}")
    assert min(found) > 0.01
