"""Solvers that are the same, written differently; weights that satisfy their conditions."""

import numpy as np
import pytest
import torch

from bdiff.process import VP, expand_like
from bdiff.sampling.grids import time_grid
from bdiff.sampling.solvers.base import Step
from bdiff.sampling.solvers.build import SOLVERS, solver_from
from bdiff.sampling.solvers.deis import DEIS
from bdiff.sampling.solvers.multistep import (
    data_weights,
    no_history,
    prepended,
    weighted_sum,
    well_spaced,
)


def rows(value, count=5):
    return torch.full((count,), value, dtype=torch.float64)


@pytest.fixture
def x():
    return torch.randn(5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def step(oracle):
    """From 0.6 to 0.4, with the same noise for all."""
    codes = torch.zeros(5, dtype=torch.int64)
    noise = torch.randn(5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return Step(
        oracle.process,
        rows(0.6),
        rows(0.4),
        lambda x, time: oracle.denoise(x, time, codes),
        lambda: noise,
    )


def ddim_mean(x, x_0, step):
    """(sigma_t / sigma_s) x + alpha_t (1 - e^{-h}) x̂_0: the exact step where x̂_0 is constant."""
    ratio = expand_like(step.process.sigma(step.t) / step.process.sigma(step.s), x)
    weight = expand_like(-step.process.alpha(step.t) * torch.expm1(-step.h), x)
    return ratio * x + weight * x_0


def test_ddim_in_both_of_its_forms(x, step):
    """alpha_t x̂_0 + sigma_t ε̂ = (sigma_t / sigma_s) x + alpha_t (1 - e^{-h}) x̂_0."""
    found, _ = solver_from("ddim").step(x, step, {})
    expected = ddim_mean(x, step.denoise(x, step.s), step)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("name", "eta"), [("dpm_solver_pp", 0), ("unipc", 0), ("deis", 0), ("sde_dpm_solver_pp", 1)]
)
def test_first_steps_are_ddims(x, step, name, eta):
    """Without history: of data form, noise form, and the stochastic one (the ancestral sampler)."""
    solver = solver_from(name)
    found, _ = solver.step(x, step, solver.start(x))
    expected, _ = solver_from("ddim", eta=eta).step(x, step, {})
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_second_order_in_the_form_of_its_paper(x, step):
    """x̂_0 + (x̂_0 - x̂_p) / (2 r) in the place of DDIM's x̂_0."""
    before, earlier = rows(0.75), torch.ones(5, 8, dtype=torch.float64)
    found, _ = solver_from("dpm_solver_pp").step(
        x, step, prepended(no_history(x, 0), earlier, before)
    )
    x_0 = step.denoise(x, step.s)
    r = (step.process.half_log_snr(step.s) - step.process.half_log_snr(before)) / step.h
    expected = ddim_mean(x, x_0 + (x_0 - earlier) / (2 * r[:, None]), step)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_third_order_in_the_form_of_its_authors():
    """(1 - e^{-h}) x̂_s + ((e^{-h} - 1) / h + 1) d_1 - ((e^{-h} - 1 + h) / h² - 1/2) d_2."""
    process, end = VP(), rows(0.5, 1)
    times = torch.tensor([[0.6, 0.7, 0.8]], dtype=torch.float64)
    now, earlier, first = x = torch.tensor([0.3, -1.2, 0.7], dtype=torch.float64)
    level, *levels = (0.5 * process.log_snr(times))[0]
    h = 0.5 * process.log_snr(end)[0] - level
    r_0, r_1 = (level - levels[0]) / h, (levels[0] - levels[1]) / h
    slope, before = (now - earlier) / r_0, (earlier - first) / r_1
    d_1 = slope + r_0 / (r_0 + r_1) * (slope - before)
    d_2 = (slope - before) / (r_0 + r_1)
    decay = torch.exp(-h)
    change = (1 - decay) * now + ((decay - 1) / h + 1) * d_1 - ((decay - 1 + h) / h**2 - 0.5) * d_2
    found = solver_from("dpm_solver_pp", order=3).weights(process, times, end)[0]
    torch.testing.assert_close(found @ x, process.alpha(end)[0] * change, atol=1e-12, rtol=0)


def test_third_order_is_exact_where_predictions_are_linear():
    """∫ e^{λ - λ_t} (a + b λ) dλ: then the weights are as good as those of the polynomial."""
    process, end = VP(), rows(0.5, 1)
    times = torch.tensor([[0.6, 0.7, 0.8]], dtype=torch.float64)
    found = solver_from("dpm_solver_pp", order=3).weights(process, times, end)
    exact = data_weights(process, times, end)
    for power in (0, 1):
        values = process.log_snr(times) ** power
        torch.testing.assert_close((found * values).sum(), (exact * values).sum())


def test_unipc_without_corrector_is_dpm_solver_of_second_order(oracle, run, x, monkeypatch):
    unipc = solver_from("unipc", order=2)
    monkeypatch.setattr(unipc, "_corrected", lambda x, *_: x)
    grid = time_grid(9, VP(), grid="log_snr")[:-1]
    a, _ = run(oracle, unipc, grid, x)
    b, _ = run(oracle, solver_from("dpm_solver_pp", order=2), grid, x)
    torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


@pytest.mark.parametrize("times", [(0.6, 0.7, 0.8), (0.6, 0.62, 0.4), (0.002, 0.0021, 0.0022)])
def test_data_weights_are_exact_for_polynomials(times):
    """∫ e^{λ - λ_t} λ^k dλ over the step, by quadrature, for k = 0, 1, 2."""
    process, end = VP(), rows(0.4 if times[0] > 0.4 else 0.0019, 1)
    nodes = torch.tensor([times], dtype=torch.float64)
    levels, last = 0.5 * process.log_snr(nodes), 0.5 * process.log_snr(end)
    found = data_weights(process, nodes, end)
    points, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(40))
    h = last - levels[:, 0]
    tau = levels[:, 0] + 0.5 * h * (1 + points)
    for k in range(3):
        integral = (0.5 * h * weights * torch.exp(tau - last) * (tau - last) ** k).sum()
        expected = process.alpha(end) * integral
        given = (found * (levels - last[:, None]) ** k).sum(dim=1)
        torch.testing.assert_close(given, expected, atol=1e-10, rtol=1e-9)


