"""Sample quality, efficiency and similarities."""

import itertools

import numpy as np
import pandas as pd
import pytest

from bdiff.figures.efficiency import efficiency
from bdiff.figures.sample_quality import sample_quality
from bdiff.figures.similarities import similarities
from bdiff.figures.style import COLOURS


def heights(axes):
    return [patch.get_height() for patch in axes.patches]


def test_bars_are_the_distances_on_training_objects(quality, texts):
    figure = sample_quality(quality, "My data")
    axes = figure.axes[0]
    assert heights(axes) == [1, 11, 21, 2, 12, 22]
    floor = axes.collections[0].get_segments()
    assert [segment[0, 1] for segment in floor] == [3, 13, 23]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["Coat", "Bag", "0"]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["branched, mean 11", "label-guided, mean 12", "real against real, mean 13"]
    words = texts(figure)
    assert "My data" in words
    assert "Fréchet" in words
    assert "paper" not in words
    assert axes.get_yscale() == "linear"


def test_the_papers_mean_is_mentioned_for_its_own_data_only(quality, texts):
    row = {"experiment": "quality", "dataset": "mnist", "class": "mean", "metric": "frechet_raw"}
    paper = pd.DataFrame(
        [
            {**row, "model": "branched", "value": 42.85},
            {**row, "model": "linear", "value": 74.49},
            {**row, "model": "branched", "value": 1.0, "class": "0"},
        ]
    )
    assert "paper" not in texts(sample_quality(quality, "My data", paper))
    words = texts(sample_quality(quality.assign(dataset="mnist"), "MNIST", paper))
    assert "paper: 42.85" in words
    assert "paper: 74.49" in words


def test_one_diverged_class_does_not_hide_the_others(quality):
    wild = (quality["class"] == "Bag") & (quality["model"] == "branched")
    quality.loc[wild, "value"] = 466_294.0
    assert sample_quality(quality, "My data").axes[0].get_yscale() == "log"


def test_quality_without_distances_is_refused(quality):
    with pytest.raises(ValueError, match="enough objects"):
        sample_quality(quality[quality["metric"] == "accuracy"], "My data")


def test_any_model_that_has_rows_is_drawn(quality, texts):
    guided = quality[quality["model"] == "linear"].assign(model="guided", value=7.0)
    figure = sample_quality(pd.concat([quality, guided]), "My data")
    axes = figure.axes[0]
    assert heights(axes) == [1, 11, 21, 2, 12, 22, 7, 7, 7]
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
    assert all(left[1] <= right[0] + 1e-9 for left, right in itertools.pairwise(edges))
    assert len({container[0].get_facecolor() for container in axes.containers}) == 3
    assert "guided, mean 7" in texts(figure)


def test_efficiency_shows_means_errors_and_ratios(texts):
    facts = {"dataset": "d", "classes": 3, "count": 64, "steps": 20, "solver": "ddim"}
    facts["predicted_ratio"] = 0.44
    rows = [
        {**facts, "way": way, "repeat": r, "seconds": s + r, "evaluations": n}
        for way, s, n in (("separate", 9.0, 1000), ("shared", 4.0, 450), ("linear", 8.0, 960))
        for r in (0, 2)
    ]
    figure = efficiency(pd.DataFrame(rows), "My data")
    seconds, evaluations = figure.axes
    assert heights(seconds) == [10, 5, 9]
    assert heights(evaluations) == [1000, 450, 960]
    (predicted,) = evaluations.collections[0].get_segments()
    assert np.allclose(predicted[:, 1], 440)
    error = seconds.containers[0].lines[2][0].get_segments()
    assert np.allclose(np.diff(error, axis=1)[:, 0, 1], 2 / np.sqrt(2))  # sd 1 of 2 repeats
    words = texts(figure)
    assert "all 3 classes" in words
    assert "0.500 of separate" in words
    assert "0.450 of separate" in words
    assert "0.440 of separate, predicted by the lengths" in words
    assert seconds.get_ylabel() == "seconds"
    assert "20 steps + branch times, DDIM" in words
    assert "thread" not in words
    assert "DDIM, 2 threads" in texts(efficiency(pd.DataFrame(rows).assign(threads=2), "My data"))


def test_labels_of_bars_with_large_errors_are_not_cut():
    facts = {"classes": 3, "count": 64, "steps": 20, "solver": "ddim", "evaluations": 9}
    facts["predicted_ratio"] = 0.4
    rows = [
        {**facts, "way": way, "seconds": s} for way in ("separate", "shared") for s in (0.1, 30.0)
    ]
    figure = efficiency(pd.DataFrame(rows), "My data")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert all(t.get_window_extent().y1 <= axes.bbox.y1 for t in axes.texts)


def test_similarities_are_three_histograms_of_shares(rng, texts):
    values = [rng.normal(mean, 0.01, 40) for mean in (0.3, 0.4, 0.35)]
    figure = similarities(*values, ("Coat", "Shirt"), 0.3478, "Fashion-MNIST")
    axes = figure.axes[0]
    assert len(axes.patches) == 3
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [text.split("\n")[0] for text in legend] == [
        "Coat with Coat",
        "Shirt with Shirt",
        "Coat with Shirt",
    ]
    assert all(f"{v.mean():.3f}" in t for v, t in zip(values, legend, strict=True))
    assert "cosine similarity" in axes.get_xlabel()
    assert "0.348" in axes.get_xlabel()
    assert "Fashion-MNIST" in texts(figure)


def test_a_model_has_one_colour_everywhere(quality):
    axes = sample_quality(quality, "My data").axes[0]
    colours = [container[0].get_facecolor() for container in axes.containers]
    from matplotlib.colors import to_rgba

    assert colours == [to_rgba(COLOURS["branched"]), to_rgba(COLOURS["linear"])]
