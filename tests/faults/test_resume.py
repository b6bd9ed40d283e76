"""What may change between the parts of a run and what may not; numbers that are not finite."""

import itertools
import json
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from bdiff.checkpoint import load_folder, newest, save_folder
from bdiff.data.dataset import write_dataset
from bdiff.training.settings import Training, TrainingError
from bdiff.training.train import train
from bdiff.tree_files import save_tree
from tests.faults.runs import KINDS, TREE
from tests.training.test_train import ROOT, SETTINGS, bits, killed_at

COSINE = replace(SETTINGS, schedule="cosine")  # the length matters from the first step on
CHANGES = {
    "steps": 40,
    "batch_size": 8,
    "learning_rate": 2e-3,
    "schedule": "constant",
    "ema": 0.8,
    "clip": 2.0,
    "label_dropout": 0.1,
    "log_every": 5,
    "seed": 1,
}
ALLOWED = {"checkpoint_every": 3}


def begin(kind, folder, monkeypatch, settings=COSINE):
    """Train a model of a kind up to step 10, with a checkpoint of step 7."""
    model, dataset, _ = KINDS[kind]()
    with killed_at(10, monkeypatch):
        train(model, dataset, settings, checkpoints=folder, device="cpu")


def resume(kind, folder, settings=COSINE):
    model, dataset, _ = KINDS[kind]()
    train(model, dataset, settings, checkpoints=folder, device="cpu")
    return model


def test_every_setting_is_one_of_these():
    assert CHANGES.keys() | ALLOWED.keys() == {field.name for field in fields(Training)}


@pytest.mark.fault("F12")
@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_is_refused_with_both_values(tmp_path, monkeypatch, name):
    begin("linear", tmp_path, monkeypatch)
    message = rf"training\.{name}: the checkpoint has {getattr(COSINE, name)!r}, this run "
    with pytest.raises(TrainingError, match=message + repr(CHANGES[name])):
        resume("linear", tmp_path, replace(COSINE, **{name: CHANGES[name]}))
    assert newest(tmp_path).name == "step-00000007"


@pytest.mark.fault("F12")
@pytest.mark.parametrize("name", ALLOWED)
def test_a_setting_that_changes_no_step_may_change(tmp_path, monkeypatch, name):
    begin("linear", tmp_path, monkeypatch)
    model = resume("linear", tmp_path, replace(COSINE, **{name: ALLOWED[name]}))
    assert bits(model) == bits(resume("linear", tmp_path / "whole"))


def leaves(value, path=()):
    """Paths of all values in nested mappings."""
    if isinstance(value, dict) and value:
        for key in value:
            yield from leaves(value[key], (*path, key))
    else:
        yield path


@pytest.mark.fault("F12")
def test_every_part_of_what_fixes_a_run_is_compared(tmp_path, monkeypatch, reached):
    """Whatever a checkpoint says of its run: net, process, tree, weights, data, part, precision."""
    begin("residual", tmp_path, monkeypatch)
    step = tmp_path / "step-00000007"
    manifest, tensors = load_folder(step)
    texts = {"metrics.jsonl": (step / "metrics.jsonl").read_text()}
    paths, refused = list(leaves(manifest["run"])), 0
    for path in paths:
        changed = json.loads(json.dumps(manifest))
        *way, last = path
        place = changed["run"]
        for key in way:
            place = place[key]
        place[last] = "something else"
        save_folder(step, changed, tensors, texts)
        with pytest.raises(TrainingError) as error:
            resume("residual", tmp_path)
        refused += f"{'.'.join(path)}: the checkpoint has 'something else'" in str(error.value)
    reached(refused, len(paths), "parts of a run")
    assert refused == len(paths) > 20
    assert {path[0] for path in paths} >= {"training", "precision", "part", "model", "data"}


@pytest.fixture
def threads():
    """Set the number of torch's threads; afterwards it is one again."""
    yield torch.set_num_threads
    torch.set_num_threads(1)


