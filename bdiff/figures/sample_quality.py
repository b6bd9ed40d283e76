"""How far generated samples are from real objects, class by class.

Bars are `frechet_raw`, the paper's "FID": the Fréchet distance between Gaussians fitted to the raw,
flattened values, |m_1 - m_2|² + tr(C_1 + C_2 - 2 (C_1 C_2)^½), of generated and of training objects
(paper). A distance of finite samples is never 0, so every class also has its floor:
the distance of real objects to other real ones, with as many objects.
"""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bdiff.analysis.rows import models_of, of_metric, rows_with
from bdiff.figures.style import (
    COLOURS,
    FIRST,
    INK,
    NAMES,
    SECOND,
    WIDTH,
    Look,
    in_style,
    legend_above,
    log_scale,
    new_figure,
    shorten,
)

NAME = 24  # characters of a class's name
BAR, BARS = 0.4, 0.8  # the widest bar, and all bars of a class together
OTHERS = (COLOURS["hybrid"], FIRST, SECOND)  # of models that have no colour of their own
# Inches: the least width of a class, of a letter of its name, of a class with a tilted name.
NARROWEST, CHARACTER, STEEP = 0.17, 0.085, 0.3
# Beyond this ratio of the largest to the median bar, all others would vanish: the axis is
# logarithmic.
OUTLIER = 30


@in_style
def sample_quality(quality: pd.DataFrame, title: str, paper: pd.DataFrame | None = None) -> Figure:
    """Grouped bars of frechet_raw for every class, a bar per model, the real floor as marks.

    Args:
        quality: rows of quality.csv of one data set; split "train", the paper's protocol, is drawn.
        title: title of the data set.
        paper: rows of the paper's numbers.csv; its means are mentioned if it has the same data set.

    Raises:
        ValueError: if there is no row of metric "frechet_raw" on split "train".
    """
    rows = of_metric(quality, "frechet_raw")
    if rows.empty:
        raise ValueError(
            "no rows of metric 'frechet_raw' on split 'train': no class has enough objects for a "
            "Fréchet distance (4 or more)"
        )
    classes = list(dict.fromkeys(rows["class"].astype(str)))
    values = rows.assign(**{"class": rows["class"].astype(str)}).pivot_table(
        index="class", columns="model", values="value", sort=False
    )
    values = values.loc[classes]

    models = [model for model in models_of(rows) if model != "real"]
    bar = min(BAR, BARS / max(len(models), 1))
    width = max(WIDTH, 0.9 + NARROWEST * len(classes) * BAR / bar)
    words = f"{title}: distance of generated samples to real objects"
    names = [shorten(name, NAME) for name in classes]
    longest, slot = CHARACTER * max(map(len, names)), (width - 0.9) / len(names)
    angle = 0 if longest < slot else 30 if slot > STEEP else 90
    figure = new_figure(3.6 + longest * np.sin(np.radians(angle)), words, width)
    axes = figure.add_subplot()
    places = np.arange(len(classes))
    beside = {} if paper is None else _paper_means(paper, rows["dataset"].iloc[0])
    drawn: list[Any] = []  # bars are many artists
    spare = cycle(OTHERS)
    for number, model in enumerate(models):
        offset = (number - (len(models) - 1) / 2) * bar
        label = _label(model, values[model].mean(), beside.get(model))
        colour = COLOURS.get(model) or next(spare)
        bars = axes.bar(places + offset, values[model], bar, color=colour, label=label)
        drawn.append(bars)
    if "real" in values:
        half = bar * len(models) / 2
        label = _label("real", values["real"].mean(), None)
        look: Look = {"colors": INK, "linewidth": 1.6, "label": label}
        drawn.append(axes.hlines(values["real"], places - half, places + half, **look))
    heights = values[models].to_numpy()
    if np.nanmax(heights) > OUTLIER * np.nanmedian(heights):
        log_scale(axes, "y")
    axes.set_xticks(places, names)
    if angle:
        axes.tick_params("x", rotation=angle)
        for text in axes.get_xticklabels():
            text.set(ha="right", va="center", rotation_mode="anchor")
    axes.set(xlabel="class", ylabel="Fréchet distance, raw values", xlim=(-0.6, len(classes) - 0.4))
    axes.grid(False, axis="x")
    legend_above(axes, drawn)
    return figure


def _paper_means(paper: pd.DataFrame, dataset: str) -> dict[str, float]:
    wanted = {"experiment": "quality", "dataset": dataset, "class": "mean", "metric": "frechet_raw"}
    rows = rows_with(paper, wanted)
    return dict(zip(rows["model"], rows["value"], strict=True))


def _label(model: str, mean: float, paper: float | None) -> str:
    name = "real against real" if model == "real" else NAMES.get(model, model)
    beside = "" if paper is None else f"\npaper: {paper:.4g}"
    return f"{name}, mean {mean:.3g}{beside}"
