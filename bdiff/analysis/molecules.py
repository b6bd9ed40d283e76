r"""How good generated molecules are: each metric a function of molecules or of their SMILES.

Molecules that are not valid are None, as `bdiff.chemistry.valid_molecules` gives them. They are
counted in every share that is of all generated molecules, and never drop out in silence:

    valid        share of all that RDKit can sanitise as they are, without any correction
    connected    share of all that are valid and one fragment
    in class     share of all that are valid and have the class they were made as
    unique       distinct ones among the valid
    novel        share of the distinct valid ones that are no training molecules
    diversity    mean over pairs of valid ones of 1 - Dice similarity of Morgan fingerprints
    FCD          Fréchet distance between ChemNet's features of two sets of molecules

Novelty, uniqueness and validity are those of MOSES: Polykovskiy et al. 2020, arXiv 1811.12823,
section 3.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bdiff.chemistry import canonical, is_connected, rdkit_chem
from bdiff.molecule_classes import (
    halogen_count,
    has_non_aromatic_ring,
    is_aromatic,
    is_bicyclic,
    is_heteroaromatic,
    ring_count,
)
from bdiff.progress import Progress

if TYPE_CHECKING:
    from rdkit.Chem import Mol

    Mols = Sequence[Mol | None]

MOST_RINGS = 8  # of a molecule of ZINC250k
STATISTIC_COLUMNS = ("dataset", "statistic", "count", "of", "share")


def valid_share(mols: "Mols") -> float:
    """Share of molecules that are valid, in [0, 1]."""
    return float(np.mean([mol is not None for mol in mols]))


def connected_share(mols: "Mols") -> float:
    """Share of all molecules that are valid and one fragment, in [0, 1]."""
    return float(np.mean([mol is not None and is_connected(mol) for mol in mols]))


def class_share(mols: "Mols", class_of: Callable[["Mol"], str | None], name: str) -> float:
    """Share of all molecules that are valid and of this class, in [0, 1], as the paper counts them.

    Args:
        mols: molecules, None where not valid.
        class_of: as `bdiff.molecule_classes.predicate` gives it.
        name: the class wanted.
    """
    return float(np.mean([mol is not None and class_of(mol) == name for mol in mols]))


def smiles_of(mols: "Mols") -> list[str | None]:
    """Canonical SMILES of each molecule, None where not valid."""
    return [None if mol is None else canonical(mol) for mol in mols]


def uniqueness(smiles: Sequence[str | None]) -> float:
    """Distinct valid molecules over valid ones, in (0, 1]; nan if none is valid.

    Args:
        smiles: canonical SMILES, None where not valid.
    """
    valid = [text for text in smiles if text is not None]
    return len(set(valid)) / len(valid) if valid else float("nan")


def novelty(smiles: Sequence[str | None], training: Collection[str | None]) -> float:
    """Share of the distinct valid molecules that are not among the training molecules.

    Args:
        smiles: canonical SMILES, None where not valid.
        training: canonical SMILES of the training molecules.

    Returns:
        A share in [0, 1]; nan if none is valid.
    """
    valid = set(smiles) - {None}
    return len(valid - set(training)) / len(valid) if valid else float("nan")


def counts(mols: "Mols", count: Callable[["Mol"], int]) -> np.ndarray:
    """What `ring_count` or `halogen_count` gives for each valid molecule, int64, (valid,)."""
    return np.array([count(mol) for mol in mols if mol is not None], dtype=np.int64)


def diversity(mols: "Mols") -> float:
    """Mean Dice distance over the pairs of valid molecules, in [0, 1]; nan below two.

    Fingerprints are Morgan's with radius 2 and 2048 bits, as in the paper.
    """
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    from rdkit.DataStructs import BulkDiceSimilarity

    morgan = GetMorganGenerator(radius=2, fpSize=2048)
    prints = [morgan.GetFingerprint(mol) for mol in mols if mol is not None]
    pairs = len(prints) * (len(prints) - 1) // 2
    alike = sum(sum(BulkDiceSimilarity(one, prints[:index])) for index, one in enumerate(prints))
    return 1 - alike / pairs if pairs else float("nan")


def chemnet_features(smiles: Sequence[str]) -> np.ndarray:
    """What ChemNet, which was trained on bioactivities, makes of molecules: (n, 512) float32.

    Source: Preuer et al., "Fréchet ChemNet Distance", 2018, arXiv 1803.09518. The network comes
    with the package fcd; nothing is downloaded.

    Args:
        smiles: canonical SMILES, to which ChemNet is sensitive.

    Raises:
        ImportError: if the package fcd is missing.
    """
    try:
        import fcd
    except ImportError:
        raise ImportError("ChemNet's features need fcd: pip install 'bdiff[mol]'") from None
    with warnings.catch_warnings():
        # fcd uses a name that numpy will drop, and leaves a folder to be cleaned up.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        net = fcd.load_ref_model()
        features: np.ndarray = fcd.get_predictions(net, list(smiles), n_jobs=0, device="cpu")
        return features


def class_statistics(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """How many molecules have which rings, aromatic atoms and halogens.

    Args:
        smiles: of real molecules.

    Returns:
        Rows with `STATISTIC_COLUMNS` but the data set: count, of how many molecules that could have
        it, and the share. Heteroaromatic ones are of the aromatic ones, all others of all.
    """
    found = []
    with Progress("counting rings and halogens", len(smiles), "molecules") as progress:
        for text in smiles:
            found.append(_facts(rdkit_chem().MolFromSmiles(text)))
            progress.update(1)
    rings, aromatic, heteroaromatic, bicyclic, halogens, non_aromatic = np.array(found).T
    all_of = len(found)
    counted = {
        "aromatic": (aromatic, all_of),
        **{f"rings: {n}": (rings == n, all_of) for n in range(max(MOST_RINGS, rings.max()) + 1)},
        "bicyclic": (bicyclic, all_of),
        "halogen": (halogens, all_of),
        "non-aromatic ring": (non_aromatic, all_of),
        "heteroaromatic, of the aromatic": (heteroaromatic, int(aromatic.sum())),
    }
    return [
        {
            "statistic": name,
            "count": (n := int(chosen.sum())),
            "of": total,
            "share": n / max(total, 1),
        }
        for name, (chosen, total) in counted.items()
    ]


def _facts(mol: "Mol") -> tuple[int, ...]:
    return (
        ring_count(mol),
        is_aromatic(mol),
        is_heteroaromatic(mol),
        is_bicyclic(mol),
        halogen_count(mol) > 0,
        has_non_aromatic_ring(mol),
    )
