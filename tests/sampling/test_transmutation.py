"""Hybrids and transmutations with models whose answer is known."""

import itertools

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.figures.pairs import hybrid_pairs, hybrids_of
from bdiff.process import VP
from bdiff.sampling.hybrids import hybrids
from bdiff.sampling.sampler import Sampler, sample
from bdiff.sampling.transmutation import transmute
from bdiff.tree import BranchPoint, BranchTree

SAMPLER = Sampler.of({"name": "ddim", "steps": 60}, seed=2)


@pytest.fixture
def model(gaussian, tree):
    """Feature 0 tells 4 from 9, feature 1 varies in both alike; 0 lies elsewhere."""
    means = [[0.0, -4.0], [-2.0, 1.0], [2.0, 1.0]]
    return gaussian(means, [[0.1, 0.1], [0.1, 1.0], [0.1, 1.0]], tree)


def test_hybrids_are_the_common_past_of_their_continuations(model):
    made = hybrids(model, [("4", "9"), ("0", "9")], 70, SAMPLER)
    state = made.where("4/9", "hybrid")
    fours, nines = made.where("4", "sample", "4/9"), made.where("9", "sample", "4/9")
    assert len(state) == len(fours) == len(nines) == 70
    assert set(made.time[(made.label == "4/9")]) == {0.35}
    assert set(made.time[(made.label == "0/9")]) == {0.5}
    # below the point both classes keep what they share, and differ in what tells them apart
    assert np.corrcoef(state[:, 1], fours[:, 1])[0, 1] > 0.999
    assert np.corrcoef(fours[:, 1], nines[:, 1])[0, 1] > 0.999
    assert fours[:, 0].mean() < -1 < 1 < nines[:, 0].mean()


def test_names_of_classes_may_hold_what_parts_the_names_of_hybrids(gaussian):
    """One is called as the hybrids of others; two pairs of others would share a name."""
    names = ("T/NK", "T", "NK", "B/T")
    tree = BranchTree(names, [BranchPoint(frozenset(names), 0.4)])
    model = gaussian(np.arange(8.0).reshape(4, 2), np.ones((4, 2)), tree)
    pairs = [("T", "NK"), ("B/T", "T/NK"), ("T/NK", "T")]
    made = hybrids(model, pairs, 3, SAMPLER)
    assert hybrid_pairs(made) == {"/".join(pair): pair for pair in pairs}
    for pair in pairs:
        alone = hybrids(model, [pair], 3, SAMPLER)
        expected = [alone.x[alone.role == "hybrid"], *(alone.where(n, "sample") for n in pair)]
        *found, time = hybrids_of(made, pair)
        assert all(np.array_equal(*both) for both in zip(found, expected, strict=True))
        assert time == 0.4
    names = ("T", "NK/B", "T/NK", "B")
    tree = BranchTree(names, [BranchPoint(frozenset(names), 0.4)])
    model = gaussian(np.arange(8.0).reshape(4, 2), np.ones((4, 2)), tree)
    with pytest.raises(ValueError, match="would both be called 'T/NK/B'; make them one after"):
        hybrids(model, [("T", "NK/B"), ("T/NK", "B")], 3, SAMPLER)


def test_transmutation_changes_the_class_and_keeps_the_rest(model):
    rng = np.random.default_rng(0)
    objects = {
        name: (mean + rng.standard_normal((300, 2)) * [0.3, 1.0]).astype(np.float32)
        for name, mean in (("4", [-2.0, 1.0]), ("9", [2.0, 1.0]))
    }
    made = transmute(model, objects, [("4", "9")], SAMPLER)
    process, at = model.process, 0.35
    for origin, target, side in (("4", "9", 1), ("9", "4", -1)):
        before = made.where(label=target, role="original", origin=origin)
        after = made.where(label=target, role="sample", origin=origin)
        assert np.array_equal(before, objects[origin])
        # back along the flow of N(2 side, 0.1): (x - alpha m) / sd is kept, and sd(0)² = 0.1
        sd = float((process.alpha(at) ** 2 * 0.1 + process.sigma(at) ** 2).sqrt())
        expected = 2 * side - 4 * side * float(process.alpha(at)) * 0.1**0.5 / sd
        assert abs(after[:, 0].mean() - expected) < 0.1
        # noised and brought back along the flow, a unit Gaussian feature correlates with itself by
        # alpha
        r = np.corrcoef(before[:, 1], after[:, 1])[0, 1]
        assert abs(r - float(model.process.alpha(0.35))) < 0.1
    assert set(made.time[made.role == "noised"]) == {0.35}


