"""Counts in .h5ad files and in folders of 10x Genomics; what is wrong is named."""

import gzip
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from scipy.io import mmwrite

from bdiff.data import cell_files
from bdiff.data.cell_files import read_cell_file

pytest.importorskip("anndata")
COUNTS = np.random.default_rng(0).poisson(0.8, (30, 12)).astype(np.float32)
LOGS = np.log1p(1e4 * COUNTS / COUNTS.sum(1, keepdims=True))
GENES = [f"GENE{number}" for number in range(12)]


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, np.asarray])
def test_any_matrix_gives_the_same_sparse_counts(write_h5ad, monkeypatch, form):
    monkeypatch.setattr(cell_files, "BLOCK", 7)
    cells = read_cell_file(write_h5ad(form(COUNTS), GENES))
    assert sparse.issparse(cells.counts)
    np.testing.assert_array_equal(cells.counts.toarray(), COUNTS)
    assert cells.counts.nnz == (COUNTS > 0).sum()
    assert cells.genes.tolist() == GENES
    assert cells.obs.index[3] == "cell3"


@pytest.mark.parametrize("layer", ["X", "raw", "counts"])
def test_counts_may_be_in_a_layer_or_raw(write_h5ad, layer):
    places = {place: COUNTS if place == layer else LOGS for place in ("X", "raw", "counts")}
    layers = {"counts": places["counts"]}
    path = write_h5ad(places["X"], GENES, layers=layers, raw=places["raw"])
    np.testing.assert_array_equal(read_cell_file(path, layer).counts.toarray(), COUNTS)
    other = "raw" if layer == "X" else "X"
    with pytest.raises(ValueError, match=rf"{other}: .* set `layer` to {layer}, which seems"):
        read_cell_file(path, other)


def test_raw_has_genes_of_its_own(write_h5ad):
    path = write_h5ad(LOGS[:, :5], GENES[:5], raw=(COUNTS, GENES))
    assert read_cell_file(path, "raw").genes.tolist() == GENES


@pytest.mark.parametrize(("value", "gene"), [(-1, "GENE2"), (0.5, "GENE2"), (np.nan, "GENE2")])
def test_what_is_no_count_is_named(write_h5ad, value, gene):
    wrong = COUNTS.copy()
    wrong[4, 2] = value
    with pytest.raises(ValueError, match=rf"1 of .* the first is {value}, of the gene 'GENE2' in "):
        read_cell_file(write_h5ad(sparse.csr_matrix(wrong), GENES))
    with pytest.raises(ValueError, match=r"the cell 'cell4'; no layer of the file seems to hold"):
        read_cell_file(write_h5ad(wrong, GENES))


def test_a_file_may_have_layers_alone(write_h5ad):
    import h5py

    path = write_h5ad(COUNTS, GENES, layers={"counts": COUNTS})
    with h5py.File(path, "r+") as file:
        del file["X"]
    np.testing.assert_array_equal(read_cell_file(path, "counts").counts.toarray(), COUNTS)
    with pytest.raises(ValueError, match="has no layer 'X'; it has counts"):
        read_cell_file(path)


def test_unknown_layers_have_the_nearest_name(write_h5ad):
    path = write_h5ad(LOGS, GENES, layers={"counts": COUNTS})
    with pytest.raises(ValueError, match="no layer 'count'; it has X, counts; did you mean 'co"):
        read_cell_file(path, "count")


@pytest.mark.filterwarnings("ignore:Variable names are not unique")  # when it is written
def test_repeated_gene_names_are_told_apart(write_h5ad):
    names = ["A", "B", "A", *GENES[:8], "A"]
    assert read_cell_file(write_h5ad(COUNTS, names)).genes[[0, 2, 11]].tolist() == [
        "A",
        "A-1",
        "A-2",
    ]


