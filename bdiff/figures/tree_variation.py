"""How branch trees vary, with the objects they are estimated from and with ε.

Trees from several draws of objects, or for several ε, the difference of similarities that counts as
none: first over each other, then one by one, and what the models of these trees are worth.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from bdiff.analysis.rows import of_metric
from bdiff.figures.dendrogram import class_rows, common_order, dendrogram, leaf_order, time_axis
from bdiff.figures.histogram import filled, outlined
from bdiff.figures.style import (
    COLOURS,
    INK,
    MEASURES,
    NAMES,
    Look,
    blocks,
    in_style,
    new_figure,
    panel_grid,
)
from bdiff.tree import BranchTree
from bdiff.tree_distance import Agreement

COLUMNS, PANELS = 5, 15  # at most, of trees one by one
VIOLIN = 5  # models from which on their spread is drawn as a shape
BINS = 20
OUTLIER = 30  # ratio of the largest value to the median above which a scale is logarithmic
SIGNIFICANT = 0.05
# Inches: a class's row in a tree, and what is around all rows; for large and for small panels.
ROW, AROUND = 0.155, 1.0
SMALL_ROW, SMALL_AROUND = 0.08, 0.5
ROOMY = 20  # classes; fewer have higher rows
BLUE: Look = {"color": COLOURS["branched"]}
DOTS: Look = {"linestyle": "", "marker": "o", "markersize": 3}


@in_style
def branch_stability(
    trees: Sequence[BranchTree],
    agreement: Agreement,
    quality: Sequence[pd.DataFrame] | None,
    linear: pd.DataFrame | None,
    title: str,
) -> Figure:
    """Trees from several draws of objects, the distances among them, and their models.

    Args:
        trees: of draws 0, 1, ..., over the same classes.
        agreement: of these trees.
        quality: for each draw, the rows of quality.csv with its branched model, if there are any.
        linear: rows of quality.csv with the label-guided model, if it was trained as long.
        title: title of the data set.

    Raises:
        ValueError: if a table of quality lacks a Fréchet distance of its model or of real objects.
    """
    order = common_order(trees)
    words = f"{title}: branch trees from {len(trees)} draws of objects"
    figure, (top, middle, bottom) = _figure(words, len(order), len(trees), 2.2)
    panels = _side_by_side(top, 2 if quality else 1)
    faint = BLUE | {"alpha": max(0.2, 0.6 - 0.04 * len(trees)), "linewidth": 1.4}
    _over_each_other(panels[0], trees, order, [faint] * len(trees))
    if quality:
        handles = _quality(panels[1], quality, linear, order)
        top.legend(handles=handles, loc="outside lower right", ncols=len(handles))
    names = [f"draw {number}" for number in range(len(trees))]
    _one_by_one(middle, trees, order, names, [BLUE] * len(trees))
    _distances(bottom.subplots(), agreement, "d" if quality else "c")
    return figure


@in_style
def epsilon_sweep(
    trees: Mapping[float, BranchTree], quality: Mapping[float, pd.DataFrame], title: str
) -> Figure:
    """Trees, their branch times, what sampling costs with them, and quality, against ε.

    Args:
        trees: by ε, two or more, over the same classes.
        quality: rows of quality.csv with the branched model, by ε; some or all may be missing.
        title: title of the data set.

    Raises:
        ValueError: if there are fewer than two ε, if one is not above 0 or has quality without a
            tree, or if a table of quality lacks a Fréchet distance or an accuracy of its model or
            of real objects.
    """
    values = sorted(trees)
    if len(values) < 2 or values[0] <= 0:
        raise ValueError(f"expected two or more epsilons, all above 0, found {values}")
    if strangers := sorted(set(quality) - set(values)):
        raise ValueError(f"there is quality, but no tree, for the epsilons {strangers}")
    chosen = [trees[value] for value in values]
    order = common_order(chosen)
    words = f"{title}: branch trees against ε"
    figure, (top, middle, bottom) = _figure(words, len(order), len(values), 5.4 if quality else 3)
    # the pale end of the scale would vanish on white
    shades = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, 256))
    scale = ScalarMappable(
        LogNorm(values[0], values[-1]), LinearSegmentedColormap.from_list("ε", shades)
    )
    looks = [{"color": scale.to_rgba(np.asarray(value))} for value in values]
    (axes,) = _side_by_side(top, 1)
    bold = [look | {"linewidth": 1.4} for look in looks]
    _over_each_other(axes, chosen[::-1], order, bold[::-1], ", small ε on top")
    top.colorbar(scale, ax=axes, label="ε", fraction=0.06)
    _one_by_one(middle, chosen, order, [f"ε = {value:.2g}" for value in values], looks)
    panels = bottom.subplots(2 if quality else 1, 2, sharex=True, squeeze=False)
    _against_epsilon(panels, dict(sorted(trees.items())), dict(sorted(quality.items())))
    return figure


def _figure(words: str, classes: int, trees: int, last: float) -> tuple[Figure, list[SubFigure]]:
    """A figure in three parts: over each other, one by one, and the last, `last` inches high."""
    rows, _ = _grid(trees)
    room = min(2, max(1, ROOMY / classes))
    heights = [
        AROUND + classes * ROW * room,
        0.3 + rows * (SMALL_AROUND + classes * SMALL_ROW * room),
        last,
    ]
    figure = new_figure(sum(heights) + 0.4, words)
    return figure, blocks(figure, 3, height_ratios=heights)


def _grid(trees: int) -> tuple[int, int]:
    """Rows and columns of the trees one by one, as evenly filled as may be."""
    count = min(trees, PANELS)
    rows = -(-count // COLUMNS)
    return rows, -(-count // rows)


def _side_by_side(part: SubFigure, count: int) -> list[Axes]:
    return list(part.subplots(1, count, squeeze=False, width_ratios=(3, 2)[:count])[0])


def _over_each_other(
    axes: Axes,
    trees: Sequence[BranchTree],
    order: Sequence[str],
    looks: Sequence[Look],
    note: str = "",
) -> None:
    for tree, look in zip(trees, looks, strict=True):
        dendrogram(axes, tree, order, **look)
    class_rows(axes, order)
    time_axis(axes, trees[0].horizon, 6, "noise time t  (0 = data)")
    axes.set_title(f"(a) all trees, over each other{note}", loc="left")


def _one_by_one(
    part: SubFigure,
    trees: Sequence[BranchTree],
    order: Sequence[str],
    names: Sequence[str],
    looks: Sequence[Look],
) -> None:
    count = min(len(trees), PANELS)
    shown = "" if count == len(trees) else f", the first {count} of {len(trees)}"
    part.suptitle(f"(b) one by one{shown}", x=0.01, ha="left", fontsize=10, fontweight="normal")
    panels = panel_grid(part, count, _grid(count)[1])
    for axes, tree, name, look in zip(panels, trees, names, looks, strict=False):
        own = leaf_order(tree, order)
        dendrogram(axes, tree, own, linewidth=1.2, **look)
        class_rows(axes, own, turns=2 if len(own) >= ROOMY else 1)
        time_axis(axes, tree.horizon)
        axes.set_title(name, loc="left", fontsize=9.5)


def _quality(
    axes: Axes,
    quality: Sequence[pd.DataFrame],
    linear: pd.DataFrame | None,
    order: Sequence[str],
) -> list[Line2D]:
    """Fréchet distances, in the same rows as the tree's classes; handles of the legend."""
    places = np.arange(len(order))
    values = np.array([_metric(rows, "branched", "frechet_raw", order) for rows in quality])
    if len(values) >= VIOLIN:
        shapes = axes.violinplot(
            values, places, orientation="horizontal", widths=0.85, showextrema=False
        )
        # There is one per class, whatever matplotlib's annotation says.
        for body in cast("list[PolyCollection]", shapes["bodies"]):
            body.set(facecolor=BLUE["color"], alpha=0.35, linewidth=0)
    axes.plot(values.ravel(), np.tile(places, len(values)), alpha=0.7, **BLUE, **DOTS)
    handles = [Line2D([], [], label="branched, a model per tree", **BLUE, **DOTS)]
    if linear is not None:
        guided = _metric(linear, "linear", "frechet_raw", order)
        look: Look = {"color": COLOURS["linear"], "markeredgecolor": INK, "markeredgewidth": 0.5}
        handles += axes.plot(guided, places, "D", label=NAMES["linear"], markersize=5, **look)
        values = np.vstack([values, guided])
    floor = np.mean([_metric(rows, "real", "frechet_raw", order) for rows in quality], axis=0)
    look = {"color": INK, "markersize": 9, "markeredgewidth": 1.6, "linestyle": ""}
    handles += axes.plot(floor, places, marker="|", label="real against real", **look)
    if values.max() > OUTLIER * np.median(values):
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    class_rows(axes, order, turns=0)
    axes.grid(True, axis="x")
    axes.set_xlabel("Fréchet distance, raw values")
    axes.set_title("(c) quality of samples", loc="left")
    return handles


