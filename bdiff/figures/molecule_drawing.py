"""Drawings of molecules as vectors: RDKit lays them out, matplotlib draws RDKit's paths.

What is not valid is drawn as it is, with the atoms and bonds that it has; nothing is repaired.
"""

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from bdiff.figures.style import Look

if TYPE_CHECKING:
    from rdkit.Chem import Mol

UNIT = 100  # pixels of RDKit's canvas per inch; it writes one decimal
BOND, LETTER = 22, 11  # pixels: the longest bond, the smallest letters
LINE = 1.0  # width in points
# Fluorine, sulphur and chlorine: RDKit's own colours can hardly be seen on white.
DARKER = {9: (0.0, 0.5, 0.55), 16: (0.55, 0.42, 0.0), 17: (0.0, 0.55, 0.0)}
CODES = {"M": [Path.MOVETO], "L": [Path.LINETO], "Q": [Path.CURVE3] * 2, "C": [Path.CURVE4] * 3}


def laid_out(mol: "Mol", like: "Mol | None" = None) -> "Mol":
    """A copy of a molecule with coordinates in the plane.

    Args:
        mol: sanitised or not.
        like: a molecule with coordinates and the same atoms in the same order: turned and flipped,
            the copy lies as near to it as it can.
    """
    from rdkit.Chem import FastFindRings, Mol, rdDepictor
    from rdkit.Chem.rdMolAlign import AlignMol

    mol = Mol(mol)
    mol.UpdatePropertyCache(strict=False)
    FastFindRings(mol)
    rdDepictor.Compute2DCoords(mol)
    if like is not None:
        AlignMol(mol, like, atomMap=[(atom, atom) for atom in range(mol.GetNumAtoms())])
    return mol


def draw_molecule(axes: Axes, mol: "Mol", size: tuple[float, float]) -> None:
    """Draw a molecule that `laid_out` gave, in the middle of axes of this size in inches."""
    try:
        from rdkit.Chem.Draw import rdMolDraw2D
    except ImportError as error:  # in a container without libraries of a desktop
        raise ImportError(
            f"RDKit cannot draw here ({error}); install the library of the system, on Debian and "
            "Ubuntu `apt install libxrender1 libxext6`"
        ) from error

    width, height = (round(UNIT * length) for length in size)
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    options: Any = canvas.drawOptions()  # RDKit's own annotations give its fields wrong types
    options.clearBackground = options.prepareMolsBeforeDrawing = False
    options.fixedBondLength, options.padding, options.minFontSize = BOND, 0.05, LETTER
    options.updateAtomPalette(DARKER)
    # No hydrogens are written, nor are charges and radicals, to atoms whose valence is wrong.
    prepared = rdMolDraw2D.PrepareMolForDrawing(mol, kekulize=False, addChiralHs=False)
    canvas.DrawMolecule(prepared)
    canvas.FinishDrawing()
    for element in ElementTree.fromstring(canvas.GetDrawingText().encode("latin-1")).iter():
        if element.tag.endswith("path"):
            axes.add_patch(_patch(element))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _patch(element: ElementTree.Element) -> PathPatch:
    """A line, or a filled letter, of an SVG file."""
    style = dict(part.split(":") for part in element.get("style", "").split(";") if ":" in part)
    fill, line = (style.get(key, "") or element.get(key, "none") for key in ("fill", "stroke"))
    look: Look = {"capstyle": "round", "joinstyle": "round", "linewidth": LINE}
    return PathPatch(_path(element.get("d", "")), facecolor=fill, edgecolor=line, **look)


def _path(text: str) -> Path:
    """The path of an SVG element, of absolute commands M, L, Q, C and Z."""
    points: list[np.ndarray] = []
    codes: list[np.uint8] = []
    for command, numbers in re.findall(r"([MLQCZ])([^MLQCZ]*)", text):
        if command == "Z":
            points.append(points[-1])
            codes.append(Path.CLOSEPOLY)
            continue
        places = np.array(re.findall(r"-?[\d.]+", numbers), dtype=float).reshape(-1, 2)
        points.extend(places)
        codes.extend(CODES[command] * (len(places) // len(CODES[command])))
    return Path(points, codes)
