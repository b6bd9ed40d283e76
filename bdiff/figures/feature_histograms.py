"""Every feature of the classes that the branched model generates best."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from bdiff.figures.feature_distances import true_to_generated
from bdiff.figures.histogram import bare, feature_bins, filled, outlined
from bdiff.figures.style import (
    COLOURS,
    blocks,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
    shorten,
)

COLUMNS = 8


@in_style
def feature_histograms(
    true: Mapping[str, np.ndarray],
    generated: Mapping[str, np.ndarray],
    feature_names: Sequence[str],
    title: str,
    classes: int = 3,
) -> Figure:
    """Histograms of all features, true and generated, of the classes of smallest mean distance.

    Args:
        true: real objects per class name, (n, D).
        generated: samples of the branched model per class name, (m, D).
        feature_names: D names.
        title: title of the data set.
        classes: how many of the best classes to show.
    """
    mean = {name: d.mean() for name, d in true_to_generated(true, generated).items()}
    best = sorted(mean, key=mean.__getitem__)[:classes]
    rows = -(-len(feature_names) // COLUMNS)
    figure = new_figure(
        0.6 + len(best) * (0.3 + 0.85 * rows), f"{title}: features of the best classes"
    )
    parts = blocks(figure, len(best), hspace=0.02)
    for block, name in zip(parts, best, strict=True):
        block.suptitle(
            f"{shorten(name)}: mean Wasserstein distance {mean[name]:.2f}",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        for number, axes in enumerate(panel_grid(block, len(feature_names), COLUMNS)):
            u, v = true[name][:, number], generated[name][:, number]
            edges = feature_bins(u, v)
            filled(axes, u, edges, COLOURS["real"], alpha=0.5, label="true")
            outlined(axes, v, edges, COLOURS["branched"], label="generated (branched)")
            axes.set_title(shorten(feature_names[number], 10), fontsize=9, pad=2)
            bare([axes])
    handles, _ = parts[0].axes[0].get_legend_handles_labels()
    legend_below(figure, handles, "value in standard deviations; height: share of objects")
    return figure
