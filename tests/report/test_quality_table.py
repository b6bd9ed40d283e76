"""The table of quality: means over classes, the floor, the paper's number and the cost."""

import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bdiff.files import write_rows
from bdiff.paper import paper_numbers
from bdiff.report.quality_table import (
    COLUMNS,
    SHOWN,
    origin_of,
    quality_markdown,
    quality_table,
    rounded,
)
from bdiff.sampling.files import write_samples
from tests.samples import finished

ROOT = Path(__file__).parents[2]
PAPER = paper_numbers(ROOT / "data/paper/numbers.csv")
META = {
    "solver": {"name": "ddim", "steps": 50, "eta": 1.0},
    "nfe_per_object": 58.5,
    "seconds": 2.5,
}
MANIFEST = {"about": {"training": {"steps": 3000}, "seconds": 61.5}}


@pytest.fixture
def quality():
    """mnist with three models, mine with one: value = 10 * class + model, half as much for test."""
    rows = []
    models = {"mnist": ("real", "branched", "guided", "linear"), "mine": ("real", "branched")}
    for dataset, named in models.items():
        for number, model in enumerate(named):
            for code, label in enumerate(("0", "1")):
                row = {"dataset": dataset, "model": model, "class": label, "seed": 0, "space": "-"}
                for metric in ("frechet_raw", "recall"):
                    for split, n in (("train", 200 + code), ("test", 100 + code)):
                        value = (10 * code + number) / (2 if split == "test" else 1)
                        facts = {"metric": metric, "value": value, "n": n, "split": split}
                        rows.append(row | facts)
                split = "test" if model == "real" else "train"
                accuracy = {"metric": "accuracy", "value": 0.9 + code / 20, "n": 7, "split": split}
                rows.append(row | accuracy)
                if dataset == "mnist":
                    near = {"metric": "near_copies", "value": 0.01 * code, "n": 7}
                    rows.append(row | near | {"split": "train"})
    return pd.DataFrame(rows)


@pytest.fixture
def samples():
    return finished({"0": np.zeros((3, 2)), "1": np.ones((4, 2))}, META)


def test_rows_are_means_over_classes_beside_their_floor(quality, samples):
    origin = origin_of(MANIFEST, samples, "make it")
    table = quality_table(quality, PAPER, {("mnist", "branched"): origin})
    assert list(table) == list(COLUMNS)
    assert table["dataset"].tolist() == ["mnist"] * 4 + ["mine"] * 2
    assert table["model"].tolist() == ["branched", "guided", "linear", "real", "branched", "real"]
    row = table.iloc[0]
    assert (row["frechet_raw_train"], row["frechet_raw_test"]) == (6, 3)
    assert (row["floor_frechet_raw_train"], row["floor_frechet_raw_test"]) == (5, 2.5)
    assert (row["classes"], row["n_train"], row["n_test"]) == (2, 200, 100)
    assert (row["recall_test"], row["near_copies"]) == (3, 0.005)
    assert (row["steps"], row["train_seconds"], row["samples"]) == (3000, 61.5, 7)
    assert (row["solver"], row["nfe_per_object"]) == ("ddim eta=1.0 steps=50", 58.5)
    assert (row["sample_seconds"], row["command"]) == (2.5, "make it")
    assert table["accuracy"].tolist() == pytest.approx([0.925] * 6)
    printed = table.set_index(["dataset", "model"])["paper_frechet_raw"].dropna()
    assert printed.to_dict() == {("mnist", "branched"): 42.85, ("mnist", "linear"): 74.49}
    unknown = [
        "steps",
        "solver",
        "command",
        "frechet_features_train",
        "floor_frechet_features_test",
    ]
    assert table.loc[1, unknown].isna().all()
    assert table.loc[4:, "near_copies"].isna().all()


def test_an_older_file_says_less(samples):
    assert origin_of({}, samples)["train_seconds"] is None
    assert origin_of({"about": {}}, finished({"0": np.zeros((3, 2))}, {}))["solver"] == ""


def test_markdown_has_a_row_for_each_and_a_dash_for_the_unknown(quality, samples):
    table = quality_table(quality, PAPER, {("mnist", "branched"): origin_of(MANIFEST, samples)})
    lines = quality_markdown(table).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == list(SHOWN)
    assert cells[1] == ["---"] * len(SHOWN)
    assert len(cells) == 2 + len(table)
    first, last = (dict(zip(SHOWN, row, strict=True)) for row in (cells[2], cells[-1]))
    assert (first["n"], first["Fréchet, raw"], first["paper"]) == (
        "200 / 100",
        "6.00 / 3.00",
        "42.9",
    )
    assert (first["steps"], first["accuracy"], first["recall"]) == ("3,000", "0.925", "3.00")
    assert (last["steps"], last["near copies"], last["Fréchet, features"]) == ("–", "–", "–")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.01234, "0.0123"), (6, "6.00"), (99.94, "99.9"), (99.96, "100"), (12345.6, "12,346")],
)
def test_numbers_have_three_digits(number, text):
    assert rounded(number) == text
    assert rounded(-number) == f"-{text}"


def test_the_script_writes_both_files(tmp_path, quality, samples):
    write_rows(tmp_path / "quality.csv", quality.to_dict("records"), list(quality))
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    write_samples(samples, tmp_path / "samples.parquet")
    main = runpy.run_path(str(ROOT / "scripts/summarise_quality.py"))["main"]
    arguments = ["--paper", str(ROOT / "data/paper/numbers.csv")]
    arguments += ["--quality", str(tmp_path / "quality.csv")]
    arguments += [
        "--manifest",
        f"mnist/linear={tmp_path / 'manifest.json'}",
        "--command",
        "make it",
    ]
    arguments += ["--output", str(tmp_path / "tables/quality.csv")]
    main([*arguments, "--samples", f"mnist/linear={tmp_path / 'samples.parquet'}"])
    table = pd.read_csv(tmp_path / "tables/quality.csv").set_index(["dataset", "model"])
    assert table.loc[("mnist", "linear"), "command"] == "make it"
    assert table.loc[("mnist", "linear"), "nfe_per_object"] == 58.5
    assert (tmp_path / "tables/quality.md").read_text().startswith("| data set | model |")
    with pytest.raises(SystemExit):
        main(arguments)  # a manifest without its samples
