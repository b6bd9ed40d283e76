"""Metrics of molecules on sets whose answers are known."""

import warnings

import numpy as np
import pytest

from bdiff.analysis.metrics import frechet_distance
from bdiff.analysis.molecules import (
    chemnet_features,
    class_share,
    class_statistics,
    connected_share,
    counts,
    diversity,
    novelty,
    smiles_of,
    uniqueness,
    valid_share,
)
from bdiff.molecule_classes import halogen_count, predicate, ring_count

Chem = pytest.importorskip("rdkit.Chem")


def mols(*texts):
    return [None if text is None else Chem.MolFromSmiles(text) for text in texts]


def test_shares_are_of_all_molecules():
    made = mols("CCO", "C1CC1", None, "C.CC", None)
    assert valid_share(made) == 3 / 5
    assert connected_share(made) == 2 / 5
    assert class_share(made, predicate("rings"), "acyclic") == 2 / 5
    assert class_share(made, predicate("rings"), "one ring") == 1 / 5
    assert valid_share(mols(None, None)) == 0


def test_uniqueness_and_novelty():
    smiles = smiles_of(mols("OCC", "CCO", "CCN", None, "C1CC1"))
    assert smiles == ["CCO", "CCO", "CCN", None, "C1CC1"]
    assert uniqueness(smiles) == 3 / 4
    assert novelty(smiles, {"CCO", "CCCC"}) == 2 / 3
    assert novelty(smiles, set(smiles)) == 0
    assert np.isnan([uniqueness([None]), novelty([None], [])]).all()


def test_counts_are_of_valid_molecules():
    made = mols("FC(F)(F)Cl", None, "c1ccc2ccccc2c1", "CCI")
    assert counts(made, ring_count).tolist() == [0, 2, 0]
    assert counts(made, halogen_count).tolist() == [4, 0, 1]


def test_diversity_is_the_mean_dice_distance_of_pairs():
    """Dice: 1 - 2 |A ∩ B| / (|A| + |B|), from the bits themselves."""
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    made = mols("CCO", "CCCO", None, "c1ccccc1", "CCN")
    morgan = GetMorganGenerator(radius=2, fpSize=2048)
    bits = [set(morgan.GetFingerprint(mol).GetOnBits()) for mol in made if mol is not None]
    distances = [
        1 - 2 * len(bits[i] & bits[j]) / (len(bits[i]) + len(bits[j]))
        for i in range(4)
        for j in range(i)
    ]
    assert diversity(made) == pytest.approx(np.mean(distances))
    assert diversity(mols("CCO", "OCC", "CCO")) == 0
    assert np.isnan(diversity(mols("CCO", None)))


def test_class_statistics_by_hand():
    rows = class_statistics(["CCO", "CCCl", "c1ccccc1", "c1ccc2[nH]ccc2c1", "C1CC1"])
    found = {row["statistic"]: (row["count"], row["of"]) for row in rows}
    assert found == {
        "aromatic": (2, 5),
        **{"rings: 0": (2, 5), "rings: 1": (2, 5), "rings: 2": (1, 5)},
        **{f"rings: {n}": (0, 5) for n in range(3, 9)},
        "bicyclic": (1, 5),
        "halogen": (1, 5),
        "non-aromatic ring": (1, 5),
        "heteroaromatic, of the aromatic": (1, 2),
    }
    assert all(row["share"] == row["count"] / row["of"] for row in rows)
    # Each molecule has one number of rings.
    assert sum(row["count"] for row in rows if row["statistic"].startswith("rings")) == 5


def test_the_distance_of_chemnet_features_is_fcds():
    fcd = pytest.importorskip("fcd")
    chains = ["C" * n for n in range(2, 22)]
    rings = ["c1ccccc1" + "C" * n for n in range(20)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = fcd.get_fcd(chains, rings)
    assert expected > 5
    features = chemnet_features(chains), chemnet_features(rings)
    assert frechet_distance(*features) == pytest.approx(expected, rel=1e-3)
