"""Forward processes against closed forms: the differential equation, and the simulated chain."""

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from scipy.integrate import quad, solve_ivp

from bdiff.config.models import Process as Settings
from bdiff.process import DDPM, VE, VP, process_from

PROCESSES = [VP(0.1, 20.0), VP(0.1, 1.0), VP(0.1, 5.0), VP(0.0, 20.0), VE(0.2, 1.0), VE()]
CHAINS = [DDPM(1000, 1e-4, 0.01009), DDPM(), DDPM(20, 1e-3, 0.5), DDPM(2, 0.3, 0.3)]

# t: alpha, sigma, log(alpha / sigma), sigma / alpha under VP(0.1, 20), computed independently.
TABLE = {
    1e-3: (0.99995, 0.01049, 4.558, 0.01049),
    0.01: (0.99900, 0.04464, 3.108, 0.0447),
    0.05: (0.98517, 0.17156, 1.748, 0.1741),
    0.10: (0.94672, 0.32205, 1.078, 0.3402),
    0.25: (0.72366, 0.69016, 0.047, 0.9537),
    0.35: (0.53423, 0.84534, -0.459, 1.582),
    0.4855: (0.30212, 0.95327, -1.149, 3.155),
    0.5385: (0.23002, 0.97319, -1.442, 4.231),
    0.70: (0.08435, 0.99644, -2.469, 11.8),
    1.0: (0.00657, 0.99998, -5.025, 152.0),
}


