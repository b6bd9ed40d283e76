"""Quality of samples against their cost: one line per solver, a panel per data set and measure.

Cost is network evaluations per object. With shared trunks (filled marks) classes pay for a branch
together; separately (open marks) each class pays for its own. The paper's sampler with very many
steps, and real objects in place of samples, are lines across: what the others should come near to
at a fraction of the cost. A tenth of the distances, the largest, and accuracies 0.25 below the best
are off the scale.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from bdiff.figures.style import COLOURS, INK, MEASURES, Look, in_style, log_scale, new_figure
from bdiff.sampling.titles import GRIDS, SOLVERS

REFERENCE, REAL = "predictor_corrector", "real"
# Okabe and Ito's eight, yellow darkened for lines; beyond them the marks tell lines apart.
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1A1A1A", "#B0A000")
ACROSS: dict[str, Look] = {
    REFERENCE: {"color": INK, "linestyle": "--", "linewidth": 1.2},
    REAL: {"color": COLOURS["real"], "linestyle": "-", "linewidth": 1.2},
}
WORDS = {REFERENCE: "Predictor-corrector", REAL: "Real objects"}
MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")


@in_style
def frontier(rows: pd.DataFrame, titles: dict[str, str] | None = None) -> Figure:
    """Lines of every solver over the calls per object.

    Args:
        rows: columns dataset, solver (a label), shared, calls_per_object, frechet_raw and accuracy;
            labels that begin with "predictor_corrector" are references, "real" is the floor.
        titles: titles of the data sets by their names.

    Raises:
        ValueError: if no row is of a solver besides the references.
    """
    is_line = ~rows["solver"].str.startswith((REFERENCE, REAL))
    if not is_line.any():
        raise ValueError(
            f"found only the solvers {sorted(set(rows['solver']))}; a line needs another one, "
            "measured by `python -m benchmarks.sampling`"
        )
    solvers = list(dict.fromkeys(rows["solver"][is_line]))
    datasets = list(dict.fromkeys(rows["dataset"]))
    height = 1.2 + 2.7 * len(datasets) + 0.11 * len(solvers)
    figure = new_figure(height, "Quality of samples and what they cost")
    panels = figure.subplots(len(datasets), len(MEASURES), squeeze=False)
    for line, dataset in zip(panels, datasets, strict=True):
        own = rows[rows["dataset"] == dataset]
        for axes, (measure, name) in zip(line, MEASURES.items(), strict=True):
            _panel(axes, own, measure, solvers)
            title = (titles or {}).get(dataset, dataset)
            axes.set(title=title, xlabel="network evaluations per object", ylabel=name)
    _legend(figure, rows, solvers)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, measure: str, solvers: list[str]) -> None:
    axes.set_xscale("log")
    for number, solver in enumerate(solvers):
        for shared in (True, False):
            chosen = rows[(rows["solver"] == solver) & (rows["shared"] == shared)]
            chosen = chosen.sort_values("calls_per_object")
            axes.plot(chosen["calls_per_object"], chosen[measure], **_look(number, shared))
    if measure == "frechet_raw":
        log_scale(axes, "y")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks([5, 10, 20, 50, 100])
    values = rows[measure].dropna()
    if measure == "frechet_raw":
        axes.set_ylim(0.8 * values.min(), 1.2 * values.quantile(0.9))
    else:
        axes.set_ylim(values.max() - 0.25, 1.01)
    for name, look in ACROSS.items():
        found = _across(rows, name).dropna(subset=[measure])
        if len(found):
            axes.axhline(found[measure].iloc[0], zorder=0.5, **look)


def _across(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of a reference, its separate chains first, as the paper has them."""
    found = rows[rows["solver"].str.startswith(name)]
    return found.sort_values(["shared", "calls_per_object"])


def _look(number: int, shared: bool) -> Look:
    colour = LINES[number % len(LINES)]
    return {
        "color": colour,
        "marker": MARKS[number % len(MARKS)],
        "markerfacecolor": colour if shared else "white",
        "markersize": 5.5,
        "linewidth": 1.4 if shared else 0.9,
        "linestyle": "-" if shared else ":",
    }


def _legend(figure: Figure, rows: pd.DataFrame, solvers: list[str]) -> None:
    handles = [Line2D([], [], label=_name(s), **_look(n, True)) for n, s in enumerate(solvers)]
    for name, look in ACROSS.items():
        if len(found := _across(rows, name)):
            steps = found["steps"].max()
            label = f"{WORDS[name]}, {steps:,} steps" if steps else WORDS[name]
            handles.append(Line2D([], [], label=label, **look))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=2 if len(handles) < 11 else 3,
        title="filled: shared trunks; open, dotted: each class by itself",
        title_fontsize=9.5,
    )


def _name(label: str) -> str:
    """A solver's label in words: "unipc order=2, log_snr" is "UniPC 2, even in log SNR"."""
    solver, _, grid = label.partition(", ")
    name, *options = solver.split()
    shown = [option if "eta" in option else option.partition("=")[2] for option in options]
    words = " ".join([SOLVERS.get(name, name), *shown])
    return words + (f", {GRIDS.get(grid, grid)}" if grid else "")
