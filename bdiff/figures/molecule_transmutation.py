"""What molecules keep of their functional groups, and how many have the new class.

Overlaps |F ∩ G| / |F ∪ G| of functional groups before and after are compared with those of the same
molecules with unrelated real ones of the new class (see `bdiff.analysis.functional_groups`). A
molecule that is not valid has kept nothing.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bdiff.analysis.rows import rows_with
from bdiff.figures.bars import is_first_column, model_bars, model_handles
from bdiff.figures.style import (
    COLOURS,
    INK,
    NAMES,
    Look,
    blocks,
    in_style,
    legend_below,
    new_figure,
    panel_grid,
    shorten,
)
from bdiff.paper import paper_transmutations

EDGES = np.linspace(0, 1, 11)
PANEL, BARS = 1.95, 2.3  # inches of height
PALE = "#D5D5D5"
NAME = 20  # characters of a class's name
PAPER: Look = {"marker": "D", "color": INK, "markerfacecolor": "white", "linestyle": "none"}
SHARES = {
    "changed": "valid, of the new class",
    "valid": "valid",
    "connected": "valid and in one piece",
}


@in_style
def molecule_transmutation(
    measured: pd.DataFrame, molecules: pd.DataFrame, paper: pd.DataFrame, title: str
) -> Figure:
    """Histograms of overlaps, a row for each model; below, shares with the new class and valid.

    Args:
        measured: rows of one data set as in `bdiff.analysis.molecule_transmutation.COLUMNS`.
        molecules: the same molecule by molecule, `MOLECULE_COLUMNS`.
        paper: rows of the paper's numbers.csv; its share is marked where it has the same classes.
        title: title of the data set.
    """
    models = list(dict.fromkeys(measured["model"]))
    ways = list(dict.fromkeys(zip(measured["origin"], measured["target"], strict=True)))
    # A direction and its reverse are neighbours, the models below each other.
    order = [(m, way) for k in range(0, len(ways), 2) for m in models for way in ways[k : k + 2]]
    grid = (1, len(SHARES)) if len(ways) <= 2 else (len(SHARES), 1)
    heights = [0.3 + PANEL * -(-len(order) // 2), BARS * grid[0]]
    figure = new_figure(0.9 + sum(heights), f"{title}: what transmutation keeps and changes")
    above, below = blocks(figure, 2, height_ratios=heights)
    for axes, (model, way) in zip(panel_grid(above, len(order), 2, True), order, strict=True):
        _overlaps(axes, _of(molecules, model, way), _of(measured, model, way), model, way)
    above.supxlabel("overlap of functional groups with those before", fontsize=9.5)
    panels = below.subplots(*grid, sharex=True, sharey=True, squeeze=False).ravel().tolist()
    drawn = _shares(panels, measured, models, ways, paper_transmutations(paper))
    handles: list[Artist] = [*model_handles(models), Patch(color=PALE, label="unrelated")]
    handles.append(Patch(facecolor="white", edgecolor=INK, hatch="////", label="not valid"))
    if drawn:
        handles.append(Line2D([], [], label="paper (ZINC250k, valid or not)", **PAPER))
    legend_below(figure, handles, "")
    return figure


def _of(rows: pd.DataFrame, model: str, way: tuple[str, str]) -> pd.DataFrame:
    return rows_with(rows, {"model": model, "origin": way[0], "target": way[1]})


def _named(way: tuple[str, str]) -> str:
    return " to ".join(shorten(name, NAME) for name in way)


def _overlaps(
    axes: Axes, molecules: pd.DataFrame, rows: pd.DataFrame, model: str, way: tuple[str, str]
) -> None:
    value = rows.set_index("metric")["value"]
    share = np.full(len(molecules), 1 / len(molecules))
    broken = molecules["valid"] == 0
    for heights, shown, look in (
        ("groups_baseline", share > 0, {"color": PALE}),
        ("groups_kept", broken, {"fill": False, "edgecolor": COLOURS[model], "hatch": "////"}),
        ("groups_kept", share > 0, {"histtype": "step", "color": COLOURS[model], "linewidth": 2}),
    ):
        axes.hist(molecules[heights][shown], list(EDGES), weights=share[shown], **look)
    for metric, colour in (("groups_baseline", INK), ("groups_kept", COLOURS[model])):
        axes.axvline(value[metric], color=colour, linewidth=1.4, linestyle="--")
    words = [_named(way)]
    for which, end in (("mean", ""), ("of the valid", "_valid")):
        kept, baseline, p = (value[name + end] for name in ("groups_kept", "groups_baseline", "p"))
        numbers = f"{kept:.2f}, unrelated {baseline:.2f}, p = {p:.1g}"
        words.append(f"{which} {numbers}" if np.isfinite(kept) else "none is valid")
    axes.set_title("\n".join(words), loc="left", fontsize=9.5)
    if is_first_column(axes):
        axes.set_ylabel(f"{NAMES[model]}\nshare of molecules", fontsize=9.5)


def _shares(
    panels: Sequence[Axes],
    measured: pd.DataFrame,
    models: Sequence[str],
    ways: Sequence[tuple[str, str]],
    paper: pd.DataFrame,
) -> bool:
    """Bars with their intervals, and marks for the paper's shares; whether there are any."""
    marked = False
    for axes, (metric, words) in zip(panels, SHARES.items(), strict=True):
        rows = measured[measured["metric"] == metric].set_index(["origin", "target", "model"])
        value, low, high = (
            rows[column].unstack().reindex(index=ways, columns=models)
            for column in ("value", "low", "high")
        )
        places = model_bars(axes, value.set_axis(map(_named, ways)), (low, high))
        for number, (origin, target) in enumerate(ways):
            for model, place in zip(models, places, strict=True):
                key = (model, f"{origin} to {target}")
                if metric in paper and key in paper.index:
                    axes.plot(place[number], paper.at[key, metric], **PAPER)
                    marked = True
        axes.set_title(words, loc="left")
        axes.set_ylim(0, 1.04)
    panels[0].set_ylabel("share of molecules", fontsize=9.5)
    return marked
