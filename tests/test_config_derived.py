"""Data sets that an experiment derives: their names, what of the data set they keep, and who starts
from whom."""

import json
from pathlib import Path

import pytest
import yaml

from bdiff.config import derived, load_config

EXPERIMENTS = ("extension", "leave_one_out", "stability", "epsilon_sweep")


@pytest.fixture
def mapping():
    return yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())


def of_mnist(config):
    return {name for name in config.all_datasets if name.startswith("mnist-")}


def settings(config, *stage):
    return json.loads(config.section(*stage))


def test_every_experiment_has_its_data_sets(mapping):
    mnist = mapping["datasets"]["mnist"]
    mnist["stability"]["draws"] = 3
    mnist["epsilon_sweep"]["epsilons"] = [1e-5, 0.005, 2]
    mnist["leave_one_out"]["classes"] = ["0", "9"]
    assert of_mnist(load_config(mapping)) == {
        "mnist-draw-0", "mnist-draw-1", "mnist-draw-2",
        "mnist-epsilon-1e-05", "mnist-epsilon-0.005", "mnist-epsilon-2",
        "mnist-extension-0", "mnist-extension-1", "mnist-extension-2", "mnist-extension-3",
        "mnist-without-0", "mnist-added-0", "mnist-without-9", "mnist-added-9",
    }  # fmt: skip


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_that_is_null_has_none(mapping, experiment):
    every = of_mnist(load_config(mapping))
    mapping["figures"] = {}
    mapping["datasets"]["mnist"] |= dict.fromkeys(EXPERIMENTS) | {
        experiment: mapping["datasets"]["mnist"][experiment]
    }
    alone = of_mnist(load_config(mapping))
    assert alone
    mapping["datasets"]["mnist"][experiment] = None
    assert not of_mnist(load_config(mapping))
    assert alone < every


def test_what_is_not_varied_is_that_of_the_data_set(mapping):
    config = load_config(mapping)
    mnist = config.datasets["mnist"]
    for name in of_mnist(config):
        dataset = config.all_datasets[name]
        assert (dataset.of, dataset.data, dataset.net) == ("mnist", mnist.data, mnist.net)
        assert dataset.process == mnist.process
        varied = "-draw-" in name or "-epsilon-" in name
        assert (dataset.tree != mnist.tree) == varied
        assert dataset.hybrids is dataset.transmutation is dataset.efficiency is None


def test_draws_differ_in_the_seed_of_their_tree_alone(mapping):
    config = load_config(mapping)
    first, second = (settings(config, "estimate_tree", f"mnist-draw-{n}") for n in (0, 1))
    assert (first.pop("seed"), second.pop("seed")) == (0, 1)
    assert first == second
    assert first["objects"] == 100
    assert config.all_datasets["mnist-draw-0"].models == ("branched",)
    assert settings(config, "train", "mnist-draw-1", "branched")["training"]["steps"] == 4000


def test_epsilons_differ_in_their_tree_alone(mapping):
    config = load_config(mapping)
    name = "mnist-epsilon-2.8e-05"
    assert derived.epsilons(config.datasets["mnist"], "mnist")["2.8e-05"] == name
    tree = settings(config, "estimate_tree", name)
    assert tree == settings(config, "estimate_tree", "mnist-epsilon-0.1") | {"epsilon": 2.8e-5}


def test_variants_without_training_are_trees_alone(mapping):
    mapping["datasets"]["mnist"]["stability"]["training"] = None
    dataset = load_config(mapping).all_datasets["mnist-draw-0"]
    assert dataset.samples is dataset.metrics is None


def test_each_stage_of_extension_starts_from_the_one_before(mapping):
    config = load_config(mapping)
    stages = [
        config.all_datasets[name] for name in derived.stages(config.datasets["mnist"], "mnist")
    ]
    assert [stage.kept for stage in stages] == [
        tuple("049"), tuple("0497"), tuple("04971"), tuple("049712"),
    ]  # fmt: skip
    start, first, second, _ = stages
    assert start.models == ("branched", "linear")
    assert first.models == second.models == ("branched", "linear_new", "linear_all")
    assert {m: (e.dataset, e.model) for m, e in first.extended.items()} == {
        "branched": ("mnist-extension-0", "branched"),
        "linear_new": ("mnist-extension-0", "linear"),
        "linear_all": ("mnist-extension-0", "linear"),
    }
    # The model of all classes starts anew from the first one, the others go on.
    assert {m: (e.dataset, e.model, e.new) for m, e in second.extended.items()} == {
        "branched": ("mnist-extension-1", "branched", ("1",)),
        "linear_new": ("mnist-extension-1", "linear_new", ("1",)),
        "linear_all": ("mnist-extension-0", "linear", ("7", "1")),
    }


