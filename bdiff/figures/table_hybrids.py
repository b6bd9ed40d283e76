"""Hybrids of two classes of a table, feature by feature."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from bdiff.figures.histogram import bare, feature_bins, filled, outlined
from bdiff.figures.pairs import hybrids_of
from bdiff.figures.style import (
    COLOURS,
    FIRST,
    SECOND,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
    shorten,
)
from bdiff.sampling.files import Samples

COLUMNS = 4


@in_style
def table_hybrids(
    hybrids: Samples, pair: tuple[str, str], feature_names: Sequence[str], title: str
) -> Figure:
    """Histograms of every feature: hybrids at the branch point, and what became of them.

    Args:
        hybrids: rows of role "hybrid" (label "a/b") and "sample" (label a or b, origin "a/b").
        pair: the classes (a, b).
        feature_names: D names.
        title: title of the data set.
    """
    a, b = map(shorten, pair)
    states, as_a, as_b, time = hybrids_of(hybrids, pair)
    rows = -(-len(feature_names) // COLUMNS)
    figure = new_figure(1.1 + 1.2 * rows, f"{title}: hybrids of {a} and {b}")
    panels = panel_grid(figure, len(feature_names), COLUMNS)
    for number, (axes, name) in enumerate(zip(panels, feature_names, strict=True)):
        edges = feature_bins(*(x[:, number] for x in (as_a, as_b, states)))
        filled(axes, as_a[:, number], edges, FIRST, label=a)
        filled(axes, as_b[:, number], edges, SECOND, label=b)
        outlined(axes, states[:, number], edges, COLOURS["hybrid"], label=f"hybrid, t = {time:.3g}")
        axes.set_title(shorten(name), loc="left", fontsize=9.5)
        bare([axes])
    for axes in panels[-COLUMNS:]:
        axes.set_xlabel("standard deviations")
    handles, _ = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, f"height: share of {len(states)} objects")
    return figure
