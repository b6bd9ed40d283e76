"""Orders of convergence on Gaussian data, whose probability flow is known in closed form."""

import numpy as np
import pytest
import torch

from bdiff.process import VP
from bdiff.sampling.grids import time_grid
from bdiff.sampling.solvers.build import solver_from

# The least order of convergence between 40, 80 and 160 steps even in log-SNR; what an own
# experiment with other code measured is 0.1 to 0.5 above.
LEAST = [
    ("ddim", {}, 0.9),
    ("dpm_solver_pp", {"order": 2}, 1.8),
    ("dpm_solver_pp", {"order": 3}, 1.8),
    ("unipc", {"order": 2}, 2.6),
    ("unipc", {"order": 3}, 2.6),
    ("deis", {"order": 1}, 1.7),
    ("deis", {"order": 2}, 2.5),
    ("deis", {"order": 3}, 3.1),
    ("heun", {}, 1.8),
]


def names(case):
    return " ".join(map(str, [case[0], *case[1].values()]))


def start(count=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 8, dtype=torch.float64, generator=generator)


def nodes(steps, grid="log_snr"):
    return time_grid(steps + 1, VP(), 1e-3, grid)[:-1]


def error(oracle, run, flow, solver, steps, grid="log_snr"):
    x = start()
    found, spent = run(oracle, solver, nodes(steps, grid), x)
    assert spent == 64 * steps * solver.calls
    return float((found - flow(oracle, x, 1.0, 1e-3)).square().mean().sqrt())


@pytest.mark.parametrize("case", LEAST, ids=names)
def test_order_of_convergence(oracle, run, flow, case):
    """Halving the steps divides the error by 2^order."""
    name, options, least = case
    solver = solver_from(name, **options)
    errors = [error(oracle, run, flow, solver, steps) for steps in (40, 80, 160)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders.min() > least, orders


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("ddim", {}, (1.5e-1, 7.8e-2)),
        ("dpm_solver_pp", {"order": 2}, (2.1e-2, 9.0e-3)),
        ("unipc", {"order": 2}, (2.8e-2, 5.6e-3)),
        ("unipc", {"order": 3}, (8.0e-3, 1.5e-4)),
        ("deis", {"order": 1}, (6.7e-2, 2.1e-2)),
        ("deis", {"order": 2}, (3.2e-2, 6.5e-3)),
        ("deis", {"order": 3}, (1.8e-2, 3.2e-3)),
    ],
)
def test_errors_are_those_of_other_code(oracle, run, flow, name, options, expected):
    """Errors after 10 and 20 steps, of implementations written apart from this one."""
    solver = solver_from(name, **options)
    errors = [error(oracle, run, flow, solver, steps) for steps in (10, 20)]
    assert errors == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("grid", ["uniform_t", "quadratic_t"])
@pytest.mark.parametrize("order", [2, 3])
def test_steps_that_grow_do_no_harm(oracle, run, flow, grid, order):
    """With the last, longest step extrapolated from two short ones the error is above 0.1."""
    for name in ("dpm_solver_pp", "unipc"):
        assert error(oracle, run, flow, solver_from(name, order=order), 10, grid) < 0.08


def test_probability_flow_solver_reaches_its_tolerance(oracle, run, flow):
    x = start(16)
    found, _ = run(oracle, solver_from("probability_flow"), (1.0, 1e-3), x)
    assert (found - flow(oracle, x, 1.0, 1e-3)).abs().max() < 1e-3


@pytest.mark.parametrize("case", [case for case in LEAST if case[0] != "heun"], ids=names)
def test_a_single_point_is_reached_exactly(gaussian, run, flow, case):
    """Where x̂_0 is constant along the path, exponential integrators make no error."""
    model = gaussian(np.linspace(-1, 1, 8)[None], np.zeros((1, 8)))
    found, _ = run(model, solver_from(case[0], **case[1]), nodes(7), start(4))
    assert (found - flow(model, start(4), 1.0, 1e-3)).abs().max() < 1e-11


def test_heun_is_exact_for_a_single_point(gaussian, run, flow):
    """Its slope in ρ is constant there."""
    model = gaussian(np.linspace(-1, 1, 8)[None], np.zeros((1, 8)))
    found, _ = run(model, solver_from("heun"), nodes(7), start(4))
    assert (found - flow(model, start(4), 1.0, 1e-3)).abs().max() < 1e-11
