"""Training: it learns, it averages, and it resumes to the same bits; killed in tests/faults."""

import json
import math
import os
import re
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.checkpoint import newest
from bdiff.data.dataset import Dataset
from bdiff.process import VP
from bdiff.training.run import TrainingRun
from bdiff.training.settings import Training, TrainingError
from bdiff.training.train import train
from bdiff.tree import BranchPoint, BranchTree

ROOT = Path(__file__).parents[2]
UNET = {"name": "unet", "channels": [32, 64], "strides": [1, 2]}
SETTINGS = Training(
    steps=30, batch_size=16, log_every=10, checkpoint_every=7, ema=0.9, schedule="constant"
)


def data(count=50):
    x = np.random.default_rng(0).standard_normal((count, 1, 6, 6), dtype=np.float32)
    return Dataset(x, np.arange(count) % 3, "049", np.full(count, "train"), name="noise")


def new_model(tree, shape=(1, 6, 6), net=UNET):
    return initialised("branched", VP(), shape, net, tree=tree, seed=0)


def bits(model):
    return b"".join(p.detach().numpy().tobytes() for p in model.parameters())


class KilledError(Exception):
    """In place of a signal, at a known step."""


@contextmanager
def killed_at(step, monkeypatch):
    """A run in which the process would die before this step."""
    advance = TrainingRun.advance

    def stop(run):
        if run.step == step:
            raise KilledError
        return advance(run)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "advance", stop)
        with pytest.raises(KilledError):
            yield


def train_until(step, model, dataset, checkpoints, monkeypatch, settings=SETTINGS):
    with killed_at(step, monkeypatch):
        train(model, dataset, settings, checkpoints=checkpoints, device="cpu")


def test_a_run_depends_on_its_seed_alone(tree):
    dataset = data()
    first, second = new_model(tree), new_model(tree)
    records = train(first, dataset, SETTINGS, device="cpu")
    torch.rand(10)
    np.random.default_rng().random()
    assert train(second, dataset, SETTINGS, device="cpu") == records
    assert bits(first) == bits(second)
    other = new_model(tree)
    train(other, dataset, Training(**(vars(SETTINGS) | {"seed": 1})), device="cpu")
    assert bits(other) != bits(first)


@pytest.mark.fault("F1")
@pytest.mark.parametrize("step", [3, 7, 13, 29])
def test_an_interrupted_run_ends_with_the_same_bits(tree, tmp_path, monkeypatch, step):
    dataset = data()
    whole = new_model(tree)
    records = train(whole, dataset, SETTINGS, device="cpu")
    train_until(step, new_model(tree), dataset, tmp_path, monkeypatch)
    resumed = new_model(tree)
    assert train(resumed, dataset, SETTINGS, checkpoints=tmp_path, device="cpu") == records
    assert bits(resumed) == bits(whole)


def test_checkpoints_of_another_run_are_refused_with_the_difference(tree, tmp_path, monkeypatch):
    dataset = data()
    train_until(20, new_model(tree), dataset, tmp_path, monkeypatch)
    changed = Training(**(vars(SETTINGS) | {"learning_rate": 0.5}))
    message = r"training\.learning_rate: the checkpoint has 0.001, this run 0.5"
    with pytest.raises(TrainingError, match=message):
        train(new_model(tree), dataset, changed, checkpoints=tmp_path, device="cpu")
    assert newest(tmp_path).name == "step-00000014"


@pytest.mark.fault("F12")
def test_a_longer_run_continues_a_shorter_one(tree, tmp_path):
    """Each record is the mean since the one before, also where that ended the shorter run."""
    whole, extended = new_model(tree), new_model(tree)
    each = train(whole, data(), replace(SETTINGS, log_every=1), device="cpu")
    shorter = replace(SETTINGS, steps=25)
    train(new_model(tree), data(), shorter, checkpoints=tmp_path, device="cpu")
    records = train(extended, data(), SETTINGS, checkpoints=tmp_path, device="cpu")
    for first, last in ((0, 10), (10, 20), (20, 25), (25, 30)):
        (record,) = [record for record in records if record["step"] == last]
        losses = [one["loss"] for one in each[first:last]]
        assert record["loss"] == pytest.approx(np.mean(losses))
    assert bits(extended) == bits(whole)
    with pytest.raises(TrainingError, match=r"the checkpoint is at 30, this run ends at 25"):
        train(new_model(tree), data(), shorter, checkpoints=tmp_path, device="cpu")


