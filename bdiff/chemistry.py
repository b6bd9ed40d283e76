"""Molecules as arrays: their atoms and bonds, and the way back without any correction.

    x (nodes, nodes + 9)   one molecule, float32; row i is heavy atom i of the canonical SMILES
    x[:, :nodes]           bond orders: 0 none, 1 single, 2 double, 3 triple; symmetric, 0 diagonal
    x[:, nodes:]           one-hot element, in the order C, N, O, F, S, Cl, Br, I, P

Absent atoms are rows of zeros, at the end, so the size of a molecule is its number of non-zero
rows. Aromatic rings are written as alternating single and double bonds (kekulised). Hydrogens
follow from the valences; formal charges, isotopes and stereochemistry are not kept (paper, ZINC).

Back: the mean of the two entries of a bond is rounded at 0.5, 1.5 and 2.5, and an atom is the
element of its largest entry. Nothing is corrected. A molecule is

    valid       if RDKit can sanitise it as it is: no atom has more bonds than its valences allow,
                and aromatic systems are sound. The step of RDKit's that rewrites groups which break
                a valence, such as N(=O)=O, is left out
    connected   if it is one fragment
"""

from collections.abc import Iterable, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rdkit.Chem import Mol

ELEMENTS = ("C", "N", "O", "F", "S", "Cl", "Br", "I", "P")
BOND_BOUNDS = (0.5, 1.5, 2.5)
ORDER = "_smilesAtomOutputOrder"  # where RDKit notes it

Graph = tuple[np.ndarray, np.ndarray]  # bond orders (n, n) and codes into ELEMENTS (n,), int8


class UnsuitedMoleculeError(ValueError):
    """A molecule that x cannot hold; the message is the reason in words."""


@cache
def rdkit_chem() -> ModuleType:
    """RDKit's module Chem. Raises ImportError, with what to install, if RDKit is missing."""
    try:
        from rdkit import Chem
    except ImportError:
        raise ImportError("molecules need RDKit: pip install 'bdiff[mol]'") from None
    return Chem


def plain(mol: "Mol") -> "Mol":
    """The part of a sanitised molecule that x keeps, as a new molecule.

    Charges made by a proton are taken away (an ammonium becomes its amine, a carboxylate its acid),
    and so are isotopes, stereochemistry and numbers of atoms.

    Raises:
        UnsuitedMoleculeError: if it has several fragments, another element, or other charges.
    """
    Chem = rdkit_chem()
    mol, charged = Chem.Mol(mol), False
    for atom in mol.GetAtoms():  # one loop, since each costs as much as a SMILES
        if atom.GetSymbol() not in ELEMENTS:
            raise UnsuitedMoleculeError(f"atoms other than {', '.join(ELEMENTS)}")
        charged |= atom.GetFormalCharge() != 0
        atom.SetIsotope(0)
        atom.SetAtomMapNum(0)
    if not is_connected(mol):
        raise UnsuitedMoleculeError("several fragments")
    Chem.RemoveStereochemistry(mol)
    return _uncharged(mol) if charged else mol


def is_connected(mol: "Mol") -> bool:
    """Whether a molecule is one fragment; it has to have an atom."""
    return len(rdkit_chem().GetMolFrags(mol)) == 1


def canonical(mol: "Mol") -> str:
    """RDKit's canonical SMILES of a sanitised molecule."""
    smiles: str = rdkit_chem().MolToSmiles(mol)
    return smiles


def to_graph(mol: "Mol") -> Graph:
    """Bond orders (n, n) and elements (n,) of a plain molecule of n atoms.

    They stand in the order of the canonical SMILES, so that a molecule has one graph, and networks
    can make use of the order.

    Raises:
        UnsuitedMoleculeError: if a bond is none of single, double and triple.
    """
    Chem = rdkit_chem()
    canonical(mol)  # which notes the order
    mol = Chem.RenumberAtoms(mol, list(mol.GetPropsAsDict(True, True)[ORDER]))
    kekulised = Chem.Mol(mol)
    Chem.Kekulize(kekulised, clearAromaticFlags=True)
    orders = Chem.GetAdjacencyMatrix(kekulised, useBO=True)
    if not np.isin(orders, (0, 1, 2, 3)).all():
        raise UnsuitedMoleculeError("bonds other than single, double and triple")
    elements = [ELEMENTS.index(atom.GetSymbol()) for atom in mol.GetAtoms()]
    return orders.astype(np.int8), np.array(elements, dtype=np.int8)


