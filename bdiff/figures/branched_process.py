"""The idea of branched diffusion in one picture.

Real objects of a few classes are noised at t = 0, 0.1, ..., 1. Each branch of the tree is a ribbon:
classes that share a reverse process above their branch point run in one ribbon there, and part
below it. Objects of a row are independent draws of x_t given the same x_0, as in the paper's figure
1.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from textwrap import fill

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bdiff.figures.dendrogram import leaf_order
from bdiff.figures.style import BRANCHES, INK, Look, in_style, new_figure, shorten
from bdiff.process import VP
from bdiff.randomness import generator
from bdiff.tree import BranchTree

STEPS = 11
GAP = 0.7  # between ribbons, in rows
IMAGE, MARGIN = 0.076, 0.012  # width of an image, and of the ribbon beside it, in time
SIDE = 0.93  # height of an image, in rows
NAMED = 3  # classes of a branch that are named at its branch point
CHARACTER = 0.013  # width of one, in noise time
LINE = 10  # characters of a class's name in a line
Places = Callable[[str, float], float]  # class and time -> the top of its rows


@in_style
def branched_process(
    tree: BranchTree, objects: Mapping[str, np.ndarray], process: VP, title: str
) -> Figure:
    """The tree along noise time, from data (left) to noise (right), with noised objects on it.

    Args:
        tree: the tree of the classes to be shown.
        objects: for each class of the tree the images to follow, a row each;
            (rows, 1, height, width) in [-1, 1].
        process: the forward process that the tree's times belong to.
        title: title of the data set.
    """
    classes = leaf_order(tree, tree.classes)
    height = sum(len(objects[name]) for name in classes) + GAP * (len(classes) - 1)
    top = 0.4 + 0.22 * len(tree.points)  # inches, for the title and the labels
    figure = new_figure(0.53 * height + top + 0.6, f"{title}: a branched diffusion process")
    axes = figure.add_subplot()
    places = _places(tree, classes, objects)
    _ribbons(axes, tree, classes, objects, places)
    for name in classes:
        for row, image in enumerate(objects[name]):
            strip = _noised(image, process, generator(0, "F1", name, row))
            for t, x_t in zip(np.linspace(0, tree.horizon, STEPS), strip, strict=True):
                _image(axes, x_t, t, places(name, t) + row)
    _label_points(axes, tree, places, objects)
    edge = IMAGE / 2 + MARGIN
    axes.set(
        xlim=(-edge, tree.horizon + edge),
        ylim=(height + 0.2, -0.4),
        xlabel="noise time t  (0 = data, 1 = noise)",
        xticks=np.linspace(0, tree.horizon, STEPS),
    )
    axes.set_aspect(IMAGE / SIDE)  # images are square
    middles = [places(name, 0.0) + len(objects[name]) / 2 for name in classes]
    names = [fill(shorten(name), LINE) for name in classes]
    size = 13 if max(map(len, names)) <= 3 else 9.5
    axes.set_yticks(middles, names, fontsize=size, fontweight="bold")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    return figure


def _places(tree: BranchTree, classes: list[str], objects: Mapping[str, np.ndarray]) -> Places:
    """places(name, t): the top of a class's rows; there are gaps between branches only."""
    rows = [len(objects[name]) for name in classes]
    total = sum(rows) + GAP * (len(classes) - 1)
    times = [tree.branch_time(*pair) for pair in pairwise(classes)]

    def places(name: str, t: float) -> float:
        open_gaps = [GAP * _openness(t, time, tree.horizon) for time in times]
        number = classes.index(name)
        margin = (total - sum(rows) - sum(open_gaps)) / 2
        return margin + sum(rows[:number]) + sum(open_gaps[:number])

    return places


def _openness(t: float, branch_time: float, horizon: float) -> float:
    """1 up to the last column of images at or below the branch time, 0 from the next one on."""
    step = horizon / (STEPS - 1)
    last = np.floor(branch_time / step + 1e-9) * step
    share = np.clip((last + step - IMAGE / 2 - t) / (step - IMAGE), 0, 1)
    return float(share * share * (3 - 2 * share))


