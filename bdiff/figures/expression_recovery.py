"""Are a class's genes as much higher and lower in generated cells as they are in real ones?

Fold changes are log2, of a class against all others (see `bdiff.analysis.expression`). Those of
counts compare counts drawn from generated cells with the counts of real cells, so they show what
the diffusion model and the autoencoder lose together; those of decoded cells, real as well as
generated, what the diffusion model loses.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from bdiff.analysis.cell_sets import REFERENCE
from bdiff.figures.style import (
    COLOURS,
    INK,
    NAMES,
    Look,
    blocks,
    few_ticks,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
    shorten,
)

COLUMNS = 3
PANEL, ROW = 1.5, 0.23  # inches of height of a scatter plot, and of a class below
NAME = 26  # characters of a class's name
NAMED = 3  # genes whose names a panel shows
MODELS = ("linear", "branched")  # the later one is drawn above
MEASURES = (  # metric, space, words, the least range of the scale
    ("frechet", "genes", "Fréchet distance,\ndecoded cells", (0, 0)),
    ("lfc_r", "counts", "r of fold changes,\ncounts", (0.9, 1)),
    ("lfc_slope", "counts", "slope of fold\nchanges, counts", (0.8, 1)),
    ("accuracy", "counts", "accuracy of a\nclassifier, counts", (0.5, 1)),
)
MARKS: dict[str, Look] = {
    "branched": {"marker": "o", "color": COLOURS["branched"]},
    "linear": {"marker": "s", "color": COLOURS["linear"]},
    "autoencoder": {"marker": "D", "color": COLOURS["hybrid"], "markerfacecolor": "none"},
    "real": {"marker": "|", "color": INK, "markersize": 11, "markeredgewidth": 1.6},
}
SMALL: Look = {"markersize": 6}  # where a mark does not say
WORDS = NAMES | {
    "autoencoder": "real cells through the autoencoder",
    "real": "other real cells",
}


@in_style
def expression_recovery(
    changes: Mapping[str, np.ndarray],
    classes: Sequence[str],
    genes: Sequence[str],
    quality: pd.DataFrame,
    title: str,
) -> Figure:
    """Generated against real fold changes, a panel per class, and below how well they agree.

    Args:
        changes: fold changes of counts, of "reference", "branched" and "linear", (classes, genes).
        classes: their names.
        genes: their names.
        quality: rows of expression.csv, see `bdiff.analysis.expression_quality`; split "train" is
            drawn.
        title: title of the data set.
    """
    rows = -(-len(classes) // COLUMNS)
    heights = [PANEL * rows + 0.35, 0.75 + ROW * len(classes)]
    words = f"{title}: fold changes of genes between classes"
    figure = new_figure(0.4 + sum(heights) + 0.6, words)
    above, below = blocks(figure, 2, height_ratios=heights)
    panels = panel_grid(above, len(classes), COLUMNS, shared=True)
    for number, (axes, name) in enumerate(zip(panels, classes, strict=True)):
        _scatter(axes, {model: spaces[number] for model, spaces in changes.items()}, genes)
        axes.set_title(shorten(name, NAME), loc="left", fontsize=9.5, pad=3)
    above.supxlabel("log2 fold change in the counts of real cells", fontsize=9.5)
    above.supylabel("in the counts of generated cells", fontsize=9.5)
    shown = _measures(below, quality[quality["split"] == "train"], classes)
    handles = [
        Line2D([], [], label=WORDS[model], linestyle="none", **SMALL | look)
        for model, look in MARKS.items()
        if model in shown
    ]
    legend_below(figure, handles, "")
    return figure


def _scatter(axes: Axes, changes: Mapping[str, np.ndarray], genes: Sequence[str]) -> None:
    real = changes[REFERENCE]
    axes.axline((0, 0), slope=1, color=INK, linewidth=0.8, zorder=0.5)
    for model in MODELS:
        if model in changes:
            dots: Look = {"s": 9, "alpha": 0.6, "linewidths": 0, "rasterized": True}
            axes.scatter(real, changes[model], color=COLOURS[model], **dots)
    names = [shorten(genes[gene], 14) for gene in np.argsort(-real)[:NAMED]]
    look: Look = {"ha": "right", "va": "bottom", "fontsize": 8, "linespacing": 1.1}
    axes.text(0.99, 0.04, "\n".join(names), transform=axes.transAxes, **look)
    axes.grid(True, axis="both")
    few_ticks(axes.xaxis, axes.yaxis)


def _measures(block: SubFigure, quality: pd.DataFrame, classes: Sequence[str]) -> set[str]:
    """A panel per measure, a row per class; the models that are in one."""
    panels = block.subplots(1, len(MEASURES), sharey=True)
    shown: set[str] = set()
    for axes, (metric, space, words, least) in zip(panels, MEASURES, strict=True):
        rows = quality[(quality["metric"] == metric) & (quality["space"] == space)]
        models = [model for model in MARKS if model in set(rows["model"])]
        shown |= set(models)
        for number, model in enumerate(models):
            own = rows[rows["model"] == model].set_index("class")["value"].reindex(classes)
            offset = 0 if model == "real" else (number - (len(models) - 2) / 2) * 0.22
            axes.plot(own, np.arange(len(classes)) + offset, linestyle="none", **MARKS[model])
        low, high = min(least[0], rows["value"].min()), max(least[1], rows["value"].max())
        room = 0.06 * (high - low)
        axes.set(xlim=(low - room, high + room), ylim=(len(classes) - 0.4, -0.6))
        axes.set_title(words, fontsize=9.5, pad=3)
        axes.grid(True, axis="both")
        few_ticks(axes.xaxis)
    panels[0].set_yticks(range(len(classes)), [shorten(name, NAME) for name in classes])
    return shown
