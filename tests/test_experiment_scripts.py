"""Scripts that start from trained models, with the settings that the configuration gives them."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from bdiff.analysis.transmutation_control import COLUMNS
from bdiff.checkpoint import load_folder
from bdiff.config import load_config
from bdiff.data.dataset import Dataset, write_dataset
from bdiff.files import read_rows
from bdiff.model_files import load_model
from bdiff.sampling.files import read_samples
from bdiff.sampling.sampler import Sampler, sample
from bdiff.tree_files import load_tree

ROOT = Path(__file__).parents[1]
NEW = "a b/c"  # what no path could be called
CLASSES = ("0", "4", "9", NEW)
SHORT = {"steps": 3, "batch_size": 32, "ema": 0.5}
DDIM = {"name": "ddim", "eta": 1, "steps": 4}
POINTS = [
    {"classes": list(CLASSES), "time": 0.6},
    {"classes": ["4", "9", NEW], "time": 0.4},
    {"classes": ["4", "9"], "time": 0.3},
]
MINE = {
    "data": {"source": "file", "path": "mine.csv", "classes": list(CLASSES)},
    "tree": {"method": "given", "branch_points": POINTS},
    "net": {"name": "residual", "width": 16, "condition": 8},
    "training": {"branched": SHORT, "linear": SHORT},
    "samples": {"count": 4},
    "metrics": {"count": 4},
    "extension": {
        "start": ["0", "4", "9"],
        "add": [NEW],
        "training": {"branched": SHORT, "linear": SHORT},
        "added": dict.fromkeys(("branched", "linear_new", "linear_all"), SHORT),
        "count": 4,
    },
    "leave_one_out": {"classes": ["9"], "training": SHORT, "added": SHORT},
    "control": {"count": 20, "pairs": [["4", "9"]], "times": [0.1, 0.8], "solver": DDIM},
}
FIRST, SECOND = "mine-extension-0", "mine-extension-1"


class Workflow:
    """The scripts one after another, in a folder, as the rules call them."""

    def __init__(self, root):
        self.root = root
        self.config = load_config({"run": ["mine"], "datasets": {"mine": MINE}})
        rng = np.random.default_rng(0)
        labels = np.repeat(np.arange(4), 60)
        x = np.array([-2.0, 1.0, 1.4, 0.4])[labels, None] + 0.5 * rng.standard_normal((240, 5))
        write_dataset(Dataset(x, labels, CLASSES, ["train"] * 240, "mine"), root / "data.parquet")

    def run(self, script, *section, **options):
        """With the settings of a data set, and of a model where there is one."""
        arguments = ["--settings", self.config.section(script, *section)]
        for name, value in options.items():
            values = value if isinstance(value, list) else [value]
            arguments += [f"--{name}", *map(str, values)]
        runpy.run_path(str(ROOT / f"scripts/{script}.py"))["main"](arguments)

    def model(self, dataset, model):
        return self.root / dataset / model

    def train(self, dataset, models=("branched", "linear")):
        data, tree = self.root / "data.parquet", self.root / dataset / "tree.json"
        self.run("estimate_tree", dataset, data=data, output=tree)
        for model in models:
            places = {"output": self.model(dataset, model), "checkpoints": self.root / "runs"}
            self.run("train", dataset, model, data=data, tree=tree, **places)

    def extend(self, dataset, model):
        """Whether the hash of what was known before is the same."""
        start = self.config.all_datasets[dataset].extended[model]
        kept = self.root / dataset / f"kept_{model}.csv"
        self.run(
            "extend", dataset, model, data=self.root / "data.parquet", kept=kept,
            model=self.model(start.dataset, start.model), output=self.model(dataset, model),
            checkpoints=self.root / "runs",
        )  # fmt: skip
        (row,) = json.loads(read_rows(kept).to_json(orient="records"))
        assert str(row["classes"]) == "/".join(start.new)
        assert not (self.root / "runs").exists()
        return row["before"] == row["after"]


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """With models of the classes 0, 4 and 9."""
    made = Workflow(tmp_path_factory.mktemp("workflow"))
    made.train(FIRST)
    return made


def test_a_tree_set_by_hand_is_that_of_the_classes_kept(workflow):
    tree = load_tree(workflow.root / FIRST / "tree.json")
    assert tree.classes == ("0", "4", "9")
    assert [point.time for point in tree.points] == [0.6, 0.3]


def test_a_branched_model_learns_a_class_and_keeps_the_rest(workflow, capsys):
    assert workflow.extend(SECOND, "branched")
    assert "what it knew before is the same, bit for bit" in capsys.readouterr().out
    before, after = (load_model(workflow.model(name, "branched")) for name in (FIRST, SECOND))
    assert after.classes == CLASSES
    about = load_folder(workflow.model(SECOND, "branched"))[0]["about"]
    assert (about["extended_by"], about["retrained"]) == ([NEW], False)
    old, both = dict.fromkeys("049", 5), dict.fromkeys(CLASSES, 5)
    sampler = Sampler.of(DDIM)
    assert np.array_equal(sample(after, both, sampler).x[:15], sample(before, old, sampler).x)


@pytest.mark.parametrize("model", ["linear_new", "linear_all"])
def test_a_label_guided_model_changes_as_it_learns(workflow, model):
    assert not workflow.extend(SECOND, model)
    assert load_model(workflow.model(SECOND, model)).classes == CLASSES


@pytest.mark.parametrize("model", ["branched", "linear"])
def test_several_classes_of_which_the_last_alone_would_be_trained_are_refused(workflow, model):
    settings = json.loads(workflow.config.section("extend", SECOND, "branched"))
    settings["new_classes"] = [NEW, "7"]
    output = workflow.root / "never"
    arguments = ["--settings", json.dumps(settings), "--data", workflow.root / "data.parquet"]
    arguments += ["--model", workflow.model(FIRST, model), "--output", output]
    arguments += ["--kept", output / "kept.csv", "--checkpoints", output]
    main = runpy.run_path(str(ROOT / "scripts/extend.py"))["main"]
    with pytest.raises(ValueError, match=f"not a {model} model .* one after another"):
        main(list(map(str, arguments)))
    assert not output.exists()


def test_a_class_that_was_left_out_is_added_and_sampled_alone(workflow):
    workflow.train("mine-without-9", ["branched"])
    assert workflow.extend("mine-added-9", "branched")
    assert not workflow.extend("mine-added-9", "branched_retrained")
    output = workflow.root / "samples.parquet"
    for model in ("branched", "branched_retrained"):
        folder = workflow.model("mine-added-9", model)
        workflow.run("sample", "mine-added-9", model, model=folder, output=output)
        assert read_samples(output).label.tolist() == ["9"] * 4


def test_transmutation_of_both_models_is_written_with_its_curve(workflow):
    models = {name: workflow.model(FIRST, name) for name in ("branched", "linear")}
    samples = {name: workflow.root / f"{name}.parquet" for name in models}
    output = workflow.root / "control.csv"
    workflow.run(
        "compare_transmutation", "mine", data=workflow.root / "data.parquet", output=output,
        model=[f"{name}={path}" for name, path in models.items()],
        samples=[f"{name}={path}" for name, path in samples.items()],
    )  # fmt: skip
    rows = read_rows(output)
    assert tuple(rows) == COLUMNS
    assert set(rows["dataset"]) == {"mine"}
    assert set(rows["n"]) == {20}
    times = rows.groupby("model")["time"].unique()
    assert all(sorted(times[name]) == [0.1, 0.3, 0.8] for name in models)
    made = {name: read_samples(path) for name, path in samples.items()}
    for role in ("original", "noised"):  # at the branch point, of the same objects and noise
        states = [made[name].where("9", role, "4") for name in models]
        assert states[0].shape == (20, 5)
        assert np.array_equal(*states)
    assert set(made["linear"].time[made["linear"].role == "noised"]) == {0.3}
    assert not np.array_equal(*(made[name].where("9", "sample", "4") for name in models))
