"""The 8×8 handwritten digits that come with scikit-learn: 1,797 images, grey values 0..16.

The normalised raw file has one line per image, 64 grey values row by row and the digit; it is byte
for byte UCI's `optdigits.tes`.
"""

import numpy as np

from bdiff.data.classes import DIGITS
from bdiff.data.dataset import Dataset

FILE = "optdigits.tes"
SIDE, LARGEST = 8, 16
HELD_OUT_SHARE = 0.2


def from_sklearn() -> dict[str, bytes]:
    """The raw file, from scikit-learn's own copy."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    rows = np.column_stack([images, digits]).astype(int).tolist()
    return {FILE: "".join(",".join(map(str, row)) + "\n" for row in rows).encode()}


def make_dataset(files: dict[str, bytes]) -> Dataset:
    """All ten digits, grey / 16 * 2 - 1; the last fifth of the file is the held-out split.

    The scaling is the one of MNIST (pixel / 256 * 2 - 1), for grey values that run to 16. There is
    no official split within this file. Neighbouring images share their writer, so the last 20 %
    (359 of 1,797) are a more honest test than a random choice: the nearest training image has the
    right digit for 95.5 % of them, and for 97.5 to 99.7 % of a random fifth.
    """
    rows = np.array([line.split(",") for line in files[FILE].decode("ascii").splitlines()], int)
    images = rows[:, :-1].reshape(-1, 1, SIDE, SIDE)
    held_out = round(HELD_OUT_SHARE * len(rows))
    return Dataset(
        x=images / LARGEST * 2 - 1,
        labels=rows[:, -1],
        classes=DIGITS,
        split=np.where(np.arange(len(rows)) < len(rows) - held_out, "train", "test"),
        name="digits",
        title="scikit-learn digits (8×8)",
        scaling={"kind": "grey / 16 * 2 - 1", "offset": 8.0, "scale": 8.0},
    )
