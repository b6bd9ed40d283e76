"""F15c: the correlations of all features before and after transmutation, both ways."""

import numpy as np
from matplotlib.figure import Figure

from bdiff.figures.feature_correlation import before_and_after, feature_correlation
from bdiff.figures.style import FIRST, INK, SECOND, in_style, new_figure, shorten
from bdiff.sampling.files import Samples

BINS = 10


@in_style
def correlation_histograms(transmutation: Samples, pair: tuple[str, str], title: str) -> Figure:
    """One histogram a way of the features' Pearson r before against after.

    Args:
        transmutation: rows of role "original" and "sample" for a -> b and b -> a.
        pair: the classes (a, b).
        title: title of the data set.
    """
    ways = (pair, pair[::-1])
    values = [feature_correlation(*before_and_after(transmutation, *way)) for way in ways]
    values = [r[np.isfinite(r)] for r in values]
    edges = np.histogram_bin_edges(np.concatenate([*values, [0.0]]), BINS)
    figure = new_figure(3.0, f"{title}: what transmutation keeps")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, (start, end), r, colour in zip(panels, ways, values, (FIRST, SECOND), strict=True):
        axes.hist(r, edges, color=colour, edgecolor="white")
        axes.axvline(0, color=INK, linewidth=1)
        axes.axvline(r.mean(), color=INK, linewidth=1.4, linestyle="--")
        start, end = shorten(start, 12), shorten(end, 12)
        axes.set_title(f"{start} to {end}: mean r {r.mean():.2f}", loc="left")
        axes.set_xlabel("Pearson r before and after")
        axes.yaxis.get_major_locator().set_params(integer=True)
    panels[0].set_ylabel("features")
    return figure
