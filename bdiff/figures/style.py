"""One style for all figures: fonts, sizes, colours, image strips, and how a figure is saved.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart. Blue is the
branched model, orange the label-guided (linear) baseline and grey what is real, in every figure.
The two classes of a pair and their hybrids, where a figure compares them, have colours of their
own.

Images hold values in [-1, 1] and are drawn as ink on paper: -1 is white, 1 black, nothing is cut at
0.
"""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from bdiff.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

Look = dict[str, Any]  # keyword arguments of matplotlib's functions

WIDTH = 7.5  # inches
TITLE = 9.5  # characters of a title per inch
NAME = 20  # characters of a name
PNG_DPI = 150
COLOURS = {
    "branched": "#0072B2",
    "linear": "#E69F00",
    "linear_guided": "#CC79A7",
    "real": "#6E6E6E",
    "hybrid": "#009E73",
}
NAMES = {
    "branched": "branched",
    "discrete": "branched, discrete time",
    "linear": "label-guided",
    "linear_guided": "label-guided, classifier-free guidance",
    "real": "real",
}
MEASURES = {  # of sample quality that figures show, as their axes say it
    "frechet_raw": "Fréchet distance, raw values",
    "accuracy": "accuracy of a classifier",
}
BETTER = {"frechet_raw": "less is better", "accuracy": "more is better"}
FIRST, SECOND = "#D55E00", "#56B4E9"  # the classes of a pair
BRANCHES = ("#CFE3F1", "#FBE3B5", "#CDEBDD", "#F8D3C0", "#EAD6E4", "#DDF0FA", "#F7F2B8")  # pale
INK = "#1A1A1A"
CONTRAST = 4.5  # of text to white, at least (WCAG 2.1, 1.4.3)

RC: "dict[RcKeyType, Any]" = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
    "font.size": 10,
    "grid.color": "#E3E3E3",
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.hashsalt": "bdiff",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}

# Decorator for functions that make a figure; matplotlib's own settings stay as they were.
in_style = matplotlib.rc_context(RC)


@in_style
def new_figure(height: float, title: str, width: float = WIDTH) -> Figure:
    """An empty figure with its title, left-aligned; sizes in inches; a long title is broken."""
    figure = Figure(figsize=(width, height), layout="constrained")
    length = int(TITLE * width)
    if len(title) > length:
        name, colon, subject = title.rpartition(": ")
        title = "\n".join(fill(part, length) for part in (name + colon, subject) if part)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def of_text(colour: str) -> str:
    """The colour for words and numbers, dark enough to be read on white."""
    red, green, blue = to_rgb(colour)
    while 1.05 / (0.05 + _luminance(red, green, blue)) < CONTRAST:
        red, green, blue = 0.98 * red, 0.98 * green, 0.98 * blue
    return to_hex((red, green, blue))


def _luminance(*rgb: float) -> float:
    """Relative luminance of a colour of sRGB, 0 (black) to 1 (white)."""
    parts = np.array(rgb)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def shorten(name: str, length: int = NAME) -> str:
    """The name of a class or feature with at most `length` characters, `…` for its middle.

    The end is kept, since long names often differ only there.
    """
    end = (length - 1) // 3
    return name if len(name) <= length else f"{name[: length - 1 - end]}…{name[-end:]}"


@in_style
def save_figure(figure: Figure, path: str | Path) -> None:
    """Write the figure as .svg and as .png beside it; the same figure gives the same bytes."""
    for suffix, facts in ((".svg", {"Date": None}), (".png", {"Software": None})):
        with atomic_write(Path(path).with_suffix(suffix)) as temporary:
            figure.savefig(temporary, dpi=PNG_DPI, metadata=facts)


def tile(images: np.ndarray, columns: int) -> np.ndarray:
    """Images side by side, row by row, one transparent (NaN) pixel or more between them.

    Args:
        images: (n, 1, height, width) or (n, height, width); the last row may be incomplete.
        columns: images in a row.

    Raises:
        ValueError: if the objects are no grey images.
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3:
        raise ValueError(f"expected grey images (n, 1, height, width), found shape {images.shape}")
    n, height, width = images.shape
    gap = max(1, round(width / 14))
    rows = -(-n // columns)
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def show_images(
    axes: Axes, images: np.ndarray, columns: int, limits: tuple[float, float] = (-1, 1)
) -> AxesImage:
    """Draw images as a grid, pixel by pixel; the `limits` are shown as white and black."""
    shown = axes.imshow(
        tile(images, columns), cmap="gray_r", vmin=limits[0], vmax=limits[1], interpolation="none"
    )
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return shown


def label_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write a name to the left of each row of an image grid."""
    height = axes.images[0].get_size()[0] / len(names)
    axes.set_yticks([(row + 0.5) * height - 0.5 for row in range(len(names))], names)
    axes.tick_params(axis="y", length=0)


def log_scale(axes: Axes, which: str) -> None:
    """A logarithmic "x" or "y" scale with plain numbers at 1, 2 and 5 times powers of ten."""
    axes.set(**{f"{which}scale": "log"})
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def legend_above(axes: Axes, handles: Sequence[Artist] | None = None, columns: int = 3) -> None:
    """The legend above the axes, in as many columns as fit; call it when all else is drawn."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    for ncols in range(columns, 0, -1):
        legend = axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=ncols,
            borderaxespad=0.2,
            borderpad=0.2,
            handlelength=1.2,
            handletextpad=0.5,
            columnspacing=1.2,
        )
        # The layout is made without the legend, which would squeeze the axes if it were too wide.
        legend.set_in_layout(False)
        figure.draw_without_rendering()
        if legend.get_window_extent().x1 <= figure.bbox.x1 - 4:
            break
    legend.set_in_layout(True)


def legend_below(
    figure: Figure, handles: Sequence[Artist], note: str, columns: int | None = None
) -> Legend:
    """The legend below all panels, under a note on their scales; in one line, or in columns."""
    legend = figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns or len(handles),
        title=note,
        title_fontsize=9.5,
        handlelength=1.4,
    )
    legend.get_title().set_multialignment("center")
    return legend


def blocks(figure: Figure | SubFigure, count: int, **look: Any) -> list[SubFigure]:
    """Parts of a figure, one below the other."""
    return list(figure.subfigures(count, 1, squeeze=False, **look).flat)


def panel_grid(
    figure: Figure | SubFigure, count: int, columns: int, shared: bool = False
) -> list[Axes]:
    """`count` panels in rows, with shared scales or their own; the last row may be incomplete."""
    rows = -(-count // columns)
    grid = figure.subplots(rows, columns, sharex=shared, sharey=shared, squeeze=False)
    panels = list(grid.flat)
    for axes in panels[count:]:
        axes.set_axis_off()
    return panels[:count]


def few_ticks(*scales: Axis) -> None:
    """About three ticks with short labels."""
    for scale in scales:
        scale.set_major_locator(MaxNLocator(3, steps=[1, 2, 4, 5, 10]))
        formatter = scale.get_major_formatter()
        assert isinstance(formatter, ScalarFormatter)  # which scales of numbers have
        formatter.set_powerlimits((-2, 3))
