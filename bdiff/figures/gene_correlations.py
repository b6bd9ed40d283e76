"""Which genes keep their level when one class of cells is turned into another?

Of every gene the Pearson correlation over the cells, before and after. Genes that mark neither
class may keep what they were; markers have to move, and need not.
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bdiff.figures.style import (
    COLOURS,
    INK,
    NAMES,
    Look,
    in_style,
    legend_below,
    new_figure,
    shorten,
)

MODELS = ("real", "linear", "branched")
GROUPS: Look = {"neither": "-", "markers": (0, (2, 1.2))}  # line styles
WORDS = NAMES | {"real": "unrelated real cells"}
PANEL = 2.6  # inches


@in_style
def gene_correlations(rows: pd.DataFrame, title: str) -> Figure:
    """Cumulative distributions of r over genes, a panel per direction.

    Args:
        rows: of this data set, see `bdiff.analysis.cell_transmutation`.
        title: title of the data set.
    """
    rows = rows.assign(group=rows["group"].replace({"origin": "markers", "target": "markers"}))
    found = rows[(rows["metric"] == "r") & rows["group"].isin(GROUPS)]
    ways = list(dict.fromkeys(zip(found["origin"], found["target"], strict=True)))
    lines = -(-len(ways) // 2)
    figure = new_figure(1.3 + PANEL * lines, f"{title}: what transmutation keeps of each gene")
    panels = figure.subplots(lines, 2, squeeze=False, sharex=True, sharey=True)
    for axes, (origin, target) in zip(panels.flat, ways, strict=False):
        own = found[(found["origin"] == origin) & (found["target"] == target)]
        for model in MODELS:
            for group, style in GROUPS.items():
                r = own[(own["model"] == model) & (own["group"] == group)]["value"].dropna()
                if len(r):
                    look = {"color": COLOURS[model], "linestyle": style, "linewidth": 1.6}
                    axes.ecdf(r, **look)
        axes.axvline(0, color=INK, linewidth=0.8)
        sizes = [own[own["group"] == group]["gene"].nunique() for group in GROUPS]
        words = "{}\nto {}\n{} genes mark neither, {} one".format(
            *(shorten(name, 30) for name in (origin, target)), *sizes
        )
        axes.set_title(words, loc="left", fontsize=9.5)
        axes.grid(True, axis="x")
    for axes in panels.flat[len(ways) :]:
        axes.set_axis_off()
    for row in panels:
        row[0].set_ylabel("share of genes")
    for axes in panels[-1]:
        axes.set_xlabel("Pearson r over the cells, before and after")
    models = [model for model in reversed(MODELS) if model in set(found["model"])]
    handles = [Line2D([], [], color=COLOURS[m], label=WORDS[m], linewidth=1.6) for m in models]
    of_group = {"neither": "mark neither class", "markers": "markers"}
    handles += [
        Line2D([], [], color=INK, linestyle=style, label=of_group[group], linewidth=1.6)
        for group, style in GROUPS.items()
    ]
    legend_below(figure, handles, "")
    return figure
