"""700 blood cells of one donor (PBMC 68k), labelled by type: counts of 765 genes.

Scanpy's wheel holds them as values v = round(log(1 + 10⁴ k / n), 3), where k counts the molecules
of a gene in a cell and n is the cell's total over all genes, which is kept beside. So

    k = (exp(v) - 1) n / 10⁴,

and since v is off by at most 0.0005, k is off by at most 0.0005 (k + n / 10⁴): less than 0.13 in
these cells, so the whole number next to it is the count. `from_scanpy` checks this for every value.

The normalised raw file is a CSV: label, phase (of the cell cycle) and one column per gene, a line
per cell, in the order of scanpy's file. Every source is rewritten to these bytes.

Source: Zheng et al., "Massively parallel digital transcriptional profiling of single cells", Nature
Communications 8 (2017), whose comparison with sorted cells also gave the labels.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from bdiff.data.archives import read_members
from bdiff.data.cell_files import open_h5ad
from bdiff.data.classes import PBMC
from bdiff.data.dataset import Dataset
from bdiff.data.scaling import COUNTS

FILE = "pbmc68k_reduced.csv"
MEMBER = "scanpy/datasets/10x_pbmc68k_reduced.h5ad"
TEXTS = ("label", "phase")
ROUNDING = 0.0005  # of v


def counts_of(v: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """The counts k that were normalised, logged and rounded to three decimals.

    Args:
        v: shape (cells, genes), as at the head of this module.
        totals: n, shape (cells,), counts of each cell over all genes, in the file or not.

    Returns:
        uint16, shape (cells, genes).

    Raises:
        ValueError: if a value is not what some count gives, or two counts are equally near.
    """
    found = np.expm1(v.astype(np.float64)) * totals[:, None] / 1e4
    counts: np.ndarray = np.rint(found)
    # Half of the last decimal, and what float32 adds to it.
    error = 1.001 * ROUNDING * (found + totals[:, None] / 1e4)
    wrong = (np.abs(found - counts) > error) | (error >= 0.5)
    if wrong.any():
        cell, gene = np.argwhere(wrong)[0]
        raise ValueError(
            f"{wrong.sum()} values come from no count; the first is {v[cell, gene]:.3f} in cell "
            f"{cell}, gene {gene} (from 0), which would be {found[cell, gene]:.3f} molecules"
        )
    return counts.astype(np.uint16)


def from_scanpy(package: Path) -> dict[str, bytes]:
    """The raw file, from scanpy's wheel.

    Raises:
        ImportError: if the package anndata, which reads .h5ad files, is missing.
        ValueError: as `counts_of`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        path.write_bytes(read_members(package, [MEMBER])[MEMBER])
        with open_h5ad(path) as cells:
            v = cells.raw.X.to_memory().toarray()
            totals = cells.obs["n_counts"].to_numpy(np.float64)
            genes = cells.raw.var_names
    counts = counts_of(v, totals)
    columns = {"label": cells.obs["bulk_labels"], "phase": cells.obs["phase"]}
    columns = {key: pa.array(values.astype(str).tolist()) for key, values in columns.items()}
    columns |= {gene: pa.array(counts[:, i]) for i, gene in enumerate(genes)}
    return {FILE: to_text(pa.table(columns))}


def to_text(table: pa.Table) -> bytes:
    """The CSV of a table of texts and whole numbers."""
    columns = [[str(value) for value in column.to_pylist()] for column in table.columns]
    lines = (",".join(row) for row in [table.column_names, *zip(*columns, strict=True)])
    return "".join(f"{line}\n" for line in lines).encode()


def parse(text: bytes) -> pa.Table:
    """The inverse of `to_text`: label and phase as dictionaries, every gene as uint16."""
    genes = text[: text.index(b"\n")].decode().split(",")[len(TEXTS) :]
    types = dict.fromkeys(TEXTS, pa.dictionary(pa.int32(), pa.string()))
    types |= dict.fromkeys(genes, pa.uint16())
    return pa.csv.read_csv(
        io.BytesIO(text), convert_options=pa.csv.ConvertOptions(column_types=types)
    )


def from_parquet(path: str | Path) -> dict[str, bytes]:
    """The raw file, from the table that is embedded in the repository."""
    return {FILE: to_text(pq.read_table(path))}


def to_parquet(text: bytes, path: str | Path) -> None:
    """Write the embedded table: label and phase as dictionaries, uint16 columns of genes."""
    pq.write_table(
        parse(text), path, compression="zstd", compression_level=22, write_statistics=False
    )


def make_dataset(files: dict[str, bytes]) -> Dataset:
    """All 700 cells: counts as they are, the phase of the cell cycle as covariate.

    No cell is held out: there is no official test set, and few cells.
    """
    table = parse(files[FILE])
    genes = table.column_names[len(TEXTS) :]
    return Dataset(
        x=np.column_stack([table[gene].to_numpy() for gene in genes]),
        labels=np.array([PBMC.index(label) for label in table["label"].to_pylist()]),
        classes=PBMC,
        split=np.full(len(table), "train"),
        name="pbmc",
        title="Blood cells (PBMC 68k, 700 of them)",
        feature_names=genes,
        scaling=dict(COUNTS),
        covariates={"phase": table["phase"].to_pylist()},
    )
