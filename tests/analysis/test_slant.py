"""The slant of drawn strokes: sheared images, and the paper's Hough line beside it."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits

from bdiff.analysis.slant import slant

SHEARS = (-0.3, -0.1, 0.2)


def sheared(images, shear):
    """Every row moved to the right by `shear` pixels per pixel upwards, on wider paper."""
    size = images.shape[1] + 8
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4)), constant_values=-1)
    matrix, offset = [[1, 0], [shear, 1]], [0, -shear * (size - 1) / 2]
    return np.stack([affine_transform(image, matrix, offset, order=1, cval=-1) for image in padded])


def hough_slant(images):
    """Of the line x cos(angle) + y sin(angle) = d with the most ink, at most 45 degrees off."""
    angles = np.deg2rad(np.linspace(-45, 45, 181))
    found = []
    for image in images:
        y, x = np.nonzero(image > 0)
        d = np.rint(np.outer(np.cos(angles), x) + np.outer(np.sin(angles), y)).astype(int)
        votes = [np.unique(line, return_counts=True)[1].max() for line in d]
        found.append(np.tan(angles[np.argmax(votes)]))
    return np.array(found)


@pytest.fixture(scope="module")
def digits():
    """(60, 8, 8) in [-1, 1], six of each class."""
    data = load_digits()
    chosen = np.concatenate([np.flatnonzero(data.target == name)[:6] for name in range(10)])
    return data.images[chosen] / 8 - 1


@pytest.mark.parametrize("lean", [-0.4, 0.0, 0.3])
def test_one_stroke_has_the_slant_it_was_drawn_with(lean):
    up = 13.5 - np.arange(28)[:, None]
    stroke = np.exp(-(((np.arange(28)[None] - 13.5 - lean * up) / 1.5) ** 2)) * (abs(up) < 9)
    image = 2 * stroke[None] - 1
    assert slant(image)[0] == pytest.approx(lean, abs=0.005)
    assert hough_slant(image)[0] == pytest.approx(lean, abs=0.12)  # within its thickness


def test_a_shear_adds_to_the_slant_but_moves_a_hough_line_to_another_stroke(digits):
    """Why the slant is not the paper's: changes of it against those that were made."""
    wrong = {
        of: np.concatenate([of(sheared(digits, a)) - of(sheared(digits, 0)) - a for a in SHEARS])
        for of in (slant, hough_slant)
    }
    assert np.abs(wrong[slant]).max() < 0.01
    assert (np.abs(wrong[hough_slant]) > 0.2).mean() > 0.2


def test_an_image_without_ink_and_one_of_a_channel(digits):
    assert slant(np.full((2, 1, 8, 8), -1.0)).tolist() == [0, 0]
    assert np.array_equal(slant(digits[:, None]), slant(digits))
