"""Sampling requests: randomness per sample, shared trunks, counts and errors."""

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.data.dataset import Dataset
from bdiff.defaults import SOLVERS_BY_FORM, form_of_shape
from bdiff.guidance import Guided
from bdiff.model_files import load_model, save_model
from bdiff.process import VP
from bdiff.sampling.sampler import Sampler, sample
from bdiff.training.settings import Training
from bdiff.training.train import train
from bdiff.tree import BranchPoint, BranchTree

SOLVERS = {
    "ddim": {"name": "ddim", "steps": 12},
    "ancestral": {"name": "ddim", "eta": 1, "steps": 12},
    "dpm": {"name": "dpm_solver_pp", "steps": 12},
    "dpm3": {"name": "dpm_solver_pp", "order": 3, "steps": 12, "branch_times": "coalesce"},
    "sde_dpm": {"name": "sde_dpm_solver_pp", "steps": 12, "grid": "log_snr"},
    "deis": {"name": "deis", "order": 3, "steps": 12, "grid": "quadratic_t"},
    "unipc": {"name": "unipc", "order": 3, "steps": 12, "grid": "edm"},
    "root": {"name": "sde_dpm_solver_pp", "steps": 12, "begin": "root"},
    "heun": {"name": "heun", "churn": 0.1, "steps": 12},
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
        if size == 1 and solver["name"] not in ("ddim", "unipc"):
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


def counted(model, monkeypatch):
    """Sizes of the network's batches from here on."""
    batches, forward = [], model.net.forward
    monkeypatch.setattr(
        model.net, "forward", lambda x, *rest: (batches.append(len(x)), forward(x, *rest))[1]
    )
    return batches


def test_the_cost_is_what_is_told_beforehand(branched, linear, solver, monkeypatch):
    sampler = Sampler.of(solver, per_class=40)
    for model, share in ((branched, True), (branched, False), (linear, False)):
        told = sampler.cost(model, REQUEST, share)
        with monkeypatch.context() as patch:
            batches = counted(model, patch)
            meta = sample(model, REQUEST, sampler, share).meta
        assert told == (sum(batches), sum(batches) / 141, len(batches), max(batches))
        assert meta["evaluations"] == told.evaluations
        assert meta["nfe_per_object"] == pytest.approx(told.per_object)
    calls = sampler.solver.calls
    # n grid intervals, of which the last costs one call
    assert sampler.cost(linear, {"4": 1}).evaluations == calls * 11 + 1
    inserted = 0 if solver.get("branch_times") == "coalesce" else 2
    inserted -= solver.get("begin") == "root"  # which is the first node then
    assert sampler.cost(branched, {"4": 1}).evaluations == calls * (11 + inserted) + 1


def test_guidance_doubles_the_evaluations(linear):
    sampler = Sampler.of(SOLVERS["ddim"])
    told = sampler.cost(Guided(linear, 2.0), {"4": 3})
    assert told == (2 * 3 * 12, 2 * 12, 12, 6)
    assert sample(Guided(linear, 2.0), {"4": 3}, sampler).meta["evaluations"] == 2 * 3 * 12


def test_cost_in_words(branched):
    told = Sampler.of(SOLVERS["ddim"]).cost(branched, {"4": 70, "9": 70}, share_trunks=False)
    expected = "1,960 network evaluations, 14.0 per object, in 28 calls with batches of up to 128"
    assert str(told) == expected
    adaptive = Sampler.of({"name": "probability_flow"}).cost(branched, {"4": 3})
    assert adaptive == (None, None, None, 3)
    assert str(adaptive).startswith("network evaluations vary")


def test_at_the_root_are_the_gaussians_of_the_noised_objects(branched):
    """Their mean and covariance are those of the objects below, to sampling error."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((300, 5)) * [0.1, 1, 2, 0.5, 1] + [0, 1, -1, 2, 0])
    codes = torch.arange(300) % 3
    branched.observe(x.float() + codes[:, None], codes)
    t = branched.tree.branch_time("0", "4")
    alpha, sigma = float(branched.process.alpha(t)), float(branched.process.sigma(t))
    below = {"0": ["0"], "4": ["4", "9"]}  # the branches that begin at the root
    for name, classes in below.items():
        ((_, (leg, *_)),) = Sampler.of(SOLVERS["root"]).plans(branched, {name: 1}, False)
        assert (leg.nodes[0], set(leg.branch), leg.parent) == (t, set(classes), None)
        noise = torch.from_numpy(rng.standard_normal((200_000, 5), dtype=np.float32))
        made = branched.prior(noise, classes, t, branched.head_of_branch(classes))
        inside = torch.isin(codes, torch.tensor([branched.classes.index(n) for n in classes]))
        objects = (x + codes[:, None])[inside]
        mean, covariance = objects.mean(dim=0), torch.cov(objects.T, correction=0)
        expected = alpha**2 * covariance + sigma**2 * torch.eye(5, dtype=torch.float64)
        torch.testing.assert_close(made.mean(dim=0).double(), alpha * mean, atol=0.02, rtol=0)
        torch.testing.assert_close(torch.cov(made.T).double(), expected, atol=0.02, rtol=0.02)


def test_a_coalesced_root_is_where_sampling_starts(branched):
    settings = {"name": "ddim", "steps": 2, "begin": "root", "branch_times": "coalesce"}
    tree, nodes = Sampler.of(settings).schedule(branched)
    assert nodes[0] == tree.points[0].time == pytest.approx(0.425)


def test_models_without_a_root_start_at_the_prior(linear, gaussian):
    sampler = Sampler.of(SOLVERS["root"])
    assert sampler.schedule(linear)[1][0] == 1
    assert sampler.schedule(gaussian([[0.0]], [[1.0]]))[1][0] == 1  # of one class


def test_coalesced_branch_times_are_told(branched):
    """At 4 steps 0.5 and 0.35 are nearer than half a step: three classes part at once."""
    settings = {"name": "ddim", "steps": 4, "branch_times": "coalesce"}
    moved = sample(branched, {"0": 5, "9": 5}, Sampler.of(settings)).meta["moved_branch_times"]
    assert moved["0/4/9"] == pytest.approx([0.5, 0.425])
    assert moved["4/9"] == pytest.approx([0.35, 0.425])
    assert sample(branched, {"4": 5}, Sampler.of(SOLVERS["ddim"])).meta["moved_branch_times"] == {}


def test_a_moved_branch_keeps_its_network(branched, monkeypatch):
    """Between the old and the new branch time the leg's own branch is evaluated."""
    sampler = Sampler.of({"name": "ddim", "steps": 4, "branch_times": "coalesce"})
    tree, _ = sampler.schedule(branched)
    (moved,) = {point.time for point in tree.points}
    assert moved == pytest.approx(0.425)
    used = []
    denoise = branched.denoise

    def noted(x, t, classes, branch):
        used.extend(zip(t.tolist(), branch.tolist(), strict=True))
        return denoise(x, t, classes, branch)

    monkeypatch.setattr(branched, "denoise", noted)
    sample(branched, {"9": 1}, sampler)
    numbers = {b.classes: n for n, b in enumerate(branched.tree.branches)}
    assert [branch for time, branch in used if time > moved] == [numbers["0", "4", "9"]] * 2
    assert [branch for time, branch in used if time <= moved] == [numbers["9",]] * 2


def test_adaptive_solver_counts_what_it_calls(linear, branched, monkeypatch):
    sampler = Sampler.of({"name": "probability_flow", "rtol": 1e-2, "atol": 1e-2})
    calls = counted(branched, monkeypatch)
    meta = sample(branched, {"4": 3, "0": 2}, sampler).meta
    assert meta["evaluations"] == sum(calls) > 100


def test_result_says_what_is_what(branched):
    made = sample(branched, REQUEST, Sampler.of(SOLVERS["ddim"], seed=3))
    assert made.x.shape == (141, 5)
    assert made.label.tolist() == ["9"] * 70 + ["0"] * 5 + ["4"] * 66
    assert made.index.tolist() == [*range(70), *range(5), *range(66)]
    assert (made.meta["seed"], made.meta["share_trunks"]) == (3, False)
    assert made.meta["t_end"] == 1e-3


def test_seed_zero_is_a_seed(branched):
    runs = [sample(branched, {"4": 3}, Sampler.of(SOLVERS["pc"], seed=s)).x for s in (0, 0, 1)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2])


