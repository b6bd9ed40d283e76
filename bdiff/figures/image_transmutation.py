"""Hybrids of two classes, and real objects turned from one class into the other.

A hybrid is the state at the branch point of two classes; continued as either class it gives two
objects of the same build. A transmutation noises a real object to the branch point and continues it
as the other class (paper).
"""

from textwrap import fill

import numpy as np
from matplotlib.figure import Figure, SubFigure
from scipy.ndimage import gaussian_filter

from bdiff.figures.pairs import hybrids_of, pairs_of, spread
from bdiff.figures.style import blocks, in_style, label_rows, new_figure, shorten, show_images
from bdiff.sampling.files import Samples

HYBRIDS, TRANSMUTED = 16, 10
NAME = 12  # characters of a class's name beside or above small images


@in_style
def image_transmutation(hybrids: Samples, transmutation: Samples, title: str) -> Figure:
    """For each pair: the average hybrid, hybrids with both continuations, transmutations both ways.

    Rows are aligned: one column is one hybrid with its continuations, or one real object on its
    way. Real digits are sorted by slant, so that one sees whether it is kept; ten objects, evenly
    spread, are shown. Hybrids are smoothed by a Gaussian (sigma: width / 28, one pixel of MNIST, as
    in the paper); they are shown from their 1st to their 99th percentile, their average from its
    smallest to its largest value, everything else in [-1, 1].

    Args:
        hybrids: for each pair rows of role "hybrid" (label "a/b") and "sample" (label a or b,
            origin "a/b").
        transmutation: for each pair and both ways rows of role "original", "noised" and "sample".
        title: title of the data set.
    """
    pairs = pairs_of(transmutation)
    figure = new_figure(0.4 + 3.05 * len(pairs), f"{title}: hybrids and transmutation")
    for block, pair in zip(blocks(figure, len(pairs), hspace=0.03), pairs, strict=True):
        above, below = blocks(block, 2, hspace=0)
        _hybrids(above, hybrids, pair)
        _transmutations(below, transmutation, pair)
    return figure


def _hybrids(block: SubFigure, hybrids: Samples, pair: tuple[str, str]) -> None:
    states, as_a, as_b, time = hybrids_of(hybrids, pair)
    a, b = map(shorten, pair)
    block.suptitle(f"{a} and {b}, branch point t = {time:.3f}", x=0.01, ha="left", fontsize=11)
    average, grid = block.subplots(1, 2, width_ratios=[3.2, HYBRIDS])
    mean = states.mean(axis=0, keepdims=True)
    show_images(average, mean, 1, (float(mean.min()), float(mean.max())))
    average.set_title(f"mean of {len(states)}", fontsize=9.5)
    shown = states[:HYBRIDS]
    smooth = gaussian_filter(shown, sigma=(0, 0, *[shown.shape[-1] / 28] * 2))
    # Finished objects in the same grid are shown in [-1, 1], so hybrids are brought to that range.
    low, high = np.percentile(smooth, (1, 99))
    smooth = 2 * (smooth - low) / max(high - low, 1e-12) - 1
    show_images(grid, np.concatenate([smooth, as_a[:HYBRIDS], as_b[:HYBRIDS]]), len(shown))
    label_rows(grid, ["hybrid", *(f"as {shorten(name, NAME)}" for name in pair)])


def _transmutations(block: SubFigure, transmutation: Samples, pair: tuple[str, str]) -> None:
    panels = block.subplots(1, 2)
    for axes, (a, b) in zip(panels, (pair, pair[::-1]), strict=True):
        before = transmutation.where(label=b, role="original", origin=a)
        between = transmutation.where(label=b, role="noised", origin=a)
        after = transmutation.where(label=b, role="sample", origin=a)
        strokes = a.isdigit() and b.isdigit()  # what has a slant
        chosen = spread(before, TRANSMUTED, strokes)
        images = np.concatenate([x[chosen] for x in (before, between, after)])
        show_images(axes, images, len(chosen))
        a, b = shorten(a, NAME), shorten(b, NAME)
        label_rows(axes, [f"real {a}", "noised", f"as {b}"])
        order = ", sorted by slant" if strokes else ""
        axes.set_title(fill(f"{a} turned into {b}{order}", 36), loc="left")
