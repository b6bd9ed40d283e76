"""Every plot script, from files to files."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from bdiff.data.dataset import Dataset, write_dataset
from bdiff.files import write_rows
from bdiff.process import VP
from bdiff.sampling.files import Samples, write_samples
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import save_tree

ROOT = Path(__file__).parents[2]
CLASSES = ("4", "9")


@pytest.fixture
def files(request, tmp_path, rng, quality, hybrids_and_transmutation):
    """Everything a figure can be made of, for two classes: {option: paths}."""
    shape = (1, 8, 8) if request.param == "images" else (3,)
    names = () if request.param == "images" else ("Feature 1", "Feature 2", "Feature 3")
    x = rng.uniform(-1, 1, (80, *shape)).astype(np.float32)
    split = np.where(np.arange(80) < 60, "train", "test")
    dataset = Dataset(x, np.arange(80) % 2, CLASSES, split, "mine", "My data", names)
    write_dataset(dataset, tmp_path / "data.parquet")
    save_tree(BranchTree(CLASSES, [BranchPoint(frozenset(CLASSES), 0.4)]), tmp_path / "tree", VP())
    label = np.array(CLASSES)[dataset.labels]
    made = Samples(x, label, ["sample"] * 80, [""] * 80, np.zeros(80), np.arange(80))
    write_samples(made, tmp_path / "samples.parquet")
    objects = {name: dataset.of(name) for name in CLASSES}
    hybrids, transmutation = hybrids_and_transmutation(objects, [CLASSES])
    write_samples(hybrids, tmp_path / "hybrids.parquet")
    write_samples(transmutation, tmp_path / "transmutation.parquet")
    write_rows(tmp_path / "quality.csv", quality.to_dict("records"), list(quality))
    facts = {"dataset": "mine", "classes": 2, "count": 4, "steps": 5, "solver": "ddim", "repeat": 0}
    facts["predicted_ratio"] = 0.5
    runs = [{**facts, "way": w, "seconds": 2.0, "evaluations": 9} for w in ("separate", "shared")]
    write_rows(tmp_path / "efficiency.csv", runs, list(runs[0]))
    samples = [f"{model}={tmp_path / 'samples.parquet'}" for model in ("branched", "linear")]
    return {
        "data": [tmp_path / "data.parquet"],
        "tree": [tmp_path / "tree"],
        "samples": samples,
        "hybrids": [tmp_path / "hybrids.parquet"],
        "transmutation": [tmp_path / "transmutation.parquet"],
        "quality": [tmp_path / "quality.csv"],
        "efficiency": [tmp_path / "efficiency.csv"],
        "paper": [ROOT / "data/paper/numbers.csv"],
    }


# script: kind of data, inputs, settings, figures (of those in a folder)
SCRIPTS = {
    "plot_branched_process": ("images", "data tree", {"classes": CLASSES}, ()),
    "plot_examples": ("images", "data samples", {}, ()),
    "plot_sample_quality": (None, "data quality paper", {}, ()),
    "plot_letters": (
        *("table", "data quality samples paper", {}),
        (
            *("F4a_wasserstein", "F4b_histograms", "F4c_class_contrasts"),
            *("F4d_correlations", "F4e_frechet"),
        ),
    ),
    "plot_efficiency": (None, "data efficiency", {}, ()),
    "plot_image_transmutation": ("images", "data hybrids transmutation", {}, ()),
    "plot_table_transmutation": (
        *("table", "data hybrids transmutation", {}),
        ("F15a_hybrids", "F15b_transmutation", "F15c_correlations"),
    ),
    "plot_hybrids": ("table", "data hybrids", {}, ()),
    "plot_similarities": (None, "data tree", {"pair": CLASSES, "objects": 20}, ()),
}


KINDS = [
    (kind, script)
    for script, (wanted, *_) in SCRIPTS.items()
    for kind in ("images", "table")
    if wanted in (None, kind)
]


@pytest.mark.parametrize(("files", "script"), KINDS, indirect=["files"])
def test_a_script_makes_its_figures(script, files, tmp_path):
    _, inputs, settings, stems = SCRIPTS[script]
    folder = tmp_path / "figures"
    arguments = ["--settings", json.dumps(settings)] if settings else []
    for name in inputs.split():
        arguments += [f"--{name}", *map(str, files[name])]
    arguments += ["--output", str(folder if stems else folder / "F0.svg")]
    runpy.run_path(str(ROOT / "scripts" / f"{script}.py"))["main"](arguments)
    made = sorted(path.name for path in folder.iterdir())
    assert made == sorted(f"{stem}.{end}" for stem in stems or ("F0",) for end in ("svg", "png"))
    assert all(path.stat().st_size > 1000 for path in folder.iterdir())
