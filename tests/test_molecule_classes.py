"""Predicates against RDKit's own counts, and predicates of one's own."""

import pytest

from bdiff.data import moses
from bdiff.data.classes import MOLECULE_CLASSES
from bdiff.data.sources import ROOT
from bdiff.molecule_classes import predicate, ring_count

Chem = pytest.importorskip("rdkit.Chem")
descriptors = pytest.importorskip("rdkit.Chem.rdMolDescriptors")


@pytest.fixture(scope="module")
def mols():
    files = moses.from_embedded(ROOT / "data" / "embedded" / "molecules.csv.gz")
    return [Chem.MolFromSmiles(text) for text in moses.parse(files[moses.FILE])[0][::20]]


@pytest.mark.parametrize(
    ("classes_by", "expected"),
    [
        ("rings", descriptors.CalcNumRings),
        ("halogen", lambda mol: mol.HasSubstructMatch(Chem.MolFromSmarts("[F,Cl,Br,I]"))),
        ("aromatic", lambda mol: descriptors.CalcNumAromaticRings(mol) > 0),
        (
            "non_aromatic_ring",
            lambda mol: descriptors.CalcNumRings(mol) > descriptors.CalcNumAromaticRings(mol),
        ),
    ],
)
def test_real_molecules_have_the_classes_that_rdkit_counts(mols, classes_by, expected):
    names = MOLECULE_CLASSES[classes_by]
    class_of = predicate(classes_by)
    assert [class_of(mol) for mol in mols] == [names[expected(mol)] for mol in mols]
    assert {class_of(mol) for mol in mols} == set(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CCO", "acyclic, no halogen, not aromatic, None, not bicyclic, no non-aromatic ring"),
        ("C1CC1Br", "one ring, halogen, not aromatic, None, not bicyclic, non-aromatic ring"),
        (
            "c1ccccc1",
            "one ring, no halogen, aromatic, carboaromatic, not bicyclic, no non-aromatic ring",
        ),
        (
            "c1ccc2[nH]ccc2c1",
            "None, no halogen, aromatic, heteroaromatic, bicyclic, no non-aromatic ring",
        ),
        (
            "c1ccc(cc1)C1CCCC1",
            "None, no halogen, aromatic, carboaromatic, not bicyclic, non-aromatic ring",
        ),
        # The oxygen is in a ring, but in none that is aromatic.
        (
            "c1ccc2c(c1)CCO2",
            "None, no halogen, aromatic, carboaromatic, bicyclic, non-aromatic ring",
        ),
    ],
)
def test_classes_by_hand(text, expected):
    mol = Chem.MolFromSmiles(text)
    assert ", ".join(str(predicate(key)(mol)) for key in MOLECULE_CLASSES) == expected


def test_rings_are_a_cycle_basis():
    """Cubane has 12 bonds and 8 atoms, so 5 independent rings, though 6 faces."""
    cubane = Chem.MolFromSmiles("C12C3C4C1C5C2C3C45")
    assert ring_count(cubane) == 5
    assert descriptors.CalcNumRings(cubane) == 6
    assert ring_count(Chem.MolFromSmiles("C1CC1.C1CC1.C")) == 2


def test_predicates_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "own_classes.py").write_text("def acid(mol):\n    return 'acid'\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert predicate("own_classes:acid")(None) == "acid"
    assert predicate(lambda mol: None)(None) is None
    with pytest.raises(ValueError, match="'own_classes' has no function 'base'"):
        predicate("own_classes:base")
    with pytest.raises(ValueError, match=r"No module named 'no_such_module'.*PYTHONPATH"):
        predicate("no_such_module:acid")
    with pytest.raises(ValueError, match=r"unknown predicate 'halogens'; .* mean 'halogen'"):
        predicate("halogens")
    with pytest.raises(TypeError, match="gave True; a class name or None"):
        predicate(lambda mol: True)(None)
