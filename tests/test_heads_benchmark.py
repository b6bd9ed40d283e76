"""The study of heads: its variants, its rows, its budget, and that it goes on where it stopped."""

import itertools
import json
import time
from functools import partial

import numpy as np
import pytest
import torch

from bdiff.data.dataset import Dataset, write_dataset
from bdiff.nets.heads import InheritedVector
from bdiff.progress import Progress
from bdiff.training.run import TrainingRun
from benchmarks import budget, heads
from benchmarks.budget import Budget, train_within

SETTINGS = {"schedule": "cosine", "seed": 0}


def data(shape=(5,)):
    """The classes of the paper's tree of three digits, 20 objects each."""
    labels = np.repeat([0, 1, 2], 20)
    x = np.random.default_rng(0).standard_normal((60, *shape)).astype(np.float32)
    x += labels.reshape(-1, *[1] * len(shape))
    split = np.array((["train"] * 16 + ["test"] * 4) * 3)
    return Dataset(x, labels, ("0", "4", "9"), split, "mnist_049", "My data")


@pytest.fixture
def folder(tmp_path):
    write_dataset(data(), tmp_path / "mnist_049.parquet")
    return tmp_path


def arguments(folder, *more):
    paths = ["--data", folder, "--output", folder / "rows.jsonl"]
    common = ["--dataset", "mnist_049", *paths, "--count", 6, "--steps", 2, "--device", "cpu"]
    return list(map(str, [*common, *more]))


def test_rows_are_made_once_and_written_as_table_and_figure(folder, capsys, monkeypatch):
    monkeypatch.setattr(heads, "SAMPLER", heads.SAMPLER | {"steps": 4})
    wanted = ["--variants", "paper's tree", "guided", "warm"]
    main, table = heads.main, folder / "rows.csv"
    main(arguments(folder, *wanted, "--json", "--table", table))
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert all(tuple(row) == heads.KEYS for row in rows)
    by_name = {row["variant"]: row for row in rows}
    assert list(by_name) == [
        "real",
        "label-guided",
        "paper's tree",
        "paper's tree, not moved",
        "paper's network, v, warm start",
        "paper's network, label-guided",
    ]
    assert [row["steps"] for row in rows[1:]] == [2] * 5
    assert rows[0]["calls"] is None
    assert [row["calls"] for row in rows if row["kind"] == "linear"] == [4, 4]
    assert all(4 <= row["calls"] <= 6 for row in rows[1:])  # branch times are steps besides
    assert by_name["label-guided"]["kind"] == "linear"
    assert by_name["label-guided"]["branches"] == by_name["label-guided"]["shared_cost"] == 1
    moved, still = by_name["paper's tree"], by_name["paper's tree, not moved"]
    differing = [key for key in heads.KEYS if moved[key] != still[key]]
    assert {"variant", "frechet_raw"} <= set(differing) <= {"variant", "frechet_raw", "accuracy"}
    assert moved["branches"] == 5
    assert moved["shared_cost"] == pytest.approx(1.85 / 3)
    assert table.read_text().splitlines()[0] == ",".join(heads.KEYS)
    assert len(table.read_text().splitlines()) == 7
    assert not any((folder / "rows" / "mnist_049").iterdir())  # no checkpoint is left

    before = (folder / "rows.jsonl").read_text()
    main(arguments(folder, *wanted, "--figure", folder / "f.svg"))
    assert (folder / "rows.jsonl").read_text() == before
    assert (folder / "f.png").exists()
    # an unfinished file goes on
    (folder / "rows.jsonl").write_text("".join(before.splitlines(keepends=True)[:3]))
    main(arguments(folder, *wanted))
    again = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [row | {"seconds": 0} for row in again] == [row | {"seconds": 0} for row in rows]


def test_rows_of_another_kind_are_refused(folder):
    (folder / "rows.jsonl").write_text('{"dataset": "mine", "solver": "heun"}\n')
    with pytest.raises(ValueError, match=r"a row with the keys \['dataset', 'solver'\], expected"):
        heads.main(arguments(folder))


@pytest.mark.parametrize("shape", [(5,), (1, 28, 28)])
@pytest.mark.parametrize("name", heads.VARIANTS)
def test_every_variant_has_a_model_that_its_name_describes(name, shape):
    variant, dataset = heads.VARIANTS[name], data(shape)
    assert set(variant) == set(heads.DEFAULT)  # no mistyped difference
    tree = heads.tree_of(variant, dataset)
    model = heads.model_of(variant, dataset, tree)
    assert model.kind == variant["kind"] == ("linear" if "guided" in name else "branched")
    assert model.settings["name"] == heads.NETS[variant["net"]][len(shape)]
    assert ("paper's network" in name or "in the paper" in name) == (variant["net"] == "paper")
    noise = (variant["net"] == "paper" and "v" not in name) or name == "noise prediction"
    assert model.net.prediction == ("noise" if noise else "v")
    vectors = [m for m in model.modules() if isinstance(m, InheritedVector)]
    for vector in vectors if model.tree else []:
        ancestors = vector.sums.sum(dim=1).max()
        assert ancestors == 1 if name == "vectors not inherited" else ancestors > 1
    described = heads.describe(model)
    assert described["branches"] == (len(tree.branches) if tree else 1)
    assert described["parameters"] > 1000
    x_0, noise = torch.randn(2, 6, *shape)
    t = torch.linspace(0.1, 1, 6, dtype=torch.float64)
    assert model.loss(x_0, torch.arange(6) % 3, t, noise).shape == (6,)


