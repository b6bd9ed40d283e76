"""Single genes of cells before and after they were turned into another class."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bdiff.analysis.kept import feature_correlation
from bdiff.figures.style import (
    FIRST,
    INK,
    SECOND,
    Look,
    few_ticks,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
    shorten,
)

COLUMNS = 3
PANEL = 1.75  # inches
NOTE = "x: before; both log(1 + 10⁴ share of the gene) in decoded cells; line: unchanged"


@in_style
def gene_scatters(
    cells: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]],
    genes: Sequence[str],
    chosen: Sequence[str],
    title: str,
) -> Figure:
    """Expression before and after of each gene, both directions, with Pearson r.

    Args:
        cells: for (a, b) and for (b, a) the normalised expression of the cells before and after,
            (n, genes) each.
        genes: their names.
        chosen: names of the genes to draw.
        title: title of the data set.
    """
    words = f"{title}: genes before and after transmutation"
    rows = -(-len(chosen) // COLUMNS)
    figure = new_figure(1.2 + PANEL * rows, words)
    panels = panel_grid(figure, len(chosen), COLUMNS)
    ways = dict(zip(cells, (FIRST, SECOND), strict=True))
    r = {way: feature_correlation(*both) for way, both in cells.items()}
    for axes, gene in zip(panels, chosen, strict=True):
        column = list(genes).index(gene)
        for way, colour in ways.items():
            x, y = (shares[:, column] for shares in cells[way])
            look: Look = {"s": 7, "alpha": 0.45, "linewidths": 0, "rasterized": True}
            axes.scatter(x, y, color=colour, **look)
        axes.axline((x.mean(), x.mean()), slope=1, color=INK, linewidth=0.8, zorder=0.5)
        numbers = ", ".join(f"{r[way][column]:.2f}" for way in cells)
        axes.set_title(f"{shorten(gene, 16)}: r = {numbers}", loc="left", fontsize=9.5, pad=3)
        axes.grid(True, axis="both")
        few_ticks(axes.xaxis, axes.yaxis)
    figure.supylabel("after", fontsize=9.5)
    handles = [
        Line2D(
            *([], []),
            color=colour,
            marker="o",
            linestyle="none",
            label="{} to {}".format(*map(shorten, way)),
        )
        for way, colour in ways.items()
    ]
    legend_below(figure, handles, NOTE)
    return figure


def most_variable(
    cells: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]],
    genes: Sequence[str],
    allowed: Sequence[str],
    count: int = 9,
) -> list[str]:
    """The `count` allowed genes that vary most between the cells before, over both directions."""
    variance = sum(before.var(axis=0) for before, _ in cells.values())
    order = [genes[column] for column in np.argsort(-variance)]
    return [gene for gene in order if gene in set(allowed)][:count]
