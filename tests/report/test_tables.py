import csv
import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bdiff.files import write_rows
from bdiff.paper import paper_numbers
from bdiff.process import VP
from bdiff.report.tables import (
    branches_table,
    discovery_table,
    efficiency_table,
    extension_table,
    frechet_table,
    paper_trees,
)
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import save_tree
from tests.stages import TABLE, make_stages, write_stages

ROOT = Path(__file__).parents[2]
NUMBERS = [
    ("quality", "mine", "branched", "B", "frechet_raw", 7.0, None),
    ("quality", "mine", "linear", "B", "frechet_raw", 8.0, None),
    ("quality", "mine", "branched", "mean", "frechet_raw", 7.5, None),
    ("efficiency", "mine", "separate", "", "seconds", 80.0, 0.4),
    ("efficiency", "mine", "shared", "", "seconds", 20.0, 0.1),
    ("efficiency", "mine", "separate", "", "steps", 1000.0, None),
    ("efficiency", "mine", "shared", "", "steps", 400.0, None),
    ("branch_discovery", "mine", "aligned_pairs", "", "seconds", 12.0, None),
    ("branch_discovery", "mine", "aligned_pairs", "", "seconds_similarities", 7.7, None),
]
PAPER = pd.DataFrame(
    NUMBERS, columns=["experiment", "dataset", "model", "class", "metric", "value", "error"]
)
PROCESS = VP()


@pytest.fixture
def tree():
    points = [BranchPoint(frozenset("ABC"), 0.5), BranchPoint(frozenset("BC"), 0.2)]
    return BranchTree("ABC", points, process=PROCESS.to_dict())


@pytest.fixture
def efficiency():
    facts = {"classes": 2, "count": 4, "steps": 10, "solver": "ddim", "predicted_ratio": 0.7}
    return pd.DataFrame(
        {"dataset": name, **facts, "way": way, "repeat": r, "seconds": s + r, "evaluations": n}
        for name in ("mine", "other")
        for way, s, n in (("separate", 9.0, 80), ("shared", 4.0, 60), ("linear", 7.0, 80))
        for r in (0, 2)
        if (name, way) != ("other", "linear")
    )


@pytest.fixture
def quality():
    rows = []
    for name in ("mine", "other"):
        for label, n in (("B", 100), ("A", 50)):
            for m, model in enumerate(("branched", "linear", "real")):
                row = {"dataset": name, "model": model, "class": label, "seed": 0, "space": "raw"}
                for split, offset in (("train", 0), ("test", 10)):
                    value = n / 100 + m + offset
                    rows.append(
                        {**row, "metric": "frechet_raw", "value": value, "n": n, "split": split}
                    )
                judged = {"metric": "accuracy", "split": "test" if model == "real" else "train"}
                rows.append({**row, **judged, "value": 0.9 - m / 10, "n": 7})
    return pd.DataFrame(rows)


@pytest.fixture
def comparison():
    rows = []
    for estimator, seconds, shared in (("aligned_pairs", 8.0, 5), ("all_pairs", 2.0, 9)):
        row = {"dataset": "mine", "estimator": estimator, "objects": 100, "times": 1000}
        rows += [{**row, "measure": "seconds", "draw": d, "value": seconds + d} for d in (0, 2)]
        rows += [{**row, "measure": "clades", "draw": d, "value": 9} for d in (0, 2)]
        rows.append({**row, "measure": "shared_clades", "draw": "0-1", "value": shared})
        rows.append({**row, "measure": "pair_time_sd", "draw": "all", "value": 0.01})
    return pd.DataFrame(rows)


def test_branches_stand_beside_the_papers(tree):
    paper = BranchTree(
        "ABC", [BranchPoint(frozenset("ABC"), 0.6), BranchPoint(frozenset("AC"), 0.3)]
    )
    table = branches_table({"mine": tree, "other": tree}, {"mine": paper})
    mine, other = table[table["dataset"] == "mine"], table[table["dataset"] == "other"]
    assert mine["source"].tolist() == ["paper"] * 5 + ["bdiff"] * 5
    assert other["source"].unique().tolist() == ["bdiff"]
    assert other["in_both"].isna().all()
    ours = mine[mine["source"] == "bdiff"].set_index("classes")
    assert ours["in_both"].to_dict() == {
        "A, B, C": True, "B, C": False, "A": True, "B": True, "C": True
    }  # fmt: skip
    assert (ours.loc["B, C", "start"], ours.loc["B, C", "end"]) == (0.2, 0.5)
    assert np.isclose(ours.loc["B, C", "log_snr"], float(PROCESS.log_snr(0.2)))
    assert np.isnan(ours.loc["A", "log_snr"])
    # 0.5 of the root, 0.3 of B/C, 0.5 of A and 0.2 each of B and C.
    assert np.allclose(ours["total_length"], 0.5 + 0.3 + 0.5 + 0.2 + 0.2)
    assert np.allclose(ours["shared_cost"], 1.7 / 3)


