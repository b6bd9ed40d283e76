"""Generated molecules, class by class, beside real ones (see `bdiff.analysis.molecules`)."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bdiff.analysis.rows import models_of
from bdiff.figures.style import (
    COLOURS,
    INK,
    NAMES,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
)

METRICS = {  # as the panels say them
    "valid": "valid",
    "connected": "valid and in one piece",
    "in_class": "valid, of the class asked for",
    "unique": "distinct, of the valid",
    "novel": "new, of the distinct",
    "fcd": "FCD to training molecules",
}
BARS = 0.8  # all bars of a class together, of 1
TICK = 14  # characters of a line below bars


@in_style
def molecule_quality(quality: pd.DataFrame, title: str) -> Figure:
    """Shares of generated molecules and their distance to real ones: bars for each model.

    Args:
        quality: rows of molecules.csv of one data set, see `bdiff.analysis.molecule_quality`.
        title: title of the data set.
    """
    classes = list(dict.fromkeys(quality["class"]))
    models = models_of(quality)
    columns = 3 if len(classes) <= 3 else 1
    figure = new_figure(0.9 + 2 * len(METRICS) / columns, f"{title}: generated molecules")
    panels = panel_grid(figure, len(METRICS), columns)
    for axes, (metric, words) in zip(panels, METRICS.items(), strict=True):
        rows = quality[quality["metric"] == metric]
        values = rows.pivot_table(index="class", columns="model", values="value")
        values = values.reindex(index=classes, columns=models)
        model_bars(axes, values.drop(columns="real"))
        # real ones are training molecules, so none is new
        if metric != "novel":
            places = np.arange(len(classes))
            axes.hlines(values["real"], places - BARS / 2, places + BARS / 2, INK, linewidth=2)
        axes.set_title(words, loc="left")
        if metric != "fcd":
            axes.set(ylim=(0, 1.04), ylabel="share" if is_first_column(axes) else "")
        elif len(rows):
            n = dict(zip(rows["class"], rows["n"], strict=True))
            names = [f"{wrapped(name)}\nn = {n.get(name, 0)}" for name in classes]
            axes.set_xticks(range(len(classes)), names)
    handles = [
        *model_handles(models),
        Line2D([], [], color=INK, linewidth=2, label="other real ones"),
    ]
    legend_below(figure, handles, "")
    return figure


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
