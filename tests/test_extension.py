"""A class that is added changes nothing of what was learned before, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bdiff.branch_points.estimate import estimate_tree, extend_tree
from bdiff.branch_points.linkage import join
from bdiff.build import initialised
from bdiff.data.dataset import Dataset
from bdiff.extension import extend, fingerprint, with_leaf
from bdiff.model_files import load_model, save_model
from bdiff.process import DDPM, VP
from bdiff.sampling.sampler import Sampler, sample
from bdiff.training.run import TrainingRun
from bdiff.training.settings import Part, Training
from bdiff.training.train import train
from bdiff.tree import BranchTree
from bdiff.tree_files import convert_tree
from tests.trees import tree_of

NETS = {
    "residual": ({"name": "residual", "width": 16, "condition": 8}, (5,)),
    "dense": ({"name": "dense", "width": 16}, (5,)),
    "residual_unet": ({"name": "residual_unet", "channels": [8], "rank": 2}, (1, 4, 4)),
    "unet": ({"name": "unet", "channels": [32], "strides": [1]}, (1, 5, 5)),
}  # fmt: skip
SETTINGS = Training(steps=3, batch_size=32, ema=0.5)
SOLVERS = (
    {"name": "ddim", "eta": 1, "steps": 6},
    {"name": "sde_dpm_solver_pp", "steps": 5, "branch_times": "coalesce", "grid": "quadratic_t"},
)


def data_of(shape, names="0497", means=(-2.0, 1.0, 1.4, 0.4)):
    """Gaussian objects around a mean of their class: 4 and 9 are alike, 7 is not far."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(names)), 60)
    x = np.array(means)[labels].reshape(-1, *[1] * len(shape)) + 0.5 * rng.standard_normal(
        (len(labels), *shape)
    )
    return Dataset(
        x.astype(np.float32), labels, tuple(names), np.full(len(labels), "train"), "mine"
    )


@pytest.fixture(params=NETS)
def trained(request):
    """A model of 0, 4 and 9, and data that have a 7 as well."""
    net, shape = NETS[request.param]
    tree = tree_of("049", **{"49": 0.35, "049": 0.5})
    model = initialised("branched", VP(), shape, net, tree=tree)
    dataset = data_of(shape)
    train(model, dataset.keep_classes("049"), SETTINGS)
    return model, dataset


@pytest.mark.fault("F16")
def test_what_was_learned_stays_to_the_last_bit(trained, tmp_path):
    model, dataset = trained
    request, more = dict.fromkeys("049", 5), dict.fromkeys("7049", 5)
    samplers = [Sampler.of(settings) for settings in SOLVERS]
    before = [sample(model, request, sampler).x for sampler in samplers]
    shared = sample(model, request, samplers[0], share_trunks=True).x
    known = fingerprint(model, 5)
    larger = extend(model, "7", dataset, SETTINGS)
    assert fingerprint(model, 5) == fingerprint(larger, 5) == known
    for sampler, x in zip(samplers, before, strict=True):
        assert np.array_equal(sample(larger, request, sampler).x, x)
        assert np.array_equal(sample(larger, more, sampler).x[5:], x)
    assert np.array_equal(sample(larger, request, samplers[0], share_trunks=True).x, shared)
    # a shared past depends on which classes are asked for, not on how many of them
    few, many = (
        sample(larger, {"9": 5, "7": n}, replace(samplers[0], per_class=2), share_trunks=True)
        for n in (2, 5)
    )
    np.testing.assert_allclose(few.x[:5], many.x[:5], atol=1e-5)
    save_model(larger, tmp_path / "larger")
    again = load_model(tmp_path / "larger")
    assert np.array_equal(sample(again, more, samplers[0]).x, sample(larger, more, samplers[0]).x)


def test_only_the_new_leaf_is_trained_and_on_its_objects_alone(trained):
    model, dataset = trained
    tree = model.tree.extend("7", "9", 0.4)
    untrained = with_leaf(model, tree)
    larger = extend(model, "7", dataset.keep_classes("7"), SETTINGS, tree=tree)
    leaf = larger.head_of_branch("7")
    assert leaf == 5
    assert fingerprint(larger, 5) == fingerprint(untrained, 5)
    assert fingerprint(larger, 6) != fingerprint(untrained, 6)
    sevens = torch.from_numpy(dataset.of("7")).flatten(1)
    torch.testing.assert_close(larger.means[leaf], sevens.mean(dim=0))


def test_the_new_leaf_starts_as_the_leaf_of_the_nearest_class(trained):
    model, _ = trained
    larger = with_leaf(model, model.tree.extend("7", "9", 0.2))
    x, t = torch.randn(6, *model.shape), torch.full((6,), 0.1, dtype=torch.float64)
    seven, nine = (torch.full((6,), larger.tree.index(name)) for name in "79")
    assert torch.equal(larger.denoise(x, t, seven), larger.denoise(x, t, nine))


