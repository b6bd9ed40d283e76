"""Overlaid histograms of groups of values, with bins that do not deceive.

Features that take few values (the letters' are 0..15, standardised) would show as combs in bins of
another width; they get one bin per value.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bdiff.figures.style import few_ticks

BINS = 20
LATTICE_BINS = 60  # at most; with more, bins of one value each are too narrow to see
OFF = 0.05  # how far, in steps, values may lie from a lattice


def feature_bins(*groups: np.ndarray) -> np.ndarray:
    """Bin edges for all groups: one bin per step where the first group lies on a lattice, else 20.

    Values lie on a lattice if there are few and their distances are multiples of the smallest one.

    Args:
        groups: one-dimensional; the first one is the reference (real objects, if there are any).

    Returns:
        At most 61 edges, evenly spaced, around all values.
    """
    values = np.unique(groups[0])
    everything = np.concatenate(groups)
    twenty = np.histogram_bin_edges(everything, BINS)
    if not 1 < len(values) <= BINS:
        return twenty
    step = np.diff(values).min()
    places = (values - values[0]) / step
    if np.ptp(everything) > (LATTICE_BINS - 2) * step or abs(places - places.round()).max() > OFF:
        return twenty
    low = values[0] - step * (0.5 + max(0, np.ceil((values[0] - everything.min()) / step - 0.5)))
    high = values[-1] + step * (0.5 + max(0, np.ceil((everything.max() - values[-1]) / step - 0.5)))
    return np.linspace(low, high, round((high - low) / step) + 1)


def filled(axes: Axes, values: np.ndarray, edges: np.ndarray, colour: str, **look: Any) -> None:
    """A histogram as a pale area with an outline; heights are shares of the values."""
    shares = np.full(len(values), 1 / len(values))
    look = {"alpha": 0.35, **look}
    axes.hist(values, list(edges), weights=shares, histtype="stepfilled", color=colour, **look)


def outlined(axes: Axes, values: np.ndarray, edges: np.ndarray, colour: str, **look: Any) -> None:
    """A histogram as a line; heights are shares of the values."""
    shares = np.full(len(values), 1 / len(values))
    look = {"linewidth": 1.4, **look}
    axes.hist(values, list(edges), weights=shares, histtype="step", color=colour, **look)


def bare(panels: Sequence[Axes]) -> None:
    """Small panels: no vertical scale (shares, each panel its own), few ticks, no grid."""
    for axes in panels:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        few_ticks(axes.xaxis)
