"""Sampling in discrete time: DDPM's own sampler, other solvers, and those that cannot."""

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.process import DDPM, VP
from bdiff.randomness import sample_noise
from bdiff.sampling.grids import time_grid
from bdiff.sampling.plan import Leg, chain, evaluations, separate, shared
from bdiff.sampling.simulate import simulate
from bdiff.sampling.solvers.base import Step
from bdiff.sampling.solvers.build import SOLVERS, check_solver, solver_from
from bdiff.tree import BranchTree
from tests.trees import tree_of

D = 8
MEAN, VARIANCE = np.linspace(-1, 1, D), np.geomspace(0.01, 2, D)
PAPERS = DDPM(1000, 1e-4, 0.01009)
FITTING = [
    ("ddim", {}),
    ("ddim", {"eta": 1}),
    ("dpm_solver_pp", {"order": 2}),
    ("dpm_solver_pp", {"order": 3}),
    ("sde_dpm_solver_pp", {}),
    ("unipc", {"order": 2}),
    ("unipc", {"order": 3}),
    ("heun", {}),
]
NOISY = [("ddim", {"eta": 1}), ("sde_dpm_solver_pp", {})]
CONTINUOUS = [
    ("deis", {}),
    ("euler_maruyama", {}),
    ("predictor_corrector", {}),
    ("probability_flow", {}),
    ("heun", {"churn": 0.1}),
]


@pytest.fixture
def of_chain(gaussian):
    """The exact model of N(MEAN, diag VARIANCE) in the time of a chain."""

    def make(process):
        model = gaussian(MEAN[None], VARIANCE[None], BranchTree(["only"], horizon=process.horizon))
        model.process = process
        return model

    return make


class Ancestral:
    """The reverse chain of Ho et al. 2020 (arXiv 2006.11239), in the symbols of the paper."""

    def __init__(self, process):
        beta = np.linspace(process.beta_min, process.beta_max, process.steps)
        self.beta = np.concatenate([[np.nan], beta])  # β_1 is the first
        self.alpha_bar = np.concatenate([[1.0], np.cumprod(1 - beta)])

    def mean(self, x, x_0, t):
        """μ̃_t, equation 7."""
        of_x_0 = np.sqrt(self.alpha_bar[t - 1]) * self.beta[t] / (1 - self.alpha_bar[t])
        rest = 1 - self.alpha_bar[t - 1]
        of_x = np.sqrt(1 - self.beta[t]) * rest / (1 - self.alpha_bar[t])
        return of_x_0 * x_0 + of_x * x

    def variance(self, t):
        """β̃_t, equation 7."""
        return (1 - self.alpha_bar[t - 1]) / (1 - self.alpha_bar[t]) * self.beta[t]


@pytest.mark.parametrize("process", [PAPERS, DDPM(), DDPM(20, 1e-3, 0.5)], ids=str)
def test_a_step_of_ddim_with_all_its_noise_is_the_ancestral_step(process):
    """q(x_{t-1} | x_t, x_0) = N(μ̃_t, β̃_t I) of equation 6, for every t."""
    rng = np.random.default_rng(0)
    x, x_0, z = (torch.from_numpy(rng.standard_normal((process.steps - 1, D))) for _ in range(3))
    s = torch.arange(2, process.steps + 1, dtype=torch.float64)  # one row a time
    step = Step(process, s, s - 1, lambda x, time: x_0, lambda: z)
    found, _ = solver_from("ddim", eta=1).step(x, step, {})
    steps = Ancestral(process)
    for row, t in enumerate(range(2, process.steps + 1)):
        expected = steps.mean(x[row], x_0[row], t) + np.sqrt(steps.variance(t)) * z[row]
        np.testing.assert_allclose(found[row], expected, rtol=1e-9, atol=1e-9)


def test_the_whole_run_is_ddpms_sampler(of_chain):
    """Algorithm 2 of Ho et al. with β̃, with the same noise; the last step, from t = 1, has none."""
    model, count = of_chain(PAPERS), 3
    legs = chain(model.tree, "only", count, time_grid(1000, PAPERS))
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((count, D)))
    (found,), calls = simulate(model, legs, solver_from("ddim", eta=1), seed=5, given={0: x})
    assert calls == 1000 * count
    steps, codes = Ancestral(PAPERS), torch.zeros(count, dtype=torch.int64)
    for t in range(1000, 0, -1):
        x_0 = model.denoise(x, torch.full((count,), float(t), dtype=torch.float64), codes)
        z = sample_noise(5, "step", float(t), 1, "only", first=0, count=count, shape=(D,))
        x = steps.mean(x, x_0, t) + np.sqrt(steps.variance(t)) * torch.from_numpy(z).double()
    torch.testing.assert_close(found, x, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("name", "options"), FITTING)
