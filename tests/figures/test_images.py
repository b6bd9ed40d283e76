"""Examples, hybrids and transmutation of images, and the slant."""

import numpy as np
import pytest

from bdiff.analysis.slant import slant
from bdiff.figures.examples import examples
from bdiff.figures.image_transmutation import image_transmutation
from bdiff.figures.pairs import pairs_of

SIDE = 28


def bars(slopes):
    """White on black bars whose ink lies `slope` pixels further right per pixel upwards."""
    row, column = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    distance = np.abs(column + np.asarray(slopes)[:, None, None] * row)
    return np.where((distance < 2) & (np.abs(row) < 9), 1.0, -1.0)[:, None]


def test_slant_grows_with_the_slope_of_a_bar():
    slopes = np.linspace(-1, 1, 9)
    found = slant(bars(slopes))
    assert (np.diff(found) > 0).all()
    assert np.allclose(found, slopes, atol=0.1)
    assert abs(found[4]) < 1e-12
    assert slant(-np.ones((1, 1, 4, 4))) == 0


def test_slant_does_not_depend_on_place_or_brightness():
    bar = bars([0.5])
    assert np.allclose(slant(np.roll(bar, 3, axis=-1)), slant(bar))
    assert np.allclose(slant((bar + 1) / 4 - 1), slant(bar))


@pytest.fixture
def objects(rng):
    return {name: bars(rng.uniform(-1, 1, 40)) for name in "49"}


def test_examples_show_every_class_of_both_models(rng, texts):
    images = {
        m: {c: rng.random((25, 1, 8, 8)) for c in ("Coat", "Bag")} for m in ("linear", "branched")
    }
    figure = examples(images, "Fashion-MNIST")
    words = texts(figure)
    assert all(
        word in words for word in ("Fashion-MNIST", "branched", "label-guided", "Coat", "Bag")
    )
    assert len(figure.axes) == 4
    assert figure.axes[0].get_title(loc="left") == "branched"
    canvas = figure.axes[3].images[0].get_array()
    assert canvas.shape == (17, 89)  # 2 x 10
    assert np.allclose(canvas[9:, -8:], images["linear"]["Bag"][19, 0])
    assert figure.axes[3].images[0].get_clim() == (-1, 1)
    few = {model: {c: x[:10] for c, x in of.items()} for model, of in images.items()}
    one_row = examples(few, "Fashion-MNIST").get_figheight()
    assert np.isclose(figure.get_figheight() - one_row, one_row - 0.75)


def test_transmutation_is_sorted_by_slant_and_rows_are_aligned(
    objects, hybrids_and_transmutation, texts
):
    files = hybrids_and_transmutation(objects, [("4", "9")], after=lambda x: x * 0.5)
    figure = image_transmutation(*files, "MNIST")
    grid = next(a for a in figure.axes if a.get_title(loc="left").startswith("4 turned into 9"))
    canvas = np.ma.filled(grid.images[0].get_array().astype(float), np.nan)
    row = [canvas[:SIDE, k * (SIDE + 2) : k * (SIDE + 2) + SIDE] for k in range(10)]
    assert (np.diff(slant(np.array(row))) >= 0).all()
    assert np.allclose(canvas[-SIDE:, :SIDE], row[0] * 0.5)
    words = texts(figure)
    assert all(w in words for w in ("MNIST", "real 4", "as 9", "hybrid", "mean of 40", "0.250"))


def test_hybrids_and_continuations_share_a_column(objects, hybrids_and_transmutation):
    figure = image_transmutation(*hybrids_and_transmutation(objects, [("4", "9")]), "MNIST")
    canvas = figure.axes[1].images[0].get_array()
    assert np.allclose(canvas[SIDE + 2 : 2 * SIDE + 2, :SIDE], objects["4"][0, 0])
    assert np.allclose(canvas[2 * SIDE + 4 :, :SIDE], objects["9"][0, 0])


def test_pairs_are_found_once_in_the_order_of_the_file(objects, hybrids_and_transmutation):
    objects = {**objects, "1": objects["4"]}
    _, made = hybrids_and_transmutation(objects, [("9", "4"), ("1", "9")])
    assert pairs_of(made) == [("9", "4"), ("1", "9")]


def test_missing_hybrids_are_named(objects, hybrids_and_transmutation):
    objects = {**objects, "1": objects["4"]}
    hybrids, _ = hybrids_and_transmutation(objects, [("4", "9")])
    _, made = hybrids_and_transmutation(objects, [("1", "9")])
    with pytest.raises(ValueError, match=r"no hybrids of 1 and 9, only of \['4/9'\]"):
        image_transmutation(hybrids, made, "MNIST")
