"""All solvers: distributions of samples, branch times, clipping."""

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.process import VP
from bdiff.sampling.grids import time_grid
from bdiff.sampling.plan import chain
from bdiff.sampling.sampler import Sampler, sample
from bdiff.sampling.simulate import simulate
from bdiff.sampling.solvers.build import solver_from
from bdiff.tree import BranchPoint, BranchTree

D = 8
MEAN, VARIANCE = np.linspace(-1, 1, D), np.geomspace(0.01, 2, D)
DETERMINISTIC = [
    ("ddim", {}),
    ("dpm_solver_pp", {"order": 2}),
    ("dpm_solver_pp", {"order": 3}),
    ("unipc", {"order": 2}),
    ("unipc", {"order": 3}),
    ("deis", {"order": 1}),
    ("deis", {"order": 3}),
    ("heun", {}),
]
STOCHASTIC = [
    ("ddim", {"eta": 1}),
    ("sde_dpm_solver_pp", {}),
    ("heun", {"churn": 0.1}),
    ("euler_maruyama", {}),
    ("predictor_corrector", {}),
]


@pytest.mark.parametrize(("name", "options"), [*DETERMINISTIC, *STOCHASTIC])
def test_samples_have_the_mean_and_spread_of_the_data(oracle, name, options):
    count = 4096
    sampler = Sampler(solver_from(name, **options), steps=300, seed=1, per_class=count)
    x = sample(oracle, {"only": count}, sampler).x
    error = np.sqrt(VARIANCE / count)
    # four standard errors, and a percent for the steps' length
    assert (np.abs(x.mean(axis=0) - MEAN) < 4 * error + 0.01).all()
    bound = 4 * np.sqrt(2 / count) + 0.06
    spread = x.var(axis=0) / VARIANCE
    # the last steps before t_end cannot resolve the two narrowest features with uniform times
    assert (np.abs(spread[2:] - 1) < bound).all(), spread


@pytest.mark.parametrize(("name", "eta"), [("ddim", 1), ("ddim", 0.5)])
def test_variance_follows_its_recursion(gaussian, name, eta):
    """On Gaussian data a step is x_t = a x_s + c z, so the variance is a² v + c² from v = 1."""
    model, steps, count = gaussian([[0.0]], [[0.25]]), 8, 60000
    process, variance = VP(), 1.0
    grid = time_grid(steps, process, grid="log_snr")
    alpha, sigma = (
        process.alpha(torch.tensor(grid)).numpy(),
        process.sigma(torch.tensor(grid)).numpy(),
    )
    for i in range(steps - 1):
        shrink = 0.25 * alpha[i] / (0.25 * alpha[i] ** 2 + sigma[i] ** 2)  # x̂_0 = shrink x
        h = np.log(alpha[i + 1] / sigma[i + 1]) - np.log(alpha[i] / sigma[i])
        c = eta * sigma[i + 1] * np.sqrt(-np.expm1(-2 * h))
        noise = (1 - alpha[i] * shrink) / sigma[i]  # ε̂ = noise x
        variance *= (alpha[i + 1] * shrink + np.sqrt(sigma[i + 1] ** 2 - c**2) * noise) ** 2
        variance += c**2
    last = 0.25 * alpha[-2] / (0.25 * alpha[-2] ** 2 + sigma[-2] ** 2)
    sampler = Sampler(solver_from(name, eta=eta), steps, grid="log_snr", per_class=count)
    x = sample(model, {"only": count}, sampler).x
    assert x.var() == pytest.approx(variance * last**2, rel=5 * np.sqrt(2 / count))


@pytest.mark.parametrize(("name", "options"), [*DETERMINISTIC, *STOCHASTIC])
def test_history_is_dropped_where_the_branch_changes(gaussian, name, options):
    """Restarted at the jump between branches, solvers are exact for two points."""
    tree = BranchTree("ab", [BranchPoint(frozenset("ab"), 0.4)])
    model = gaussian([[1.0], [-1.0]], [[0.0], [0.0]], tree)
    legs = chain(tree, "b", 3, (1.0, 0.8, 0.6, 0.3, 0.1, 0.0))
    x = torch.randn(3, 1, dtype=torch.float64)
    states, _ = simulate(model, legs, solver_from(name, **options), given={0: x})
    assert (states[-1] + 1).abs().max() < 1e-12
    if (name, options) in DETERMINISTIC:  # the trunk follows its first class: the flow of a
        process = model.process
        before = process.alpha(0.4) + process.sigma(0.4) / process.sigma(1.0) * (
            x - process.alpha(1.0)
        )
        torch.testing.assert_close(states[0], before, atol=1e-11, rtol=0)


@pytest.mark.parametrize("name", ["dpm_solver_pp", "unipc", "deis"])
def test_dropping_history_beats_keeping_it(gaussian, name, monkeypatch):
    """Two classes that differ below 0.4: what the trunk predicted misleads behind it."""
    tree = BranchTree("ab", [BranchPoint(frozenset("ab"), 0.4)])
    model = gaussian([[0.0], [1.0]], [[0.5], [0.1]], tree)
    x = torch.randn(64, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def ends(steps):
        grid = time_grid(steps, VP(), grid="log_snr")
        legs = chain(tree, "b", 64, grid)
        return simulate(model, legs, solver_from(name), given={0: x})[0][-1]

    truth = ends(2000)
    dropped = (ends(20) - truth).square().mean().sqrt()
    from bdiff.sampling import simulate as module

    begin = module._Simulation.begin

    def keep(self, number):
        begin(self, number)
        if (parent := self.legs[number].parent) is not None:
            self.memories[number] = dict(self.memories[parent])

    monkeypatch.setattr(module._Simulation, "begin", keep)
    kept = (ends(20) - truth).square().mean().sqrt()
    assert dropped < 0.5 * kept


@pytest.mark.parametrize(("name", "options"), [*DETERMINISTIC, *STOCHASTIC])
@pytest.mark.parametrize("net_shape", [("dense", (5,)), ("unet", (2, 8, 8))])
def test_clipping_keeps_samples_in_the_range_of_the_data(tree, name, options, net_shape):
    net, shape = net_shape
    settings = {"name": net, "width": 8} if net == "dense" else {
        "name": net, "channels": [32], "strides": [1]
    }  # fmt: skip
    model = initialised("branched", VP(), shape, settings, tree=tree, seed=0).eval()
    channels = torch.linspace(0.1, 0.5, shape[0])
    model.value_range[:] = torch.stack([-channels, 2 * channels])
    solver = {"name": name, "steps": 3, **options}
    clipped = sample(model, {"4": 4}, Sampler.of(solver)).x
    low, high = (v.reshape(-1, *[1] * (len(shape) - 1)).numpy() for v in model.value_range[0])
    assert (clipped >= low).all()
    assert (clipped <= high).all()
    free = sample(model, {"4": 4}, Sampler.of({**solver, "clip": False})).x
    assert (free < low).any() or (free > high).any()
    model.value_range[:] = torch.stack([-channels / 0, channels / 0])
    assert np.array_equal(sample(model, {"4": 4}, Sampler.of(solver)).x, free)
