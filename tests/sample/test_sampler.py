"""Sampling requests: randomness per sample, shared trunks, counts and errors."""

import numpy as np
import pytest
import torch

from bdiff.model import build_model
from bdiff.process import VP
from bdiff.sample.plan import evaluations
from bdiff.sample.sampler import Sampler, sample
from bdiff.tree import BranchPoint, BranchTree

SOLVERS = {
    "ddim": {"name": "ddim", "steps": 12},
    "ancestral": {"name": "ddim", "eta": 1, "steps": 12},
    "dpm": {"name": "dpm_solver_pp_2m", "steps": 12},
    "em": {"name": "euler_maruyama", "steps": 12},
    "pc": {"name": "predictor_corrector", "steps": 12},
}
REQUEST = {"9": 70, "0": 5, "4": 66}


@pytest.fixture(params=SOLVERS)
def solver(request):
    return SOLVERS[request.param]


@pytest.mark.parametrize("share", [False, True])
def test_a_sample_is_the_same_in_any_batch(branched, solver, share):
    whole = sample(branched, REQUEST, Sampler.of(solver, per_class=70), share)
    for size in (1, 7, 64):
        if size == 1 and solver["name"] != "ddim":
            continue
        parts = sample(branched, REQUEST, Sampler.of(solver, per_class=size), share)
        np.testing.assert_allclose(parts.x, whole.x, atol=1e-4, rtol=1e-4)
    fewer = sample(branched, {"9": 70, "0": 5, "4": 3}, Sampler.of(solver), share)
    np.testing.assert_allclose(fewer.where("4"), whole.where("4")[:3], atol=1e-4, rtol=1e-4)


def test_cached_trunk_equals_uncached_path_bit_for_bit(branched, solver):
    """0 is the first class of every branch it runs through, so it sees the same noise both ways."""
    cached = sample(branched, {"0": 9, "4": 9, "9": 9}, Sampler.of(solver), share_trunks=True)
    alone = sample(branched, {"0": 9}, Sampler.of(solver), share_trunks=False)
    assert np.array_equal(cached.where("0"), alone.x)


def test_classes_share_their_past_only_when_asked(gaussian, tree):
    """With equal heads and a deterministic solver, 4s and 9s of one trunk are equal."""
    model = gaussian([[0.0], [3.0], [3.0]], [[1.0], [0.5], [0.5]], tree)
    sampler = Sampler.of(SOLVERS["ddim"])
    together = sample(model, {"4": 200, "9": 200}, sampler, share_trunks=True)
    assert np.allclose(together.where("4"), together.where("9"))
    apart = sample(model, {"4": 200, "9": 200}, sampler, share_trunks=False)
    assert abs(np.corrcoef(apart.where("4")[:, 0], apart.where("9")[:, 0])[0, 1]) < 0.3


def test_evaluations_are_those_of_the_plan(branched, linear, solver):
    sampler = Sampler.of(solver, per_class=70)
    for model, share in ((branched, True), (branched, False), (linear, False)):
        legs = sampler.plan(model, REQUEST, share)
        meta = sample(model, REQUEST, sampler, share).meta
        assert meta["evaluations"] == evaluations(legs, sampler.solver.calls)
        assert meta["nfe_per_object"] == pytest.approx(meta["evaluations"] / 141)
    calls = sampler.solver.calls
    # n grid intervals, of which the last costs one call
    assert sample(linear, {"4": 1}, sampler).meta["evaluations"] == calls * 11 + 1


def test_adaptive_solver_counts_what_it_calls(linear, branched, monkeypatch):
    sampler = Sampler.of({"name": "probability_flow", "rtol": 1e-2, "atol": 1e-2})
    calls = []
    forward = branched.net.forward
    monkeypatch.setattr(
        branched.net, "forward", lambda x, *a: (calls.append(len(x)), forward(x, *a))[1]
    )
    meta = sample(branched, {"4": 3, "0": 2}, sampler).meta
    assert meta["evaluations"] == sum(calls) > 100


def test_result_says_what_is_what(branched):
    made = sample(branched, REQUEST, Sampler.of(SOLVERS["ddim"], seed=3))
    assert made.x.shape == (141, 5)
    assert made.label.tolist() == ["9"] * 70 + ["0"] * 5 + ["4"] * 66
    assert made.index.tolist() == [*range(70), *range(5), *range(66)]
    assert (made.meta["seed"], made.meta["share_trunks"]) == (3, False)


def test_seed_zero_is_a_seed(branched):
    runs = [sample(branched, {"4": 3}, Sampler.of(SOLVERS["pc"], seed=s)).x for s in (0, 0, 1)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2])


def test_bad_requests_are_refused(branched, linear):
    sampler = Sampler.of(SOLVERS["ddim"])
    with pytest.raises(
        KeyError, match=r"unknown class '7'; the model's classes are \['0', '4', '9'\]"
    ):
        sample(branched, {"7": 1}, sampler)
    with pytest.raises(ValueError, match="0 samples of class '4' asked for"):
        sample(branched, {"4": 0}, sampler)
    with pytest.raises(ValueError, match="a linear model has no trunks to share"):
        sample(linear, {"4": 1}, sampler, share_trunks=True)
    with pytest.raises(ValueError, match=r"0.35 is the time of a branch point.*t_end = 0.4"):
        sample(branched, {"4": 1}, Sampler.of(SOLVERS["ddim"], t_end=0.4))


def test_a_sampler_can_be_made_again_from_its_settings():
    for settings in [*SOLVERS.values(), {"name": "probability_flow", "rtol": 1e-3}]:
        sampler = Sampler.of(settings)
        assert settings.items() <= sampler.settings.items()
        assert Sampler.of(sampler.settings).settings == sampler.settings
    with pytest.raises(ValueError, match="'ddim' needs a number of steps"):
        Sampler.of({"name": "ddim"})
    with pytest.raises(ValueError, match="need a name"):
        Sampler.of({"steps": 5})


def test_a_branch_time_beside_a_grid_node_does_no_harm(branched):
    """At 334 steps a node lies within rounding of 0.103; a step of no length would give NaN."""
    points = [BranchPoint("049", 0.5), BranchPoint("49", 0.103)]
    model = build_model(
        "branched", VP(), (5,), branched.settings, tree=BranchTree("049", points), seed=0
    )
    made = sample(model, {"4": 3}, Sampler.of({"name": "dpm_solver_pp_2m", "steps": 334}))
    assert np.isfinite(made.x).all()


def test_a_process_that_ends_before_the_prior_is_warned_of(tree):
    model = build_model("linear", VP(0.1, 1), (5,), {"name": "dense"}, classes=tree.classes)
    with pytest.warns(UserWarning, match=r"ends with 0\.76 of the data left"):
        sample(model, {"4": 1}, Sampler.of(SOLVERS["ddim"]))


def test_gradients_stay_switched_on(branched):
    sample(branched, {"4": 1}, Sampler.of(SOLVERS["ddim"]))
    assert torch.is_grad_enabled()
