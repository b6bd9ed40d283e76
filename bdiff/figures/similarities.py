"""Are two classes alike at their branch point?

At the branch point the mean cosine similarity of noised objects of different classes has come up to
that of noised objects of the same class (paper). The histograms show the pairs behind
the means. (The paper's axis says Euclidean distance; the values are cosine similarities.)
"""

import numpy as np
from matplotlib.figure import Figure

from bdiff.figures.histogram import filled, outlined
from bdiff.figures.style import FIRST, INK, SECOND, in_style, legend_above, new_figure, shorten

BINS = 20


@in_style
def similarities(
    first: np.ndarray,
    second: np.ndarray,
    between: np.ndarray,
    pair: tuple[str, str],
    time: float,
    title: str,
) -> Figure:
    """Histograms of the cosine similarities of pairs of objects, noised to the branch point.

    Args:
        first, second: similarities of pairs within the one and within the other class;
            one-dimensional.
        between: similarities of pairs across the classes.
        pair: names of the two classes.
        time: t of their branch point.
        title: title of the data set.
    """
    a, b = map(shorten, pair)
    figure = new_figure(3.6, f"{title}: similarity of {a} and {b} at their branch point")
    axes = figure.add_subplot()
    edges = np.histogram_bin_edges(np.concatenate([first, second, between]), BINS)
    for draw, values, name, colour in (
        (filled, first, f"{a} with {a}", FIRST),
        (filled, second, f"{b} with {b}", SECOND),
        (outlined, between, f"{a} with {b}", INK),
    ):
        draw(axes, values, edges, colour, label=f"{name}\nmean {np.mean(values):.3f}")
        axes.axvline(np.mean(values), color=colour, linewidth=1.5, linestyle="--")
    axes.set(
        xlabel=f"cosine similarity of two objects, noised to t = {time:.3f}",
        ylabel="share of pairs",
    )
    legend_above(axes)
    return figure
