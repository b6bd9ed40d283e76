"""Classes added to a trained model one after another, branched and label-guided.

A branched model gets a new leaf, and nothing else of it is trained: what it makes of the old
classes cannot change. A label-guided model has no weights of one class alone; trained further on
the new class it forgets the others, so it has to be trained on all of them again (paper, sections
4.1 and 4.2). Distances are `frechet_raw`, with the floor of real objects against real ones, as in
`bdiff.figures.sample_quality`.
"""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D

from bdiff.analysis.class_extension import Series, Stage, compare_old_classes, of_paper, series_of
from bdiff.figures.style import (
    COLOURS,
    INK,
    NAMES,
    WIDTH,
    Look,
    blocks,
    in_style,
    label_rows,
    log_scale,
    new_figure,
    of_text,
    shorten,
    show_images,
    tile,
)
from bdiff.sampling.files import Samples

NAME, LONG = 12, 30  # characters of a class's name above or beside images, and in the title
FEW_SERIES, MANY_IMAGES, FEW_IMAGES = 5, 5, 3  # images in a row of up to so many series, and beyond
ROWS = 2  # of images for a class
GAP, KIND_GAP = 0.45, 1.1  # between series, and between kinds of model, in widths of an image
SPREAD = 0.62  # of a class's place, over which its points lie
PALEST = 0.2  # share of the colour that points of the start have
HEAD = 9  # characters above a column of images
CHARACTER, LINE = 0.085, 0.17  # inches of width and of height
SMALL = 0.072  # inches of width of a character below a panel
PANELS, BESIDES = 4.2, 1.1  # inches of both panels with title and legend, and of the latter alone
DECADE = 10
FLOOR: Look = {"color": INK, "linewidth": 1.6}
PAPER: Look = {"marker": "o", "markersize": 4, "markerfacecolor": "none", "linestyle": "none"}
PAPER |= {"markeredgecolor": INK, "markeredgewidth": 1}


@in_style
def class_extension(
    stages: Sequence[Stage], title: str, paper: pd.DataFrame | None = None
) -> Figure:
    """Samples of every class at every stage, and their distances to real objects.

    A column of samples is one model at one stage, and the same place holds the sample of the same
    seed; a model has no images of classes that it does not know yet. The points of a class go
    through the stages from left to right.

    Args:
        stages: the start and one stage or more; samples are shown if they are images.
        title: title of the data set.
        paper: rows of the paper's numbers.csv; drawn for stages with the same data and classes.

    Raises:
        ValueError: if there are fewer than two stages, or a model has not been judged.
    """
    if len(stages) < 2:
        raise ValueError(f"expected a start and one stage or more, found {len(stages)} stages")
    added = [stage.added for stage in stages if stage.added is not None]
    classes = [*stages[0].classes, *added]
    images = _images(stages)
    new = ", then ".join(shorten(name, LONG) for name in added)
    words = f"{title}: adding {new} to a trained model"
    beside = of_paper(paper, stages)
    if images:
        canvas, places = _canvas(images, classes)
        heads = [fill(_words(series, stages), HEAD) for series in images]
        lines = 1 + max(head.count("\n") for head in heads)
        names = 0.2 + CHARACTER * max(len(shorten(name, NAME)) for name in classes)
        strips = (WIDTH - names) * canvas.shape[0] / canvas.shape[1] + LINE * (lines + 1.7)
        figure = new_figure(strips + PANELS, words)
        above, below = blocks(figure, 2, height_ratios=[strips, PANELS - BESIDES])
        axes = above.add_subplot()
        show_images(axes, canvas[None], 1)
        label_rows(axes, [shorten(name, NAME) for name in classes])
        _divide(axes, len(classes))
        _head(axes, dict(zip(images, places, strict=True)), heads)
        _panels(below, stages, classes, beside)
    else:
        figure = new_figure(PANELS, words)
        _panels(figure, stages, classes, beside)
    _legend(figure, stages, bool(beside))
    return figure


def _images(stages: Sequence[Stage]) -> dict[Series, Samples]:
    """The samples of every series, or none if one has no images."""
    made = {series: stages[series.stage].samples.get(series.model) for series in series_of(stages)}
    found = {
        series: samples
        for series, samples in made.items()
        if samples is not None and samples.x.ndim == 4
    }
    return found if len(found) == len(made) else {}


def _canvas(
    images: Mapping[Series, Samples], classes: Sequence[str]
) -> tuple[np.ndarray, list[float]]:
    """All images as one, NaN where there is none, and the middle of each series in pixels."""
    columns = MANY_IMAGES if len(images) <= FEW_SERIES else FEW_IMAGES
    size = next(iter(images.values())).x.shape[-2:]
    parts, places, width, last = [], [], 0, None
    for series, made in images.items():
        cells = np.full((len(classes), ROWS * columns, *size), np.nan)
        for cell, name in zip(cells, classes, strict=True):
            found = made.where(label=name, role="sample")[: len(cell), 0]
            cell[: len(found)] = found
        block = tile(cells.reshape(-1, *size), columns)
        if last is not None:
            gap = round(size[1] * (GAP if series.kind == last else KIND_GAP))
            parts.append(np.full((len(block), gap), np.nan))
            width += gap
        parts.append(block)
        places.append(width + (block.shape[1] - 1) / 2)
        width, last = width + block.shape[1], series.kind
    return np.concatenate(parts, axis=1), places