@pytest.mark.fault("F18")
def test_bad_requests_are_refused(branched, linear):
    sampler = Sampler.of(SOLVERS["ddim"])
    with pytest.raises(ValueError, match="unknown class '7'; the classes are 0, 4, 9"):
        sample(branched, {"7": 1}, sampler)
    with pytest.raises(ValueError, match="0 samples of class '4' asked for"):
        sample(branched, {"4": 0}, sampler)
    with pytest.raises(ValueError, match=r"expected counts by class name, found \['4'\]"):
        sample(branched, ["4"], sampler)
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
    for nameless in ({"steps": 5}, "ddim"):
        with pytest.raises(ValueError, match=r"expected settings like \{'name': 'ddim'\}, found"):
            Sampler.of(nameless)
    with pytest.raises(ValueError, match=r"steps must be a whole number .* found 2\.5"):
        Sampler.of({"name": "ddim", "steps": 2.5})
    with pytest.raises(ValueError, match="clip must be true or false, found 'no'"):
        Sampler.of({"name": "ddim", "steps": 5, "clip": "no"})
    with pytest.raises(ValueError, match=r"chooses its own steps; take out \['steps'\]"):
        Sampler.of({"name": "probability_flow", "steps": 5})
    with pytest.raises(ValueError, match="unknown grid 'cosine'; known: uniform_t, quadratic_t"):
        Sampler.of({"name": "ddim", "steps": 5, "grid": "cosine"})
    with pytest.raises(ValueError, match="unknown begin 'top'; known: prior, root"):
        Sampler.of({"name": "ddim", "steps": 5, "begin": "top"})
    with pytest.raises(ValueError, match="unknown way of branch times 'snap'; known: insert, coa"):
        Sampler.of({"name": "ddim", "steps": 5, "branch_times": "snap"})


