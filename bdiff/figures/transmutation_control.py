"""Does transmutation need branches? The label-guided model at the same noise level.

A real object of class a is noised to time t and continued as class b (paper). The
later t, the more objects a classifier takes for b, and the less is kept of what they were. Of two
models, that one is better whose curve of the share that changed class, over what is kept, lies
further up and to the right. What is kept is a correlation over the objects, before and after: of
the slant of a drawn stroke, or of the values of each feature.
"""

from collections.abc import Iterator
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from bdiff.figures.pairs import pairs_of, spread
from bdiff.figures.style import (
    COLOURS,
    INK,
    NAMES,
    Look,
    blocks,
    in_style,
    label_rows,
    legend_below,
    new_figure,
    of_text,
    shorten,
    show_images,
)
from bdiff.sampling.files import Samples

MODELS = ("branched", "linear")
KEPT = {  # the first that there is
    "kept_slant": "correlation of the slant, before and after",
    "kept": "correlation of the values, before and after",
}
COLUMNS = 10
NAME = 12  # characters of a class's name
STRIPS, CURVES, LEGEND = 1.2, 2.75, 0.75  # inches of height
MARKS = {"branched": "o", "linear": "s"}
SIZE, BRANCH_SIZE = 5, 10
NOTE = "up and to the right is better; bars: intervals from resampled objects; numbers: t"