def silent(tree, means):
    """A model whose network says 0, so that the velocity is 0 and DDIM's steps are rotations; the
    classes have these means."""
    model = initialised("branched", VP(), (2,), {"name": "residual", "width": 8}, tree=tree).eval()
    model.observe(torch.tensor(means), torch.arange(3))
    return model


def walk(process, state, nodes):
    """A state's way along nodes: x_t = (alpha_t alpha_s + sigma_t sigma_s) x_s, and from the last
    but one to 0, x̂_0 = alpha x."""
    for s, t in itertools.pairwise(torch.tensor(sorted(nodes, reverse=True))):
        turn = process.alpha(t) * process.alpha(s) + process.sigma(t) * process.sigma(s)
        state = state * float(process.alpha(s) if t == 0 else turn)
    return state


@pytest.mark.parametrize("branch_times", ["insert", "coalesce"])
def test_states_cross_into_the_branches_of_the_new_class(tree, branch_times):
    """From the class that is left, and then from branch to branch, each time as `cross` says."""
    model = silent(tree, [[0.0, -4.0], [-2.0, 1.0], [2.0, 3.0]])
    settings = {"name": "ddim", "steps": 4, "branch_times": branch_times, "clip": False}
    schedule, nodes = Sampler.of(settings).schedule(model)
    first, last = schedule.branch_time("0", "4"), schedule.branch_time("4", "9")
    assert (first == last) == (branch_times == "coalesce")
    nodes = {*nodes, first, last}
    lower = [node for node in nodes if node <= last]

    def cross(state, time, parent, child):
        numbers = {"".join(branch.classes): n for n, branch in enumerate(tree.branches)}
        state = torch.from_numpy(state)
        return model.cross(state, time, numbers[parent], numbers[child]).numpy()

    objects = {name: np.ones((5, 2), np.float32) for name in "049"}
    made = transmute(model, objects, [("0", "4")], Sampler.of(settings))
    state = made.where(label="4", role="noised", origin="0")
    if first == last:
        state = cross(state, first, "0", "4")
    else:
        state = cross(state, first, "0", "49")
        state = walk(model.process, state, [node for node in nodes if last <= node <= first])
        state = cross(state, last, "49", "4")
    expected = walk(model.process, state, lower)
    np.testing.assert_allclose(made.where("4", "sample", "0"), expected, rtol=1e-4, atol=1e-5)

    both = hybrids(model, [("4", "9")], 5, Sampler.of(settings))
    for name in "49":
        parent = "49" if first > last else "049"
        state = cross(both.where("4/9", "hybrid"), last, parent, name)
        expected = walk(model.process, state, lower)
        found = both.where(name, "sample", "4/9")
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("time", "crossings"),
    [
        (0.2, [(0.2, "4", "9")]),
        (0.45, [(0.35, "49", "9")]),
        (0.6, [(0.5, "049", "49"), (0.35, "49", "9")]),
    ],
)
def test_states_cross_at_the_time_or_at_the_branch_points_below_it(tree, time, crossings):
    model = silent(tree, [[0.0, -4.0], [-2.0, 1.0], [2.0, 3.0]])
    sampler = Sampler.of({"name": "ddim", "steps": 4, "clip": False})
    made = transmute(model, dict.fromkeys("49", np.ones((5, 2))), [("4", "9")], sampler, time)
    assert set(made.time[made.role == "noised"]) == {time}
    numbers = {"".join(branch.classes): n for n, branch in enumerate(tree.branches)}
    state, above = made.where("9", "noised", "4"), time
    nodes = {*sampler.schedule(model)[1], time, *(at for at, *_ in crossings)}
    for at, parent, child in crossings:
        state = walk(model.process, state, [node for node in nodes if at <= node <= above])
        state = model.cross(torch.as_tensor(state), at, numbers[parent], numbers[child]).numpy()
        above = at
    expected = walk(model.process, state, [node for node in nodes if node <= above])
    np.testing.assert_allclose(made.where("9", "sample", "4"), expected, rtol=1e-4, atol=1e-5)


def test_a_label_guided_model_transmutes_at_a_time_that_is_given(branched, linear, tree):
    """With the same noise as the branched one, whatever the time."""
    objects = {name: np.full((3, 5), 0.5, np.float32) for name in "049"}
    pairs, noise = [("4", "9"), ("0", "4")], []
    for time in (0.3, 0.8):
        both = [transmute(model, objects, pairs, SAMPLER, time) for model in (branched, linear)]
        noised = [made.x[made.role == "noised"] for made in both]
        assert np.array_equal(*noised)
        assert set(both[1].time[both[1].role == "noised"]) == {time}
        alpha, sigma = (float(f(time)) for f in (branched.process.alpha, branched.process.sigma))
        noise.append((noised[0] - alpha * 0.5) / sigma)
    np.testing.assert_allclose(*noise, rtol=1e-3, atol=1e-5)
    made = transmute(linear, objects, pairs, SAMPLER, tree=tree)
    for a, b in pairs:
        for origin, target in ((a, b), (b, a)):
            rows = (made.role == "noised") & (made.label == target) & (made.origin == origin)
            assert set(made.time[rows]) == {tree.branch_time(a, b)}
    # the class is told: what it becomes depends on it
    assert not np.array_equal(made.where("9", "sample", "4"), made.where("0", "sample", "4"))
    with pytest.raises(ValueError, match="a linear model has no branch points; give the time"):
        transmute(linear, objects, pairs, SAMPLER)


