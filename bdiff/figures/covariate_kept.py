"""Do transmuted cells keep their condition?

A classifier that has learnt the condition from real cells of the new class reads it from the
transmuted cells; and the effect that the condition of the originals has on each gene is compared
with its effect on real cells of the new class (see `bdiff.analysis.covariates`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bdiff.figures.style import COLOURS, INK, NAMES, Look, few_ticks, in_style, new_figure, shorten

MODELS = ("before", "branched", "linear", "real")
WORDS = {"before": "as they were", "real": "unrelated\nreal cells"}
WORDS |= {model: NAMES[model] for model in ("branched", "linear")}
LOOKS = {"before": INK, "real": COLOURS["real"]} | {m: COLOURS[m] for m in ("branched", "linear")}
PANEL = 2.7  # inches
NAMED = 3  # genes with their names


@in_style
def covariate_kept(
    rows: pd.DataFrame,
    effects: Mapping[tuple[str, str], tuple[np.ndarray, Mapping[str, np.ndarray]]],
    genes: Sequence[str],
    covariate: str,
    title: str,
) -> Figure:
    """Two panels per direction: accuracy, and the effects on all genes.

    Args:
        rows: of this data set, see `bdiff.analysis.cell_transmutation`, with the covariate.
        effects: by direction (origin, target) those among real cells of the target, (values,
            genes), and by model those among transmuted cells.
        genes: their names.
        covariate: its name.
        title: title of the data set.
    """
    words = f"{title}: is the {covariate} kept in transmutation?"
    figure = new_figure(0.5 + PANEL * len(effects), words)
    panels = figure.subplots(len(effects), 2, squeeze=False, sharex="col")
    for line, (way, numbers) in zip(panels, effects.items(), strict=True):
        own = rows[(rows["origin"] == way[0]) & (rows["target"] == way[1])]
        _accuracy(line[0], own, len(numbers[0]))
        _effects(line[1], own, *numbers, genes)
        line[0].set_title("{}\nto {}".format(*(shorten(name, 30) for name in way)), loc="left")
    panels[-1, 0].set_xlabel(
        f"share whose {covariate} is read rightly\n(dashed: by chance; line: of real cells)"
    )
    panels[-1, 1].set_xlabel(f"effect of the {covariate} on a gene,\nreal cells of the target")
    return figure


def _accuracy(axes: Axes, rows: pd.DataFrame, values: int) -> None:
    found = rows[rows["metric"] == "accuracy"].set_index("model")
    models = [model for model in MODELS if model in found.index]
    for place, model in enumerate(models):
        row = found.loc[model]
        axes.hlines(place, row["low"], row["high"], color=LOOKS[model], linewidth=2.4)
        axes.plot(row["value"], place, "o", color=LOOKS[model], markersize=7)
        left = row["value"] > 0.8
        axes.annotate(
            f"{row['value']:.2f}",
            (row["low" if left else "high"], place),
            (-6 if left else 6, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
        )
    axes.axvline(1 / values, color=INK, linewidth=1, linestyle="--")
    axes.axvline(rows[rows["metric"] == "readable"]["value"].iloc[0], color=INK, linewidth=1)
    axes.set_yticks(range(len(models)), [WORDS[model] for model in models])
    axes.set(xlim=(0, 1.05), ylim=(len(models) - 0.5, -0.7))
    axes.grid(True, axis="x")


def _effects(
    axes: Axes,
    rows: pd.DataFrame,
    real: np.ndarray,
    made: Mapping[str, np.ndarray],
    genes: Sequence[str],
) -> None:
    slopes = rows[rows["metric"] == "effect"].set_index("model")["value"]
    for model in reversed(MODELS):
        if model in made and model != "before":
            look: Look = {"s": 9, "alpha": 0.6, "linewidths": 0, "rasterized": True}
            label = f"{WORDS[model]}, slope {slopes[model]:.2f}"
            axes.scatter(real, made[model], color=LOOKS[model], label=label, **look)
    axes.axline((0, 0), slope=1, color=INK, linewidth=0.8, zorder=0.5)
    largest = np.argsort(-np.abs(real).max(axis=0))[:NAMED]
    names = "strongest: " + ", ".join(shorten(genes[gene], 12) for gene in largest)
    axes.set_title(names, loc="left", fontsize=9.5)
    axes.set_ylabel("transmuted cells")
    axes.legend(loc="upper left", fontsize=8.5, handletextpad=0.2, borderpad=0.1)
    axes.grid(True, axis="both")
    few_ticks(axes.xaxis, axes.yaxis)
