"""The slant of a drawn stroke, from image moments."""

import numpy as np


def slant(images: np.ndarray) -> np.ndarray:
    """How much further right the ink lies per pixel upwards: mu_11 / mu_02 of the ink (x + 1) / 2.

    0 is upright, positive leans to the right. The paper sorts by the slope of the best Hough line
    of the binarised image (section 7, F13); the moments use all grey values and have no threshold.

    Args:
        images: (n, 1, height, width) or (n, height, width) in [-1, 1].

    Returns:
        (n,) float64; 0 for an image without ink.
    """
    ink = (np.asarray(images, dtype=np.float64).reshape(-1, *images.shape[-2:]) + 1) / 2
    ink = np.clip(ink, 0, None)
    _, height, width = ink.shape
    total = np.maximum(ink.sum(axis=(1, 2)), 1e-12)
    right, up = np.arange(width)[None, None, :], -np.arange(height)[None, :, None]
    right = right - ((ink * right).sum(axis=(1, 2)) / total)[:, None, None]
    up = up - ((ink * up).sum(axis=(1, 2)) / total)[:, None, None]
    spread = (ink * up**2).sum(axis=(1, 2))
    return (ink * right * up).sum(axis=(1, 2)) / np.maximum(spread, 1e-12)
