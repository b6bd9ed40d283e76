"""Solvers against closed forms: orders of convergence, exactness, identities, distributions."""

import numpy as np
import pytest
import torch

from bdiff.process import VP
from bdiff.sample.plan import Leg, chain
from bdiff.sample.sampler import Sampler, sample
from bdiff.sample.simulate import simulate
from bdiff.sample.solvers.base import Step, ddim_mean
from bdiff.sample.solvers.build import solver_from

D = 8
MEAN, VARIANCE = np.linspace(-1, 1, D), np.geomspace(0.01, 2, D)
DETERMINISTIC = [("ddim", {}), ("dpm_solver_pp_2m", {})]
STOCHASTIC = [("ddim", {"eta": 1}), ("euler_maruyama", {}), ("predictor_corrector", {})]


@pytest.fixture
def oracle(gaussian):
    return gaussian(MEAN[None], VARIANCE[None])


def log_snr_grid(steps, t_end=1e-3):
    process = VP()
    levels = torch.linspace(float(process.log_snr(1.0)), float(process.log_snr(t_end)), steps + 1)
    times = [float(process.time_of(level)) for level in levels.double()]
    return (1.0, *times[1:-1], t_end)


def flow(model, x, start, end):
    """Exact solution of the probability-flow equation: (x - alpha m) / sd is constant."""
    process = model.process
    m, v = model.means[0].detach(), model.variances[0]

    def sd(t):
        return torch.sqrt(process.alpha(t) ** 2 * v + process.sigma(t) ** 2)

    z = (x - process.alpha(start) * m) / sd(start)
    return process.alpha(end) * m + sd(end) * z


def end_state(model, solver, nodes, x):
    states, spent = simulate(model, [Leg("only", ("only",), len(x), nodes)], solver, given={0: x})
    return states[0], spent


def error(model, solver, steps):
    x = torch.randn(64, D, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found, spent = end_state(model, solver, log_snr_grid(steps), x)
    assert spent == 64 * steps
    return float((found - flow(model, x, 1.0, 1e-3)).square().mean().sqrt())


@pytest.mark.parametrize(("name", "least"), [("ddim", 0.9), ("dpm_solver_pp_2m", 1.8)])
def test_order_of_convergence(oracle, name, least):
    """Halving the steps divides the error by 2^order."""
    errors = [error(oracle, solver_from(name), steps) for steps in (40, 80, 160)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders.min() > least
    assert orders.max() < least + 0.5


def test_probability_flow_solver_reaches_its_tolerance(oracle):
    x = torch.randn(16, D, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found, _ = end_state(oracle, solver_from("probability_flow"), (1.0, 1e-3), x)
    assert (found - flow(oracle, x, 1.0, 1e-3)).abs().max() < 1e-3


@pytest.mark.parametrize(("name", "options"), DETERMINISTIC)
def test_a_single_point_is_reached_exactly(gaussian, name, options):
    """Where x̂_0 is constant along the path, exponential integrators make no error."""
    model = gaussian(MEAN[None], np.zeros((1, D)))
    x = torch.randn(4, D, dtype=torch.float64)
    found, _ = end_state(model, solver_from(name, **options), log_snr_grid(7), x)
    assert (found - flow(model, x, 1.0, 1e-3)).abs().max() < 1e-12


def test_ddim_in_both_of_its_forms(oracle):
    """alpha_t x̂_0 + sigma_t ε̂ = (sigma_t / sigma_s) x + alpha_t (1 - e^{-h}) x̂_0."""
    s, t = torch.full((5,), 0.6, dtype=torch.float64), torch.full((5,), 0.4, dtype=torch.float64)
    codes = torch.zeros(5, dtype=torch.int64)
    step = Step(oracle.process, s, t, lambda x, time: oracle.denoise(x, time, codes), None)
    x = torch.randn(5, D, dtype=torch.float64)
    found, _ = solver_from("ddim").step(x, step, {})
    torch.testing.assert_close(found, ddim_mean(x, step.denoise(x, s), step), atol=1e-12, rtol=0)


def test_first_step_of_the_multistep_solver_is_ddim(oracle):
    x = torch.randn(4, D, dtype=torch.float64)
    nodes = (1.0, 0.5)
    a, _ = end_state(oracle, solver_from("ddim"), nodes, x)
    b, _ = end_state(oracle, solver_from("dpm_solver_pp_2m"), nodes, x)
    torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


def test_ancestral_step_samples_the_posterior():
    """With x̂_0 known, η = 1 has the mean and variance of q(x_t | x_s, x_0) by Bayes' rule."""
    process = VP()
    s, t = torch.tensor([0.6], dtype=torch.float64), torch.tensor([0.4], dtype=torch.float64)
    x_0, x_s = torch.tensor([[0.7]]).double(), torch.tensor([[-0.4]]).double()
    a_t, a_s = process.alpha(t), process.alpha(s)
    v_t, v_s = process.sigma(t) ** 2, process.sigma(s) ** 2
    a = a_s / a_t  # x_s = a x_t + noise of variance v_s - a² v_t
    v = v_s - a**2 * v_t
    precision = 1 / v_t + a**2 / v
    mean = (a_t * x_0 / v_t + a * x_s / v) / precision
    for z in (0.0, 1.0):
        step = Step(process, s, t, lambda x, _: x_0, lambda z=z: torch.tensor([[z]]).double())
        found, _ = solver_from("ddim", eta=1).step(x_s, step, {})
        torch.testing.assert_close(found, mean + z / precision.sqrt(), atol=1e-12, rtol=0)


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


def test_unknown_solver_and_option_are_refused():
    with pytest.raises(ValueError, match="unknown solver 'heun9'; known: 'ddim'"):
        solver_from("heun9")
    with pytest.raises(ValueError, match="eta must lie in"):
        solver_from("ddim", eta=2)
    with pytest.raises(ValueError, match=r"'ddim' has no options \['snr'\]; it has \['eta'\]"):
        solver_from("ddim", snr=0.1)
    with pytest.raises(ValueError, match="snr must be above 0"):
        solver_from("predictor_corrector", snr=-1)


def test_history_is_dropped_where_the_branch_changes(gaussian):
    """Restarted at the jump between branches, the multistep solver is exact for two points."""
    from bdiff.tree import BranchPoint, BranchTree

    tree = BranchTree("ab", [BranchPoint(frozenset("ab"), 0.4)])
    model = gaussian([[1.0], [-1.0]], [[0.0], [0.0]], tree)
    grid = (1.0, 0.8, 0.6, 0.3, 0.1)
    legs = chain(tree, "b", 3, (*grid, 0.0))
    x = torch.randn(3, 1, dtype=torch.float64)
    states, _ = simulate(model, legs, solver_from("dpm_solver_pp_2m"), given={0: x})
    assert (states[-1] + 1).abs().max() < 1e-12
    before = states[0]  # follows the first class of the trunk: the flow of a
    torch.testing.assert_close(before, flow(model, x, 1.0, 0.4), atol=1e-12, rtol=0)
