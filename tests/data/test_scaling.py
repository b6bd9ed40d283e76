"""Scaling and its inverse."""

import numpy as np
import pytest

from bdiff.data.scaling import UNSCALED, find_scaling, scale, unscale

RNG = np.random.default_rng(0)
# Years and masses: offsets and sizes for which float32 alone would not do.
TABLE = RNG.normal([2001.5, 0, -1e6], [0.01, 1e-30, 1e20], size=(50, 3))
IMAGES = np.pad(
    RNG.integers(0, 256, (20, 1, 6, 6), dtype=np.uint8), ((0, 0), (0, 0), (1, 1), (1, 1))
)
IMAGES[0, 0, 1, 1:3] = 0, 255


@pytest.mark.parametrize("raw", [TABLE, IMAGES, TABLE.reshape(50, 3, 1)])
def test_unscale_is_the_inverse_but_for_the_rounding_of_float32(raw):
    scaling = find_scaling(raw)
    scaled = scale(raw, scaling)
    assert scaled.dtype == np.float32
    half_a_digit = 2.0**-24 * np.abs(raw - np.array(scaling["offset"]))
    rounding_of_float64 = 2.0**-51 * np.abs(raw) + 1e-45 * np.array(scaling["scale"])
    assert (np.abs(unscale(scaled, scaling) - raw) <= half_a_digit + rounding_of_float64).all()


def test_tables_are_scaled_feature_by_feature():
    scaled = scale(TABLE, find_scaling(TABLE)).astype(float)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0), 1, atol=1e-6)


def test_images_are_scaled_as_a_whole_to_the_range_of_minus_one_to_one():
    scaling = find_scaling(IMAGES)
    assert (scaling["offset"], scaling["scale"]) == (127.5, 127.5)
    scaled = scale(IMAGES, scaling)
    assert (scaled.min(), scaled.max()) == (-1, 1)
    assert (scaled[:, :, 0] == -1).all()  # the black border
    np.testing.assert_array_equal(unscale(scaled, scaling).round().astype(np.uint8), IMAGES)


@pytest.mark.parametrize("value", [0, 7])
def test_images_of_one_value_are_refused(value):
    with pytest.raises(ValueError, match=f"values from {value} to {value}, which cannot be scaled"):
        find_scaling(np.full((4, 1, 2, 2), value, dtype=np.uint8))


def test_what_was_not_scaled_stays_as_it_is():
    np.testing.assert_array_equal(unscale(TABLE, UNSCALED), TABLE)


def test_a_scaling_without_numbers_is_refused():
    with pytest.raises(ValueError, match="not known; make the data set again"):
        unscale(TABLE, {"kind": "standardised", "mean": [0, 0, 0], "sd": [1, 1, 1]})