def from_graph(graph: Graph) -> "Mol":
    """The RDKit molecule of these atoms and bonds, as it is: not sanitised."""
    Chem = rdkit_chem()
    orders, elements = graph
    types = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
    editable = Chem.RWMol()
    for element in elements.tolist():
        editable.AddAtom(Chem.Atom(ELEMENTS[element]))
    first, second = np.nonzero(np.triu(orders))
    bonds = zip(first.tolist(), second.tolist(), orders[first, second].tolist(), strict=True)
    for i, j, order in bonds:
        editable.AddBond(i, j, types[order])
    mol: Mol = editable.GetMol()
    return mol


def encode(graphs: Sequence[Graph], nodes: int) -> np.ndarray:
    """The arrays x of molecules of at most `nodes` atoms, (N, nodes, nodes + 9)."""
    x = np.zeros((len(graphs), nodes, nodes + len(ELEMENTS)), dtype=np.float32)
    for molecule, (orders, elements) in zip(x, graphs, strict=True):
        n = len(elements)
        molecule[:n, :n] = orders
        molecule[np.arange(n), nodes + elements.astype(np.intp)] = 1
    return x


def decode(x: np.ndarray) -> list["Mol"]:
    """The molecules that arrays show, as they are: not sanitised, nothing corrected.

    Args:
        x: (N, nodes, nodes + 9) real numbers; absent atoms are rows of exact zeros.

    Raises:
        ValueError: if x has another shape.
    """
    return [from_graph(_rounded(molecule)) for molecule in _checked(x)]


def sanitised(mols: Iterable["Mol"]) -> list["Mol | None"]:
    """Sanitised copies of molecules; None for those that are not valid, or have no atom."""
    from rdkit import rdBase

    with rdBase.BlockLogs():
        return [_sanitised(mol) for mol in mols]


def valid_molecules(x: np.ndarray) -> list["Mol | None"]:
    """Sanitised molecules that arrays (N, nodes, nodes + 9) show; None for those not valid."""
    return sanitised(decode(x))


def _checked(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim != 3 or x.shape[2] - x.shape[1] != len(ELEMENTS):
        raise ValueError(
            f"x has shape {x.shape}; molecules have (N, nodes, nodes + {len(ELEMENTS)})"
        )
    return x


def _present(x: np.ndarray) -> np.ndarray:
    there: np.ndarray = (x != 0).any(axis=-1)
    return there


def _rounded(x: np.ndarray) -> Graph:
    """Of one molecule (nodes, nodes + 9), absent atoms left out."""
    present, nodes = np.flatnonzero(_present(x)), len(x)
    bonds = x[np.ix_(present, present)]
    orders = np.digitize((bonds + bonds.T) / 2, BOND_BOUNDS)
    np.fill_diagonal(orders, 0)
    return orders.astype(np.int8), x[present, nodes:].argmax(axis=-1).astype(np.int8)


def _sanitised(mol: "Mol") -> "Mol | None":
    Chem = rdkit_chem()
    steps = Chem.SANITIZE_ALL ^ Chem.SANITIZE_CLEANUP ^ Chem.SANITIZE_CLEANUP_ORGANOMETALLICS
    copy = Chem.Mol(mol)
    failed = Chem.SanitizeMol(copy, steps, catchErrors=True)
    return None if failed or not copy.GetNumAtoms() else copy


def _uncharged(mol: "Mol") -> "Mol":
    from rdkit import rdBase
    from rdkit.Chem.MolStandardize import rdMolStandardize

    with rdBase.BlockLogs():
        mol = rdMolStandardize.Uncharger().uncharge(mol)
    if any(atom.GetFormalCharge() for atom in mol.GetAtoms()):
        raise UnsuitedMoleculeError("charges that no proton explains")
    return mol