def test_groups_name_every_variant_once():
    names = [name for group in heads.GROUPS.values() for name in group]
    assert len(names) == len(set(names)) == len(heads.VARIANTS)
    assert heads.VARIANTS[names[0]] == heads.DEFAULT
    trainings = heads.missing([], "letters", None)
    assert sorted(itertools.chain(*trainings)) == sorted(names)
    for training in trainings:  # what is forgotten for one is not there for the next
        left_out = [heads.CROSSINGS.index(heads.VARIANTS[name]["cross"]) for name in training]
        assert left_out == sorted(left_out)
    assert len(trainings) == len(names) - 3


def test_warm_started_branches_are_all_the_trunk():
    variant = heads.VARIANTS["paper's network, v, warm start"]
    dataset = data()
    model = heads.model_of(variant, dataset, heads.tree_of(variant, dataset), seed=1)
    trunk = heads.model_of(variant, dataset, heads.BranchTree(["all"]), seed=2)
    heads.start_from(model, trunk)
    x, t = torch.randn(10, 5), torch.linspace(0.1, 1, 10, dtype=torch.float64)
    codes, none = torch.arange(10) % 3, torch.zeros(10, dtype=torch.int64)
    torch.testing.assert_close(model.output(x, t, codes), trunk.output(x, t, none))


def new_model():
    variant, dataset = heads.VARIANTS["paper's tree"], data()
    return heads.model_of(variant, dataset, heads.tree_of(variant, dataset))


def test_an_interrupted_training_keeps_its_steps_and_ends_with_the_same_bits(tmp_path, monkeypatch):
    class KilledError(Exception):
        pass

    def affordable(steps):
        monkeypatch.setattr(budget, "_affordable", lambda *_: steps)

    affordable(20)
    whole, resumed = new_model(), new_model()
    facts = train_within(whole, data(), SETTINGS, Budget(60), tmp_path / "whole", "cpu")
    assert facts["steps"] == 20
    advance = TrainingRun.advance

    def stop(run):
        if run.step == 13:
            raise KilledError
        return advance(run)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "advance", stop)
        with pytest.raises(KilledError):
            train_within(new_model(), data(), SETTINGS, Budget(60), tmp_path / "killed", "cpu")
    affordable(30)  # the machine seems faster now
    again = train_within(resumed, data(), SETTINGS, Budget(60), tmp_path / "killed", "cpu")
    assert again | {"seconds": 0} == facts | {"seconds": 0}
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    # a third call finds everything done, and the seconds of all parts
    done = train_within(new_model(), data(), SETTINGS, Budget(60), tmp_path / "killed", "cpu")
    assert done == again


def test_the_budget_is_spent(tmp_path):
    began = time.process_time()
    facts = train_within(new_model(), data(), SETTINGS, Budget(0.5), tmp_path, "cpu")
    assert facts["steps"] % 10 == 0
    assert 0.1 < facts["seconds"] < 2.5
    assert facts["seconds"] < time.process_time() - began


@pytest.mark.parametrize(("steps", "last"), [(29, 2), (3, 1)])
def test_the_loss_is_the_mean_of_the_last_tenth(tmp_path, monkeypatch, steps, last):
    losses = []
    record = TrainingRun._record

    def listen(run, loss, norm):
        losses.append(loss)
        record(run, loss, norm)

    monkeypatch.setattr(TrainingRun, "_record", listen)
    found = train_within(new_model(), data(), SETTINGS, Budget(60, steps), tmp_path, "cpu")
    assert len(losses) == steps
    assert found["loss"] == pytest.approx(sum(losses[-last:]) / last)


def test_a_training_says_how_far_it_is(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(budget, "Progress", partial(Progress, every=0.0))
    train_within(new_model(), data(), SETTINGS, Budget(60, 4), tmp_path, "cpu")
    assert [line.split(",")[0] for line in caplog.messages if "branched" in line] == [
        f"training branched: {share} %" for share in (25, 50, 75, 100)
    ]


def test_half_a_budget_is_half_of_either():
    assert Budget(60).half() == Budget(30)
    assert Budget(60, 7).half().steps == 3
    assert Budget(60, 1).half().steps == 1