@pytest.mark.fault("F12")
def test_checkpoints_of_other_first_weights_are_refused(tree, tmp_path, monkeypatch):
    train_until(20, new_model(tree), data(), tmp_path, monkeypatch)
    other = initialised("branched", VP(), (1, 6, 6), UNET, tree=tree, seed=1)
    with pytest.raises(TrainingError, match=r"weights\.sha256: the checkpoint has "):
        train(other, data(), SETTINGS, checkpoints=tmp_path, device="cpu")


def test_an_interrupted_model_can_be_trained_by_others(tree, tmp_path, monkeypatch):
    model = new_model(tree)
    train_until(5, model, data(), tmp_path, monkeypatch)
    x, t, classes = torch.randn(3, 1, 6, 6), torch.full((3,), 0.2).double(), torch.arange(3)
    model.loss(x, classes, t, torch.randn_like(x)).mean().backward()
    assert not any(p.grad.is_sparse for p in model.parameters() if p.grad is not None)


def test_records_reach_the_last_step(tree):
    records = train(new_model(tree), data(), replace(SETTINGS, steps=13), device="cpu")
    assert [record["step"] for record in records] == [10, 13]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of 1 or more, found 0"),
        ({"steps": 2.5}, r"steps must be a whole number of 1 or more, found 2\.5"),
        ({"batch_size": -3}, "batch_size .* found -3"),
        ({"log_every": 0}, "log_every .* found 0"),
        ({"ema": 1.0}, r"ema is 1\.0, it must lie in \[0, 1\)"),
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0"),
        ({"learning_rate": math.inf}, "learning_rate must be a number above 0"),
        ({"seed": None}, "seed must be a whole number, found None"),
        ({"steps": True}, "steps must be a whole number of 1 or more, found True"),
        ({"label_dropout": 1.0}, r"label_dropout is 1\.0, it must lie in \[0, 1\)"),
        ({"learning_rate": "1e-3"}, "learning_rate must be a number, found '1e-3'"),
        ({"ema": None, "steps": 0}, "ema must be a number, found None; steps must be"),
        ({"schedule": "linear"}, "schedule is 'linear', it must be one of .*'cosine'"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **setting)


def test_whole_numbers_of_numpy_are_kept_as_they_stand_in_files():
    settings = replace(SETTINGS, seed=np.int64(3), steps=np.int32(5))
    assert settings == replace(SETTINGS, seed=3, steps=5)
    assert json.loads(json.dumps(asdict(settings))) == asdict(settings)


@pytest.mark.fault("F12")
def test_checkpoints_of_other_data_are_refused(tree, tmp_path, monkeypatch):
    dataset = data()
    train_until(20, new_model(tree), dataset, tmp_path, monkeypatch)
    dataset.x[7, 0, 3, 3] += 1e-3
    with pytest.raises(TrainingError, match=r"data\.sha256: the checkpoint has"):
        train(new_model(tree), dataset, SETTINGS, checkpoints=tmp_path, device="cpu")


@pytest.mark.fault("F22")
def test_only_the_newest_two_checkpoints_are_kept(tree, tmp_path):
    train(new_model(tree), data(), SETTINGS, checkpoints=tmp_path, device="cpu")
    assert sorted(os.listdir(tmp_path)) == [".lock", "step-00000028", "step-00000030"]


@pytest.mark.fault("F11")
def test_nan_stops_the_run_and_names_step_times_branch_and_class(tree, tmp_path):
    model = new_model(tree)
    with torch.no_grad():
        model.net.output.weight[3] = torch.nan  # the branch of class 4 below 0.35
    with pytest.raises(
        TrainingError, match=r"step 0: the loss is not finite for \d+ of 50"
    ) as caught:
        train(model, data(), replace(SETTINGS, batch_size=50), checkpoints=tmp_path, device="cpu")
    assert "branches ['4'], classes ['4']" in str(caught.value)
    low, high = re.search(r"times t in \[(\S+), ([^\]]+)\]", str(caught.value)).groups()
    assert 0 < float(low) <= float(high) <= 0.35


