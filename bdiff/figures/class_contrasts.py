"""Where two classes differ most in a feature, the generated ones differ likewise."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bdiff.figures.feature_distances import between_classes, true_to_generated
from bdiff.figures.histogram import bare, feature_bins, filled, outlined
from bdiff.figures.style import (
    FIRST,
    INK,
    SECOND,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
    shorten,
)

# The paper's rule (F4c): the true classes this far apart, the generated this near the
# true.
APART, NEAR = 2.0, 0.2
COLUMNS, PANELS = 4, 12


@in_style
def class_contrasts(
    true: Mapping[str, np.ndarray],
    generated: Mapping[str, np.ndarray],
    feature_names: Sequence[str],
    title: str,
) -> Figure:
    """Histograms of one feature of two classes, true and generated, where the contrast is greatest.

    The panels are those with a Wasserstein distance of more than 2 between the true classes and of
    less than 0.2 between true and generated objects of both, the widest contrast first. If there
    are none, those with the largest difference of the two. The axis label says which rule it was.

    Args:
        true: real objects per class name, (n, D); two classes or more.
        generated: samples of the branched model per class name, (m, D).
        feature_names: D names.
        title: title of the data set.
    """
    chosen, rule = _choose(true, generated)
    rows = -(-len(chosen) // COLUMNS)
    figure = new_figure(1.3 + 1.35 * rows, f"{title}: features that tell two classes apart")
    panels = panel_grid(figure, len(chosen), COLUMNS)
    for axes, (a, b, feature) in zip(panels, chosen, strict=True):
        values = {name: (true[name][:, feature], generated[name][:, feature]) for name in (a, b)}
        real = np.concatenate([values[a][0], values[b][0]])
        edges = feature_bins(real, values[a][1], values[b][1])
        for name, colour in ((a, FIRST), (b, SECOND)):
            filled(axes, values[name][0], edges, colour)
            outlined(axes, values[name][1], edges, colour)
        names = f"{shorten(a, 10)}, {shorten(b, 10)}"
        text = shorten(feature_names[feature])
        between = ": " if len(text) + len(names) < 22 else ":\n"
        axes.set_title(f"{text}{between}{names}", loc="left", fontsize=9.5)
        bare([axes])
    handles = [
        Patch(color=FIRST, label="first class"),
        Patch(color=SECOND, label="second class"),
        Patch(color=INK, alpha=0.35, label="true"),
        Line2D([], [], color=INK, label="generated (branched)"),
    ]
    for axes in panels[-COLUMNS:]:
        axes.set_xlabel("standard deviations")
    legend_below(figure, handles, f"height: share of objects; {rule}")
    return figure


def _choose(
    true: Mapping[str, np.ndarray], generated: Mapping[str, np.ndarray]
) -> tuple[list[tuple[str, str, int]], str]:
    """(class a, class b, feature), at most PANELS of them, and the rule in words."""
    within = true_to_generated(true, generated)
    rows = [
        (float(apart), float(max(within[a][feature], within[b][feature])), a, b, feature)
        for (a, b), distances in between_classes(true).items()
        for feature, apart in enumerate(distances)
    ]
    strict = sorted(
        (row for row in rows if row[0] > APART and row[1] < NEAR), key=lambda row: -row[0]
    )
    if strict:
        rule = (
            f"{min(len(strict), PANELS)} of {len(strict)} panels\n"
            f"with Wasserstein distance > {APART:g} between classes, < {NEAR:g} to the generated"
        )
        return [row[2:] for row in strict[:PANELS]], rule
    best = sorted(rows, key=lambda row: row[1] - row[0])[:PANELS]
    rule = "panels\nof largest Wasserstein distance between classes less that to the generated"
    return [row[2:] for row in best], rule
