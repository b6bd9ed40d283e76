"""Tables of quality: every number recomputed for a data set that is easy to judge."""

import numpy as np
import pytest

from bdiff.analysis.efficiency import measure_efficiency
from bdiff.analysis.quality import COLUMNS, quality
from bdiff.data.dataset import Dataset
from bdiff.sampling.sampler import Sampler
from tests.samples import finished


@pytest.fixture
def dataset():
    """Two well separated clouds of three features, 60 training and 20 held-out objects each."""
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 80)
    x = rng.standard_normal((160, 3)) + 8 * labels[:, None]
    split = np.where(np.arange(160) < 120, "train", "test")
    return Dataset(x, labels, ("low", "high"), split, name="clouds")


def test_quality_of_good_and_of_swapped_samples(dataset):
    rng = np.random.default_rng(1)
    cloud = {"low": rng.standard_normal((30, 3)), "high": 8 + rng.standard_normal((30, 3))}
    swapped = {"low": cloud["high"], "high": cloud["low"]}
    rows = quality(dataset, {"good": finished(cloud, {}), "bad": finished(swapped, {})}, count=25)
    assert all(set(row) == set(COLUMNS) for row in rows)

    def values(model, metric, split):
        return [
            r["value"]
            for r in rows
            if (r["model"], r["metric"], r["split"]) == (model, metric, split)
        ]

    assert values("good", "accuracy", "train") == [1, 1]
    assert values("bad", "accuracy", "train") == [0, 0]
    assert values("real", "accuracy", "test") == [1, 1]
    assert max(values("real", "frechet_raw", "train")) < 1
    assert max(values("good", "frechet_raw", "train")) < 2
    # three features shifted by 8
    assert values("bad", "frechet_raw", "train") == pytest.approx([192, 192], rel=0.2)
    assert min(values("bad", "nearest_distance", "train")) > 5
    sizes = {(r["split"], r["n"]) for r in rows if r["metric"] == "frechet_raw"}
    assert sizes == {("train", 25), ("test", 10)}


def test_every_metric_stands_beside_what_real_objects_score(dataset):
    rng = np.random.default_rng(2)
    train = dataset.of("low", "train")
    made = {
        "learnt": rng.standard_normal((30, 3)),
        "narrow": 0.1 * rng.standard_normal((30, 3)),
        "copied": train[:30] + 1e-4,
    }
    high = 8 + rng.standard_normal((30, 3))
    samples = {model: finished({"low": x, "high": high}, {}) for model, x in made.items()}
    rows = quality(dataset, samples, count=30)
    of_low = [row for row in rows if row["class"] == "low"]
    found = {(r["model"], r["metric"], r["split"]): r["value"] for r in of_low}
    two_sets = ["frechet_raw", "frechet_features", "precision", "recall", "density", "coverage"]
    one_set = ["accuracy", "nearest_distance", "near_copies"]
    for model in ("real", *made):
        named = {metric for m, metric, _ in found if m == model}
        assert named == {*two_sets, *one_set}
        assert {split for m, metric, split in found if m == model and metric in two_sets} == {
            "train",
            "test",
        }
    assert {r["space"] for r in rows if r["metric"] == "frechet_raw"} == {"raw"}
    assert {r["space"] for r in rows if r["metric"] in two_sets[1:]} == {"classifier"}
    # Samples from the middle of the class look real, and miss most of what is real.
    assert found["narrow", "precision", "train"] == 1
    assert found["narrow", "recall", "train"] < 0.5 < found["learnt", "recall", "train"]
    assert found["narrow", "frechet_raw", "train"] > found["learnt", "frechet_raw", "train"]
    assert found["copied", "near_copies", "train"] == 1
    assert found["copied", "nearest_distance", "train"] < 1e-3
    assert max(found[m, "near_copies", "train"] for m in ("learnt", "real")) < 0.5


def test_small_classes_get_the_metrics_that_they_can_have(dataset):
    """Ten held-out objects of a class make sets of five, too few for a fifth neighbour."""
    held_out = np.flatnonzero(dataset.split == "test")[:20]
    few = Dataset(
        *(dataset.x, dataset.labels, dataset.classes),
        np.where(np.isin(np.arange(160), held_out), "test", "train"),
        name="few",
    )
    rows = quality(few, {})
    assert {r["model"] for r in rows} == {"real"}
    metrics = {split: {r["metric"] for r in rows if r["split"] == split} for split in few.split}
    assert metrics["test"] == {"frechet_raw", "frechet_features", "accuracy"}
    assert metrics["train"] >= {"precision", "near_copies"}


def test_a_class_with_one_held_out_object_and_no_samples_is_left_out_there(dataset):
    split = dataset.split.copy()
    split[np.flatnonzero((split == "test") & (dataset.labels == 1))[1:]] = "train"
    lone = Dataset(dataset.x, dataset.labels, dataset.classes, split, name="lone")
    rows = quality(lone, {"learnt": finished({"low": dataset.x[:8]}, {})})
    compared = {(r["class"], r["split"]) for r in rows if r["metric"] == "frechet_raw"}
    assert compared == {("low", "train"), ("low", "test"), ("high", "train")}
    assert {r["model"] for r in rows if r["class"] == "high"} == {"real"}


def test_without_held_out_objects_nothing_is_said_of_them(dataset):
    rows = quality(dataset.select("train"), {"learnt": finished({"low": dataset.x[:8]}, {})})
    assert {row["split"] for row in rows} == {"train"}
    metrics = {row["metric"] for row in rows if row["model"] == "learnt"}
    assert "nearest_distance" in metrics
    assert "near_copies" not in metrics
    assert not [row for row in rows if row["model"] == "real" and row["metric"] == "accuracy"]


def test_samples_of_another_data_set_are_refused(dataset):
    with pytest.raises(ValueError, match="the samples of 'mine' are of another data set"):
        quality(dataset, {"mine": finished({"other": dataset.x}, {})})
    poor = dataset.keep_classes(["low"])
    poor = Dataset(poor.x[:3], poor.labels[:3], ["low"], ["train"] * 3, name="poor")
    with pytest.raises(ValueError, match="'low' has 3 training objects"):
        quality(poor, {})


def test_efficiency_counts_what_sharing_saves(branched):
    sampler = Sampler.of({"name": "euler_maruyama", "steps": 200})
    rows = measure_efficiency(branched, sampler, count=4, repeats=2)
    spent = {row["way"]: row["evaluations"] for row in rows}
    assert len(rows) == 4
    assert all(row["seconds"] > 0 for row in rows)
    # the ratio of network evaluations is the tree's total length over the number of classes
    assert spent["shared"] / spent["separate"] == pytest.approx(branched.tree.shared_cost, abs=0.02)


@pytest.mark.parametrize("count", [1, 0, -5])
def test_a_count_that_leaves_nothing_to_compare_is_refused(dataset, count):
    with pytest.raises(ValueError, match=f"count is {count}, objects of a class to compare"):
        quality(dataset, {}, count=count)