def test_weights_are_averaged_with_a_warm_up(tree):
    """After one step with decay min(0.9, 1/10) the average is 1/10 initial and 9/10 new weights."""
    dataset = data(16)
    start, end = new_model(tree), new_model(tree)
    before = [p.detach().clone() for p in start.parameters()]
    one = Training(**(vars(SETTINGS) | {"steps": 1, "ema": 0.9}))
    train(end, dataset, one, device="cpu")
    raw = new_model(tree)
    train(raw, dataset, Training(**(vars(one) | {"ema": 0.0})), device="cpu")
    for initial, averaged, new in zip(before, end.parameters(), raw.parameters(), strict=True):
        torch.testing.assert_close(averaged, 0.1 * initial + 0.9 * new)


def test_training_learns_two_points(tree):
    """Two classes, a point each: the exact denoiser returns the point, and the loss goes to 0."""
    tree = BranchTree("ab", [BranchPoint(frozenset("ab"), 0.4)])
    x = np.repeat(np.array([[1.0, -1.0], [-1.0, 1.0]], dtype=np.float32), 64, axis=0)
    dataset = Dataset(x, np.repeat([0, 1], 64), "ab", np.full(128, "train"), name="points")
    model = new_model(tree, (2,), {"name": "dense", "width": 64})
    train(model, dataset, Training(steps=800, batch_size=128, ema=0.99), device="cpu")
    t, codes = torch.full((64,), 0.3, dtype=torch.float64), torch.arange(64) % 2
    x_0 = torch.from_numpy(x[[0, 64]])[codes]
    x_t = model.process.diffuse(x_0, t, torch.randn_like(x_0))
    assert (model.denoise(x_t, t, codes) - x_0).abs().mean() < 0.15


def test_objects_and_classes_that_do_not_fit_are_refused(tree):
    whole = data()
    narrow = replace(whole, x=whole.x[..., :5])
    with pytest.raises(ValueError, match=r"objects of shape \(1, 6, 6\), .* has \(1, 6, 5\)"):
        train(new_model(tree), narrow, SETTINGS, device="cpu")
    renamed = replace(whole, classes=("0", "4", "7"))
    with pytest.raises(ValueError, match=r"has the classes \['7'\], which the model does not know"):
        train(new_model(tree), renamed, SETTINGS, device="cpu")
    two = replace(whole, x=whole.x[:2], labels=whole.labels[:2], classes=("0", "4"),
                  split=whole.split[:2])  # fmt: skip
    with pytest.raises(ValueError, match=r"has no objects of \['9'\], which the model is to learn"):
        train(new_model(tree), two, SETTINGS, device="cpu")


def test_classes_are_matched_by_name_not_by_code(tree):
    """The same objects with the classes listed in another order train the same model."""
    whole = data()
    turned = replace(whole, classes=("9", "0", "4"), labels=(whole.labels + 1) % 3)
    first, second = new_model(tree), new_model(tree)
    records = train(first, whole, SETTINGS, device="cpu")
    assert train(second, turned, SETTINGS, device="cpu") == records
    assert bits(first) == bits(second)


def test_training_in_bfloat16_is_nearly_that_in_float32(tree, monkeypatch):
    """Only the products are rounded; weights, loss and Adam are not."""
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    settings = replace(SETTINGS, steps=4, log_every=4)
    models = [new_model(tree), new_model(tree)]
    records = [
        train(model, data(), settings, device="cpu", precision=precision)
        for model, precision in zip(models, ("float32", "bfloat16"), strict=True)
    ]
    assert bits(models[0]) != bits(models[1])
    assert records[1][0]["loss"] == pytest.approx(records[0][0]["loss"], rel=0.02)
    assert {p.dtype for p in models[1].parameters()} == {torch.float32}


def test_options_that_do_not_help_change_no_bit(tree, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    settings = replace(SETTINGS, steps=2)
    plain, told = new_model(tree), new_model(tree)
    train(plain, data(), settings, device="cpu")
    with pytest.warns(UserWarning, match="instead") as caught:
        train(told, data(), settings, device="cpu", precision="bfloat16", compile=True)
    assert [str(w.message).split(",")[0] for w in caught] == [
        "precision is 'bfloat16'",
        "compile is true",
    ]
    assert bits(plain) == bits(told)