def test_samples_have_the_mean_and_spread_of_the_data(of_chain, name, options):
    process, count = DDPM(), 2048
    check_solver(solver_from(name, **options), process)
    model = of_chain(process)
    legs = chain(model.tree, "only", count, time_grid(150, process))
    (x,), _ = simulate(model, legs, solver_from(name, **options), seed=1)
    # four standard errors, and a percent for the steps' length
    assert (abs(x.mean(dim=0).numpy() - MEAN) < 4 * np.sqrt(VARIANCE / count) + 0.01).all()
    spread = x.var(dim=0).numpy() / VARIANCE
    # the last steps cannot resolve the two narrowest features
    assert (abs(spread[2:] - 1) < 4 * np.sqrt(2 / count) + 0.06).all(), spread


@pytest.mark.parametrize(("name", "options"), [case for case in FITTING if case not in NOISY])
def test_a_chain_and_continuous_time_with_the_same_noise_levels_agree(
    of_chain, gaussian, name, options
):
    """Solvers step from level to level, whatever the times are called. (Noise is drawn for the
    time, so stochastic ones agree in distribution alone.)"""
    process, x = PAPERS, torch.from_numpy(np.random.default_rng(0).standard_normal((4, D)))
    nodes = time_grid(12, process, grid="log_snr")
    ends = []
    for model in (of_chain(process), gaussian(MEAN[None], VARIANCE[None])):
        levels = process.log_snr(torch.tensor(nodes[:-1]))
        times = (*model.process.time_of(levels).tolist(), 0.0)
        leg = Leg("only", ("only",), 4, times)
        ends.append(simulate(model, [leg], solver_from(name, **options), given={0: x})[0][0])
    torch.testing.assert_close(*ends, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(("name", "options"), CONTINUOUS)
def test_solvers_of_continuous_time_refuse_a_chain(name, options):
    solver = solver_from(name, **options)
    check_solver(solver, VP())
    message = (
        rf"solver '{name}' with .* needs times between the steps of DDPM\(steps=1000, .*\); use "
        "'ddim', 'dpm_solver_pp', 'sde_dpm_solver_pp', 'unipc' or 'heun' without churn"
    )
    with pytest.raises(ValueError, match=message):
        check_solver(solver, DDPM())


def test_every_solver_is_of_one_kind():
    assert {name for name, _ in FITTING + CONTINUOUS} == set(SOLVERS)


@pytest.mark.parametrize(("name", "options"), FITTING)
def test_branches_change_on_the_chain(gaussian, name, options):
    """Two points that part at step 400: b's own branch leads to it, in each of its legs' calls."""
    tree = tree_of("ab", 1000.0, ab=400)
    model = gaussian([[1.0], [-1.0]], [[0.0], [0.0]], tree)
    model.process = DDPM()
    nodes = time_grid(10, DDPM())
    legs = chain(tree, "b", 3, nodes)
    assert [leg.nodes for leg in legs] == [
        (1000, 889, 778, 667, 556, 445, 400),
        (400, 334, 223, 112, 1, 0),
    ]
    x = torch.randn(3, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    states, _ = simulate(model, legs, solver_from(name, **options), given={0: x})
    assert (states[-1] + 1).abs().max() < 1e-9


def test_calls_of_the_papers_discrete_tree():
    """Total branch length 7169 of 10 000, which is what the network is called."""
    points = {
        "0123456789": 761, "023456789": 760, "23456789": 712, "3456789": 709, "3568": 700,
        "479": 685, "358": 659, "35": 656, "49": 527,
    }  # fmt: skip
    tree = tree_of("0123456789", 1000.0, **points)
    nodes, request = time_grid(1000, PAPERS), dict.fromkeys(tree.classes, 1)
    assert tree.total_length == 7169
    assert evaluations(shared(tree, request, nodes)) == 7169
    assert evaluations(separate(tree, request, nodes)) == 10_000


def test_a_model_of_a_chain_predicts_at_its_times():
    """Networks see t / T, and a branch point at the first step leaves its children one call."""
    tree = tree_of("abc", 1000.0, ab=1, abc=500)
    net = {"name": "dense", "width": 8}
    model = initialised("branched", PAPERS, (5,), net, tree=tree, seed=0).eval()
    legs = shared(tree, {"a": 2, "b": 2}, time_grid(8, PAPERS))
    assert [leg.nodes for leg in legs if len(leg.classes) == 1] == [(1.0, 0.0)] * 2
    states, _ = simulate(model, legs, solver_from("ddim", eta=1))
    assert torch.isfinite(torch.stack(states)).all()


@pytest.mark.parametrize("grid", ["uniform_t", "quadratic_t", "log_snr", "edm"])
@pytest.mark.parametrize(("begin", "steps"), [(500.0, 20), (30.0, 30)])
def test_a_grid_can_begin_below_the_horizon(grid, begin, steps):
    nodes = np.array(time_grid(steps, DDPM(), grid=grid, begin=begin))
    assert (nodes[0], nodes[-2], nodes[-1], len(nodes)) == (begin, 1, 0, steps + 1)
    assert (nodes == nodes.round()).all()
    assert (np.diff(nodes) < 0).all()
    with pytest.raises(ValueError, match=r"32 steps, .* take at most 30"):
        time_grid(32, DDPM(), grid=grid, begin=30.0)