def _ribbons(
    axes: Axes,
    tree: BranchTree,
    classes: list[str],
    objects: Mapping[str, np.ndarray],
    places: Places,
) -> None:
    edge = IMAGE / 2 + MARGIN
    for number, branch in enumerate(tree.branches):
        start = branch.start if branch.start > 0 else -edge
        end = branch.end if branch.parent is not None else tree.horizon + edge
        t = np.linspace(start, end, 200)
        members = [name for name in classes if name in branch.classes]
        top = np.array([places(members[0], max(value, 0)) for value in t])
        last = members[-1]
        bottom = np.array([places(last, max(value, 0)) for value in t]) + len(objects[last])
        colour = BRANCHES[number % len(BRANCHES)]
        axes.fill_between(t, top - 0.06, bottom + 0.06, color=colour, linewidth=0)


def _noised(image: np.ndarray, process: VP, noise: np.random.Generator) -> np.ndarray:
    times = torch.linspace(0, process.horizon, STEPS, dtype=torch.float64)
    x_0 = torch.as_tensor(np.asarray(image)).expand(STEPS, *image.shape)
    epsilon = noise.standard_normal(x_0.shape, dtype=np.float32)
    return process.diffuse(x_0, times, torch.from_numpy(epsilon)).numpy()


def _image(axes: Axes, x_t: np.ndarray, t: float, row: float) -> None:
    left, top = t - IMAGE / 2, row + (1 - SIDE) / 2
    axes.imshow(
        x_t[0],
        cmap="gray_r",
        vmin=-1,
        vmax=1,
        extent=(left, left + IMAGE, top + SIDE, top),
        interpolation="none",
        zorder=2,
    )
    frame: Look = {"fill": False, "edgecolor": "white", "linewidth": 0.8, "zorder": 3}
    axes.add_patch(Rectangle((left, top), IMAGE, SIDE, **frame))


def _label_points(
    axes: Axes, tree: BranchTree, places: Places, objects: Mapping[str, np.ndarray]
) -> None:
    order = leaf_order(tree, tree.classes)
    for level, (number, point) in enumerate(reversed(list(enumerate(tree.points)))):
        last = [name for name in order if name in point.classes][-1]
        bottom = places(last, point.time) + len(objects[last])
        line: Look = {"color": INK, "linewidth": 1.2, "linestyle": (0, (2, 2))}
        axes.plot([point.time] * 2, [-0.3, bottom], zorder=4, **line)
        parts = [tree.branches[child].classes for child in tree.children(number)]
        parts.sort(key=lambda names: order.index(names[0]))
        text = f" {_members(parts)}   t = {point.time:.2f}"
        up = 2 + 14 * (len(tree.points) - 1 - level)
        arrow = {"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, **line}
        offset: Look = {"textcoords": "offset points"}
        axes.annotate("", (point.time, -0.3), (0, up), arrowprops=arrow, **offset)
        # A long label ends at the right edge, and may hide the lines of other branch points.
        right = tree.horizon + IMAGE / 2 + MARGIN
        fits = point.time + CHARACTER * len(text) < right
        axes.annotate(
            text,
            (point.time if fits else right, -0.3),
            (0, up),
            ha="left" if fits else "right",
            fontsize=9.5,
            zorder=5,
            bbox={"color": "white", "pad": 0.5},
            **offset,
        )


def _members(parts: list[tuple[str, ...]]) -> str:
    """The classes of each part, e.g. "0, 9 | 4"; of many classes the first and how many more."""
    # a single one more takes no more room than saying so
    named = [names if len(names) <= NAMED + 1 else names[:NAMED] for names in parts]
    length = max(6, 44 // sum(map(len, named)))
    return " | ".join(
        ", ".join(
            [shorten(name, length) for name in some]
            + [f"+{len(names) - len(some)} more"] * (len(names) > len(some))
        )
        for names, some in zip(parts, named, strict=True)
    )