def test_files_that_are_no_h5ad_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        read_cell_file(tmp_path / "none.h5ad")
    (tmp_path / "own.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match=r"expected an .h5ad file, or a folder with matrix.mtx.gz"):
        read_cell_file(tmp_path / "own.csv")
    (tmp_path / "own.h5ad").write_text("a,b\n")
    with pytest.raises(ValueError, match=r"own.h5ad is corrupt or no .h5ad file"):
        read_cell_file(tmp_path / "own.h5ad")


def test_without_anndata_it_is_named(write_h5ad, monkeypatch):
    path = write_h5ad(COUNTS, GENES)
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(ImportError, match="pip install anndata"):
        read_cell_file(path)


def test_nothing_is_loaded_before_a_file_is_read():
    code = (
        "import sys, bdiff.data.preprocess, bdiff.data.cells;"
        "print({'anndata', 'h5py', 'pandas'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "set()"


def zipped(path, lines):
    with gzip.open(path, "wt") as stream:
        stream.writelines(f"{line}\n" for line in lines)


@pytest.fixture
def folder(tmp_path):
    """As GEO's GSE149689: suffixes of barcodes are samples; here with an antibody as last row."""
    with gzip.open(tmp_path / "matrix.mtx.gz", "wb") as stream:
        antibody = np.full((30, 1), 5)
        mmwrite(stream, sparse.coo_matrix(np.hstack([COUNTS, antibody]).T.astype(int)))
    barcodes = [f"ACGT{number:02d}-{1 + number // 10}" for number in range(30)]
    zipped(tmp_path / "barcodes.tsv.gz", barcodes)
    features = [f"ENSG{number}\t{name}\tGene Expression" for number, name in enumerate(GENES)]
    zipped(tmp_path / "features.tsv.gz", [*features, "AB1\tCD4\tAntibody Capture"])
    conditions = ["Healthy", "Influenza", "COVID-19"]
    rows = [f"{code},T,{conditions[int(code[-1]) - 1]}" for code in barcodes[:25][::-1]]
    (tmp_path / "labels.csv").write_text("\n".join(["barcode,label,condition", *rows]) + "\n")
    return tmp_path


def test_folder_gives_the_cells_of_labels_csv(folder):
    cells = read_cell_file(folder)
    np.testing.assert_array_equal(cells.counts.toarray(), COUNTS[:25][::-1])
    assert cells.genes.tolist() == GENES
    assert (
        cells.obs["condition"].tolist() == ["COVID-19"] * 5 + ["Influenza"] * 10 + ["Healthy"] * 10
    )
    assert cells.obs.index[0] == "ACGT24-3"


def test_what_is_wrong_with_a_folder_is_named(folder):
    labels = (folder / "labels.csv").read_text()
    cases = {
        "has no column 'barcode'; code, label, condition": labels.replace("barcode", "code"),
        r"1 of 26 barcodes are not in .* such as 'ACGT99'; .* 'ACGT00-1'": labels + "ACGT99,T,a\n",
        "several rows of the barcode 'ACGT00-1'": labels + "ACGT00-1,T,a\n",
    }
    for message, text in cases.items():
        (folder / "labels.csv").write_text(text)
        with pytest.raises(ValueError, match=message):
            read_cell_file(folder)
    (folder / "labels.csv").write_text(labels)
    zipped(folder / "features.tsv.gz", ["ENSG0\tA\tGene Expression"])
    with pytest.raises(ValueError, match=r"has the shape \(13, 30\); .* \(1, 30\) rows"):
        read_cell_file(folder)
    (folder / "matrix.mtx.gz").rename(folder / "GSE149689_matrix.mtx.gz")
    with pytest.raises(FileNotFoundError, match=r"lacks matrix.mtx.gz; .* without a prefix"):
        read_cell_file(folder)


def test_folder_of_values_that_are_no_counts_is_refused(folder):
    with gzip.open(folder / "matrix.mtx.gz", "wb") as stream:
        mmwrite(stream, sparse.coo_matrix(np.hstack([LOGS, LOGS[:, :1]]).T))
    with pytest.raises(ValueError, match=r"matrix.mtx.gz: .* no counts"):
        read_cell_file(folder)


def test_table_of_cells_is_that_of_pandas(write_h5ad):
    obs = {"type": ["a", "b"] * 15, "number": np.arange(30)}
    found = read_cell_file(write_h5ad(COUNTS, GENES, obs=obs)).obs
    assert found["type"].tolist() == ["a", "b"] * 15
    assert found["number"].tolist() == list(range(30))
