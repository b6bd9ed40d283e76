"""Molecules and arrays: exact both ways for real molecules, and nothing corrected for others."""

import numpy as np
import pytest

from bdiff.chemistry import (
    ELEMENTS,
    UnsuitedMoleculeError,
    canonical,
    decode,
    encode,
    is_connected,
    plain,
    sanitised,
    to_graph,
    valid_molecules,
)
from bdiff.data import moses
from bdiff.data.sources import ROOT

Chem = pytest.importorskip("rdkit.Chem")
C, N, O, F = 0, 1, 2, 3


@pytest.fixture(scope="module")
def smiles():
    """400 of the embedded molecules."""
    files = moses.from_embedded(ROOT / "data" / "embedded" / "molecules.csv.gz")
    return moses.parse(files[moses.FILE])[0][::10].tolist()


@pytest.fixture(scope="module")
def x(smiles):
    return encode([to_graph(plain(Chem.MolFromSmiles(text))) for text in smiles], nodes=30)


def written(x):
    """SMILES of valid molecules, None for others."""
    return [None if mol is None else canonical(mol) for mol in valid_molecules(x)]


def made(elements, bonds, nodes=6):
    """One molecule (1, nodes, nodes + 9) of these codes of elements and {(i, j): order}."""
    x = np.zeros((1, nodes, nodes + len(ELEMENTS)))
    x[0, np.arange(len(elements)), nodes + np.array(elements, dtype=int)] = 1
    for (i, j), order in bonds.items():
        x[0, i, j] = x[0, j, i] = order
    return x


def test_real_molecules_come_back_exactly(smiles, x):
    assert written(x) == [Chem.CanonSmiles(text) for text in smiles]


def test_a_molecule_has_one_array_whatever_the_order_of_its_atoms(smiles, x):
    for text, expected in zip(smiles[:40], x, strict=False):
        mol = Chem.MolFromSmiles(text)
        shuffled = Chem.RenumberAtoms(
            mol, np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist()
        )
        np.testing.assert_array_equal(encode([to_graph(plain(shuffled))], nodes=30)[0], expected)


def test_arrays_are_molecules(smiles, x):
    bonds, elements = x[:, :, :30], x[:, :, 30:]
    np.testing.assert_array_equal(bonds, bonds.transpose(0, 2, 1))
    assert not np.diagonal(bonds, axis1=1, axis2=2).any()
    assert set(np.unique(bonds)) <= {0, 1, 2, 3}
    assert set(np.unique(elements)) == {0, 1}
    atoms = np.array([Chem.MolFromSmiles(text).GetNumAtoms() for text in smiles])
    np.testing.assert_array_equal(elements.sum((1, 2)), atoms)
    # Present atoms come first and have one element; absent ones have nothing.
    np.testing.assert_array_equal(elements.sum(-1), np.arange(30) < atoms[:, None])
    assert not bonds.sum(-1)[np.arange(30) >= atoms[:, None]].any()


def test_the_order_of_atoms_does_not_matter(x):
    rng = np.random.default_rng(0)
    shuffled = np.empty_like(x)
    for one, molecule in zip(shuffled, x, strict=True):
        order = rng.permutation(30)
        one[:, :30] = molecule[np.ix_(order, order)]
        one[:, 30:] = molecule[order, 30:]
    assert written(shuffled) == written(x)


def test_noise_below_half_a_bond_changes_nothing(x):
    rng = np.random.default_rng(1)
    noise = rng.uniform(-0.49, 0.49, x.shape)
    present = x.any(-1, keepdims=True)
    noise[:, :, :30] *= present.transpose(0, 2, 1)
    assert written(x + noise * present) == written(x)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[(-3, "C.C"), (0.49, "C.C"), (0.51, "CC"), (1.49, "CC")],
        *[(1.51, "C=C"), (2.49, "C=C"), (2.51, "C#C"), (9, "C#C")],
    ],
)
def test_bonds_are_rounded(value, expected):
    assert written(made([C, C], {(0, 1): value})) == [expected]


def test_a_bond_is_the_mean_of_its_two_entries_and_the_diagonal_is_none():
    x = made([C, O], {})
    x[0, 0, 1], x[0, 1, 0], x[0, 0, 0] = 1.0, 2.2, 5.0
    assert written(x) == ["C=O"]


def test_an_atom_is_its_largest_entry():
    x = made([C, C], {(0, 1): 1})
    x[0, 0, 6:] = [0.1, 0.2, -1, 0.15, 0, 0, 0, 0, 0]
    assert written(x) == ["CN"]


@pytest.mark.parametrize(
    ("elements", "bonds"),
    [
        ([C, C, C, C, C, C], {(0, i): 1 for i in range(1, 6)}),
        ([C, C, C], {(0, 1): 3, (0, 2): 2}),
        ([F, C, C], {(0, 1): 1, (0, 2): 1}),
        ([O, C, C, C], {(0, 1): 1, (0, 2): 1, (0, 3): 1}),
        # RDKit's cleaning would write this nitro group with charges, which is a correction.
        ([C, N, O, O], {(0, 1): 1, (1, 2): 2, (1, 3): 2}),
        ([], {}),
    ],
)
def test_broken_valences_and_no_atoms_are_not_valid(elements, bonds):
    assert written(made(elements, bonds)) == [None]


def test_fragments_are_valid_but_not_connected(x):
    two = made([C, C, O], {(0, 1): 1})
    (mol,) = valid_molecules(two)
    assert canonical(mol) == "CC.O"
    assert not is_connected(mol)
    assert all(map(is_connected, valid_molecules(x[:20])))
    assert not is_connected(decode(made([], {}))[0])


def test_nothing_is_dropped_and_decoding_leaves_molecules_as_they_are():
    both = np.concatenate([made([O, C, C, C], {(0, i): 1 for i in (1, 2, 3)}), made([C], {})])
    graphs = decode(both)
    assert [mol.GetNumBonds() for mol in graphs] == [3, 0]
    assert [mol is None for mol in sanitised(graphs)] == [True, False]
    assert [mol.GetNumBonds() for mol in graphs] == [3, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C[NH3+]", "CN"),
        ("CC(=O)[O-]", "CC(=O)O"),
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),
        ("C[C@H](N)O", "CC(N)O"),
        ("C/C=C/C", "CC=CC"),
        ("[13CH3][CH3:7]", "CC"),
        ("c1cc[nH]c1", "c1cc[nH]c1"),
    ],
)
def test_what_x_does_not_keep_is_taken_away(text, expected):
    mol = plain(Chem.MolFromSmiles(text))
    assert canonical(mol) == expected
    assert written(encode([to_graph(mol)], nodes=8)) == [expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("C[N+](C)(C)C", "charges that no proton explains"),
        ("C[N+](=O)[O-]", "charges that no proton explains"),
        ("C.O", "several fragments"),
        ("C[Si](C)(C)C", "atoms other than C, N, O, F, S, Cl, Br, I, P"),
        ("C[2H]", "atoms other than"),
    ],
)
def test_what_x_cannot_hold_is_refused(text, reason):
    with pytest.raises(UnsuitedMoleculeError, match=reason):
        plain(Chem.MolFromSmiles(text))


@pytest.mark.parametrize("size", [122, 130, 300])
def test_large_molecules_come_back_too(size):
    mol = Chem.MolFromSmiles("C" * (size - 1) + "P")
    (back,) = valid_molecules(encode([to_graph(mol)], size))
    assert Chem.MolToSmiles(back) == Chem.MolToSmiles(mol)


def test_other_arrays_are_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 5, 5\); molecules have"):
        decode(np.zeros((2, 5, 5)))