@pytest.mark.fault("F13")
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_with_another_number_of_threads(
    tmp_path, monkeypatch, threads, kind, reached
):
    """With the same batches, times and noise, and predictions that are the same to rounding.

    (Of weights before a normalisation the gradient is nothing but rounding, and Adam's first steps
    go by its sign.)
    """
    seen = []

    def watched(model):
        loss = model.loss
        model.loss = lambda *words: (seen.append(words), loss(*words))[1]
        return model

    settings = replace(SETTINGS, steps=14, label_dropout=0.2 if kind == "linear" else 0.0)

    def finish(folder):
        model, dataset, _ = KINDS[kind]()
        train(watched(model), dataset, settings, checkpoints=folder, device="cpu")
        given = seen[-7:]
        seen.clear()
        x, classes = torch.from_numpy(dataset.x), torch.from_numpy(dataset.labels)
        t = model.process.times(torch.linspace(0.05, 0.95, len(x), dtype=torch.float64))
        with torch.no_grad():
            return given, model.denoise(x, t, classes)

    given, whole = finish(tmp_path / "whole")
    begin(kind, tmp_path / "parts", monkeypatch, settings)
    threads(2)
    again, parts = finish(tmp_path / "parts")
    assert all(
        torch.equal(one, other)
        for words, others in zip(given, again, strict=True)
        for one, other in zip(words, others, strict=True)
    )
    error = float((parts - whole).norm() / whole.norm())
    reached(int(error <= 1e-5), 1, f"{kind} within {error:.1g}")
    assert error <= 1e-5


@pytest.mark.fault("F14")
def test_the_same_command_makes_the_same_bits(tmp_path, count, reached):
    """scripts/train.py, each time in a process and a folder of its own."""
    _, dataset, _ = KINDS["residual"]()
    model = KINDS["residual"]()[0]
    write_dataset(dataset, tmp_path / "data.parquet")
    save_tree(TREE, tmp_path / "tree.json", model.process)
    settings = {
        "kind": "branched", "process": {"name": "vp"}, "net": model.settings, "seed": 0,
        "device": "cpu", "precision": "float32", "compile": False,
        "training": {"steps": 30, "log_every": 10},
    }  # fmt: skip
    tried, found = count(2, 10), []
    for number in range(tried):
        folder = tmp_path / str(number)
        command = [
            *(sys.executable, "scripts/train.py", "--settings", json.dumps(settings)),
            *("--data", tmp_path / "data.parquet", "--tree", tmp_path / "tree.json"),
            *("--output", folder / "model", "--checkpoints", folder / "checkpoints"),
        ]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        names = ("weights.safetensors", "metrics.jsonl")
        found.append([(folder / "model" / name).read_bytes() for name in names])
    same = sum(files == found[0] for files in found)
    reached(same, tried)
    assert same == tried


class Poison(torch.autograd.Function):
    """Its result is its input; its gradient is multiplied."""

    @staticmethod
    def forward(context, x, factor):
        context.factor = factor
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient * context.factor, None


def poison(model, step, value, where):
    """Let the loss of a step, or only its gradient, be multiplied by such a number."""
    loss, steps = model.loss, itertools.count()

    def watched(*words):
        losses = loss(*words)
        if next(steps) != step:
            return losses
        return losses * value if where == "loss" else Poison.apply(losses, value)

    model.loss = watched


@pytest.mark.fault("F11")
@pytest.mark.filterwarnings("ignore:precision is 'bfloat16'")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("where", ["loss", "gradient"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("step", [0, 9])
def test_training_stops_where_numbers_are_not_finite(
    tmp_path, monkeypatch, step, value, where, precision
):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    model, dataset, _ = KINDS["unet"]()
    poison(model, step, value, where)
    message = rf"training stopped at step {step}: the {where} is not finite.* times t in \["
    with pytest.raises(TrainingError, match=message) as error:
        train(model, dataset, SETTINGS, checkpoints=tmp_path, device="cpu", precision=precision)
    assert "branches [" in str(error.value)
    assert "classes ['0', '4', '9']" in str(error.value)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    if step:
        tensors = load_folder(newest(tmp_path))[1]
        assert all(t.isfinite().all() for named in tensors.values() for t in named.values())
    else:
        assert newest(tmp_path) is None


@pytest.mark.fault("F11")
def test_an_object_that_is_not_finite_is_refused_before_the_first_step():
    model, dataset, settings = KINDS["residual"]()
    dataset = replace(dataset, x=dataset.x.copy())
    dataset.x[4, 2] = np.nan  # after it was checked
    with pytest.raises(ValueError, match=r"1 values that are NaN .* row 4"):
        train(model, dataset, settings, device="cpu")
    assert all(parameter.isfinite().all() for parameter in model.parameters())
