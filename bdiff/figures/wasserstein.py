"""Generated objects are close to true ones of their class, and classes are apart."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from bdiff.figures.feature_distances import between_classes, true_to_generated
from bdiff.figures.histogram import filled
from bdiff.figures.style import COLOURS, in_style, legend_above, new_figure

BINS = 30


@in_style
def wasserstein(
    true: Mapping[str, np.ndarray], generated: Mapping[str, np.ndarray], title: str
) -> Figure:
    """Overlaid histograms of the per-feature Wasserstein distances (paper).

    Args:
        true: real objects per class name, (n, D).
        generated: samples of the branched model per class name, (m, D).
        title: title of the data set.
    """
    same = np.concatenate(list(true_to_generated(true, generated).values()))
    other = np.concatenate(list(between_classes(true).values()))
    figure = new_figure(3.6, f"{title}: feature distributions of generated objects")
    axes = figure.add_subplot()
    edges = np.histogram_bin_edges(np.concatenate([same, other]), BINS)
    for values, name, colour in (
        (other, "true against true, two classes", COLOURS["real"]),
        (same, "true against generated, same class", COLOURS["branched"]),
    ):
        filled(
            axes, values, edges, colour, alpha=0.6, label=f"{name}\nmedian {np.median(values):.2f}"
        )
    axes.set(
        xlabel="Wasserstein distance of one feature, in standard deviations",
        ylabel="share of features",
        xlim=(0, edges[-1]),
    )
    legend_above(axes)
    return figure
