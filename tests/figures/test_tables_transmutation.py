"""Hybrids and transmutation of tables."""

import numpy as np
import pytest

from bdiff.analysis.kept import before_and_after, feature_correlation
from bdiff.figures.correlation_histograms import correlation_histograms
from bdiff.figures.table_hybrids import table_hybrids
from bdiff.figures.table_transmutation import table_transmutation

FEATURES = tuple(f"Feature {number}" for number in range(1, 6))


@pytest.fixture
def files(rng, hybrids_and_transmutation):
    objects = {name: rng.standard_normal((50, 5)) for name in "VY"}
    noise = rng.standard_normal((50, 5))
    return hybrids_and_transmutation(objects, [("V", "Y")], after=lambda x: 0.5 * x + noise)


def test_correlation_is_numpys(rng):
    u, v = rng.standard_normal((2, 30, 4))
    assert np.allclose(
        feature_correlation(u, v), [np.corrcoef(a, b)[0, 1] for a, b in zip(u.T, v.T, strict=True)]
    )
    assert np.isnan(feature_correlation(np.ones((3, 1)), u[:3, :1]))


def test_hybrid_histograms_have_a_panel_a_feature(files, texts):
    figure = table_hybrids(files[0], ("V", "Y"), FEATURES, "UCI letters")
    drawn = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in drawn] == list(FEATURES)
    assert all(len(axes.patches) == 3 for axes in drawn)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["V", "Y", "hybrid, t = 0.25"]
    assert "UCI letters: hybrids of V and Y" in texts(figure)


def test_scatters_show_before_and_after_with_r(files, texts):
    made = files[1]
    figure = table_transmutation(made, ("V", "Y"), FEATURES, "UCI letters")
    titles = [block.get_suptitle() for block in figure.subfigs]
    assert titles == ["V to Y: 50 objects", "Y to V: 50 objects"]
    before = made.where(label="V", role="original", origin="Y")
    after = made.where(label="V", role="sample", origin="Y")
    axes = [a for a in figure.subfigs[1].axes if a.axison][2]
    assert np.allclose(axes.collections[0].get_offsets(), np.c_[before[:, 2], after[:, 2]])
    r = np.corrcoef(before[:, 2], after[:, 2])[0, 1]
    assert axes.get_title() == f"Feature 3\nr = {r:.2f}"
    words = texts(figure)
    assert "before (V), standard deviations" in words
    assert "after (Y)" in words


def test_histograms_of_r_hold_every_feature(files):
    figure = correlation_histograms(files[1], ("V", "Y"), FEATURES, "UCI letters")
    for axes, way in zip(figure.axes[:2], ("V to Y", "Y to V"), strict=True):
        assert sum(patch.get_height() for patch in axes.patches) == len(FEATURES)
        assert axes.get_title(loc="left").startswith(f"{way}: mean r 0.")
    before, after = before_and_after(files[1], "V", "Y")
    r = feature_correlation(before, after)
    drawn = figure.axes[2].lines[0].get_xdata()
    assert np.allclose(drawn, r)
    segments = np.array(figure.axes[2].collections[0].get_segments())[:, :, 0]
    assert (segments[:, 0] < r).all()
    assert (r < segments[:, 1]).all()


def test_pairs_that_share_a_class_keep_their_own_objects(rng, hybrids_and_transmutation):
    objects = {name: rng.standard_normal((7, 5)) for name in "AVY"}
    _, made = hybrids_and_transmutation(objects, [("V", "Y"), ("V", "A")])
    for end in "YA":
        before, after = before_and_after(made, "V", end)
        assert before.shape == (7, 5)
        assert np.allclose(before, after)