@pytest.mark.parametrize("time", [0.001, 1.0, 1.5])
def test_objects_are_noised_while_sampling_goes_on(linear, time):
    objects = dict.fromkeys("49", np.zeros((3, 5)))
    with pytest.raises(ValueError, match=f"time is {time:g}, it must lie between 0.001, where"):
        transmute(linear, objects, [("4", "9")], SAMPLER, time)


def test_a_label_guided_model_has_no_branch_points(linear):
    with pytest.raises(ValueError, match="a linear model has no branch points"):
        hybrids(linear, [("4", "9")], 2, SAMPLER)


def test_requests_that_make_no_sense_are_refused(branched):
    x = np.zeros((3, 5))
    with pytest.raises(ValueError, match="unknown class '7'"):
        hybrids(branched, [("4", "7")], 2, SAMPLER)
    with pytest.raises(ValueError, match="two different classes, found '4' twice"):
        transmute(branched, {"4": x}, [("4", "4")], SAMPLER)
    with pytest.raises(ValueError, match="0 hybrids asked for"):
        hybrids(branched, [("4", "9")], 0, SAMPLER)
    with pytest.raises(ValueError, match=r"no objects given of the classes \['9'\]"):
        transmute(branched, {"4": x, "9": x[:0]}, [("4", "9")], SAMPLER)
    with pytest.raises(ValueError, match=r"shape \(4,\), the model's have \(5,\)"):
        transmute(branched, {"4": x, "9": x[:, :4]}, [("4", "9")], SAMPLER)
    with pytest.raises(ValueError, match=r"a pair is two class names, .* found 'AV'"):
        hybrids(branched, ["AV"], 2, SAMPLER)
    with pytest.raises(ValueError, match="class '4' hold NaN"):
        transmute(branched, {"4": x * np.nan, "9": x}, [("4", "9")], SAMPLER)
    assert len(transmute(branched, {"4": x, "9": x}, [("4", "9")], SAMPLER)) == 18


def test_a_pair_asked_for_twice_is_made_once(model):
    objects = {name: np.zeros((2, 2), np.float32) for name in ("4", "9")}
    both = transmute(model, objects, (pair for pair in [("4", "9"), ("9", "4")]), SAMPLER)
    assert len(both.where("4", "sample", "9")) == len(both.where("9", "sample", "4")) == 2
    made = hybrids(model, [("4", "9"), ("4", "9")], 2, SAMPLER)
    assert len(made.where("4/9", "hybrid")) == 2


def test_branch_times_of_another_process_keep_their_noise_levels(gaussian, tree):
    other = VP(0.1, 5.0)
    model = gaussian([[0.0, 0.0]] * 3, [[1.0, 1.0]] * 3, tree)
    made_for = BranchTree(tree.classes, tree.points, process=other.to_dict())
    objects = {"4": np.zeros((1, 2), np.float32)}
    made = transmute(model, objects, [("4", "9")], SAMPLER, tree=made_for, both=False)
    (time,) = made.time[made.role == "noised"]
    assert time != pytest.approx(0.35, abs=0.01)
    assert model.process.log_snr(time) == pytest.approx(float(other.log_snr(0.35)))


def test_names_may_be_typed_in_any_form_of_unicode(gaussian):
    composed, decomposed = "\u00e9", "e\u0301"
    tree = BranchTree([decomposed, "b"], [BranchPoint(frozenset([decomposed, "b"]), 0.4)])
    model = gaussian([[0.0], [1.0]], [[1.0], [1.0]], tree)
    assert model.classes == (composed, "b")
    assert tree.branch_time("b", decomposed) == 0.4
    made = sample(model, {decomposed: 3}, SAMPLER)
    assert len(made.where(decomposed)) == len(made.where(composed)) == 3
    objects = {decomposed: np.zeros((2, 1), np.float32)}
    turned = transmute(model, objects, [(decomposed, "b")], SAMPLER, both=False)
    assert len(turned.where("b", "sample", decomposed)) == 2
