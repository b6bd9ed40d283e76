"""Marker genes of two classes of cells, before and after one is turned into the other.

A line is to lie on the area of its own colour: cells that have become a class, on real cells of
that class. The paper rescales generated values, gene by gene, to the mean and deviation of the
target; here nothing is rescaled.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bdiff.figures.histogram import bare, feature_bins, filled, outlined
from bdiff.figures.style import (
    FIRST,
    NAMES,
    SECOND,
    in_style,
    legend_below,
    new_figure,
    of_text,
    panel_grid,
    shorten,
)

COLUMNS = 4
OF_EACH = 6  # markers of a class
MODELS = ("branched", "linear")
SCALE = "scale: log(1 + 10⁴ share of the gene) in decoded cells; height: share of cells"


@in_style
def marker_genes(
    real: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
    genes: Sequence[str],
    rows: pd.DataFrame,
    title: str,
) -> Figure:
    """Histograms of the six strongest markers of each class.

    Args:
        real: normalised expression of real cells of the two classes a and b, (n, genes) by name.
        after: by class, cells that have become it, with the branched model, (n, genes).
        genes: their names.
        rows: of this data set, see `bdiff.analysis.cell_transmutation`: fold changes of genes, by
            which markers are chosen, and how far they have moved.
        title: title of the data set.
    """
    a, b = real
    words = f"{title}: marker genes of {shorten(a)} and {shorten(b)}"
    markers = strongest_markers(rows, (a, b))
    panel_rows = -(-len(markers) // COLUMNS)
    figure = new_figure(1.7 + 1.1 * panel_rows, words)
    panels = panel_grid(figure, len(markers), COLUMNS)
    for axes, (gene, name) in zip(panels, markers.items(), strict=True):
        column = list(genes).index(gene)
        values = [cells[name][:, column] for cells in (real, after) for name in (a, b)]
        edges = feature_bins(*values)
        for draw, cells, look in ((filled, real, "real {}"), (outlined, after, "turned into {}")):
            for label, colour in ((a, FIRST), (b, SECOND)):
                draw(axes, cells[label][:, column], edges, colour, label=look.format(label))
        colour = of_text((FIRST, SECOND)[name == b])
        axes.set_title(shorten(gene), loc="left", fontsize=9.5, color=colour)
        bare([axes])
    handles, _ = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, f"{SCALE}\n{_moved(rows, (a, b))}", columns=2)
    return figure


def strongest_markers(rows: pd.DataFrame, pair: tuple[str, str]) -> dict[str, str]:
    """The genes of largest fold change of each class over the other, with the class: at most six
    of each, those of the first class first."""
    a, b = pair
    found = rows[(rows["metric"] == "fold_change") & (rows["origin"] == a) & (rows["target"] == b)]
    found = found.drop_duplicates("gene").sort_values("value")
    of_a, of_b = (found[found["group"] == group]["gene"] for group in ("origin", "target"))
    chosen = dict.fromkeys(of_a[:OF_EACH], a) | dict.fromkeys(of_b[::-1][:OF_EACH], b)
    if not chosen:
        raise ValueError(f"no gene marks {a} or {b}: none differs two-fold between them")
    return chosen


def _moved(rows: pd.DataFrame, pair: tuple[str, str]) -> str:
    """How far markers have moved, in words, over both directions."""
    rows = rows[(rows["metric"] == "moved") & (rows["gene"] == "")]
    rows = rows[rows["origin"].isin(pair) & rows["target"].isin(pair)]
    words = []
    for model in (*MODELS, "real"):
        own = rows[rows["model"] == model]["value"]
        if len(own):
            name = "other real cells" if model == "real" else NAMES[model]
            words.append(f"{name} {own.mean():.3f}")
    return "markers moved, from 0 (old type) to 1 (new type): " + ", ".join(words)
