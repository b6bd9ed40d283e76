"""Counts of cells as they lie in files: .h5ad, or the folder that 10x Genomics' software writes.

Both give the counts as a sparse matrix (cells, genes), since of 85,144 cells x 33,538 genes all but
a few per cent are zero: 1 GB of numbers instead of 11.

    .h5ad     X, raw.X or a layer; the table obs has a row per cell
    folder    matrix.mtx.gz (genes, cells), barcodes.tsv.gz, features.tsv.gz, and labels.csv: a
              column `barcode`, one of labels, and others such as condition or donor
"""

import gzip
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.io import mmread

from bdiff.expect import listed, nearest

if TYPE_CHECKING:
    import anndata
    import pandas as pd

MATRIX, BARCODES, FEATURES = "matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"
LABELS = "labels.csv"
TENX_FILES = (MATRIX, BARCODES, FEATURES, LABELS)
BLOCK = 1000  # cells of a dense matrix that are read at a time


class Cells(NamedTuple):
    """Counts (cells, genes) in rows, compressed, without explicit zeros; the name of each gene; and
    a table with a row per cell, whose index names the cell."""

    counts: sparse.csr_matrix
    genes: np.ndarray
    obs: "pd.DataFrame"

    def take(self, rows: np.ndarray) -> "Cells":
        """These cells, a mask; no copy where they are all."""
        if rows.all():
            return self
        return self._replace(counts=self.counts[rows], obs=self.obs[rows])

    def take_genes(self, columns: np.ndarray) -> "Cells":
        """These genes, a mask or indices in the order wanted."""
        return self._replace(counts=self.counts[:, columns], genes=self.genes[columns])


