"""bdiff fit and tree: what Python makes, once; interrupted, gone on with."""

import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bdiff.cli.arguments import parser
from bdiff.cli.drawing import draw
from bdiff.cli.folder import FitFolder
from bdiff.cli.own_data import OwnFile
from bdiff.data.dataset import read_dataset
from bdiff.model_files import load_model
from bdiff.process import VP
from bdiff.sampling.files import read_samples
from bdiff.training.run import TrainingRun
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import load_tree, save_tree
from tests.training.test_train import KilledError, bits

from .zoo import FEATURES, FIT, bdiff, fails, in_python, write_csv


def test_a_fit_is_what_python_makes(here):
    data, model = in_python()
    fitted = load_model("zoo/model")
    assert bits(fitted) == bits(model)
    assert fitted.tree == load_tree("zoo/tree.json") == model.tree
    kept = read_dataset("zoo/data.parquet")
    assert np.array_equal(kept.x, data.x)
    assert (kept.scaling, kept.feature_names) == (data.scaling, FEATURES)


def test_a_fit_that_stands_is_not_made_again(here, capsys, monkeypatch):
    monkeypatch.setattr(TrainingRun, "advance", None)
    bdiff(FIT)
    said = capsys.readouterr().out
    assert "zoo is complete already" in said
    assert re.search(r"zoo: branched model of 3 classes, [\d,]+ parameters, 30 steps", said)
    assert "next: bdiff sample zoo --count 100" in said


def test_what_is_to_be_typed_next_can_be(here, capsys):
    bdiff(FIT.replace("-o zoo", "-o 'my zoo/out é'").replace("--steps 30", "--steps 2"))
    (line,) = re.findall("next: bdiff (.*)", capsys.readouterr().out)
    bdiff(line.replace("--count 100", "--count 2"))
    assert (here / "samples.parquet").exists()


def test_a_label_guided_model_has_no_tree(here):
    bdiff(FIT.replace("-o zoo", "-o other --kind linear"))
    assert load_model("other/model").kind == "linear"
    assert not (here / "other/tree.json").exists()


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGTERM, 75, "SIGTERM"), (signal.SIGINT, 130, "SIGINT")]
)
def test_a_fit_that_a_signal_ends_goes_on(here, capsys, caplog, monkeypatch, number, code, said):
    advance = TrainingRun.advance

    def interrupted(run):
        if run.step == 20:
            signal.raise_signal(number)
        return advance(run)

    command = FIT.replace("-o zoo", "-o again")
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "advance", interrupted)
        with pytest.raises(SystemExit) as ended:
            bdiff(command)
    assert ended.value.code == code
    assert f"{code} " in parser().format_help()
    capsys.readouterr()
    bdiff("status again")
    told = capsys.readouterr().out
    assert re.search(
        r"^done:    data, tree\nstopped: model, step 21 of 30 \(70 %\) \d+ s ago, from there", told
    )
    caplog.clear()
    caplog.set_level("INFO")
    bdiff(command)
    assert "resumed from the checkpoint of step 21" in caplog.text
    assert bits(load_model("again/model")) == bits(load_model("zoo/model"))
    assert not (here / "again/checkpoints").exists()
    assert not (here / "again/running.json").exists()


def test_status_tells_what_works_from_what_was_killed(here, capsys, monkeypatch):
    seen = []

    def looked(run):
        bdiff("status again")
        seen.append(capsys.readouterr().out)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "advance", looked)
        with pytest.raises(KilledError):
            bdiff(FIT.replace("-o zoo", "-o again"))
    assert seen == ["done:    data, tree\nrunning: model, no checkpoint yet\n"]
    dead = subprocess.Popen(["true"])
    dead.wait()
    with FitFolder("again").work():
        running = FitFolder("again").running
        running.write_text(re.sub(r'"process": \d+', f'"process": {dead.pid}', running.read_text()))
        bdiff("status again")
        running.write_text(re.sub(r'"host": "[^"]*"', '"host": "node7"', running.read_text()))
        bdiff("status again")
    said = capsys.readouterr().out
    assert "stopped: model" in said
    assert "running on node7, as far as is known: model" in said
    bdiff("status zoo")
    assert capsys.readouterr().out == "done:    data, tree, model\n"


