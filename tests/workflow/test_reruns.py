"""What is stale is run again, and nothing else."""

import os
from contextlib import contextmanager

import pytest
import yaml

pytestmark = pytest.mark.xdist_group("workflow")

# Everything that is made of the digits' branched model.
OF_DIGITS_BRANCHED = {
    "sample": 1,
    "sample_hybrids": 1,
    "transmute": 1,
    "measure_efficiency": 1,
    "evaluate": 1,
    "plot_examples": 1,
    "plot_sample_quality": 1,
    "plot_efficiency": 1,
    "plot_image_transmutation": 1,
    "make_tables": 1,
}
OF_MODELS = {
    "train": 4,
    "sample": 4,
    "sample_hybrids": 2,
    "transmute": 2,
    "measure_efficiency": 2,
    "evaluate": 2,
    "plot_examples": 1,
    "plot_sample_quality": 1,
    "plot_letters": 1,
    "plot_efficiency": 2,
    "plot_image_transmutation": 1,
    "plot_table_transmutation": 1,
    "make_tables": 1,
}
OF_TREES = {"plot_branched_process": 1, "plot_similarities": 1}

EDITS = {
    "datasets.digits.samples.count": (
        9,
        {
            "sample": 2,
            "evaluate": 1,
            "plot_examples": 1,
            "plot_sample_quality": 1,
            "make_tables": 1,
        },
    ),
    "datasets.digits.metrics.count": (
        7,
        {"evaluate": 1, "plot_sample_quality": 1, "make_tables": 1},
    ),
    "datasets.letters_avy.training.linear.steps": (
        51,
        {"train": 1, "sample": 1, "evaluate": 1, "plot_letters": 1, "make_tables": 1},
    ),
    "datasets.letters_avy.hybrids.count": (9, {"sample_hybrids": 1, "plot_table_transmutation": 1}),
    "datasets.digits.efficiency.repeats": (
        3,
        {"measure_efficiency": 1, "plot_efficiency": 1, "make_tables": 1},
    ),
    # The label-guided model does not depend on the tree.
    "datasets.digits.tree.smoothing": (
        4,
        {"estimate_tree": 1, "compare_estimators": 1, "train": 1} | OF_DIGITS_BRANCHED | OF_TREES,
    ),
    "datasets.digits.comparison.draws": (3, {"compare_estimators": 1, "make_tables": 1}),
    "figures.F22_similarities.objects": (21, {"plot_similarities": 1}),
    "datasets.mnist.samples.count": (2000, {}),
    "figures.F6_sample_quality.dataset": ("fashion_mnist", {}),
    "seed": (1, {"estimate_tree": 2, "compare_estimators": 1} | OF_MODELS | OF_TREES),
}


@pytest.mark.parametrize("path", EDITS)
def test_an_edited_number_reruns_its_own_stages(finished, path):
    value, expected = EDITS[path]
    settings = value
    for key in reversed(path.split(".")):
        settings = {key: settings}
    assert finished.planned(settings) == expected


@contextmanager
def edited(path, text):
    """The file with another text, for a while."""
    before = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


def test_a_restored_configuration_reruns_nothing(finished):
    path = finished.root / "config.yaml"
    text = path.read_text()
    with edited(path, text.replace("time: 0.35", "time: 0.36")):
        jobs = finished.planned()
        assert jobs["estimate_tree"] == jobs["train"] == 1
    assert finished.planned() == {}


def backwards(value):
    """The same mapping with the order of all keys reversed."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(entry) for entry in value] if isinstance(value, list) else value


def test_order_of_keys_comments_and_spelling_rerun_nothing(finished):
    path = finished.root / "config.yaml"
    turned = yaml.safe_dump(backwards(yaml.safe_load(path.read_text())), sort_keys=False)
    assert turned.count("learning_rate: 0.001") > 5
    turned = "# Another comment.\n" + turned.replace("learning_rate: 0.001", "learning_rate: 1e-3")
    with edited(path, turned):
        assert finished.planned() == {}


def test_touched_files_rerun_nothing(finished):
    for path in finished.root.rglob("*"):
        if ".snakemake" not in path.parts:
            os.utime(path)
    assert finished.planned() == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bdiff/figures/efficiency.py", {"plot_efficiency": 2}),
        ("bdiff/nets/unet.py", OF_MODELS),
        ("bdiff/branch_points/compare.py", {"compare_estimators": 1, "make_tables": 1}),
        ("bdiff/config/models.py", {}),
        ("scripts/plot_examples.py", {"plot_examples": 1}),
        ("scripts/download.py", {}),
    ],
)
def test_edited_code_reruns_the_stages_that_import_it(finished, path, expected):
    path = finished.root / path
    with edited(path, path.read_text() + "\n# An edit.\n"):
        assert finished.planned() == expected
    assert finished.planned() == {}