def test_noise_weights_are_exact_for_polynomials_in_time():
    """Σ_j C_j = ρ_t - ρ_s, and the same of t."""
    process, end = VP(), rows(0.5, 1)
    times = torch.tensor([[0.6, 0.68, 0.81, 0.9]], dtype=torch.float64)
    found = DEIS(3).weights(process, times, end) / process.alpha(end)

    def rho(t):
        return process.sigma(t) / process.alpha(t)

    torch.testing.assert_close(found.sum(1), rho(end) - rho(times[:, 0]), atol=1e-11, rtol=0)
    # ∫ t dρ = [t ρ] - ∫ ρ dt
    points, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(40))
    integral = (0.05 * weights * rho(0.55 + 0.05 * points)).sum()
    expected = end * rho(end) - 0.6 * rho(times[:, 0]) + integral
    torch.testing.assert_close((found * times).sum(1), expected, atol=1e-11, rtol=0)


def test_rows_with_different_history_share_a_batch(x):
    """Each row gets what it would get among its own kind."""
    process, t = VP(), rows(0.4)
    history = {
        "predictions": torch.arange(15, dtype=torch.float64).reshape(5, 3, 1) ** 2,
        "times": torch.tensor([[0.5, 0.6, 0.7]] * 5, dtype=torch.float64),
    }
    history["times"][1, 1:] = history["times"][3, 2] = torch.inf

    def weights(times, t):
        return data_weights(process, times, t)

    together = weighted_sum(history, t, weights)
    for row, known in enumerate((3, 1, 3, 2, 3)):
        alone = {key: values[row : row + 1, :known] for key, values in history.items()}
        assert torch.equal(weighted_sum(alone, t[:1], weights), together[row : row + 1])


def test_near_predictions_are_left_out_and_all_before_them():
    levels = [2 * level for level in (1.0, 0.0, -1.0)]  # log-SNR is twice λ
    process = VP()

    def kept(*levels, end):
        times = process.time_of(torch.tensor([levels], dtype=torch.float64))
        history = {"times": times, "predictions": torch.zeros(1, len(levels), 1)}
        used = well_spaced(history, process, process.time_of(torch.tensor([end]).double()))
        return int(used["times"].isfinite().sum())

    assert kept(*levels, end=4.0) == 3
    assert kept(*levels, end=4.9) == 3  # h = 1.45
    assert kept(*levels, end=5.1) == 1  # h = 1.55
    assert kept(2.0, 0.0, -0.2, end=4.0) == 2


def test_churn_is_noise_added_before_a_deterministic_step(oracle, run, x):
    """Zero churn is the deterministic solver; the first step of a leg never has any."""
    grid = (1.0, 0.7, 0.5)
    still, _ = run(oracle, solver_from("heun"), grid, x)
    assert torch.equal(still, run(oracle, solver_from("heun", churn=0.0), grid, x)[0])
    churned, _ = run(oracle, solver_from("heun", churn=0.2), grid, x)
    assert (churned - still).abs().max() > 1e-3
    first, _ = run(oracle, solver_from("heun", churn=0.2), grid[:2], x)
    torch.testing.assert_close(
        first, run(oracle, solver_from("heun"), grid[:2], x)[0], atol=1e-12, rtol=0
    )


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


def test_unknown_solver_and_option_are_refused():
    with pytest.raises(ValueError, match="unknown solver 'heun9'; known: 'ddim'"):
        solver_from("heun9")
    with pytest.raises(ValueError, match="eta must lie in"):
        solver_from("ddim", eta=2)
    with pytest.raises(
        ValueError, match="'ddim' has no setting 'snr'; it has eta, besides steps, begin"
    ):
        solver_from("ddim", snr=0.1)
    with pytest.raises(ValueError, match="snr must be above 0"):
        solver_from("predictor_corrector", snr=-1)
    with pytest.raises(ValueError, match=r"churn must lie in \[0, 0.4142\], found 0.5"):
        solver_from("heun", churn=0.5)
    for name in ("dpm_solver_pp", "unipc", "deis"):
        with pytest.raises(ValueError, match=rf"order of {name} must be one of \[.*\], found 4"):
            solver_from(name, order=4)


def test_options_are_all_that_a_solver_holds():
    """They go into the settings that are written with the samples."""
    for name in SOLVERS:
        solver = solver_from(name)
        assert vars(solver_from(name, **vars(solver))) == vars(solver)
