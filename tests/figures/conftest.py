"""Small tidy data for figures."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from bdiff.sampling.files import Samples


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def texts():
    """All text of a figure, joined by newlines."""

    def collect(figure):
        figure.draw_without_rendering()
        return "\n".join(t.get_text() for t in figure.findobj(Text) if t.get_text())

    return collect


@pytest.fixture
def quality():
    """quality.csv of three classes: value = 10 * class number + model number."""
    rows = []
    for c, name in enumerate(("Coat", "Bag", "0")):
        for m, model in enumerate(("branched", "linear", "real")):
            row = {"dataset": "mine", "model": model, "class": name, "n": 50, "seed": 0}
            row |= {"metric": "frechet_raw", "space": "raw"}
            rows.append({**row, "value": 10.0 * c + m + 1, "split": "train"})
            rows.append({**row, "value": 99.0, "split": "test"})
            accuracy = {"metric": "accuracy", "split": "test" if model == "real" else "train"}
            rows.append({**row, **accuracy, "value": 0.5 + m / 10})
    return pd.DataFrame(rows)


def join(rows):
    """(x, label, role, origin, time) of whole groups as Samples."""
    columns = zip(*[(v, *row[1:], i) for row in rows for i, v in enumerate(row[0])], strict=True)
    return Samples(*map(list, columns))


@pytest.fixture
def hybrids_and_transmutation(rng):
    """Both files of pairs from objects {class: (n, *shape)}; `after` makes the transmuted ones."""

    def make(objects, pairs, after=lambda x: x):
        hybrids, transmutation = [], []
        for a, b in pairs:
            state = rng.standard_normal(objects[a].shape)
            hybrids.append((state, f"{a}/{b}", "hybrid", "", 0.25))
            hybrids += [(objects[c], c, "sample", f"{a}/{b}", 0.0) for c in (a, b)]
            for start, end in ((a, b), (b, a)):
                x = objects[start]
                noised = x + rng.standard_normal(x.shape)
                transmutation.append((x, end, "original", start, 0.0))
                transmutation.append((noised, end, "noised", start, 0.25))
                transmutation.append((after(x), end, "sample", start, 0.0))
        return join(hybrids), join(transmutation)

    return make