@pytest.mark.parametrize("t", TABLE)
def test_values_of_the_papers_process(t):
    alpha, sigma, half_log_snr, ratio = TABLE[t]
    process = VP(0.1, 20.0)
    assert float(process.alpha(t)) == pytest.approx(alpha, abs=6e-6)
    assert float(process.sigma(t)) == pytest.approx(sigma, abs=6e-6)
    assert float(process.log_snr(t)) / 2 == pytest.approx(half_log_snr, abs=6e-4)
    assert float(process.sigma(t) / process.alpha(t)) == pytest.approx(ratio, rel=4e-3)


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_log_snr_falls_and_time_of_is_its_inverse(process):
    t = torch.linspace(1e-6, 1, 2001, dtype=torch.float64)
    log_snr = process.log_snr(t)
    assert (torch.diff(log_snr) < 0).all()
    torch.testing.assert_close(process.time_of(log_snr), t, rtol=1e-9, atol=1e-12)
    expected = torch.log(process.alpha(t) ** 2 / process.sigma(t) ** 2)
    torch.testing.assert_close(log_snr, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("process", PROCESSES, ids=str)
def test_mean_and_variance_solve_the_moment_equations(process):
    """With drift f x: d mean/dt = f mean and d var/dt = 2 f var + g²."""

    def moments(t, state):
        mean, variance = state
        x = torch.tensor([[mean]], dtype=torch.float64)
        drift = float(process.drift(x, torch.tensor([t])))
        rate = float(process.drift(torch.ones(1, 1, dtype=torch.float64), torch.tensor([t])))
        return drift, 2 * rate * variance + float(process.diffusion(t)) ** 2

    t = np.linspace(0, 1, 11)
    solved = solve_ivp(moments, (0, 1), (1.0, 0.0), t_eval=t, rtol=1e-10, atol=1e-12).y
    np.testing.assert_allclose(solved[0], process.alpha(t), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(solved[1], process.sigma(t) ** 2, rtol=1e-7, atol=1e-10)


def test_alpha_squared_and_variance_add_to_one_down_to_small_times():
    process = VP(0.1, 20.0)
    t = torch.logspace(-12, 0, 100, dtype=torch.float64)
    total = process.alpha(t) ** 2 + process.sigma(t) ** 2
    torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-12, atol=0)
    # Where 1 - exp(-B) has no digits left the variance is still B.
    integral = quad(lambda u: float(process.beta(u)), 0, 1e-12)[0]
    assert float(process.sigma(1e-12)) ** 2 == pytest.approx(integral, rel=1e-9)


def test_diffuse_has_the_stated_mean_and_spread():
    process = VP(0.1, 20.0)
    x_0 = torch.full((3, 2, 4), 2.0)
    t = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    assert torch.equal(process.diffuse(x_0, t, torch.ones_like(x_0))[0], x_0[0])
    x_t = process.diffuse(x_0, t, torch.ones_like(x_0))
    expected = (2 * process.alpha(t) + process.sigma(t)).float()
    torch.testing.assert_close(x_t, expected[:, None, None].expand_as(x_0))
    assert x_t.dtype == torch.float32


def test_description_round_trip_and_refusals():
    process = VP(0.1, 5.0)
    assert process_from(process.to_dict()) == process
    assert process_from({"beta_max": 20.0}) == VP(0.1, 20.0)
    with pytest.raises(ValueError, match="unknown forward process 'sde'; known: 'vp', 'ddpm'"):
        process_from({"name": "sde"})
    with pytest.raises(ValueError, match="'vp' has no setting 'beta'; it has beta_min, beta_max"):
        process_from({"name": "vp", "beta": 2})
    with pytest.raises(ValueError, match="beta_min=3, beta_max=2"):
        VP(3, 2)


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_marginals_are_those_of_the_chain(chain):
    """x_t = √(1 - β_t) x_{t-1} + √β_t ε: mean and variance, step by step (Ho et al., eq. 2)."""
    mean, variance = np.ones(chain.steps + 1), np.zeros(chain.steps + 1)
    for t in range(1, chain.steps + 1):
        share = (t - 1) / (chain.steps - 1)
        beta = chain.beta_min + share * (chain.beta_max - chain.beta_min)
        mean[t] = np.sqrt(1 - beta) * mean[t - 1]
        variance[t] = (1 - beta) * variance[t - 1] + beta
    t = torch.arange(chain.steps + 1, dtype=torch.float64)
    np.testing.assert_allclose(chain.alpha(t), mean, rtol=1e-10)
    np.testing.assert_allclose(chain.sigma(t) ** 2, variance, rtol=1e-10)
    assert (chain.alpha(0), chain.sigma(0), chain.log_snr(0)) == (1, 0, torch.inf)


def test_simulated_chain_has_the_spread_that_diffuse_gives():
    chain, count = DDPM(20, 1e-3, 0.5), 200_000
    rng = np.random.default_rng(0)
    x = np.full(count, 2.0)
    for beta in np.linspace(1e-3, 0.5, 20)[:12]:
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * rng.standard_normal(count)
    t = torch.full((count,), 12.0, dtype=torch.float64)
    noise = torch.from_numpy(rng.standard_normal(count))
    x_t = chain.diffuse(torch.full((count,), 2.0, dtype=torch.float64), t, noise).numpy()
    assert x_t.mean() == pytest.approx(x.mean(), abs=6 * x.std() / np.sqrt(count))
    assert x_t.std() == pytest.approx(x.std(), rel=6 / np.sqrt(count))


def test_the_papers_chain():
    """β_t = 1e-4 + 1e-5 (t - 1), so β_1000 = 0.01009 and alpha(1000)² = 0.006."""
    chain = DDPM(1000, 1e-4, 0.01009)
    ratio = (chain.alpha(500) / chain.alpha(499)) ** 2
    assert float(1 - ratio) == pytest.approx(1e-4 + 1e-5 * 499, rel=1e-9)
    assert float(chain.alpha(1000)) ** 2 == pytest.approx(0.006, abs=5e-5)


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_time_of_is_the_first_step_with_so_much_noise(chain):
    t = torch.arange(chain.steps + 1, dtype=torch.float64)
    log_snr = chain.log_snr(t)
    assert (torch.diff(log_snr) < 0).all()
    assert torch.equal(chain.time_of(log_snr), t)
    between = 0.5 * (log_snr[1:-1] + log_snr[2:])
    assert torch.equal(chain.time_of(between), t[2:])
    assert float(chain.time_of(log_snr[1] + 5)) == 1
    assert float(chain.time_of(log_snr[-1] - 0.1)) == torch.inf


@pytest.mark.parametrize("t", [0.3, -1.0, 1001.0, float("nan"), float("inf")])
@pytest.mark.parametrize("function", ["alpha", "sigma", "log_snr"])
def test_a_chain_has_no_other_times(function, t):
    times = torch.tensor([5.0, t], dtype=torch.float64)
    message = r"DDPM\(steps=1000, .*\) has the times 0, 1, ..., 1000, but t = "
    with pytest.raises(ValueError, match=message + f"{t:g} is asked for"):
        getattr(DDPM(), function)(times)


def test_fractions_become_times_that_are_uniform():
    fractions = 1 - torch.from_numpy(np.random.default_rng(0).random(1000))
    assert torch.equal(VP().times(fractions), VP().horizon * fractions)
    chain = DDPM(20)
    even = (torch.arange(2000, dtype=torch.float64) + 1) / 2000
    times, counts = chain.times(even).unique(return_counts=True)
    assert torch.equal(times, torch.arange(1, 21, dtype=torch.float64))
    assert (counts == 100).all()
    least = torch.tensor([2.0**-53], dtype=torch.float64)
    assert chain.times(least) == 1
    for steps in (20, 200, 1000):  # also where steps * (t / steps) is above t
        t = torch.arange(1, steps + 1, dtype=torch.float64)
        assert torch.equal(DDPM(steps).times(t / steps), t)


def test_nearest_times():
    values = torch.linspace(0, 1, 7, dtype=torch.float64)
    assert torch.equal(VP().nearest(values), values)
    assert DDPM(20).nearest(20 * values).tolist() == [0, 3, 7, 10, 13, 17, 20]


def test_description_of_a_chain_and_refusals():
    chain = DDPM(100, 1e-3, 0.1)
    assert chain.to_dict() == {"name": "ddpm", "steps": 100, "beta_min": 1e-3, "beta_max": 0.1}
    assert process_from(chain.to_dict()) == chain
    assert (chain.horizon, chain.first_time) == (100.0, 1.0)
    for steps in (1, 10.0, True):
        with pytest.raises(ValueError, match=f"2 or more, found {steps}"):
            DDPM(steps)
    for rates in ((0.0, 0.1), (0.2, 0.1), (0.1, 1.0)):
        with pytest.raises(ValueError, match="0 < beta_min <= beta_max < 1, found beta_min="):
            DDPM(10, *rates)


@pytest.mark.parametrize("process", [VP(), DDPM()], ids=str)
def test_the_configuration_has_the_same_processes_and_defaults(process):
    settings = TypeAdapter(Settings).validate_python({"name": process.name})
    assert process_from(settings.model_dump()) == process


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 1}, "greater than or equal to 2"),
        ({"steps": 10.5}, "valid integer"),
        ({"beta_min": 0}, "greater than 0"),
        ({"beta_max": 1.0}, "less than 1"),
        ({"beta_min": 0.1}, r"beta_min \(0.1\) should be at most beta_max \(0.02\)"),
    ],
)
def test_the_configuration_refuses_what_is_no_chain(wrong, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Settings).validate_python({"name": "ddpm"} | wrong)
