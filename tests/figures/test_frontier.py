"""Quality against cost: lines, marks, references."""

import numpy as np
import pandas as pd
import pytest

from bdiff.figures.frontier import frontier


@pytest.fixture
def rows():
    found = []
    for dataset in ("letters", "fashion"):
        facts = {"dataset": dataset, "seconds": 1.0}
        for number, solver in enumerate(("ddim, log_snr", "unipc order=2, log_snr")):
            for steps in (5, 20, 10):
                for shared in (True, False):
                    calls = steps * (0.5 if shared else 1)
                    quality = {"frechet_raw": 10 / steps + number + 0.1, "accuracy": 1 - 1 / steps}
                    row = {"solver": solver, "steps": steps, "shared": shared, **quality}
                    found.append({**facts, **row, "calls_per_object": calls})
        reference = {"steps": 1000, "shared": False, "calls_per_object": 1999.0}
        reference |= {"solver": "predictor_corrector, uniform_t", "accuracy": 0.97}
        found.append({**facts, **reference, "frechet_raw": 0.3})
        real = {"solver": "real", "steps": 0, "shared": False, "calls_per_object": 0.0}
        found.append({**facts, **real, "frechet_raw": 0.2, "accuracy": None})
    return pd.DataFrame(found)


def test_lines_go_by_cost_and_references_across(rows, texts):
    figure = frontier(rows, {"letters": "Letters"})
    assert len(figure.axes) == 4
    distance, accuracy = figure.axes[:2]
    assert [axes.get_title() for axes in figure.axes] == ["Letters"] * 2 + ["fashion"] * 2
    shared, separate = distance.lines[:2]
    assert shared.get_xdata().tolist() == [2.5, 5, 10]
    assert np.allclose(shared.get_ydata(), [2.1, 1.1, 0.6])
    assert separate.get_xdata().tolist() == [5, 10, 20]
    assert separate.get_markerfacecolor() == "white"
    assert shared.get_markerfacecolor() == shared.get_color() == separate.get_color()
    assert len(distance.lines) == 4 + 2
    assert len(accuracy.lines) == 4 + 1  # nothing was held out
    assert distance.get_xscale() == distance.get_yscale() == "log"
    words = texts(figure)
    assert "Predictor-corrector, 1,000 steps" in words
    assert "Real objects" in words
    assert "UniPC 2, even in log SNR" in words


def test_references_alone_are_refused(rows):
    with pytest.raises(ValueError, match=r"\['predictor_corrector, uniform_t', 'real'\]"):
        frontier(rows[rows["solver"].str.startswith(("real", "pred"))])
