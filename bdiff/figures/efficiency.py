"""What sampling all classes costs, with separate chains and with shared trunks.

Both ways use the same branched model (paper); beside them stands the label-guided
model, which has no trunks. Seconds depend on the machine, network evaluations (calls times objects)
do not: their ratio should be the tree's total length over the number of classes, but for the steps
at branch points.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bdiff.figures import style
from bdiff.figures.style import COLOURS, INK, in_style, new_figure
from bdiff.sampling.titles import SOLVERS

NAMES = {"separate": "separate chains", "shared": "shared trunks", "linear": style.NAMES["linear"]}
LOOKS = {"separate": COLOURS["real"], "shared": COLOURS["branched"], "linear": COLOURS["linear"]}


@in_style
def efficiency(measured: pd.DataFrame, title: str) -> Figure:
    """Two panels of bars: seconds with their standard error, and network evaluations.

    Args:
        measured: rows of efficiency.csv of one data set, a row per way and repeat.
        title: title of the data set.
    """
    facts = measured.iloc[0]
    figure = new_figure(3.7, f"{title}: cost of sampling all {facts['classes']} classes")
    seconds, evaluations = figure.subplots(1, 2)
    by_way = measured.groupby("way")
    ways = [way for way in NAMES if way in by_way.groups]
    mean = by_way["seconds"].mean()[ways]
    repeats = by_way["seconds"].size()[ways]
    # Standard error as in the paper: population standard deviation over the root of the repeats.
    error = by_way["seconds"].std(ddof=0)[ways] / np.sqrt(repeats)
    _bars(
        seconds,
        mean,
        error,
        "seconds",
        [f"{m:.3g} ± {e:.2g} s" for m, e in zip(mean, error, strict=True)],
    )
    calls = by_way["evaluations"].mean()[ways]
    _bars(evaluations, calls, None, "network evaluations", [f"{n:,.0f}" for n in calls])
    predicted = facts["predicted_ratio"] * calls["separate"]
    evaluations.hlines(predicted, 0.6, 1.4, colors=INK, linestyles="--", linewidth=1.4)
    seconds.set_title(f"wall clock (mean of {repeats.min()} repeats ± standard error)", loc="left")
    evaluations.set_title("network evaluations", loc="left")
    share = f"{facts['predicted_ratio']:.3f}"
    words = f"dashed: {share} of separate, predicted by the lengths of the branches"
    figure.supxlabel(f"{_setting(facts)}\n{words}", fontsize=9.5)
    return figure


def _setting(facts: pd.Series) -> str:
    adaptive = facts["solver"] == "probability_flow"
    parts = [
        f"{facts['count']} objects of each class",
        "adaptive steps" if adaptive else f"{facts['steps']} steps + branch times",
        SOLVERS.get(facts["solver"], facts["solver"]),
    ]
    if "threads" in facts:
        parts.append(f"{facts['threads']} thread" + ("s" if facts["threads"] > 1 else ""))
    return ", ".join(parts)


def _bars(
    axes: Axes, values: pd.Series, error: pd.Series | None, unit: str, texts: list[str]
) -> None:
    names = [NAMES[way].replace(" ", "\n") for way in values.index]
    looks = [LOOKS[way] for way in values.index]
    bars = axes.bar(names, values, 0.6, color=looks, yerr=error, capsize=6)
    axes.set_xlim(-0.55, len(names) - 0.45)  # room for the texts over the outer bars
    ratio = values["shared"] / values["separate"]
    texts[1] += f"\n({ratio:.3f} of separate)"
    axes.bar_label(bars, texts, padding=3, fontsize=9)
    axes.yaxis.set_major_formatter("{x:,.0f}" if values.max() > 10 else "{x:.3g}")
    top = (values if error is None else values + error).max()
    axes.set(ylabel=unit, ylim=(0, top * 1.2))
