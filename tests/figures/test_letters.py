"""Figures of generated letters."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from bdiff.figures.class_contrasts import class_contrasts
from bdiff.figures.correlations import correlations
from bdiff.figures.feature_distances import between_classes, feature_distances, true_to_generated
from bdiff.figures.feature_histograms import feature_histograms
from bdiff.figures.wasserstein import wasserstein

FEATURES = ("Feature 1", "Feature 2", "Feature 3")


@pytest.fixture
def true(rng):
    """Classes that differ in feature 2 alone: by 3 between A and the others."""
    x = {name: rng.standard_normal((200, 3)) for name in "ABC"}
    x["A"][:, 1] += 3
    return x


def test_the_distance_of_a_shift_is_the_shift(rng):
    x = rng.standard_normal((50, 3))
    assert np.allclose(feature_distances(x, x + np.array([0.5, -1, 0])), [0.5, 1, 0])


def test_distances_are_scipys_for_every_class_and_pair(true, rng):
    generated = {name: rng.standard_normal((80, 3)) for name in true}
    within, between = true_to_generated(true, generated), between_classes(true)
    assert list(between) == [("A", "B"), ("A", "C"), ("B", "C")]
    assert within["B"][2] == wasserstein_distance(true["B"][:, 2], generated["B"][:, 2])
    assert between["A", "C"][1] == wasserstein_distance(true["A"][:, 1], true["C"][:, 1])
    assert abs(between["A", "C"][1] - 3) < 0.3


def test_wasserstein_figure_counts_every_feature_once(true, texts):
    figure = wasserstein(true, {n: x + 0.25 for n, x in true.items()}, "Letters")
    axes = figure.axes[0]
    words = texts(figure)
    assert "median 0.25" in words
    assert "Letters" in words
    assert "standard deviations" in axes.get_xlabel()
    for patch in axes.patches:  # outlines of histograms whose shares add up to 1
        top = patch.get_xy()[1:-1:2, 1][:30]
        assert np.isclose(top.sum(), 1)


def test_best_classes_come_first(true, texts):
    shift = {"A": 0.3, "B": 0.1, "C": 0.2}
    generated = {name: x + shift[name] for name, x in true.items()}
    figure = feature_histograms(true, generated, FEATURES, "Letters", classes=2)
    titles = [block.get_suptitle() for block in figure.subfigs]
    assert titles == ["B: mean Wasserstein distance 0.10", "C: mean Wasserstein distance 0.20"]
    assert [axes.get_title() for axes in figure.axes if axes.axison] == [*FEATURES, *FEATURES]
    assert "generated (branched)" in texts(figure)


def panels(figure):
    return [axes.get_title(loc="left") for axes in figure.axes if axes.axison]


def test_contrasts_follow_the_papers_rule(true, texts):
    figure = class_contrasts(true, true, FEATURES, "Letters")
    assert set(panels(figure)) == {"Feature 2: A, B", "Feature 2: A, C"}
    assert "2 of 2 panels" in texts(figure)
    bad_c = {**true, "C": true["C"] + 0.5}
    assert panels(class_contrasts(true, bad_c, FEATURES, "Letters")) == ["Feature 2: A, B"]


def test_contrasts_fall_back_to_the_largest(true, texts):
    near = {name: x / 2 for name, x in true.items()}  # the classes are 1.5 apart
    figure = class_contrasts(near, near, FEATURES, "Letters")
    assert set(panels(figure)[:2]) == {"Feature 2: A, B", "Feature 2: A, C"}
    assert "largest Wasserstein distance" in texts(figure)


def test_correlations_are_numpys_sorted_from_best_to_worst(rng, texts):
    true = {name: rng.standard_normal((100, 3)) @ rng.standard_normal((3, 3)) for name in "ABC"}
    generated = {"A": rng.standard_normal((100, 3)), "B": true["B"].copy(), "C": true["C"] + 0.0}
    generated["C"][:, 0] += 0.1 * rng.standard_normal(100)
    figure = correlations(true, generated, "Letters")
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left")[0] for axes in drawn] == ["B", "C", "A"]
    strip = drawn[-1].images[0].get_array()
    r_true, r_generated = np.corrcoef(true["A"].T), np.corrcoef(generated["A"].T)
    assert np.allclose(strip[:, :3], r_true)
    assert np.allclose(strip[:, 4:7], r_generated)
    assert np.allclose(strip[:, 8:], abs(r_true - r_generated))
    assert drawn[0].images[0].get_clim() == (-1, 1)
    assert "Pearson correlation" in texts(figure)


def test_a_constant_feature_has_no_correlation(true, recwarn):
    true["A"][:, 0] = 1.0
    figure = correlations(true, true, "Letters")
    strip = next(axes.images[0].get_array() for axes in figure.axes if axes.images)
    assert np.ma.masked_invalid(strip).count() >= 4
    assert not recwarn.list
