"""Bars of models, side by side in groups."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bdiff.figures.style import COLOURS, INK, NAMES

BARS = 0.8  # all bars of a class together, of 1
TICK = 14  # characters of a line below bars


def model_bars(
    axes: Axes, values: pd.DataFrame, ends: tuple[pd.DataFrame, pd.DataFrame] | None = None
) -> list[np.ndarray]:
    """Bars for each row of a table, side by side for its columns, which are models.

    Args:
        axes: to draw in.
        values: heights.
        ends: of the intervals, tables of the same form.

    Returns:
        Where the bars of each model stand.
    """
    bar = BARS / len(values.columns)
    places = np.arange(len(values))
    drawn = []
    for number, model in enumerate(values):
        drawn.append(places + (number - (len(values.columns) - 1) / 2) * bar)
        axes.bar(drawn[-1], values[model], bar * 0.94, color=COLOURS[model])
        if ends is not None:
            low, high = (end[model] for end in ends)
            axes.vlines(drawn[-1], low, high, colors=INK, linewidth=1.2)
    axes.set_xticks(places, [wrapped(name) for name in values.index])
    axes.set_xlim(-0.55, len(values) - 0.45)
    axes.grid(False, axis="x")
    return drawn


def is_first_column(axes: Axes) -> bool:
    """Whether a panel stands at the left of its grid."""
    place = axes.get_subplotspec()
    return place is not None and place.is_first_col()


def wrapped(name: str) -> str:
    """Words in lines that fit below a group of bars."""
    return fill(name, TICK)


def model_handles(models: Sequence[str]) -> list[Patch]:
    """For a legend, without real objects."""
    return [Patch(color=COLOURS[model], label=NAMES[model]) for model in models if model != "real"]
