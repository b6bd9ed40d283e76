"""What makes a branched model good: a line per variant, a panel per data set and measure.

All variants had the same time to train. The dashed line is the first variant, from which the others
differ in what their names say; the grey line is real objects in place of samples.
"""

from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bdiff.figures.style import (
    BETTER,
    COLOURS,
    MEASURES,
    NAMES,
    RC,
    Look,
    in_style,
    legend_below,
    log_scale,
    new_figure,
)

LINE = 0.235  # inches of height
Lines = list[tuple[str, bool]]  # text, and whether it is a heading


@in_style
def heads(
    rows: pd.DataFrame,
    groups: Mapping[str, Iterable[str]],
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """Dots of every variant, in groups.

    Args:
        rows: columns dataset, variant, kind ("branched" or "linear"), frechet_raw and accuracy; the
            variant "real" is the floor, whose accuracy may be missing.
        groups: names of the variants by the heading they stand under, in the order wanted; variants
            without a row are left out.
        titles: titles of the data sets by their names.

    Raises:
        ValueError: if no row is of a variant in the groups.
    """
    known = [name for names in groups.values() for name in names]
    there = rows[rows["variant"].isin(known)]
    if there.empty:
        raise ValueError(
            f"found only the variants {sorted(set(rows['variant']))}, expected some of {known}, "
            "measured by `python -m benchmarks.heads`"
        )
    datasets = list(dict.fromkeys(there["dataset"]))
    listed = [_lines(there[there["dataset"] == dataset], groups) for dataset in datasets]
    heights = [LINE * (len(lines) + 1) + 0.8 for lines in listed]
    figure = new_figure(sum(heights) + 0.7, "Variants of the branched model, trained equally long")
    panels = figure.subplots(
        len(datasets), len(MEASURES), squeeze=False, sharey="row", height_ratios=heights
    )
    for axes_of, dataset, lines in zip(panels, datasets, listed, strict=True):
        own = rows[rows["dataset"] == dataset].set_index("variant")
        for axes, measure in zip(axes_of, MEASURES, strict=True):
            _panel(axes, own, lines, measure, known[0])
            axes.set_xlabel(f"{MEASURES[measure]}\n({BETTER[measure]})")
        axes_of[0].set_title((titles or {}).get(dataset, dataset), loc="left")
        _names(axes_of[0], lines)
    _legend(figure, there, known[0])
    return figure


def _lines(rows: pd.DataFrame, groups: Mapping[str, Iterable[str]]) -> Lines:
    """Headings and variants from top to bottom."""
    measured = set(rows["variant"])
    lines: Lines = []
    for heading, names in groups.items():
        inside = [(name, False) for name in names if name in measured]
        lines += [(heading, True), *inside] if inside else []
    return lines


def _panel(axes: Axes, rows: pd.DataFrame, lines: Lines, measure: str, first: str) -> None:
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    if measure == "frechet_raw":
        log_scale(axes, "x")
    if "real" in rows.index and pd.notna(rows.at["real", measure]):
        axes.axvline(rows.at["real", measure], color=COLOURS["real"], linewidth=1.6)
    if first in rows.index:
        axes.axvline(rows.at[first, measure], color=COLOURS["branched"], **_FIRST)
    for place, (name, is_heading) in enumerate(lines):
        if is_heading:
            continue
        value, kind = rows.at[name, measure], rows.at[name, "kind"]
        axes.axhline(place, color=RC["grid.color"], linewidth=0.8, zorder=0)
        axes.plot(value, place, color=COLOURS[kind], **_DOT)
        axes.annotate(
            f"{value:.3g}" if measure == "frechet_raw" else f"{value:.3f}",
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    axes.margins(x=0.08)
    axes.set_ylim(len(lines) - 0.4, -0.6)


_FIRST: Look = {"linestyle": "--", "linewidth": 1.0}
_DOT: Look = {"marker": "o", "markersize": 6.5, "linestyle": "none"}


def _names(axes: Axes, lines: Lines) -> None:
    """Variants and headings to the left of the panels."""
    axes.set_yticks(range(len(lines)), [text for text, _ in lines], fontsize=9.5)
    for label, (_, is_heading) in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if is_heading else "normal")


def _legend(figure: Figure, rows: pd.DataFrame, first: str) -> None:
    kinds = [kind for kind in ("branched", "linear") if (rows["kind"] == kind).any()]
    handles = [Line2D([], [], color=COLOURS[kind], label=NAMES[kind], **_DOT) for kind in kinds]
    handles.append(Line2D([], [], color=COLOURS["branched"], label=f"as “{first}”", **_FIRST))
    handles.append(Line2D([], [], color=COLOURS["real"], linewidth=1.6, label="real objects"))
    legend_below(figure, handles, "")