def test_a_branch_time_beside_a_grid_node_does_no_harm(branched):
    """At 334 steps a node lies within rounding of 0.103; a step of no length would give NaN."""
    points = [BranchPoint("049", 0.5), BranchPoint("49", 0.103)]
    model = initialised(
        "branched", VP(), (5,), branched.settings, tree=BranchTree("049", points), seed=0
    )
    made = sample(model, {"4": 3}, Sampler.of({"name": "dpm_solver_pp", "steps": 334}))
    assert np.isfinite(made.x).all()


def test_a_process_that_ends_before_the_prior_is_warned_of(tree):
    model = initialised("linear", VP(0.1, 1), (5,), {"name": "dense"}, classes=tree.classes)
    with pytest.warns(UserWarning, match=r"ends with 0\.76 of the data left") as warned:
        sample(model, {"4": 200}, Sampler.of(SOLVERS["ddim"]))
    assert len(warned) == 1


def test_samples_that_are_not_finite_are_refused(branched):
    with torch.no_grad():
        branched.net.routed[-1].weight[branched.head_of_branch(["4"])] = 1e38
    with pytest.raises(
        ValueError, match=r"\d of 6 objects hold values that are not finite; first .* '4'"
    ):
        sample(branched, {"0": 3, "4": 3}, Sampler.of(SOLVERS["ddim"]))


@pytest.mark.parametrize("shape", [(5,), (1, 8, 8)])
def test_without_a_sampler_it_is_that_of_the_kind_of_data(tree, shape):
    net = {"name": "residual", "width": 8} if len(shape) == 1 else {"name": "residual_unet"}
    model = initialised("branched", VP(), shape, net, tree=tree).eval()
    assert (
        Sampler.for_model(model).settings.items() >= SOLVERS_BY_FORM[form_of_shape(shape)].items()
    )
    made = sample(model, {"4": 2}).x
    assert np.array_equal(made, sample(model, {"4": 2}, Sampler.for_model(model)).x)
    own = Sampler.for_model(model, SOLVERS["dpm"], 7)
    assert (own.settings, own.seed) == (Sampler.of(SOLVERS["dpm"]).settings, 7)


def test_gradients_stay_switched_on(branched):
    sample(branched, {"4": 1}, Sampler.of(SOLVERS["ddim"]))
    assert torch.is_grad_enabled()


def test_the_range_is_that_of_the_training_objects(tree, tmp_path):
    """Channel by channel, of the split "train" alone, and kept with the weights."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (12, 2, 8, 8)).astype(np.float32)
    x[:, 1] *= 3
    split = np.array((["train"] * 3 + ["test"]) * 3)
    x[split == "test"] = 7
    dataset = Dataset(x, np.repeat([0, 1, 2], 4), tree.classes, split, "mine")
    net = {"name": "unet", "channels": [32], "strides": [1]}
    model = initialised("branched", VP(), (2, 8, 8), net, tree=tree)
    assert model.value_range.isinf().all()
    train(model, dataset, Training(steps=1, batch_size=4))
    of_fours = x[(split == "train") & (dataset.labels == 1)]
    expected = [f(of_fours, axis=(0, 2, 3)) for f in (np.min, np.max)]
    found = model.value_range[model.head_of_branch(["4"])]
    np.testing.assert_array_equal(found.numpy(), expected)
    save_model(model, tmp_path / "model")
    assert torch.equal(load_model(tmp_path / "model").value_range, model.value_range)