def test_the_papers_own_trees_are_found_by_data_set():
    found = paper_trees(["mnist", "letters", "digits"], ROOT / "data/paper/branches.csv")
    assert list(found) == ["mnist", "letters"]
    paper = found["mnist"]
    ours = BranchTree(paper.classes, paper.points, paper.horizon, PROCESS.to_dict())
    table = branches_table({"mnist": ours}, found)
    assert len(table) == 2 * 19
    assert table["in_both"].all()
    assert np.allclose(table["total_length"], 4.4975, atol=5e-5)


def test_efficiency_by_hand(efficiency):
    mine, other = efficiency_table(efficiency, PAPER).to_dict("records")
    assert (mine["separate_seconds"], mine["shared_seconds"]) == (10, 5)
    assert np.isclose(mine["shared_error"], 1 / np.sqrt(2))  # population sd 1, two repeats
    assert (mine["seconds_ratio"], mine["evaluations_ratio"], mine["repeats"]) == (0.5, 0.75, 2)
    assert (mine["predicted_ratio"], mine["linear_seconds"], mine["linear_evaluations"]) == (
        0.7, 8, 80,
    )  # fmt: skip
    assert np.isnan(other["linear_seconds"])
    assert (mine["paper_separate_seconds"], mine["paper_shared_error"]) == (80, 0.1)
    assert (mine["paper_seconds_ratio"], mine["paper_steps_ratio"]) == (0.25, 0.4)
    assert other["seconds_ratio"] == 0.5
    assert all(np.isnan(value) for key, value in other.items() if key.startswith("paper"))


def test_frechet_by_hand(quality):
    table = frechet_table(quality, PAPER).set_index(["dataset", "split", "class"])
    table = table.sort_index()
    assert len(table) == 2 * 2 * 3
    row = table.loc["mine", "train", "B"]
    assert (row["n"], row["branched"], row["linear"], row["real"]) == (100, 1, 2, 3)
    assert (row["branched_accuracy"], row["real_accuracy"]) == (0.9, 0.7)
    assert (row["paper_branched"], row["paper_linear"]) == (7, 8)
    mean = table.loc["mine", "train", "mean"]
    assert (mean["branched"], mean["linear"], mean["n"]) == (0.75, 1.75, 50)
    assert mean["paper_branched"] == 7.5  # as printed, not the mean of what is listed
    assert table.loc[("mine", "test", "A"), "branched"] == 10.5
    assert table.loc["other"].filter(like="paper").isna().all(axis=None)
    # The paper has no held-out objects.
    assert table.loc[("mine", "test")].filter(like="paper").isna().all(axis=None)


def test_frechet_of_a_data_set_without_a_baseline(quality):
    table = frechet_table(quality[quality["model"] != "linear"], PAPER)
    assert "linear" not in table
    assert table["branched"].notna().all()
    # The columns of what is not known stay, as those of the paper do.
    assert table.set_index(["dataset", "class"]).loc[("mine", "B"), "paper_linear"].max() == 8


def test_frechet_of_any_models(quality):
    guided = quality[(quality["model"] == "linear") & (quality["dataset"] == "mine")]
    table = frechet_table(pd.concat([quality, guided.assign(model="guided", value=5.0)]), PAPER)
    assert list(table)[4:8] == ["branched", "linear", "guided", "real"]
    assert list(table)[8:12] == [f"{model}_accuracy" for model in list(table)[4:8]]
    columns = table.set_index("dataset")["guided"]
    assert (columns.loc["mine"] == 5).all()
    assert columns.loc["other"].isna().all()


