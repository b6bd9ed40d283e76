"""From raw files to the data set that all later stages read."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bdiff.data import mnist
from bdiff.data.dataset import read_dataset
from bdiff.data.preprocess import preprocess
from bdiff.data.sources import ROOT
from bdiff.data.tables import from_arrays


def splits(dataset):
    return [len(dataset.select(split)) for split in ("train", "test")]


@pytest.mark.parametrize("source", ["mnist", "fashion_mnist"])
def test_official_test_files_are_held_out_or_left_out(raw_folder, idx_files, source):
    raw = raw_folder(source, idx_files)
    assert splits(preprocess(raw, source=source)) == [40, 20]
    paper = preprocess(raw, source=source, held_out="none")
    assert splits(paper) == [40, 0]
    np.testing.assert_array_equal(paper.x, preprocess(raw, source=source).select("train").x)
    assert splits(preprocess(raw, source=source, held_out=0.25)) == [30, 10]


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [("official", [16_000, 4_000]), ("none", [20_000, 0]), (0.5, [9_999, 10_001])],
)
def test_splits_of_the_letters(held_out, expected):
    assert splits(preprocess(source="letters", held_out=held_out)) == expected


def test_blood_cells_and_simulated_cells_are_split_by_class():
    assert splits(preprocess(source="pbmc", held_out="none")) == [700, 0]
    cells = preprocess(source="simulated_cells", cells=1000, genes=120, seed=3, held_out=0.2)
    assert splits(cells) == [800, 200]
    assert (cells.name, cells.source["seed"], cells.shape) == ("simulated_cells", 3, (120,))
    counts = [len(cells.of(name, "test")) for name in cells.classes]
    assert counts == [48, 40, 30, 22, 20, 19, 12, 6, 3]
    monocytes = [name for name in cells.classes if "monocytes" in name]
    few = preprocess(
        source="simulated_cells", cells=1000, genes=120, seed=3, classes=monocytes, held_out=0.2
    )
    np.testing.assert_array_equal(few.of(monocytes[1]), cells.of(monocytes[1]))
    assert set(few.covariates["condition"]) == {"Healthy", "Influenza", "COVID-19"}


def test_letters_are_standardised_before_classes_are_chosen():
    every, few = preprocess(source="letters"), preprocess(source="letters", classes=["V", "A", "Y"])
    assert few.classes == ("V", "A", "Y")
    assert len(few) == 2339
    for name in few.classes:
        np.testing.assert_array_equal(few.of(name), every.of(name))
    assert few.title == "UCI Letter Recognition: V, A, Y"


def test_subset_is_named_and_has_no_test_set(raw_folder, idx_files):
    train = {name: idx_files[name] for name in mnist.TRAIN}
    raw = raw_folder("mnist", train, version=mnist.SUBSET_VERSION)
    with pytest.raises(ValueError, match=r"no official test set; set held_out to 'none'"):
        preprocess(raw, source="mnist")
    dataset = preprocess(raw, source="mnist", held_out="none")
    assert dataset.title == "MNIST, first 10,000 training images"
    assert dataset.source["version"] == "first-10000"


def test_own_file(tmp_path):
    rows = "".join(f"{'ab'[i % 2]},{i}\n" for i in range(20))
    (tmp_path / "own.csv").write_text("kind,size\n" + rows)
    settings = {"source": "file", "path": str(tmp_path / "own.csv"), "label": "kind", "title": ""}
    dataset = preprocess(**settings, name="own", held_out=0.2)
    assert (dataset.classes, splits(dataset), dataset.name) == (("a", "b"), [16, 4], "own")
    with pytest.raises(ValueError, match="no official test set"):
        preprocess(**settings)
    assert splits(preprocess(**settings, held_out="none")) == [20, 0]
    with pytest.raises(ValueError, match="held_out is 'non'; expected 'none' or a share"):
        preprocess(**settings, held_out="non")


def test_own_file_is_scaled_by_its_training_objects_of_all_classes(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 784), dtype=np.uint8)
    pixels[:, :28] = 0
    kinds = ["hat", "cap", "ch\u00e2le"] * 10
    np.savez(tmp_path / "own.npz", x=pixels, y=kinds)
    settings = {"source": "file", "path": str(tmp_path / "own.npz"), "shape": [1, 28, 28]}
    own = preprocess(**settings, standardise=True, held_out=0.2, classes=["cha\u0302le", "cap"])
    every = from_arrays(
        pixels.reshape(-1, 1, 28, 28), kinds, name="own", held_out=0.2, standardise=True
    )
    assert own.scaling == every.scaling
    assert own.classes == ("ch\u00e2le", "cap")
    for name in own.classes:
        for split in ("train", "test"):
            np.testing.assert_array_equal(own.of(name, split), every.of(name, split))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "cifar"}, "unknown source 'cifar': expected mnist"),
        ({"source": "mnist"}, r"download.py --source mnist --output data/raw/mnist"),
        ({"source": "letters", "classes": ["A", "a"]}, "unknown class 'a'"),
        ({"source": "letters", "classes": ["A", "A"]}, "appear twice: A"),
        ({"source": "letters", "classes": "A"}, "expected 'all' or a list"),
        ({"source": "digits", "classes": [4, 9]}, r'holds 4, .* texts: put it in quotes, "4"'),
        ({"source": "digits", "classes": ["4", True]}, "holds True, but class names are texts"),
        ({"source": "digits", "classes": 4}, "classes is 4; expected 'all' or a list"),
        ({"source": "letters", "held_out": "offical"}, "'offical'; expected 'official', 'none' or"),
        ({"source": "letters", "held_out": 0.999}, "hold out fewer"),
        ({"source": "digits", "label": "x"}, "label: .* belongs to the source 'file' or 'cells'"),
        ({"source": "pbmc", "seed": 3}, "seed: .* belongs to the source 'simulated_cells'"),
        ({"source": "pbmc"}, "'pbmc' have no official test set"),
        ({"source": "cells", "path": "x.h5ad", "held_out": 0.2}, "'cells' needs `label`"),
        ({"source": "cells", "labels": "x"}, "unknown setting 'labels'; .*; did you mean 'label'"),
        ({"source": "simulated_cells", "cells": 500}, "'simulated_cells' have no official"),
        ({"source": "digits", "clases": ["4"]}, "unknown setting 'clases'; .* 'classes'"),
        ({"source": "file", "pth": "x.csv"}, "unknown setting 'pth'; .*; did you mean 'path'"),
        ({"source": "file"}, "needs `path`"),
    ],
)
def test_what_is_wrong_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        preprocess(**settings)


def test_raw_folder_of_another_data_set_is_refused(raw_folder, idx_files):
    with pytest.raises(ValueError, match="holds 'fashion_mnist', not 'mnist'"):
        preprocess(raw_folder("fashion_mnist", idx_files), source="mnist")


def run_script(name, *arguments):
    command = [sys.executable, str(ROOT / "scripts" / name), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_scripts_run_alone_and_give_the_same_file_from_raw_and_embedded(tmp_path):
    settings = json.dumps({"source": "digits", "classes": ["4", "9"], "name": "digits_49"})
    run_script("download.py", "--source", "digits", "--output", tmp_path / "raw")
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    run_script("preprocess.py", "--settings", settings, "--raw", tmp_path / "raw", "--output", one)
    said = run_script("preprocess.py", "--settings", settings, "--output", two)
    assert one.read_bytes() == two.read_bytes()
    assert read_dataset(one).classes == ("4", "9")
    assert "scikit-learn digits (8×8): 4, 9" in said