def _divide(axes: Axes, count: int) -> None:
    """Lines between the images of classes."""
    height = axes.images[0].get_size()[0] / count
    for row in range(1, count):
        axes.axhline(row * height - 0.5, color=INK, linewidth=0.6)


def _head(axes: Axes, places: Mapping[Series, float], heads: Sequence[str]) -> None:
    """What each column of images is, and of which kind of model."""
    lines = 1 + max(head.count("\n") for head in heads)
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0, pad=1)
    axes.set_xticks(list(places.values()), heads)
    for kind in ("branched", "linear"):
        axes.annotate(
            NAMES[kind],
            (np.mean([place for series, place in places.items() if series.kind == kind]), 1),
            (0, 4 + 12 * lines),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=of_text(COLOURS[kind]),
            fontweight="bold",
            ha="center",
        )


def _words(series: Series, stages: Sequence[Stage]) -> str:
    stage = stages[series.stage]
    if stage.added is None:
        return "start"
    name = shorten(stage.added, NAME)
    return {
        "branched": f"+ {name}",
        "linear_new": f"{name} alone",
        "linear_all": f"all {len(stage.classes)}",
    }[series.model]


def _panels(
    block: Figure | SubFigure,
    stages: Sequence[Stage],
    classes: Sequence[str],
    paper: Mapping[Series, Mapping[str, float]],
) -> None:
    values = {series: stages[series.stage].distances(series.model) for series in series_of(stages)}
    floor = stages[-1].distances("real")
    drawn = [
        v for by_class in (floor, *values.values(), *paper.values()) for v in by_class.values()
    ]
    names = [_in_lines(name, len(classes)) for name in classes]
    panels = block.subplots(1, 2, sharey=True)
    for axes, kind in zip(panels, ("branched", "linear"), strict=True):
        own = {series: by_class for series, by_class in values.items() if series.kind == kind}
        for place, name in enumerate(classes):
            if name in floor:
                half = SPREAD / 2 + 0.08
                axes.hlines(floor[name], place - half, place + half, **FLOOR)
            _points(axes, place, name, own, paper)
        axes.set_xticks(range(len(classes)), names)
        axes.set(xlabel="class", xlim=(-0.55, len(classes) - 0.45))
        axes.grid(False, axis="x")
        axes.set_title(NAMES[kind], color=of_text(COLOURS[kind]), fontweight="bold", loc="left")
    if max(drawn) > DECADE * min(drawn):
        log_scale(panels[0], "y")
    panels[0].set_ylabel("Fréchet distance, raw values\n(less is better)")


def _in_lines(name: str, classes: int) -> str:
    """A class's name in lines that fit below its points; also broken after a slash."""
    length = max(9, int((WIDTH - 1) / (2 * classes) / SMALL))
    lines = fill(name.replace("/", "/ "), length - 2, break_long_words=False).splitlines()
    return "\n".join(shorten(line.replace("/ ", "/"), length) for line in lines)


def _points(
    axes: Axes,
    place: int,
    name: str,
    values: Mapping[Series, Mapping[str, float]],
    paper: Mapping[Series, Mapping[str, float]],
) -> None:
    """The points of one class, through the stages; `all` stands apart from their line."""
    offsets = (np.arange(len(values)) / (len(values) - 1) - 0.5) * SPREAD
    known = [
        (place + offset, by_class[name], series)
        for offset, (series, by_class) in zip(offsets, values.items(), strict=True)
        if name in by_class
    ]
    line = [(x, y) for x, y, series in known if series.model != "linear_all"]
    axes.plot(*zip(*line, strict=True), color=COLOURS[known[0][2].kind], linewidth=1)
    last = max(series.stage for series in values)
    for x, y, series in known:
        axes.plot(x, y, **_look(series, last))
        if name in paper.get(series, ()):
            axes.plot(x, paper[series][name], **PAPER)


def _look(series: Series, last: int) -> Look:
    """A point is the darker, the later its stage; of a model trained on all, an open diamond."""
    everything = series.model == "linear_all"
    share = 0 if everything else np.interp(series.stage, (0, last), (PALEST, 1))
    colour = COLOURS[series.kind]
    return {
        "marker": "D" if everything else "o",
        "markersize": 6 if everything else 7,
        "markerfacecolor": [1 - share * (1 - part) for part in to_rgb(colour)],
        "markeredgecolor": colour,
        "markeredgewidth": 1.6 if everything else 0.8,
        "linestyle": "none",
    }


def _legend(figure: Figure, stages: Sequence[Stage], with_paper: bool) -> None:
    last = len(stages) - 1
    handles: list[Any] = []  # a tuple of artists is one, too
    labels = []
    for number, stage in enumerate(stages):
        both = Series("branched", number), Series("linear_new", number)
        handles.append(tuple(Line2D([], [], **_look(series, last)) for series in both))
        labels.append("start" if stage.added is None else f"{shorten(stage.added, NAME)} added")
    everything = _look(Series("linear_all", last), last)
    handles += [Line2D([], [], **everything), Line2D([], [], **FLOOR)]
    labels += [f"trained on all {len(stages[-1].classes)} classes", "real against real"]
    if with_paper:
        handles.append(Line2D([], [], **PAPER))
        # Of each class (paper); among fewer objects distances are larger.
        labels.append("paper (1,000 objects)")
    legend = figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=4 if len(labels) > 5 else len(labels),
        title=fill(compare_old_classes(stages), 100),
        title_fontsize=9.5,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.2)},
        handlelength=1.6,
    )
    legend.get_title().set_multialignment("center")