def _metric(quality: pd.DataFrame, model: str, metric: str, classes: Sequence[str]) -> np.ndarray:
    """A metric of a model, by class."""
    rows = of_metric(quality, metric)
    rows = rows[rows["model"] == model]
    found = dict(zip(rows["class"].astype(str), rows["value"], strict=True))
    if missing := [name for name in classes if name not in found]:
        raise ValueError(
            f"the table of quality has no {metric} of model {model!r} for {missing}; evaluate the "
            "model with samples of all classes"
        )
    return np.array([found[name] for name in classes])


def _distances(axes: Axes, agreement: Agreement, letter: str) -> None:
    estimated, chance = map(agreement.distances, ("estimated", "random"))
    edges = np.histogram_bin_edges(np.concatenate([estimated, chance]), BINS)
    words = "{} trees, mean {:.2f}"
    label = words.format("estimated", estimated.mean())
    filled(axes, estimated, edges, BLUE["color"], label=label)
    outlined(axes, chance, edges, INK, label=words.format("random", chance.mean()))
    nearer = "nearer" if agreement.p_value < SIGNIFICANT else "not significantly nearer"
    axes.set_title(
        f"({letter}) distances: estimated trees are {nearer} to each other than random ones are\n"
        f"(Welch's one-sided t-test, t = {agreement.statistic:.1f}, p = {agreement.p_value:.2g})",
        loc="left",
    )
    axes.set(xlabel="branch score distance of two trees", ylabel="share of pairs", xlim=(0, None))
    axes.legend()


