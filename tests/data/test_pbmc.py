"""The embedded blood cells are whole counts, and those that scanpy's file was made from."""

import hashlib

import numpy as np
import pytest

from bdiff.data import pbmc
from bdiff.data.download import download
from bdiff.data.sources import ROOT, SourceError, read_raw, sources_of

EMBEDDED = ROOT / "data" / "embedded" / "pbmc.parquet"
COUNTS = {
    "CD14+ Monocyte": 129,
    "Dendritic": 240,
    "CD56+ NK": 31,
    "CD19+ B": 95,
    "CD34+": 13,
    "CD8+ Cytotoxic T": 54,
    "CD8+/CD45RA+ Naive Cytotoxic": 43,
    "CD4+/CD25 T Reg": 68,
    "CD4+/CD45RO+ Memory": 19,
    "CD4+/CD45RA+/CD25- Naive T": 8,
}


@pytest.fixture(scope="module")
def files():
    return pbmc.from_parquet(EMBEDDED)


@pytest.fixture(scope="module")
def dataset(files):
    return pbmc.make_dataset(files)


def test_embedded_table_is_that_of_all_sources(files):
    digest = hashlib.sha256(files[pbmc.FILE]).hexdigest()
    assert all(source.sha256 == {pbmc.FILE: digest} for source in sources_of("pbmc"))
    readme = (EMBEDDED.parent / "README.md").read_text()
    assert digest in readme
    assert hashlib.sha256(EMBEDDED.read_bytes()).hexdigest() in readme


def test_downloaded_file_is_the_same(files):
    """2 MB are downloaded where data/raw does not have them."""
    pytest.importorskip("anndata")
    folder = ROOT / "data" / "raw" / "pbmc"
    try:
        source = download("pbmc", folder)
    except SourceError as error:
        pytest.skip(f"the cells are neither here nor to be had: {error}")
    assert read_raw(folder)[0] == files
    assert source.kind in ("pypi", "embedded")


def test_cells_are_whole_counts_with_types_and_phases(dataset):
    assert dataset.shape == (765,)
    assert {name: len(dataset.of(name)) for name in dataset.classes} == COUNTS
    assert not np.any(dataset.x % 1)
    assert (dataset.x.min(), dataset.x.max(), (dataset.x > 0).sum()) == (0, 259, 174_400)
    np.testing.assert_array_equal(dataset.unscale(dataset.x), dataset.x)
    phases, counts = np.unique(dataset.covariates["phase"], return_counts=True)
    assert dict(zip(phases.tolist(), counts.tolist(), strict=True)) == {
        "G1": 501,
        "G2M": 17,
        "S": 182,
    }


@pytest.mark.parametrize(
    ("gene", "name"), [("FCN1", "CD14+ Monocyte"), ("NKG7", "CD56+ NK"), ("CD79A", "CD19+ B")]
)
def test_marker_genes_are_highest_where_they_should_be(dataset, gene, name):
    share = dataset.x[:, dataset.feature_names.index(gene)] / dataset.x.sum(1)
    means = [share[dataset.labels == code].mean() for code in range(len(dataset.classes))]
    assert dataset.classes[np.argmax(means)] == name


def test_counts_come_back_from_rounded_logarithms():
    rng = np.random.default_rng(0)
    totals = rng.integers(500, 5000, 50).astype(float)
    counts = rng.poisson(3, (50, 30)) ** 2
    v = np.round(np.log1p(1e4 * counts / totals[:, None]), 3).astype(np.float32)
    np.testing.assert_array_equal(pbmc.counts_of(v, totals), counts)


@pytest.mark.parametrize(("value", "total"), [(1.0, 5000), (np.log1p(1e4), 3000)])
def test_values_of_no_count_or_of_several_are_refused(value, total):
    v = np.array([[0, np.log1p(2e4 / total)], [value, 0]])
    with pytest.raises(ValueError, match=r"1 values come from no count; .* cell 1, gene 0"):
        pbmc.counts_of(v, np.full(2, float(total)))


def test_parquet_and_text_are_inverse(tmp_path):
    text = b"label,phase,A,B\nCD34+,G1,0,300\nDendritic,S,7,0\n"
    pbmc.to_parquet(text, tmp_path / "two.parquet")
    assert pbmc.from_parquet(tmp_path / "two.parquet") == {pbmc.FILE: text}