def test_frechet_without_distances_says_why(quality):
    with pytest.raises(ValueError, match="enough objects"):
        frechet_table(quality[quality["metric"] == "accuracy"], PAPER)


def test_discovery_time_by_hand(comparison):
    (row,) = discovery_table(comparison, PAPER).to_dict("records")
    assert (row["aligned_pairs_seconds"], row["all_pairs_seconds"]) == (9, 3)
    assert (row["times_faster"], row["objects"], row["times"]) == (3, 100, 1000)
    assert (row["aligned_pairs_shared_clades"], row["all_pairs_shared_clades"]) == (5, 9)
    assert (row["paper_seconds"], row["paper_seconds_similarities"]) == (12, 7.7)
    assert np.isnan(row["paper_seconds_forward_diffusion"])
    (other,) = discovery_table(comparison.assign(dataset="x"), PAPER).to_dict("records")
    assert all(np.isnan(value) for key, value in other.items() if key.startswith("paper"))


def test_extension_has_every_model_at_every_stage():
    table = extension_table({"mine": make_stages("71", TABLE)}, PAPER.assign(experiment="other"))
    assert len(table) == 3 * 3 + 4 * 4 + 4 * 5  # models and classes of each stage
    assert table["paper"].isna().all()
    keyed = table.set_index(["stage", "model", "class"])
    assert (keyed["added"][0] == "").all()
    assert table.groupby("stage")["added"].first().to_dict() == {0: "", 1: "7", 2: "1"}
    assert set(table.loc[table["new"], "class"]) == {"7", "1"}
    # values of the split "train", as the paper's, in the table's order of classes: 0, 4, 7, 9
    assert keyed["frechet_raw"][1, "linear_new", "7"] == pytest.approx(300.2)
    assert keyed["accuracy"][1, "branched", "9"] == pytest.approx(0.97)
    same = keyed["same_samples"]
    assert same[2, "branched", "7"] is True
    for nothing_before in ((0, "branched", "0"), (1, "branched", "7"), (1, "linear_new", "0")):
        assert same[nothing_before] is None
    assert same[2, "real", "0"] is None


def test_extension_stands_beside_the_paper_where_data_and_classes_are_the_same():
    stages = {name: make_stages("7", TABLE, dataset=name) for name in ("mnist", "digits")}
    table = extension_table(stages, paper_numbers(ROOT / "data/paper/numbers.csv"))
    printed = table.set_index(["dataset", "stage", "model", "class"])["paper"]
    assert printed["mnist", 0, "branched", "0"] == 23.26
    assert printed["mnist", 1, "linear_new", "0"] == 218.33
    assert printed["mnist", 1, "linear_all", "7"] == 20.95
    assert printed["digits"].isna().all()


def test_the_script_writes_the_tables_it_has_numbers_for(tmp_path, tree, quality, monkeypatch):
    save_tree(tree, tmp_path / "tree.json", PROCESS)
    rows = quality[quality["dataset"] == "mine"].to_dict("records")
    write_rows(tmp_path / "quality.csv", rows, list(quality))
    folders = write_stages(make_stages("7", TABLE), tmp_path)
    make_tables = runpy.run_path(str(ROOT / "scripts/make_tables.py"))["main"]
    make_tables(
        [
            *("--paper", str(ROOT / "data/paper/numbers.csv")),
            *("--branches", str(ROOT / "data/paper/branches.csv")),
            *("--output", str(tmp_path / "tables")),
            *("--tree", f"mine={tmp_path / 'tree.json'}"),
            *("--quality", f"mine={tmp_path / 'quality.csv'}", "--efficiency", "--comparison"),
            *(
                "--extension",
                *(f"{name}={folder}" for name in ("mine", "other") for folder in folders),
            ),
        ]
    )
    written = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert written == ["T1_branches.csv", "T3_frechet.csv", "T4_class_extension.csv"]
    with open(tmp_path / "tables/T4_class_extension.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == "branched"]
    assert [row["dataset"] for row in rows] == ["mine"] * 7 + ["other"] * 7
    assert [row["same_samples"] for row in rows[:7]] == [""] * 3 + ["True"] * 2 + [""] + ["True"]
    with open(tmp_path / "tables/T3_frechet.csv", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["class"], first["branched"], first["paper_branched"]) == ("B", "1", "")
    assert json.loads((tmp_path / "tree.json").read_text())["classes"] == list("ABC")