def test_settings_of_the_stages_of_extension(mapping):
    config = load_config(mapping)
    name = "mnist-extension-2"
    branched, everything = (settings(config, "extend", name, m) for m in ("branched", "linear_all"))
    assert set(branched) == {
        "seed", "device", "precision", "new_classes", "retrain", "tree", "training",
    }  # fmt: skip
    assert set(everything) == set(branched) - {"tree"}
    assert (branched["new_classes"], branched["retrain"]) == (["1"], False)
    assert (everything["new_classes"], everything["retrain"]) == (["7", "1"], True)
    assert branched["training"]["steps"] == 2000
    assert everything["training"]["steps"] == 4000
    tree = settings(config, "estimate_tree", "mnist")
    assert branched["tree"] == {key: tree[key] for key in tree.keys() - {"process", "seed"}}
    kept = list("04971")
    assert settings(config, "evaluate", name) == {"classes": kept, "count": 1000, "seed": 0}
    for stage, *model in (("estimate_tree",), ("train", "branched"), ("train", "linear")):
        assert settings(config, stage, "mnist-extension-0", *model)["classes"] == kept[:3]
    samples = settings(config, "sample", name, "linear_new")
    assert samples == settings(config, "sample", "mnist", "linear") | {"count": 1000}


def test_a_class_is_left_out_and_added_with_and_without_retraining(mapping):
    config = load_config(mapping)
    without, later = (config.all_datasets[f"mnist-{kind}-4"] for kind in ("without", "added"))
    assert without.kept == tuple("012356789")
    assert without.models == ("branched",)
    assert without.samples is None
    assert {m: (e.dataset, e.new, e.retrain) for m, e in later.extended.items()} == {
        "branched": ("mnist-without-4", ("4",), False),
        "branched_retrained": ("mnist-without-4", ("4",), True),
    }
    trained = settings(config, "F8b_leave_one_out")["training"]
    assert set(trained) == {"full", "without", "added"}
    steps = mapping["datasets"]["mnist"]["leave_one_out"]["added"]["steps"]
    assert trained["added"] == {"steps": steps, "batch_size": 128}
    # It is sampled and judged alone, among the real objects of all.
    assert settings(config, "sample", "mnist-added-4", "branched")["classes"] == ["4"]
    assert "classes" not in settings(config, "evaluate", "mnist-added-4")


def test_class_names_that_paths_cannot_have(mapping):
    own = mapping["datasets"]["letters"] | {
        "data": {"source": "file", "path": "a.csv", "classes": ["T-shirt/top", "Ankle boot", "é"]},
        "leave_one_out": mapping["datasets"]["mnist"]["leave_one_out"],
        "hybrids": None,
    }
    mapping["datasets"]["mine"] = own
    mapping["figures"] |= {"F16_hybrids": None}
    config = load_config(mapping)
    names = derived.added(config.datasets["mine"], "mine")
    assert names == {
        "T-shirt/top": "mine-added-T-shirt%2Ftop",
        "Ankle boot": "mine-added-Ankle%20boot",
        "é": "mine-added-%C3%A9",
    }
    for wanted, name in names.items():
        assert settings(config, "sample", name, "branched")["classes"] == [wanted]


def test_models_added_to_a_tree_set_by_hand_are_joined_by_the_defaults(mapping):
    avy = mapping["datasets"]["letters_avy"]
    avy["leave_one_out"] = mapping["datasets"]["mnist"]["leave_one_out"]
    config = load_config(mapping)
    assert settings(config, "extend", "letters_avy-added-V", "branched")["tree"] == {}
    points = settings(config, "estimate_tree", "letters_avy-without-V")["branch_points"]
    assert [point["time"] for point in points] == [0.65, 0.35]