def test_retraining_changes_the_branches_above_and_no_other(trained):
    model, dataset = trained
    tree = model.tree.extend("7", "9", 0.4)  # cuts the branch of 4 and 9
    larger = extend(model, "7", dataset, SETTINGS, tree=tree, retrain=True)
    heads = {branch.classes: head for branch, head in zip(tree.branches, larger.heads, strict=True)}
    assert heads["4", "9", "7"] != heads["4", "9"]
    x = torch.randn(4, *model.shape)
    for name, t, same in (
        ("0", 0.3, True),
        ("9", 0.2, True),
        ("4", 0.38, True),
        ("4", 0.45, False),
        ("0", 0.7, False),
    ):
        codes = torch.full((4,), tree.index(name))
        times = torch.full((4,), t, dtype=torch.float64)
        equal = torch.equal(larger.denoise(x, times, codes), model.denoise(x, times, codes))
        assert equal == same, (name, t)


def test_old_classes_are_sampled_by_what_was_retrained(trained, tmp_path):
    model, dataset = trained
    sampler, request = Sampler.of(SOLVERS[0]), {"0": 4, "4": 4}
    before = sample(model, request, sampler)
    # beside the others at the root: every branch keeps its own head
    tree = model.tree.extend("7", "0", 0.5)
    larger = extend(model, "7", dataset, SETTINGS, tree=tree, retrain=True)
    assert not np.allclose(sample(larger, {"0": 4}, sampler).x, before.x[:4])
    save_model(larger, tmp_path / "larger")
    again = load_model(tmp_path / "larger")
    more = {"7": 2, **request}
    assert np.array_equal(sample(again, more, sampler).x, sample(larger, more, sampler).x)
    assert again.tree_for(["0"]) == again.tree


def test_retraining_leaves_branches_alone_that_share_a_head_with_those_above():
    """c cuts the branch of a and b above their root, d that of a, b and c: one head for all."""
    net, shape = NETS["residual"]
    dataset = data_of(shape, "abcd")
    model = initialised("branched", VP(), shape, net, tree=tree_of("ab", ab=0.5))
    train(model, dataset.keep_classes("ab"), SETTINGS)
    model = extend(model, "c", dataset, SETTINGS, tree=model.tree.extend("c", "a", 0.7))
    tree = model.tree.extend("d", "a", 0.9)
    larger = extend(model, "d", dataset, SETTINGS, tree=tree, retrain=True)
    x = torch.randn(4, *shape)
    for t, same in ((0.3, True), (0.6, True), (0.8, True), (0.95, False)):
        codes, times = torch.zeros(4, dtype=torch.int64), torch.full((4,), t, dtype=torch.float64)
        equal = torch.equal(larger.denoise(x, times, codes), model.denoise(x, times, codes))
        assert equal == same, t


@pytest.mark.fault("F16")
def test_a_second_and_third_class_leave_the_first_as_they_were():
    net, shape = NETS["residual"]
    dataset = data_of(shape, "049712", (-2.0, 1.0, 1.4, 0.4, -1.0, 3.0))
    model = initialised("branched", VP(), shape, net, tree=estimate_tree(
        dataset.keep_classes("049"), VP(), min_time=0.01))  # fmt: skip
    train(model, dataset.keep_classes("049"), SETTINGS)
    sampler = Sampler.of(SOLVERS[1])
    x = sample(model, {"0": 4, "4": 4, "9": 4}, sampler).x
    known = ""
    for count, name in enumerate("712"):
        model = extend(model, name, dataset, SETTINGS)
        assert not known or fingerprint(model, 5 + count) == known
        known = fingerprint(model, 6 + count)
        assert np.array_equal(sample(model, {"0": 4, "4": 4, "9": 4}, sampler).x, x)
    assert model.classes == tuple("049712")


def test_a_class_joins_a_model_in_discrete_time_at_the_noise_level_of_continuous_time():
    net, shape = NETS["residual"]
    dataset = data_of(shape)
    known = dataset.keep_classes("049")
    tree = estimate_tree(known, VP(), min_time=0.01)
    model = initialised("branched", DDPM(), shape, net, tree=convert_tree(tree, VP(), DDPM()))
    train(model, known, SETTINGS)
    sampler = Sampler.of(SOLVERS[0])
    x = sample(model, {"4": 4, "9": 4}, sampler).x
    larger = extend(model, "7", dataset, SETTINGS)
    # a step more noise than in continuous time at the most, and none less
    exact = extend_tree(tree, "7", dataset, VP()).branch_time("7", "9")
    step = larger.tree.branch_time("7", "9")
    at, before = (float(DDPM().log_snr(t)) for t in (step, step - 1))
    assert at <= float(VP().log_snr(exact)) < before
    assert larger.tree.restrict("049") == model.tree
    assert np.array_equal(sample(larger, {"4": 4, "9": 4}, sampler).x, x)


