"""Samples of every class, of the branched and of the label-guided model."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from bdiff.figures.style import (
    COLOURS,
    NAMES,
    in_style,
    label_rows,
    new_figure,
    of_text,
    shorten,
    show_images,
)

ROWS, COLUMNS = 2, 10


@in_style
def examples(samples: Mapping[str, Mapping[str, np.ndarray]], title: str) -> Figure:
    """The first 20 samples of every class as a 2 x 10 grid, the models side by side.

    Args:
        samples: for each model ("branched", "discrete", "linear") its images per class name,
            (n, 1, height, width) in [-1, 1].
        title: title of the data set.
    """
    models = [model for model in NAMES if model in samples]
    classes = list(samples[models[0]])
    count = max(len(images) for of_model in samples.values() for images in of_model.values())
    rows = min(ROWS, -(-count // COLUMNS))
    height = 0.78 / len(models) * rows * len(classes)  # of images that fill the width
    figure = new_figure(0.75 + height, f"{title}: samples{' of every class' * (len(classes) > 1)}")
    panels = figure.subplots(len(classes), len(models), squeeze=False)
    for row, name in enumerate(classes):
        for column, model in enumerate(models):
            axes = panels[row, column]
            images = samples[model][name][: ROWS * COLUMNS]
            show_images(axes, images, COLUMNS)
            axes.set_anchor("W")
            if column == 0:
                label_rows(axes, [fill(shorten(name), 12)])
            if row == 0:
                axes.set_title(
                    NAMES[model],
                    color=of_text(COLOURS[model.replace("discrete", "branched")]),
                    fontweight="bold",
                    loc="left",
                )
    return figure
