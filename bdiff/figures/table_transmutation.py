"""Real objects of a table before and after they were turned into another class."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from bdiff.analysis.kept import before_and_after, feature_correlation
from bdiff.figures.style import (
    FIRST,
    SECOND,
    Look,
    blocks,
    few_ticks,
    in_style,
    new_figure,
    panel_grid,
    shorten,
)
from bdiff.sampling.files import Samples

COLUMNS = 8


@in_style
def table_transmutation(
    transmutation: Samples, pair: tuple[str, str], feature_names: Sequence[str], title: str
) -> Figure:
    """Scatter plots of every feature, before against after, with Pearson r; a block each way.

    All panels of a block share their scales: the features are standardised.

    Args:
        transmutation: rows of role "original" and "sample" for a -> b and b -> a.
        pair: the classes (a, b).
        feature_names: D names.
        title: title of the data set.
    """
    rows = -(-len(feature_names) // COLUMNS)
    figure = new_figure(0.4 + 2 * (0.5 + 1.3 * rows), f"{title}: before and after transmutation")
    parts = blocks(figure, 2, hspace=0.02)
    for block, way, colour in zip(parts, (pair, pair[::-1]), (FIRST, SECOND), strict=True):
        before, after = before_and_after(transmutation, *way)
        r = feature_correlation(before, after)
        words = "{} to {}: {} objects".format(*map(shorten, way), len(before))
        block.suptitle(words, x=0.01, ha="left", fontsize=11)
        block.supxlabel(f"before ({shorten(way[0])}), standard deviations", fontsize=9.5)
        block.supylabel(f"after ({shorten(way[1], 12)})", fontsize=9.5)
        panels = panel_grid(block, len(feature_names), COLUMNS, shared=True)
        for number, (axes, name) in enumerate(zip(panels, feature_names, strict=True)):
            look: Look = {"s": 5, "alpha": 0.5, "linewidths": 0, "rasterized": True}
            axes.scatter(before[:, number], after[:, number], color=colour, **look)
            axes.set_title(f"{shorten(name, 10)}\nr = {r[number]:.2f}", fontsize=9, pad=2)
            axes.grid(True, axis="both")
            few_ticks(axes.xaxis, axes.yaxis)
    return figure
