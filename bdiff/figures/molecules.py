"""Molecules before and after they were turned into another class, and generated ones.

Below each molecule that a model made stands its class, or why it has none. The first ones of the
file are shown, whatever became of them.
"""

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from bdiff.analysis.kept import before_and_after
from bdiff.chemistry import decode, is_connected, sanitised
from bdiff.data.molecules import ClassesBy
from bdiff.figures.molecule_drawing import draw_molecule, laid_out
from bdiff.figures.pairs import pairs_of
from bdiff.figures.style import INK, WIDTH, blocks, in_style, new_figure, shorten
from bdiff.molecule_classes import predicate
from bdiff.sampling.files import Samples

if TYPE_CHECKING:
    from rdkit.Chem import Mol

SHOWN = 5
PANEL = ((WIDTH - 0.5) / SHOWN, 0.95)  # inches
WORDS = 0.22  # inches of a line below or above molecules
NAME = 18  # characters of a class's name
NO_CLASS, PIECES, NOT_VALID = "no class", "several pieces", "not valid"


@in_style
def molecules(
    transmutation: Samples, samples: Samples, classes_by: ClassesBy, title: str
) -> Figure:
    """For each direction real molecules above what they became; then samples, a row for each class.

    Args:
        transmutation: for each pair and both ways rows of role "original" and "sample".
        samples: of every class.
        classes_by: what decided the classes, as in `bdiff.data.molecules.from_smiles`.
        title: title of the data set.
    """
    class_of = predicate(classes_by)
    ways = [way for pair in pairs_of(transmutation) for way in (pair, pair[::-1])]
    classes = list(dict.fromkeys(samples.label[samples.role == "sample"].tolist()))
    row = PANEL[1] + WORDS
    heights = [WORDS + count * row for count in [2] * len(ways) + [len(classes)]]
    heights[-1] += WORDS
    figure = new_figure(0.4 + sum(heights), f"{title}: before and after, and generated")
    parts = blocks(figure, len(heights), height_ratios=heights)
    for block, (origin, target) in zip(parts, ways, strict=False):
        real, made = map(decode, before_and_after(transmutation, origin, target))
        _name(block, f"{shorten(origin)} turned into {shorten(target)}")
        panels = _panels(block, ["before", "after"])
        for above, below, before, after in zip(*panels, real, made, strict=False):
            laid = laid_out(sanitised([before])[0] or before)
            draw_molecule(above, laid, PANEL)
            _draw_made(below, after, target, class_of, laid)
    _name(parts[-1], "generated")
    for axes, name in zip(_panels(parts[-1], classes), classes, strict=True):
        made = decode(samples.where(name, "sample")[:SHOWN])
        for one, mol in zip(axes, made, strict=False):
            _draw_made(one, mol, name, class_of)
    parts[-1].supxlabel("within a frame: not what was asked for", fontsize=9)
    return figure


def _name(block: SubFigure, words: str) -> None:
    block.suptitle(words, x=0.01, ha="left", fontsize=11)


def _panels(block: SubFigure, names: Sequence[str]) -> list[list[Axes]]:
    """Rows of empty panels, each with its name to the left."""
    rows = block.subplots(len(names), SHOWN, squeeze=False)
    for axes in rows.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for row, name in zip(rows, names, strict=True):
        row[0].set_ylabel(fill(shorten(name, NAME), 10), fontsize=9.5)
    panels: list[list[Axes]] = rows.tolist()
    return panels


def _draw_made(
    axes: Axes,
    mol: "Mol",
    wanted: str,
    class_of: "Callable[[Mol], str | None]",
    like: "Mol | None" = None,
) -> None:
    """A molecule that a model made, and what it is; within a frame if that is not what it should
    be."""
    (valid,) = sanitised([mol])
    draw_molecule(axes, laid_out(valid or mol, like), PANEL)
    verdict = what(valid, class_of)
    axes.set_xlabel(verdict, fontsize=9, labelpad=2)
    if verdict != wanted:
        axes.spines[:].set(visible=True, linestyle=":", linewidth=1, color=INK)


def what(mol: "Mol | None", class_of: "Callable[[Mol], str | None]") -> str:
    """The class of a molecule, or why it has none; None is a molecule that is not valid."""
    if mol is None:
        return NOT_VALID
    return (class_of(mol) or NO_CLASS) if is_connected(mol) else PIECES