@pytest.mark.parametrize(
    "change",
    [("--steps 30", "--steps 31"), ("width=16", "width=17"), ("-o zoo", "-o zoo --seed 1")],
)
def test_a_folder_belongs_to_one_run(here, change):
    before = bits(load_model("zoo/model"))
    fails(FIT.replace(*change), r"zoo belongs to another run \(.*there.*now.*\); name another")
    assert bits(load_model("zoo/model")) == before


def test_other_data_are_another_run(here):
    write_csv(here / "more.csv", ("ape", "bee", "cow"), seed=1)
    fails(FIT.replace("zoo.csv", "more.csv"), r"another run \(data: there")
    (here / "full").mkdir()
    (here / "full/thesis.txt").write_text("all of it")
    fails(FIT.replace("-o zoo", "-o full"), "full holds 'thesis.txt'")
    assert (here / "full/thesis.txt").exists()


def test_the_tree_is_drawn_and_can_be_given(here, capsys):
    bdiff("tree zoo.csv --label species -o tree.json")
    assert capsys.readouterr().out.startswith(draw(load_tree("zoo/tree.json")))
    assert load_tree("tree.json") == load_tree("zoo/tree.json")
    points = [BranchPoint(["ape", "bee", "cow"], 0.7), BranchPoint(["ape", "cow"], 0.5)]
    tree = BranchTree(["ape", "bee", "cow"], points, process=VP().to_dict())
    save_tree(tree, "mine.json", VP())
    bdiff(FIT.replace("-o zoo", "-o mine --tree mine.json"))
    assert load_model("mine/model").tree == tree
    save_tree(tree.restrict(["ape", "cow"]), "less.json", VP())
    fails(FIT.replace("-o zoo", "-o less --tree less.json"), "the tree has the classes ape, cow")
    assert not (here / "less").exists()


def test_a_drawing_shows_what_lies_below_what(tree):
    assert draw(tree) == "\n".join(
        ["t = 0.5  0, 4, 9", "├── t = 0.35  4, 9", "│   ├── 4", "│   └── 9", "└── 0"]
    )


def test_what_cannot_be_fitted_leaves_the_folder_free_and_an_empty_one_there(here, monkeypatch):
    x = np.random.default_rng(0).random((20, 1, 9, 7), dtype=np.float32)
    np.savez("odd.npz", x=x, y=np.repeat(["a", "b"], 10))
    fails("fit odd.npz -o images", "multiples of the patch")
    assert not (here / "images").exists()
    (here / "empty").mkdir()
    monkeypatch.chdir(here / "empty")
    fails("fit ../zoo.csv --label nolabel -o .", "no column 'nolabel'")
    assert (here / "empty").is_dir()
    tree = BranchTree(["ape", "bee", "cow"], [BranchPoint(["ape", "bee", "cow"], 1e-4)])
    save_tree(tree, "early.json", VP())
    fails("fit ../zoo.csv --label species -o ../new --tree early.json", "part at t = 0.0001, but")


def test_one_object_of_a_class_can_be_turned_and_classes_can_be_left_out(here):
    lines = (here / "zoo.csv").read_text().splitlines(keepends=True)
    rare = [*lines[:10], *(line for line in lines[1:] if "bee" in line), lines[-1]]  # one cow
    (here / "rare.csv").write_text("".join(rare))
    bdiff("transmute zoo rare.csv --label species --from cow --to ape -o turned.parquet")
    assert len(read_samples("turned.parquet").where("ape", "sample", "cow")) == 1
    read = OwnFile(Path("rare.csv"), "species", None, [(("data", "classes"), ["ape", "bee"])])
    assert read.dataset.classes == ("ape", "bee")
