"""Classes of molecules: what a molecule shows decides which class it has, or none.

    rings               acyclic, one ring; molecules with more have no class (paper's first task)
    halogen             no halogen, halogen: F, Cl, Br or I (paper's second task)
    aromatic            not aromatic, aromatic
    heteroaromatic      carboaromatic, heteroaromatic: with an aromatic atom that is not carbon;
                        molecules without an aromatic ring have no class (paper's third task)
    bicyclic            not bicyclic, bicyclic: two rings that share a bond
    non_aromatic_ring   none, or a ring with a bond that is not aromatic

All look at sanitised RDKit molecules. Any function from a molecule to a class name, or None for no
class, serves as well.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from bdiff.data.classes import MOLECULE_CLASSES
from bdiff.expect import nearest

if TYPE_CHECKING:
    from rdkit.Chem import Mol

HALOGENS = frozenset((9, 17, 35, 53))  # atomic numbers


def ring_count(mol: "Mol") -> int:
    """Number of independent rings, bonds - atoms + fragments: the size of a cycle basis.

    RDKit's own count is of the symmetrised smallest rings, which is larger for some cages.
    """
    from rdkit.Chem import GetMolFrags

    return mol.GetNumBonds() - mol.GetNumAtoms() + len(GetMolFrags(mol))


def halogen_count(mol: "Mol") -> int:
    """Number of halogen atoms."""
    return sum(atom.GetAtomicNum() in HALOGENS for atom in mol.GetAtoms())


def is_aromatic(mol: "Mol") -> bool:
    """Whether an atom is aromatic."""
    return any(atom.GetIsAromatic() for atom in mol.GetAtoms())


def is_heteroaromatic(mol: "Mol") -> bool:
    """Whether an aromatic atom is not carbon."""
    return any(atom.GetIsAromatic() and atom.GetAtomicNum() != 6 for atom in mol.GetAtoms())


def is_bicyclic(mol: "Mol") -> bool:
    """Whether two rings share a bond."""
    rings = mol.GetRingInfo()
    return any(rings.IsRingFused(ring) for ring in range(rings.NumRings()))


def has_non_aromatic_ring(mol: "Mol") -> bool:
    """Whether a ring has a bond that is not aromatic."""
    return any(bond.IsInRing() and not bond.GetIsAromatic() for bond in mol.GetBonds())


# Position in `MOLECULE_CLASSES`, or None.
_POSITIONS: dict[str, Callable[["Mol"], int | None]] = {
    "rings": lambda mol: count if (count := ring_count(mol)) < 2 else None,
    "halogen": lambda mol: halogen_count(mol) > 0,
    "aromatic": is_aromatic,
    "heteroaromatic": lambda mol: is_heteroaromatic(mol) if is_aromatic(mol) else None,
    "bicyclic": is_bicyclic,
    "non_aromatic_ring": has_non_aromatic_ring,
}


def predicate(classes_by: str | Callable[["Mol"], str | None]) -> Callable[["Mol"], str | None]:
    """The function from a sanitised molecule to its class name, or None for no class.

    Args:
        classes_by: a key of `MOLECULE_CLASSES`, such a function, or where to import one from,
            "module:function".

    Raises:
        ValueError: if there is no such predicate, module or function.
        TypeError: by the function returned, if a predicate of one's own gives anything else than a
            text or None.
    """
    if classes_by in MOLECULE_CLASSES:
        names, position = MOLECULE_CLASSES[classes_by], _POSITIONS[classes_by]
        return lambda mol: None if (found := position(mol)) is None else names[found]
    own = classes_by if callable(classes_by) else _imported(classes_by)

    def checked(mol: "Mol") -> str | None:
        name = own(mol)
        if name is None or (isinstance(name, str) and name.strip()):
            return name
        raise TypeError(f"the predicate gave {name!r}; a class name or None is expected")

    return checked


def _imported(place: str) -> Callable[["Mol"], str | None]:
    module, colon, function = place.partition(":")
    if not colon:
        raise ValueError(
            f"unknown predicate {place!r}; expected {', '.join(MOLECULE_CLASSES)}, or a function "
            f"of your own as module:function{nearest(place, MOLECULE_CLASSES)}"
        )
    try:
        own: Callable[[Mol], str | None] = getattr(import_module(module), function)
        return own
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{place!r}: {error}; put the folder of the module on PYTHONPATH (PYTHONPATH=. for the "
            "working directory)"
        ) from None
    except AttributeError:
        raise ValueError(f"the module {module!r} has no function {function!r}") from None
