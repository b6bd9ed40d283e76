"""Generated molecules, class by class, beside real ones (see `bdiff.analysis.molecules`)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bdiff.analysis.rows import models_of
from bdiff.figures.bars import BARS, is_first_column, model_bars, model_handles, wrapped
from bdiff.figures.style import (
    INK,
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
