"""Leave-one-out: each class added to a model of the others."""

import json
import runpy

import numpy as np
import pandas as pd
import pytest

from bdiff.data.dataset import Dataset, write_dataset
from bdiff.figures.leave_one_out import VARIANTS, leave_one_out, leave_one_out_rows
from bdiff.figures.style import FIRST
from bdiff.files import write_rows

CLASSES = ("0", "4", "Ankle boot")
TRAINING = {
    "full": {"steps": 10_000, "batch_size": 128},
    "without": {"steps": 4000, "batch_size": 64},
    "added": {"steps": 2000, "batch_size": 32},
}
VALUES = {"branched": 20.0, "linear": 40.0, "real": 5.0}


def table(models):
    """quality.csv: a model's value and 0.1 more for each class; split test must not be drawn."""
    rows = []
    for model in models:
        for number, name in enumerate(CLASSES):
            row = {"model": model, "class": name, "metric": "frechet_raw"}
            rows.append({**row, "value": VALUES[model] + 0.1 * number, "split": "train"})
            rows.append({**row, "value": 1e6, "split": "test"})
            accuracy = {"metric": "accuracy", "split": "test" if model == "real" else "train"}
            rows.append({**row, **accuracy, "value": 0.9 - number / 100})
    return pd.DataFrame(rows)


@pytest.fixture
def left_out():
    """Tables of quality: of all three classes, and of models to which 4 or Ankle boot was added."""
    full = table(("branched", "linear", "real"))
    added = {}
    for number, name in enumerate(CLASSES[1:]):
        of_class = table(("branched", "real"))
        of_class["value"] += 10.0 + number
        again = of_class[of_class["model"] == "branched"].assign(model="branched_retrained")
        added[name] = pd.concat([of_class, again.assign(value=again["value"] - 5)])
    return full, added


def test_only_the_class_added_counts(left_out):
    rows = leave_one_out_rows(*left_out)
    assert list(dict.fromkeys(rows["class"])) == ["4", "Ankle boot"]
    values = rows[rows["metric"] == "frechet_raw"].pivot(
        index="class", columns="variant", values="value"
    )
    assert values.loc["4"].to_dict() == pytest.approx(
        {"real": 5.1, "full": 20.1, "extended": 30.1, "extended_retrained": 25.1}
    )
    assert values.loc["Ankle boot", "extended"] == pytest.approx(31.2)
    assert len(rows) == 2 * 2 * 4
    full, added = left_out
    with pytest.raises(ValueError, match="no quality of class '7'"):
        leave_one_out_rows(full, {"7": added["4"]})


def test_dots_of_every_class_and_their_mean(left_out, texts):
    figure = leave_one_out(leave_one_out_rows(*left_out), TRAINING, "My data")
    distance, _ = figure.axes
    diamonds = next(line for line in distance.lines if line.get_color() == FIRST)
    assert np.allclose(diamonds.get_xdata(), [30.1, 31.2, 30.65])
    assert np.allclose(diamonds.get_ydata()[:2], [0, 1])
    names = [label.get_text() for label in distance.get_yticklabels()]
    assert names == ["4", "Ankle boot", "mean"]
    words = texts(figure)
    assert all(word in words for word in VARIANTS.values())
    assert "known from the start: trained with 10,000 steps of 128 objects\n" in words
    assert "4,000 steps of 64 objects without the class, then 2,000 steps of 32 objects" in words


def test_means_are_over_classes_that_have_all_variants(left_out):
    rows = leave_one_out_rows(*left_out)
    missing = (rows["class"] == "4") & (rows["variant"] == "extended_retrained")
    figure = leave_one_out(rows[~missing], TRAINING, "My data")
    diamonds = next(line for line in figure.axes[0].lines if line.get_color() == FIRST)
    assert diamonds.get_xdata()[-1] == pytest.approx(31.2)
    with pytest.raises(ValueError, match="of a class that was added"):
        leave_one_out(rows[rows["variant"].isin(["full", "real"])], TRAINING, "My data")


def test_the_script_reads_a_table_per_class(request, tmp_path, left_out):
    x = np.zeros((6, 1, 4, 4), np.float32)
    dataset = Dataset(x, np.arange(6) % 3, CLASSES, np.repeat("train", 6), "mine", "My data")
    write_dataset(dataset, tmp_path / "data.parquet")
    full, added = left_out
    paths = []
    for name, rows in {"full": full, **added}.items():
        paths.append(f"{name}={tmp_path / name}.csv")
        write_rows(tmp_path / f"{name}.csv", rows.to_dict("records"), list(rows))
    arguments = ["--settings", json.dumps({"training": TRAINING}), "--added", *paths[1:]]
    arguments += ["--data", tmp_path / "data.parquet"]
    arguments += ["--full", tmp_path / "full.csv", "--output", tmp_path / "figure.svg"]
    script = runpy.run_path(str(request.config.rootpath / "scripts/plot_leave_one_out.py"))
    script["main"](list(map(str, arguments)))
    assert (tmp_path / "figure.png").stat().st_size > 1000
