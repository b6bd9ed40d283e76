import matplotlib
import numpy as np
import pytest

from bdiff.figures.histogram import feature_bins
from bdiff.figures.style import (
    COLOURS,
    FIRST,
    INK,
    RC,
    SECOND,
    legend_above,
    new_figure,
    of_text,
    panel_grid,
    save_figure,
    shorten,
    show_images,
    tile,
)


def test_tile_puts_images_row_by_row_with_gaps_between():
    images = np.arange(3.0)[:, None, None, None] * np.ones((1, 1, 4, 4))
    canvas = tile(images, 2)
    assert canvas.shape == (9, 9)
    assert (canvas[:4, :4] == 0).all()
    assert (canvas[:4, 5:] == 1).all()
    assert (canvas[5:, :4] == 2).all()
    assert np.isnan(canvas[4]).all()
    assert np.isnan(canvas[5:, 5:]).all()


def test_tile_refuses_what_is_no_grey_image():
    with pytest.raises(ValueError, match="grey images"):
        tile(np.zeros((2, 3, 4, 4)), 2)


def test_images_are_shown_from_minus_one_to_one():
    axes = new_figure(1, "").add_subplot()
    shown = show_images(axes, np.array([[[-1.0, -0.5], [0.0, 1.0]]]), 1)
    grey = shown.to_rgba(shown.get_array())[..., 0].ravel()
    assert grey[0] == 1
    assert grey[3] == 0
    assert grey[0] > grey[1] > grey[2] > grey[3]  # negative values can be told apart


def test_the_same_figure_gives_the_same_files(tmp_path):
    before = matplotlib.rcParams.copy()
    for name in ("one", "two"):
        figure = new_figure(2, "A title")
        show_images(figure.add_subplot(), np.eye(4)[None], 1)
        save_figure(figure, tmp_path / "new folder" / f"{name}.svg")
    folder = tmp_path / "new folder"
    assert sorted(p.name for p in folder.iterdir()) == ["one.png", "one.svg", "two.png", "two.svg"]
    for suffix in ("svg", "png"):
        assert (folder / f"one.{suffix}").read_bytes() == (folder / f"two.{suffix}").read_bytes()
    assert b"<dc:date>" not in (folder / "one.svg").read_bytes()
    before["backend"] = matplotlib.rcParams["backend"]  # found out when first asked for
    assert matplotlib.rcParams == before


def test_no_text_is_smaller_than_nine_points():
    assert min(value for key, value in RC.items() if "size" in key) >= 9
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_panel_grid_leaves_the_rest_of_the_last_row_empty():
    figure = new_figure(2, "")
    panels = panel_grid(figure, 5, 3)
    assert len(panels) == 5
    assert [axes.axison for axes in figure.axes] == [True] * 5 + [False]


def test_few_values_get_one_bin_each():
    values = np.array([0.0, 0.5, 1.0, 2.5])
    edges = feature_bins(values, np.array([-0.9, 0.3]))
    assert np.allclose(np.diff(edges), 0.5)
    assert edges[0] <= -0.9
    assert all(np.histogram([v], edges)[0].sum() == 1 for v in values)
    assert np.allclose((edges[:-1] + edges[1:]) / 2 % 0.5 % 0.5, 0, atol=1e-9)


def test_many_values_get_twenty_bins(rng):
    groups = rng.standard_normal((2, 100))
    edges = feature_bins(*groups)
    assert len(edges) == 21
    assert (edges[0], edges[-1]) == (groups.min(), groups.max())


def test_bins_are_few_whatever_the_values(rng):
    for values in (rng.standard_normal(5), np.array([0.0, 1e-9, 1.0]), np.array([0.0, 1.0, 1.5])):
        assert len(feature_bins(values, 1e6 * rng.standard_normal(9))) == 21
        assert len(feature_bins(values)) <= 61
    assert len(feature_bins(np.array([0.0, 1.0, 60.0]))) == 21
    assert len(feature_bins(np.array([0.0, 1.0, 57.0]))) == 59


def test_long_names_keep_their_ends():
    assert shorten("Ankle boot") == "Ankle boot"
    names = [shorten(f"{'class ' * 12}{number}") for number in range(10)]
    assert set(map(len, names)) == {20}
    assert len(set(names)) == 10


@pytest.mark.parametrize("words", ["short", "a label of thirty characters..", "a" * 60])
def test_a_legend_lies_inside_the_figure(words):
    figure = new_figure(3, "title: " + "subject " * 20)
    axes = figure.add_subplot()
    for number in range(3):
        axes.plot([0, 1], label=f"{words} {number}")
    legend_above(axes)
    figure.draw_without_rendering()
    for artist in (axes.get_legend(), figure._suptitle):
        extent = artist.get_window_extent()
        assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
        assert extent.y1 <= figure.bbox.y1


@pytest.mark.parametrize("colour", [*COLOURS.values(), FIRST, SECOND, "#FFFF00"])
def test_words_have_the_contrast_that_reading_needs(colour):
    assert luminance(of_text(colour)) <= 1.05 / 4.5 - 0.05 + 1e-9
    assert of_text(INK) == INK.lower()


def luminance(colour):
    """As WCAG 2.1 defines it, of a colour in hexadecimal."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
