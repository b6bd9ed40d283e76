"""Tables of quality: every number recomputed for a data set that is easy to judge."""

import numpy as np
import pytest

from bdiff.analysis.efficiency import measure_efficiency
from bdiff.analysis.quality import COLUMNS, quality
from bdiff.data.dataset import Dataset
from bdiff.sample.sampler import Sampler, finished


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


def test_efficiency_counts_what_sharing_saves(branched):
    sampler = Sampler.of({"name": "euler_maruyama", "steps": 200})
    rows = measure_efficiency(branched, sampler, count=4, repeats=2)
    spent = {row["way"]: row["evaluations"] for row in rows}
    assert len(rows) == 4
    assert all(row["seconds"] > 0 for row in rows)
    # the ratio of network evaluations is the tree's total length over the number of classes
    assert spent["shared"] / spent["separate"] == pytest.approx(branched.tree.shared_cost, abs=0.02)
