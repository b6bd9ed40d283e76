"""Variants of the branched model: lines, groups, references."""

import numpy as np
import pandas as pd
import pytest

from bdiff.figures.heads import heads
from bdiff.figures.style import COLOURS

GROUPS = {
    "Reference": ("branched", "label-guided"),
    "Heads": ("rank 0", "rank 64"),
    "Training": ("constant",),
}


@pytest.fixture
def rows():
    found = []
    for dataset, scale in (("letters", 1.0), ("fashion", 40.0)):
        for number, name in enumerate(("branched", "label-guided", "rank 0", "constant")):
            kind = "linear" if name == "label-guided" else "branched"
            quality = {"frechet_raw": scale * (number + 1), "accuracy": 0.9 - number / 10}
            found.append({"dataset": dataset, "variant": name, "kind": kind, **quality})
        real = {"dataset": dataset, "variant": "real", "kind": "real", "frechet_raw": scale / 5}
        found.append({**real, "accuracy": 0.95 if dataset == "letters" else None})
    return pd.DataFrame(found)


def dots(axes):
    return [line for line in axes.lines if line.get_marker() == "o"]


def across(axes, colour):
    return [
        line.get_xdata()[0]
        for line in axes.lines
        if line.get_color() == colour and line.get_marker() != "o"
    ]


def test_dots_stand_beside_their_names_and_lines_for_what_they_compare_with(rows, texts):
    figure = heads(rows, GROUPS, {"letters": "Letters"})
    words = texts(figure)
    assert len(figure.axes) == 4
    distance, accuracy = figure.axes[:2]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Letters", "", "fashion", ""]
    assert distance.get_xlabel().endswith("(less is better)")
    assert accuracy.get_xlabel().endswith("(more is better)")
    labels = [label.get_text() for label in distance.get_yticklabels()]
    assert labels == [
        *("Reference", "branched", "label-guided"),
        *("Heads", "rank 0"),
        *("Training", "constant"),
    ]
    places = {labels[int(dot.get_ydata()[0])]: dot for dot in dots(distance)}
    assert {name: dot.get_xdata()[0] for name, dot in places.items()} == {
        "branched": 1.0,
        "label-guided": 2.0,
        "rank 0": 3.0,
        "constant": 4.0,
    }
    assert places["label-guided"].get_color() == COLOURS["linear"]
    assert places["rank 0"].get_color() == COLOURS["branched"]
    assert np.allclose([dot.get_xdata()[0] for dot in dots(accuracy)], [0.9, 0.8, 0.7, 0.6])
    assert across(distance, COLOURS["real"]) == [0.2]
    assert across(distance, COLOURS["branched"]) == [1.0]
    assert across(accuracy, COLOURS["real"]) == [0.95]
    assert across(figure.axes[3], COLOURS["real"]) == []  # nothing was held out
    assert distance.get_xscale() == "log"
    assert accuracy.get_xscale() == "linear"
    assert distance.get_ylim()[0] > distance.get_ylim()[1]  # the first on top
    weights = [label.get_fontweight() for label in distance.get_yticklabels()]
    assert weights == ["bold", "normal", "normal", "bold", "normal", "bold", "normal"]
    assert "rank 64" not in words
    assert "real objects" in words
    assert "as “branched”" in words


def test_nothing_is_drawn_beyond_the_paper(rows):
    figure = heads(rows, GROUPS)
    figure.draw_without_rendering()
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_rows_without_a_known_variant_are_refused(rows):
    with pytest.raises(ValueError, match=r"found only the variants \['real'\], expected some of"):
        heads(rows[rows["variant"] == "real"], GROUPS)