@in_style
def transmutation_control(
    branched: Samples, linear: Samples, curve: pd.DataFrame, title: str
) -> Figure:
    """Real images and what both models make of them, above the curves over noise levels.

    One column is one object; ten objects, evenly spread in the order of their slant, are shown.

    Args:
        branched, linear: for each pair and both ways rows of role "original", "noised" and
            "sample", of the same objects at the same noise level.
        curve: see `transmutation_curve`.
        title: title of the data set.

    Raises:
        ValueError: if the two are not of the same objects at the same noise level.
    """
    directions = [way for a, b in pairs_of(branched) for way in ((a, b), (b, a))]
    rows = -(-len(directions) // 2)
    heights = [STRIPS * rows, CURVES * len(_pairs(curve))]
    figure = new_figure(0.35 + sum(heights) + LEGEND, f"{title}: transmutation, and its control")
    above, below = blocks(figure, 2, height_ratios=heights)
    panels = above.subplots(rows, 2, squeeze=False)
    for axes, (a, b) in zip(panels.flat, directions, strict=True):
        _strips(axes, branched, linear, a, b)
    _curves(below, curve)
    _legend(figure)
    return figure


@in_style
def transmutation_curve(curve: pd.DataFrame, title: str) -> Figure:
    """Share that changed class over what is kept, a line per model; a panel per direction.

    Args:
        curve: columns model ("branched", "linear"), origin, target, time, branch_time, metric
            ("changed", and "kept" or "kept_slant", which is drawn where there is one), value and
            its interval low, high.
        title: title of the data set.

    Raises:
        ValueError: if a metric or all of what is kept is missing.
    """
    words = f"{title}: transmutation over noise levels"
    figure = new_figure(0.35 + CURVES * len(_pairs(curve)) + LEGEND, words)
    _curves(figure, curve)
    _legend(figure)
    return figure


def _strips(axes: Axes, branched: Samples, linear: Samples, a: str, b: str) -> None:
    before = branched.where(label=b, role="original", origin=a)
    time, other = (
        made.time[(made.label == b) & (made.origin == a) & (made.role == "noised")][:1]
        for made in (branched, linear)
    )
    same = np.array_equal(before, linear.where(label=b, role="original", origin=a))
    if not (same and np.allclose(time, other)):
        raise ValueError(
            f"{a} turned into {b}: expected the same objects at the same noise level from both "
            f"models, found t = {time.tolist()} and {other.tolist()} and "
            f"{'the same' if same else 'other'} objects; transmute both with the same settings"
        )
    chosen = spread(before, COLUMNS)
    after = [made.where(label=b, role="sample", origin=a) for made in (branched, linear)]
    show_images(axes, np.concatenate([x[chosen] for x in (before, *after)]), len(chosen))
    a, b = shorten(a, NAME), shorten(b, NAME)
    label_rows(axes, [f"real {a}", *(NAMES[model] for model in MODELS)])
    for text, model in zip(axes.get_yticklabels()[1:], MODELS, strict=True):
        text.set_color(of_text(COLOURS[model]))
    axes.set_title(fill(f"{a} turned into {b} at t\xa0=\xa0{time[0]:.3g}", 38), loc="left")


def _pairs(curve: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """For every pair of classes, in the order of the table, its one or two directions."""
    pairs: dict[frozenset[str], list[tuple[str, str]]] = {}
    ways = zip(curve["origin"].astype(str), curve["target"].astype(str), strict=True)
    for way in dict.fromkeys(ways):
        pairs.setdefault(frozenset(way), []).append(way)
    return list(pairs.values())


def _curves(block: Figure | SubFigure, curve: pd.DataFrame) -> None:
    found = set(curve["metric"])
    kept = next((metric for metric in KEPT if metric in found), None)
    if "changed" not in found or kept is None:
        raise ValueError(
            f"found the metrics {sorted(found)}, expected 'changed' and {' or '.join(KEPT)}"
        )
    curve = curve.astype({"origin": str, "target": str})
    pairs = _pairs(curve)
    panels = block.subplots(len(pairs), 2, squeeze=False, sharex="row", sharey=True)
    for row, ways in zip(panels, pairs, strict=True):
        for axes in row[len(ways) :]:
            axes.set_axis_off()
        for axes, (a, b) in zip(row, ways, strict=False):
            own = curve[(curve["origin"] == a) & (curve["target"] == b)]
            _panel(axes, {model: _points(own[own["model"] == model], kept) for model in MODELS})
            a, b = shorten(a, NAME), shorten(b, NAME)
            time = own["branch_time"].iloc[0]
            text = f"{a} to {b}, branch point t\xa0=\xa0{time:.3g}"
            axes.set_title(fill(text, 42), loc="left")
            axes.set_xlabel(KEPT[kept])
        row[0].set_ylabel("share that changed class")
    shares = curve[curve["metric"] == "changed"]
    lowest = np.nanmin(shares[["low", "value"]])
    room = 0.12 * (1 - lowest) + 0.02
    panels[0, 0].set_ylim(lowest - room, 1 + room)  # shared by all


def _points(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A row per time: what is kept (value_x, low_x, ...) and the share that changed (value_y)."""
    x, y = (rows[rows["metric"] == name].set_index("time") for name in (metric, "changed"))
    both = x.add_suffix("_x").join(y.add_suffix("_y"), how="inner")
    return both.dropna(subset=["value_x", "value_y"]).sort_index()


def _panel(axes: Axes, points: dict[str, pd.DataFrame]) -> None:
    # The labels of the outer curve stand outside, those of the inner one inside.
    outer = max(points, key=lambda model: _outwards(points[model]))
    for model, curve in points.items():
        colour = COLOURS[model]
        errors = [
            np.nan_to_num(
                [curve[f"value_{d}"] - curve[f"low_{d}"], curve[f"high_{d}"] - curve[f"value_{d}"]]
            ).clip(0)
            for d in "xy"
        ]
        axes.errorbar(
            curve["value_x"],
            curve["value_y"],
            xerr=errors[0],
            yerr=errors[1],
            color=colour,
            linewidth=1.5,
            elinewidth=0.8,
            marker=MARKS[model],
            markersize=SIZE,
        )
        at_branch = curve[np.isclose(curve.index, curve["branch_time_x"])]
        axes.plot(at_branch["value_x"], at_branch["value_y"], **_emphasis(model))
        sign = 1 if model == outer else -1
        for time, point in _apart(curve, 0.1 * np.ptp(axes.get_xlim())):
            axes.annotate(
                f"{time:.2g}",
                (point["value_x"], point["value_y"]),
                (5 * sign, 5 * sign),
                textcoords="offset points",
                ha="left" if sign > 0 else "right",
                va="bottom" if sign > 0 else "top",
                color=of_text(colour),
                fontsize=8.5,
            )
    axes.grid(True, axis="x")


def _apart(points: pd.DataFrame, least: float) -> Iterator[tuple[float, pd.Series]]:
    """Points whose labels do not lie on each other, from the one where most is kept."""
    last = np.inf
    for time, point in points.sort_values("value_x", ascending=False).iterrows():
        if last - point["value_x"] >= least:
            last = point["value_x"]
            yield time, point


def _outwards(points: pd.DataFrame) -> float:
    """How far up and to the right a curve lies."""
    return float((points["value_x"] + points["value_y"]).mean())


def _emphasis(model: str) -> Look:
    return {
        "marker": MARKS[model],
        "markersize": BRANCH_SIZE,
        "markerfacecolor": COLOURS[model],
        "markeredgecolor": INK,
        "markeredgewidth": 1.5,
        "linestyle": "none",
        "zorder": 3,
    }


def _legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=COLOURS[m], marker=MARKS[m], markersize=SIZE, label=NAMES[m])
        for m in MODELS
    ]
    branch = {**_emphasis("branched"), "markerfacecolor": "white"}
    handles.append(Line2D([], [], label="at the branch point", **branch))
    legend_below(figure, handles, NOTE)
