"""SMILES to data sets: what is kept, what is left out and why, and files of one's own."""

import gzip
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pytest

from bdiff.chemistry import canonical, rdkit_chem, valid_molecules
from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.data.molecules import from_smiles, read_molecules, read_smiles

Chem = pytest.importorskip("rdkit.Chem")
TWENTY = ["C" * n for n in range(1, 11)] + ["C1" + "C" * n + "1" for n in range(2, 12)]
SMILES = ["CCO", "C1CC1", "CC(=O)O", "c1ccccc1O", "c1ccc2ccccc2c1", "CCCl"]


def written(dataset):
    return [canonical(mol) for mol in valid_molecules(dataset.x)]


@pytest.mark.filterwarnings("ignore:.*no class by 'rings'")
def test_classes_nodes_and_order():
    dataset = from_smiles(SMILES, "rings")
    assert dataset.classes == ("acyclic", "one ring")
    assert [dataset.classes[code] for code in dataset.labels] == [
        *("acyclic", "one ring", "acyclic", "one ring", "acyclic")
    ]
    # Naphthalene, the largest, has two rings and is not wanted; phenol has seven atoms.
    assert dataset.x.shape == (5, 7, 16)
    kept = [text for text in SMILES if text != "c1ccc2ccccc2c1"]
    assert written(dataset) == [Chem.CanonSmiles(text) for text in kept]
    assert from_smiles(SMILES, "halogen", nodes=38).x.shape == (6, 38, 47)


def test_molecules_without_a_class_are_counted_too():
    with pytest.warns(UserWarning, match=r"1 of 6 .* left out \(1: no class by 'rings'\)"):
        from_smiles(SMILES, "rings")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a function of one's own may not want all
        assert len(from_smiles(SMILES, lambda mol: "C" if mol.GetNumAtoms() == 3 else None)) < 6


def test_what_decided_the_classes_is_kept():
    def wanted(mol):
        return "all"

    assert from_smiles(SMILES, "halogen").source["classes_by"] == "halogen"
    assert from_smiles(SMILES, wanted).source["classes_by"].endswith("wanted")
    assert from_smiles(SMILES, partial(wanted)).source["classes_by"] == "partial"


def test_arrays_that_take_too_much_memory_are_refused(monkeypatch):
    monkeypatch.setattr("bdiff.data.molecules.LARGEST", 1e4)
    with pytest.raises(ValueError, match=r"46 molecules .* 41 atoms .* `nodes` to .* such as"):
        from_smiles(["CO"] * 45 + ["C" * 41], "halogen")


def test_predicates_of_ones_own_name_the_classes():
    dataset = from_smiles(SMILES, lambda mol: {2: "ethyl", 3: None}.get(mol.GetNumBonds(), "more"))
    assert dataset.classes == ("ethyl", "more")
    assert [dataset.classes[code] for code in dataset.labels].count("ethyl") == 2
    assert len(dataset) == 4  # two have three bonds


def test_the_file_format_keeps_molecules(tmp_path):
    dataset = from_smiles(SMILES * 2, "halogen")
    write_dataset(dataset, tmp_path / "molecules.parquet")
    assert written(read_dataset(tmp_path / "molecules.parquet")) == written(dataset)
    np.testing.assert_array_equal(dataset.unscale(dataset.x), dataset.x)


def test_what_is_left_out_is_counted_by_reason():
    unsuited = ["C.O", "CC.O", "C[Si](C)C", "C[N+](C)(C)C", "CCCCCCCCC", "[CH2]C"]
    with pytest.warns(UserWarning, match="7 of 12 molecules are left out") as caught:
        dataset = from_smiles(SMILES + unsuited, "halogen", nodes=8)
    (text,) = [str(warning.message) for warning in caught]
    for reason in (
        "2: several fragments",
        "2: more than 8 atoms",  # naphthalene too
        "1: atoms other than C, N, O, F, S, Cl, Br, I, P",
        "1: charges that no proton explains",
        "1: another molecule when read back",  # ethane, once the radical is lost
    ):
        assert reason in text
    assert len(dataset) == 5


@pytest.mark.filterwarnings("ignore:.*no class by 'rings'")
def test_splits_stay_with_their_molecules():
    split = ["test", "train", "train", "train", "test", "test"]
    dataset = from_smiles(SMILES, "rings", split=split)
    assert dataset.split.tolist() == ["test", "train", "train", "train", "test"]
    assert set(from_smiles(SMILES, "rings").split) == {"train"}


