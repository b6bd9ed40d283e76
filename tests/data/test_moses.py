"""The embedded molecules are what their table of sources says, and of the classes it says."""

import gzip
import hashlib
import zipfile

import numpy as np
import pytest

from bdiff.data import moses
from bdiff.data.sources import ROOT, sources_of

EMBEDDED = ROOT / "data" / "embedded" / "molecules.csv.gz"


@pytest.fixture(scope="module")
def files():
    return moses.from_embedded(EMBEDDED)


def test_hashes(files):
    (source,) = sources_of("molecules")
    assert source.sha256 == {moses.FILE: hashlib.sha256(files[moses.FILE]).hexdigest()}
    readme = (EMBEDDED.parent / "README.md").read_text()
    for digest in (hashlib.sha256(EMBEDDED.read_bytes()).hexdigest(), *source.sha256.values()):
        assert digest in readme
    (full,) = sources_of("moses")
    assert full.sha256[moses.FILE] in readme
    assert moses.pack(files[moses.FILE])[:10] == EMBEDDED.read_bytes()[:10]
    assert EMBEDDED.stat().st_size < 300_000


def test_text_and_arrays_are_inverse(files):
    smiles, split = moses.parse(files[moses.FILE])
    assert moses.to_text(smiles, split) == files[moses.FILE]
    assert len(set(smiles.tolist())) == len(smiles) == moses.DRAWN
    assert np.count_nonzero(split == "test") == moses.DRAWN / 8


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"smiles\nCCO\n", 1),
        (b"SMILES,SPLIT\nCCO,train\nCCO\n", 3),
        (b"SMILES,SPLIT\nCCO,valid\n", 2),
    ],
)
def test_broken_lines_are_named(text, line):
    with pytest.raises(ValueError, match=f"molecules.csv, line {line}: expected SMILES,SPLIT"):
        moses.parse(text)


def test_the_wheel_is_rewritten(tmp_path):
    wheel = tmp_path / "molsets.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for part, text in (("train", "CCO\nC1CC1\n"), ("test", "CCN\n")):
            content = gzip.compress(f"SMILES\n{text}".encode())
            archive.writestr(f"moses/dataset/data/{part}.csv.gz", content)
    expected = b"SMILES,SPLIT\nCCO,train\nC1CC1,train\nCCN,test\n"
    assert moses.from_molsets(wheel) == {moses.FILE: expected}


def test_the_draw_takes_all_without_a_ring_and_few_with_one():
    pytest.importorskip("rdkit")
    chains, rings = ["C" * n for n in range(1, 9)], ["C1CC1" + "C" * n for n in range(100)]
    fused = ["c1ccc2ccccc2c1"]
    smiles = np.array(chains + rings + fused + ["N" * n for n in range(1, 3)] + rings)
    split = np.array(["train"] * 109 + ["test"] * 102)
    drawn, parts = moses.parse(moses.draw(moses.to_text(smiles, split), count=40))
    assert (drawn[:8].tolist(), len(drawn)) == (chains, 40)
    assert np.count_nonzero(parts == "test") == 5
    assert "c1ccc2ccccc2c1" not in drawn
    assert moses.draw(moses.to_text(smiles, split), 40) == moses.to_text(drawn, parts)


def test_classes_and_held_out_molecules(files):
    pytest.importorskip("rdkit")
    few = {moses.FILE: b"\n".join(files[moses.FILE].splitlines()[:1] + _some(files)) + b"\n"}
    dataset = moses.make_dataset(few)
    assert dataset.classes == ("acyclic", "one ring")
    assert len(dataset) == len(_some(files))
    assert set(dataset.split) == {"train", "test"}
    other = moses.make_dataset(few, classes_by="halogen", molecules=50)
    assert (len(other), other.classes) == (50, ("no halogen", "halogen"))


def _some(files):
    return files[moses.FILE].splitlines()[1::20]
