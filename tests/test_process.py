"""The variance-preserving process against its closed forms and its own differential equation."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp

from bdiff.process import VP, process_from

PROCESSES = [VP(0.1, 20.0), VP(0.1, 1.0), VP(0.1, 5.0), VP(0.0, 20.0)]

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
    """d mean/dt = -½ β mean and d var/dt = β (1 - var) follow from drift and diffusion."""

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
    with pytest.raises(ValueError, match="unknown forward process 've'"):
        process_from({"name": "ve"})
    with pytest.raises(ValueError, match="beta_min=3, beta_max=2"):
        VP(3, 2)