def _against_epsilon(
    panels: np.ndarray,
    trees: Mapping[float, BranchTree],
    quality: Mapping[float, pd.DataFrame],
) -> None:
    """Panels (c) to (f); the lower two are there if there is any quality."""
    titles = (
        *("(c) branch points", "(d) cost of sampling all classes"),
        *("(e) distance to real objects", "(f) samples of the right class"),
    )
    for axes, title in zip(panels.flat, titles, strict=False):
        axes.set_title(title, loc="left")
        axes.set_xscale("log")
    for axes in panels[-1]:
        axes.set_xlabel("ε")
    line: Look = {"marker": "o", "markersize": 4, "linewidth": 1.5}
    times, cost = panels[0]
    for value, tree in trees.items():
        points = [point.time for point in tree.points]
        times.plot([value] * len(points), points, color=INK, alpha=0.5, zorder=1, **DOTS)
    roots = [tree.points[0].time for tree in trees.values()]
    horizon = next(iter(trees.values())).horizon
    times.plot(list(trees), roots, label="root", **line, **BLUE)
    times.legend(handles=[times.lines[-1], Line2D([], [], color=INK, label="others", **DOTS)])
    times.set(ylabel="time t", ylim=(0, horizon))
    cost.plot(list(trees), [tree.shared_cost for tree in trees.values()], **line, **BLUE)
    cost.set(ylabel="shared / one by one", ylim=(0, 1))
    for axes, (metric, label) in zip(panels[1:].flat, MEASURES.items(), strict=False):
        for model in ("branched", "real"):
            means = [
                _metric(rows, model, metric, trees[value].classes).mean()
                for value, rows in quality.items()
            ]
            axes.plot(list(quality), means, label=NAMES[model], color=COLOURS[model], **line)
        axes.set_ylabel(label)
        axes.legend()
    if quality:
        panels[1, 0].set_ylim(bottom=0)
