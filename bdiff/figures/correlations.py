"""Do generated objects keep the correlations between features?"""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from bdiff.figures.style import in_style, new_figure, panel_grid, shorten

COLUMNS = 4


@in_style
def correlations(
    true: Mapping[str, np.ndarray], generated: Mapping[str, np.ndarray], title: str
) -> Figure:
    """For each class the matrices of Pearson correlations, true, generated, and their difference.

    Classes are sorted from best to worst by the mean absolute difference off the diagonal. All
    matrices share the display range -1..1 (the paper shows 0..1, where negative correlations
    vanish). A feature that is constant within a class has no correlation and is left white.

    Args:
        true: real objects per class name, (n, D).
        generated: samples of the branched model per class name, (m, D).
        title: title of the data set.
    """
    matrices = {name: _matrices(true[name], generated[name]) for name in generated}
    error = {name: _off_diagonal_mean(m[2]) for name, m in matrices.items()}
    rows = -(-len(matrices) // COLUMNS)
    figure = new_figure(1.4 + 0.8 * rows, f"{title}: correlations of features, best to worst class")
    panels = panel_grid(figure, len(matrices), COLUMNS)
    for axes, name in zip(panels, sorted(error, key=error.__getitem__), strict=True):
        size = len(matrices[name][0])
        gap = np.full((size, max(1, size // 8)), np.nan)
        true_m, generated_m, difference = matrices[name]
        strip = np.hstack([true_m, gap, generated_m, gap, difference])
        shown = axes.imshow(strip, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="none")
        axes.set_title(f"{shorten(name, 13)}  ({error[name]:.3f})", loc="left", fontsize=9.5, pad=2)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=figure.axes, location="bottom", shrink=0.5, aspect=40, pad=0.01)
    bar.set_label(
        "Pearson correlation; left: true, middle: generated (branched),\n"
        "right: absolute difference, its mean in brackets"
    )
    return figure


def _matrices(true: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        r_true, r_generated = np.corrcoef(true.T), np.corrcoef(generated.T)
    return r_true, r_generated, np.abs(r_true - r_generated)


def _off_diagonal_mean(matrix: np.ndarray) -> float:
    return float(np.nanmean(matrix[~np.eye(len(matrix), dtype=bool)]))