def test_times_of_a_part_are_those_of_its_heads(branched):
    """Leaf 4 and the branch of 4 and 9: 4 on (0, 0.5], 9 on (0.35, 0.5], 0 never."""
    dataset = data_of((5,), "049", (0.0, 1.0, 2.0))
    part = Part(heads=(branched.head_of_branch("49"), branched.head_of_branch("4")))
    run = TrainingRun(branched, dataset, Training(steps=1), torch.device("cpu"), part=part)
    assert run.spans.tolist() == [[0, 0], [0, 0.5], [0.35, 0.5]]
    assert set(run.labels.tolist()) == {1, 2}
    run.close()
    assert all(parameter.requires_grad for parameter in branched.parameters())


def test_a_label_guided_model_keeps_the_range_of_classes_that_it_does_not_see(linear):
    dataset = data_of((5,), "0497", (-2.0, 1.0, 2.0, 0.4))
    old, new = dataset.keep_classes("049"), dataset.keep_classes("7")
    train(linear, old, SETTINGS)
    alone = extend(linear, "7", new, SETTINGS)
    x = np.concatenate([old.x, new.x])
    expected = np.stack([x.min(axis=0), x.max(axis=0)])
    np.testing.assert_array_equal(alone.value_range[0].numpy(), expected)


def test_units_stay_where_the_objects_of_a_new_class_do_not_tell_theirs(linear):
    dataset = data_of((5,))
    linear.facts = {"dataset": "mine", "feature_names": list("uvwxy"), "scaling": {"a": 1}}
    larger = extend(linear, "7", dataset.keep_classes("7"), SETTINGS)
    assert larger.facts["feature_names"] == list("uvwxy")
    assert larger.facts["scaling"] == {"a": 1}


def test_a_label_guided_model_learns_the_new_class_alone_or_all(linear):
    dataset = data_of((5,))
    before = {name: tensor.clone() for name, tensor in linear.state_dict().items()}
    alone = extend(linear, "7", dataset.keep_classes("7"), SETTINGS)
    everything = extend(linear, "7", dataset, SETTINGS, retrain=True)
    assert alone.classes == everything.classes == ("0", "4", "9", "7")
    assert all(torch.equal(t, before[name]) for name, t in linear.state_dict().items())
    assert sample(alone, {"7": 2}, Sampler.of(SOLVERS[0])).x.shape == (2, 5)
    with pytest.raises(ValueError, match=r"no objects of \['0', '4', '9'\]"):
        extend(linear, "7", dataset.keep_classes("7"), SETTINGS, retrain=True)


def test_a_new_class_joins_the_first_branch_all_of_whose_classes_it_may_share_with():
    tree = tree_of("abcd", ab=0.2, abc=0.4, abcd=0.6)
    times = {"a": 0.1, "b": 0.3, "c": 0.3, "d": 0.5}
    found = join(tree, "e", times, 0.01)
    assert found.branch_time("e", "a") == found.branch_time("e", "b") == 0.3
    assert found.branch_time("e", "c") == 0.4
    assert found.restrict("abcd") == tree
    # too near to a branch point, it becomes one more child of it
    near = join(tree, "e", times | {"b": 0.395}, 0.01)
    assert len(near.points) == 3
    assert near.branch_time("e", "a") == 0.4
    # above the old root, it is the new one
    late = join(tree, "e", dict.fromkeys("abcd", 0.8), 0.01)
    assert late.points[0].classes == frozenset("abcde")
    assert late.points[0].time == 0.8
    with pytest.raises(ValueError, match="'e' can share a process with 'd' only from t = 1 on"):
        join(tree, "e", times | {"d": 1.0}, 0.01)


def test_extending_a_restricted_tree_gives_back_the_whole_one():
    """Of three classes whose pair times are ultrametric, whichever is added last."""
    dataset = data_of((5,), "049", (-2.0, 1.0, 1.4))
    whole = estimate_tree(dataset, VP(), min_time=0.01)
    for name in "049":
        rest = [other for other in "049" if other != name]
        again = extend_tree(whole.restrict(rest), name, dataset, VP(), min_time=0.01)
        for pair in ("04", "09", "49"):
            assert again.branch_time(*pair) == pytest.approx(whole.branch_time(*pair), abs=2e-3)


def test_wrong_extensions_are_refused(trained):
    model, dataset = trained
    with pytest.raises(ValueError, match="knows '4' already"):
        extend(model, "4", dataset, SETTINGS)
    with pytest.raises(ValueError, match="has no objects of '8'"):
        extend(model, "8", dataset, SETTINGS)
    with pytest.raises(ValueError, match=r"found no objects of \['0', '4', '9'\]"):
        extend(model, "7", dataset.keep_classes("7"), SETTINGS)
    other = BranchTree([*"0497"], tree_of("0497", **{"49": 0.3, "0497": 0.5}).points)
    with pytest.raises(ValueError, match="should be the model's"):
        extend(model, "7", dataset, SETTINGS, tree=other)
