"""The embedded letters are UCI's, byte for byte, and are scaled as in the paper."""

import hashlib

import numpy as np
import pytest

from bdiff.data import letters
from bdiff.data.download import download
from bdiff.data.sources import ROOT, SourceError, read_raw, sources_of

EMBEDDED = ROOT / "data" / "embedded" / "letters.parquet"
# UCI's documentation of the data set.
COUNTS = (
    *(789, 766, 736, 805, 768, 775, 773, 734, 755, 747, 739, 761, 792),
    *(783, 753, 803, 783, 758, 748, 796, 813, 764, 752, 787, 786, 734),
)


@pytest.fixture(scope="module")
def files():
    return letters.from_parquet(EMBEDDED)


@pytest.fixture(scope="module")
def dataset(files):
    return letters.make_dataset(files)


def test_embedded_table_is_ucis_file(files):
    text = files[letters.FILE]
    assert text.startswith(b"T,2,8,3,5,1,8,13,0,6,6,10,8,0,8,0,8\nI,5,12,3,7,2,10,")
    assert text.count(b"\n") == 20_000
    for source in sources_of("letters"):
        assert source.sha256 == {letters.FILE: hashlib.sha256(text).hexdigest()}


def test_readme_states_the_hash_of_the_embedded_file():
    digest = hashlib.sha256(EMBEDDED.read_bytes()).hexdigest()
    assert digest in (EMBEDDED.parent / "README.md").read_text()


def test_downloaded_file_is_the_same(files):
    """2 MB are downloaded where data/raw does not have them."""
    folder = ROOT / "data" / "raw" / "letters"
    try:
        download("letters", folder)
    except SourceError as error:
        pytest.skip(f"the letters are neither here nor to be had: {error}")
    assert read_raw(folder)[0] == files


def test_class_counts(dataset):
    assert tuple(len(dataset.of(name)) for name in "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == COUNTS


def test_features_have_mean_zero_and_deviation_one_over_all_rows(dataset, files):
    assert dataset.shape == (16,)
    x = dataset.x.astype(np.float64)
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-6)
    _, features = letters.parse(files[letters.FILE])
    np.testing.assert_allclose(dataset.unscale(dataset.x), features, rtol=0, atol=1e-5)
    assert dataset.feature_names[::15] == ("Feature 1", "Feature 16")


def test_last_4000_rows_are_held_out(dataset):
    assert list(np.unique(dataset.split[:16_000])) == ["train"]
    assert list(np.unique(dataset.split[16_000:])) == ["test"]


def test_parquet_and_text_are_inverse(tmp_path):
    text = b"T,2,8,3,5,1,8,13,0,6,6,10,8,0,8,0,8\nA,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,15\n"
    letters.to_parquet(text, tmp_path / "two.parquet")
    assert letters.from_parquet(tmp_path / "two.parquet") == {letters.FILE: text}
    assert letters.to_text(*letters.parse(text)) == text


@pytest.mark.parametrize(
    "line", ["T,1,2", "t" + ",1" * 16, "T" + ",1" * 15 + ",16", "T" + ",x" * 16]
)
def test_broken_lines_are_named(line):
    good = "T" + ",1" * 16
    with pytest.raises(ValueError, match="line 2: expected a capital letter and 16 integers"):
        letters.parse(f"{good}\n{line}\n{good}\n".encode())