def read_cell_file(path: str | Path, layer: str = "X") -> Cells:
    """The counts, genes and cells of a file or folder.

    Args:
        path: an .h5ad file, or a folder as at the head of this module.
        layer: where the counts are in an .h5ad file: X, raw, or the name of a layer.

    Raises:
        FileNotFoundError: if there is no such file, or a file of the folder is missing.
        ImportError: if the package anndata is missing.
        ValueError: if what stands there are no counts (whole numbers, none below 0), the layer is
            unknown, or the files of the folder do not fit together.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if path.suffix != ".h5ad":
        raise ValueError(f"{path}: expected an .h5ad file, or a folder with {listed(TENX_FILES)}")
    with open_h5ad(path) as data:
        return _read_layer(data, path, layer)


@contextmanager
def open_h5ad(path: str | Path) -> "Iterator[anndata.AnnData]":
    """An .h5ad file whose matrix X stays on the disk.

    Raises:
        ImportError: if the package anndata is missing.
        ValueError: if the file is corrupt or no .h5ad file.
    """
    anndata = _anndata()
    with warnings.catch_warnings():
        # Of what is read all the same: an older version, genes of the same name.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.filterwarnings("ignore", ".* names are not unique")
        try:
            data = anndata.read_h5ad(path, backed="r")
        except Exception as error:  # anndata and h5py raise whatever they meet
            raise ValueError(
                f"{path} is corrupt or no .h5ad file ({error}); write it again"
            ) from None
        try:
            yield data
        finally:
            data.file.close()


def _anndata() -> ModuleType:
    try:
        import anndata
    except ImportError:
        raise ImportError("files of cells need the package anndata: pip install anndata") from None
    module: ModuleType = anndata
    return module


def _read_layer(data: "anndata.AnnData", path: Path, layer: str) -> Cells:
    there = [
        *(["X"] if _has_x(data) else []),
        *(["raw"] if data.raw is not None else []),
        *data.layers,
    ]
    if layer not in there:
        raise ValueError(
            f"{path} has no layer {layer!r}; it has {listed(there)}{nearest(layer, there)}"
        )
    genes = data.raw.var_names if layer == "raw" else data.var_names
    cells = Cells(_sparse(_matrix(data, layer)), _distinct(genes), data.obs)
    if _no_counts(cells.counts).any():
        first = {name: _sparse(_matrix(data, name)[:BLOCK]) for name in there if name != layer}
        whole = [name for name, matrix in first.items() if not _no_counts(matrix).any()]
        fix = (
            f"set `layer` to {' or '.join(whole)}, which seems to hold them"
            if whole
            else f"no layer of the file seems to hold them ({listed(there)}); take raw counts"
        )
        raise ValueError(_found(cells, f"{path}, {layer}", fix))
    return cells


def _has_x(data: "anndata.AnnData") -> bool:
    try:
        return data.X is not None
    except KeyError:  # as a file on the disk says it
        return False


def _matrix(data: "anndata.AnnData", layer: str) -> Any:
    if layer == "X":
        return data.X
    return data.raw.X if layer == "raw" else data.layers[layer]


def _sparse(matrix: Any) -> sparse.csr_matrix:
    """Any matrix, in memory or on the disk, as compressed rows without explicit zeros."""
    if hasattr(matrix, "to_memory"):
        matrix = matrix.to_memory()
    if sparse.issparse(matrix):
        rows = sparse.csr_matrix(matrix)
    else:
        starts = range(0, matrix.shape[0], BLOCK)
        blocks = [sparse.csr_matrix(matrix[start : start + BLOCK]) for start in starts]
        rows = sparse.vstack(blocks, format="csr")
    rows.eliminate_zeros()
    return rows


def _read_folder(folder: Path) -> Cells:
    import pandas as pd

    missing = [name for name in TENX_FILES if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} lacks {listed(missing)}; {listed(TENX_FILES)} are expected, without a prefix"
        )
    barcodes = [row[0] for row in _lines(folder / BARCODES)]
    features = _lines(folder / FEATURES)
    genes = _distinct([row[min(1, len(row) - 1)] for row in features])
    labels = pd.read_csv(folder / LABELS, dtype=str, keep_default_na=False)
    if "barcode" not in labels:
        raise ValueError(f"{folder / LABELS} has no column 'barcode'; {listed(labels)} are there")
    labels = labels.set_index("barcode")
    _check_barcodes(labels.index, barcodes, folder)
    counts = _read_matrix(folder / MATRIX, (len(genes), len(barcodes)))
    # Antibodies and the like are counted in the same matrix.
    expressed = np.array([row[2:3] in ([], ["Gene Expression"]) for row in features])
    rows = pd.Index(barcodes).get_indexer(labels.index)
    cells = Cells(counts[rows], genes, labels).take_genes(expressed)
    if _no_counts(cells.counts).any():
        raise ValueError(_found(cells, str(folder / MATRIX), "take Cell Ranger's own matrix"))
    return cells


def _lines(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [line.rstrip("\n").split("\t") for line in stream]


def _read_matrix(path: Path, shape: tuple[int, int]) -> sparse.csr_matrix:
    triples = mmread(path)
    if triples.shape != shape:
        raise ValueError(
            f"{path} has the shape {triples.shape}; {FEATURES} and {BARCODES} have {shape} rows"
        )
    # Half the memory of the 64 bits that are read; numbers beyond 32 bits are no counts of a cell.
    triples.data = triples.data.astype(np.float32)
    return _sparse(triples.T)


def _check_barcodes(index: "pd.Index", barcodes: Sequence[str], folder: Path) -> None:
    """Every row of labels.csv is of one cell; cells without a row are left out."""
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise ValueError(f"{folder / LABELS} has several rows of the barcode {twice!r}")
    unknown = index[~index.isin(barcodes)]
    if len(unknown):
        raise ValueError(
            f"{folder / LABELS}: {len(unknown)} of {len(index)} barcodes are not in {BARCODES}, "
            f"such as {unknown[0]!r}; those there look like {barcodes[0]!r}; write them alike"
        )


def _distinct(names: Sequence[str]) -> np.ndarray:
    """Gene names, of which the second "A" becomes "A-1", the third "A-2", as is the custom."""
    import pandas as pd

    index = pd.Index(names, dtype=object).astype(str)
    distinct: np.ndarray = _anndata().utils.make_index_unique(index).to_numpy(dtype=str)
    return distinct


def _no_counts(matrix: sparse.csr_matrix) -> np.ndarray:
    """Whether each non-zero value is no whole number above 0."""
    wrong: np.ndarray = (matrix.data < 0) | (matrix.data % 1 != 0)
    return wrong


def _found(cells: Cells, where: str, fix: str) -> str:
    wrong = _no_counts(cells.counts)
    first = np.flatnonzero(wrong)[0]
    cell = np.searchsorted(cells.counts.indptr, first, side="right") - 1
    gene = cells.counts.indices[first]
    return (
        f"{where}: {wrong.sum():,} of {wrong.size:,} non-zero values are no counts, whole numbers "
        f"of molecules; the first is {cells.counts.data[first]:.4g}, of the gene "
        f"{str(cells.genes[gene])!r} in the cell {str(cells.obs.index[cell])!r}; {fix}"
    )
