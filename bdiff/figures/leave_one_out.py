"""Leave-one-out: every class in turn is the one that a trained model did not know and was given.

A model is trained on all classes but one, and that one is added: either its leaf alone is trained,
and nothing else of the model changes, or the branches above it too, which then know of the class
from other times than their own. Both stand against the model that knew all classes from the start,
and against real objects. Referees of the paper asked for it; it has no such figure.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bdiff.analysis.rows import of_metric
from bdiff.figures.style import (
    BETTER,
    COLOURS,
    FIRST,
    INK,
    MEASURES,
    Look,
    in_style,
    legend_below,
    log_scale,
    new_figure,
    shorten,
)

VARIANTS = {
    "real": "real objects",
    "full": "known from the start",
    "extended": "added, leaf trained",
    "extended_retrained": "added, upstream trained, too",
}
LOOKS: dict[str, Look] = {
    "real": {"marker": "|", "color": COLOURS["real"], "markersize": 11, "markeredgewidth": 2.2},
    "full": {"marker": "o", "color": COLOURS["branched"], "markersize": 7},
    "extended": {"marker": "D", "color": FIRST, "markersize": 6},
    "extended_retrained": {
        "marker": "s",
        "color": COLOURS["hybrid"],
        "markersize": 6.5,
        "markerfacecolor": "none",
        "markeredgewidth": 1.6,
    },
}
LINE = 0.24  # inches of height of a class
GAP = 0.5  # rows between the classes and the mean
DECADE = 10


@in_style
def leave_one_out(
    rows: pd.DataFrame, training: Mapping[str, Mapping[str, int]], title: str
) -> Figure:
    """Dots of every variant, a row per class and a panel per measure; below, means over classes.

    Means are over the classes that have all variants.

    Args:
        rows: columns class, variant (see `VARIANTS`), metric (frechet_raw or accuracy) and value;
            see `leave_one_out_rows`.
        training: steps and batch_size, in objects, of the models that know all classes from the
            start ("full"), of those without a class ("without") and of its being added ("added").
        title: title of the data set.

    Raises:
        ValueError: if no row is of a class that was added, or there is none of a measure.
    """
    added = rows[rows["variant"].str.startswith("extended") & rows["metric"].isin(list(MEASURES))]
    if added.empty:
        raise ValueError(
            f"no {' or '.join(MEASURES)} of a class that was added; found the variants "
            f"{sorted(set(rows['variant']))}"
        )
    classes = list(dict.fromkeys(added["class"].astype(str)))
    words = f"{title}: each class added to a model of the others"
    figure = new_figure(2.1 + LINE * (len(classes) + 1.5), words)
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, measure in zip(panels, MEASURES, strict=True):
        own = rows[rows["metric"] == measure]
        own = own.assign(**{"class": own["class"].astype(str)})
        _panel(axes, own.pivot(index="class", columns="variant", values="value"), classes)
        axes.set_xlabel(f"{MEASURES[measure]}\n({BETTER[measure]})")
    last = len(classes) + GAP
    panels[0].set_yticks([*range(len(classes)), last], [*map(shorten, classes), "mean"])
    panels[0].set_ylim(last + 0.6, -0.6)  # the first class on top
    drawn = [variant for variant in VARIANTS if variant in set(rows["variant"])]
    handles = [
        Line2D([], [], linestyle="none", label=VARIANTS[variant], **LOOKS[variant])
        for variant in drawn
    ]
    note = f"rows: the class that was added to a model trained on all others\n{_trained(training)}"
    legend_below(figure, handles, note)
    return figure


def _trained(training: Mapping[str, Mapping[str, int]]) -> str:
    """How long each model was trained: where that differs, it is a part of what the dots show."""
    full, without, added = (
        "{steps:,} steps of {batch_size:,} objects".format(**training[name])
        for name in ("full", "without", "added")
    )
    return (
        f"known from the start: trained with {full}\n"
        f"added: trained with {without} without the class, then {added} with it"
    )


def _panel(axes: Axes, values: pd.DataFrame, classes: list[str]) -> None:
    """Dots of (class, variant) values and, below a line, their means."""
    values = values.reindex(classes)
    values = pd.concat([values, values.dropna().mean().to_frame().T])
    places = [*range(len(classes)), len(classes) + GAP]
    for variant, look in LOOKS.items():
        if variant in values:
            axes.plot(values[variant], places, linestyle="none", **look)
    ends = values.min(axis=1), values.max(axis=1)
    axes.hlines(places, *ends, color="#B0B0B0", linewidth=0.8, zorder=0.9)
    axes.axhline((places[-1] + places[-2]) / 2, color=INK, linewidth=0.6)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    found = values.to_numpy()
    if np.nanmin(found) > 0 and np.nanmax(found) > DECADE * np.nanmin(found):
        log_scale(axes, "x")


def leave_one_out_rows(full: pd.DataFrame, added: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What `leave_one_out` draws, from tables of quality; of each only the class added counts.

    Args:
        full: rows of quality.csv of the models that know all classes; "branched" and "real" count.
        added: rows of quality.csv by the class that was added, with the models "branched" (the leaf
            alone was trained) and, if there is one, "branched_retrained".

    Returns:
        pandas.DataFrame with columns class, variant, metric and value.

    Raises:
        ValueError: if a table has not got the class added to it.
    """
    parts = []
    for name, table in added.items():
        sources = (
            (full, {"real": "real", "branched": "full"}),
            (table, {"branched": "extended", "branched_retrained": "extended_retrained"}),
        )
        for quality, variants in sources:
            rows = pd.concat([of_metric(quality, metric) for metric in MEASURES])
            of_class = rows["class"].astype(str) == name
            own = rows[of_class & rows["model"].isin(list(variants))]
            if own.empty:
                raise ValueError(
                    f"no quality of class {name!r} and a model of {sorted(variants)}; found the "
                    f"classes {list(dict.fromkeys(quality['class'].astype(str)))} and the models "
                    f"{sorted(set(quality['model']))}"
                )
            named = own.assign(variant=own["model"].map(variants), **{"class": name})
            parts.append(named[["class", "variant", "metric", "value"]])
    return pd.concat(parts, ignore_index=True)
