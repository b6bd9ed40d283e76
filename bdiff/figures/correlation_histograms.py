"""The correlations of all features before and after transmutation, both ways."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bdiff.analysis.kept import before_and_after, feature_correlation, interval
from bdiff.figures.style import FIRST, INK, SECOND, in_style, new_figure, shorten
from bdiff.sampling.files import Samples

BINS = 10
ROW = 0.19  # inches per feature


@in_style
def correlation_histograms(
    transmutation: Samples, pair: tuple[str, str], feature_names: Sequence[str], title: str
) -> Figure:
    """Per way a histogram of the features' Pearson r before against after, and each with its
    interval.

    Args:
        transmutation: rows of role "original" and "sample" for a -> b and b -> a.
        pair: the classes (a, b).
        feature_names: D names.
        title: title of the data set.
    """
    ways = (pair, pair[::-1])
    arrays = [before_and_after(transmutation, *way) for way in ways]
    values = [feature_correlation(*both) for both in arrays]
    known = [r[np.isfinite(r)] for r in values]
    edges = np.histogram_bin_edges(np.concatenate([*known, [0.0]]), BINS)
    height = 0.5 + ROW * len(feature_names)
    figure = new_figure(3.0 + height, f"{title}: what transmutation keeps")
    above, below = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[2.3, height])
    for number, ((start, end), both, r) in enumerate(zip(ways, arrays, values, strict=True)):
        colour = (FIRST, SECOND)[number]
        axes = above[number]
        axes.hist(known[number], edges, color=colour, edgecolor="white")
        axes.axvline(np.nanmean(r), color=INK, linewidth=1.4, linestyle="--")
        start, end = shorten(start, 12), shorten(end, 12)
        axes.set_title(f"{start} to {end}: mean r {np.nanmean(r):.2f} (dashed)", loc="left")
        axes.yaxis.get_major_locator().set_params(integer=True)
        _with_intervals(below[number], *both, r, feature_names, colour)
    for axes in (*above, *below):
        axes.axvline(0, color=INK, linewidth=1)
    above[0].set_ylabel("features")
    figure.supxlabel("Pearson r before and after; bars: 95 % of resampled objects", fontsize=9.5)
    return figure


def _with_intervals(
    axes: Axes,
    before: np.ndarray,
    after: np.ndarray,
    r: np.ndarray,
    names: Sequence[str],
    colour: str,
) -> None:
    """One row per feature, the first on top."""
    low, high = interval(
        lambda chosen: feature_correlation(before[chosen], after[chosen]), len(before)
    )
    rows = np.arange(len(names))
    axes.hlines(rows, low, high, colors=colour, linewidth=2.2)
    axes.plot(r, rows, "o", color=INK, markersize=4)
    axes.set_yticks(rows, [shorten(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(True, axis="x")