def test_a_draw_is_the_same_every_time_and_keeps_the_order():
    many = ["C" * n for n in range(1, 40)]
    first, second = (from_smiles(many, lambda mol: "chain", molecules=10) for _ in range(2))
    assert len(first) == 10
    assert written(first) == written(second)
    lengths = [len(text) for text in written(first)]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("C(C", "it is no SMILES"),
        ("CC(C)(C)(C)C", "Explicit valence for atom # 1 C, 5"),
        ("c1cccc1", "Can't kekulize"),
        ("", "it is no SMILES"),
        (None, "it is no SMILES"),
    ],
)
def test_what_rdkit_refuses_is_left_out_and_told(bad, reason):
    with pytest.warns(UserWarning, match=r"1 of 7 .* \(1: no valid SMILES; ") as caught:
        dataset = from_smiles([*SMILES[:3], bad, *SMILES[3:]], "halogen")
    assert f"RDKit refuses {bad!r} in row 3 ({reason}" in str(caught[0].message)
    np.testing.assert_array_equal(dataset.x, from_smiles(SMILES, "halogen").x)


def test_the_first_that_rdkit_refuses_are_told_and_all_are_counted():
    bad = ["C(", "C)", "no", "N(", "O("]
    with pytest.warns(UserWarning, match="6 of 12 molecules are left out") as caught:
        from_smiles([*bad, *SMILES, "C.O"], "halogen")
    text = str(caught[0].message)
    assert "5: no valid SMILES; 1: several fragments" in text
    assert [f"{smiles!r} in row" in text for smiles in bad] == [True] * 3 + [False] * 2
    assert "2 more" in text


@pytest.mark.parametrize(
    ("smiles", "reasons"),
    [
        (["c1ccc2ccccc2c1"], r"none of 1 .* \(1: no class by 'rings'\)"),
        (["C(", "C."], r"none of 2 .* \(2: no valid SMILES; RDKit refuses 'C\(' in row 0"),
        (["C(", "c1ccc2ccccc2c1"], r"none of 2 .* \(1: no valid SMILES; 1: no class by 'rings'"),
    ],
)
def test_where_nothing_is_left_it_is_an_error(smiles, reasons):
    with pytest.raises(ValueError, match=reasons):
        from_smiles(smiles, "rings")


@pytest.mark.filterwarnings("ignore:.*no class by 'rings'")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"smiles": "CCO"}, r"a list of texts, \['CCO'\], found 'CCO'"),
        ({"classes_by": ["a", "b"]}, r"classes_by is \['a', 'b'\]; expected one of rings, halo"),
        ({"held_out": 0.5, "split": ["train"] * 6}, "give one of them"),
        ({"held_out": 2}, "held_out is 2; expected None"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        from_smiles(**{"smiles": SMILES, **arguments})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own.smi", "CCO ethanol\nC1CC1\n\n"),
        ("own.csv", "id,SMILES\n1,CCO\n2,C1CC1\n"),
        # As in the file known as ZINC250k: texts that end with a line feed.
        ("own.csv.gz", '"smiles",logP\n"CCO\n",0.1\n"C1CC1\n",0.2\n'),
        ("own.smi.gz", "CCO\nC1CC1"),
    ],
)
def test_files_of_ones_own(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert read_smiles(path) == ["CCO", "C1CC1"]
    dataset = read_molecules(path)
    assert (dataset.name, dataset.title) == ("own", "own")
    assert written(dataset) == ["CCO", "C1CC1"]
    assert dataset.source["file"] == name


def test_copies_of_a_molecule_are_all_held_out_or_none():
    dataset = from_smiles([*TWENTY, *reversed(TWENTY), *TWENTY], held_out=0.2)
    train, test = (set(written(dataset.select(split))) for split in ("train", "test"))
    assert not train & test
    assert (len(train), len(test)) == (16, 4)


def test_a_share_of_each_class_is_held_out(tmp_path):
    (tmp_path / "own.smi").write_text("\n".join(TWENTY))
    dataset = read_molecules(path=tmp_path / "own.smi", held_out=0.2)
    assert [len(dataset.of(name, "test")) for name in dataset.classes] == [2, 2]
    same = from_smiles(TWENTY, held_out=0.2)
    np.testing.assert_array_equal(same.split, dataset.split)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("own.txt", b"CCO", r"own.txt: expected a file that ends with .smi"),
        ("own.csv", b"id,structure\n1,CCO\n", "no column SMILES; it has id, structure"),
        ("own.smi", b"C1CC\n\nC(\n", "own.smi: none of 3 .* 'C1CC' in row 0 .*, '' in row 1"),
        ("own.smi.gz", b"CCO", "own.smi.gz is corrupt or no text"),
        ("own.smi", b"\xff\xfe", "own.smi is corrupt or no text in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_molecules(path=tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_molecules(path=tmp_path / "none.smi")


def test_without_rdkit_it_is_named(monkeypatch):
    rdkit_chem.cache_clear()
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ImportError, match=r"pip install 'bdiff\[mol\]'"):
        from_smiles(SMILES)


def test_nothing_is_loaded_before_a_molecule_is_read():
    code = (
        "import sys, bdiff.data.moses, bdiff.molecule_classes, bdiff.analysis.molecules,"
        "bdiff.analysis.functional_groups; print({'rdkit', 'fcd'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "set()"
