"""Single cells of one's own: from counts in a file to a data set.

In this order:
    1. cells with counts of fewer than `min_genes` genes are left out
    2. genes counted in fewer than `min_cells` of the cells that remain are left out
    3. cells with counts of `max_genes` genes or more are left out (often two cells in one drop)
    4. cells of whose counts the share `max_mitochondrial` or more is of mitochondrial genes, those
       called "MT-...", are left out (often broken cells)
    5. test cells are drawn from each class
    6. genes are chosen: all, some by name, or those that vary most between the training cells
    7. cells that have no counts of these genes are left out

With the defaults, steps 1 to 4 are those of the paper's blood cells (GEO GSE149689). The counts go
into the data set as they are: how to scale them is the model's affair. How many cells and genes
each step left out stands in the data set's `source`.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bdiff.data.cell_files import TENX_FILES, Cells, read_cell_file
from bdiff.data.dataset import Dataset
from bdiff.data.scaling import COUNTS
from bdiff.data.tables import class_codes, draw_split
from bdiff.data.variable_genes import most_variable
from bdiff.expect import nearest
from bdiff.files import sha256_of

MITOCHONDRIAL = "MT-"
LeftOut = dict[str, str | int]  # step -> how many, for the file's `source`
LARGEST = 4e9  # bytes of the dense counts of the chosen genes


def read_cells(
    path: str | Path,
    *,
    label: str,
    covariates: Sequence[str] = (),
    genes: int | Sequence[str] | None = 1000,
    layer: str = "X",
    min_genes: int = 200,
    min_cells: int = 3,
    max_genes: int | None = 2500,
    max_mitochondrial: float | None = 0.1,
    held_out: float | None = None,
    title: str = "",
) -> Dataset:
    """Read the counts of cells, and leave out some cells and genes; see `bdiff.data.cells`.

    Args:
        path: an .h5ad file, or a folder of 10x Genomics; see `bdiff.data.cell_files`.
        label: the column of cell types in the table of cells (obs, or labels.csv).
        covariates: further columns to keep, such as condition and donor.
        genes: None for all, the number of genes to choose (Pearson residuals, see
            `bdiff.data.variable_genes`), or their names in the order wanted.
        layer: where the counts are in an .h5ad file: X, raw, or the name of a layer.
        min_genes, min_cells: least numbers; 0 leaves nothing out.
        max_genes, max_mitochondrial: limits that are not reached; None for no limit.
        held_out: share of each class that becomes the split "test", in (0, 1); None for nothing.
        title: name for figures; the file's name by default.

    Returns:
        The counts as x, float32, shape (cells, genes); feature names are the genes'.

    Warns:
        UserWarning: how many cells and genes each step left out, if it left out cells.

    Raises:
        FileNotFoundError, ImportError: as `read_cell_file`.
        ValueError: as `read_cell_file`; if `covariates` is a text, a column or a gene is unknown, a
            cell has no label or no covariate, nothing is left, or the chosen genes would take more
            than 4 GB.
    """
    if isinstance(covariates, str):
        raise ValueError(f"covariates is a list of columns, [{covariates!r}], found {covariates!r}")
    path = Path(path)
    cells = read_cell_file(path, layer)
    _check_columns((label, *covariates), cells, path)
    _check_genes(genes, cells, path)
    in_file = len(cells.obs)
    left_out: LeftOut = {"in the file": f"{in_file} cells, {len(cells.genes)} genes"}
    kept = partial(_kept, left_out=left_out, path=path)
    cells = _filter(cells, min_genes, min_cells, max_genes, max_mitochondrial, kept)
    names, codes = class_codes(_values(label, cells, path))
    split = np.full(len(codes), "train") if held_out is None else draw_split(codes, names, held_out)
    chosen = _choose(cells, genes, split == "train", path)
    full = kept(np.diff(chosen.counts.indptr) > 0, "cells without counts of the chosen genes")
    chosen = chosen.take(full)
    if len(chosen.obs) < in_file:
        steps = ", ".join(f"{count} {what}" for what, count in left_out.items() if count)
        warnings.warn(
            f"{path}: {in_file - len(chosen.obs):,} of {in_file:,} cells are left out ({steps})",
            stacklevel=2,
        )
    files = [path / name for name in TENX_FILES] if path.is_dir() else [path]
    sha256 = {file.name: sha256_of(file) for file in files}
    facts = {"file": path.name, "sha256": sha256, "left out": left_out}
    return Dataset(
        x=_dense(chosen, path),
        labels=codes[full],
        classes=names,
        split=split[full],
        name=path.stem,
        title=title,
        feature_names=tuple(chosen.genes.tolist()),
        scaling=dict(COUNTS),
        source={"dataset": "cells"} | facts,
        covariates={name: _values(name, chosen, path).astype(str) for name in covariates},
    )


def _check_columns(names: Sequence[str], cells: Cells, path: Path) -> None:
    columns = [str(column) for column in cells.obs.columns]
    for name in names:
        if name not in columns:
            raise ValueError(
                f"{path}: the table of cells has no column {name!r}; it has {', '.join(columns)}"
                f"{nearest(name, columns)}"
            )


def _values(column: str, cells: Cells, path: Path) -> np.ndarray:
    """The names in a column of the table of cells, none of them missing; objects, shape (N,)."""
    values = cells.obs[column].astype(object)
    missing = values.isna() | (values.astype(str).str.strip() == "")
    if missing.any():
        raise ValueError(
            f"{path}: {missing.sum():,} of {len(values):,} cells have no {column!r}; the first is "
            f"{str(values.index[missing.argmax()])!r}; give them one, or leave them out: "
            f"cells[cells.obs[{column!r}].notna()]"
        )
    names: np.ndarray = values.to_numpy()
    return names


def _filter(
    cells: Cells,
    min_genes: int,
    min_cells: int,
    max_genes: int | None,
    max_mitochondrial: float | None,
    kept: Callable[[np.ndarray, str], np.ndarray],
) -> Cells:
    """Steps 1 to 4."""
    detected = np.diff(cells.counts.indptr)
    cells = cells.take(kept(detected >= min_genes, f"cells with fewer than {min_genes} genes"))
    spread = np.bincount(cells.counts.indices, minlength=len(cells.genes))
    cells = cells.take_genes(kept(spread >= min_cells, f"genes in fewer than {min_cells} cells"))
    if max_genes is not None:
        detected = np.diff(cells.counts.indptr)
        cells = cells.take(kept(detected < max_genes, f"cells with {max_genes} genes or more"))
    if max_mitochondrial is not None:
        what = f"cells with {100 * max_mitochondrial:g} % mitochondrial counts or more"
        cells = cells.take(kept(_mitochondrial(cells) < max_mitochondrial, what))
    return cells


def _kept(wanted: np.ndarray, what: str, left_out: LeftOut, path: Path) -> np.ndarray:
    """What is wanted, unless it is nothing; how much is not, is noted."""
    left_out[what] = int((~wanted).sum())
    if not wanted.any():
        raise ValueError(
            f"{path}: nothing is left without {what}; left out: {left_out}; widen the limits"
        )
    return wanted


def _mitochondrial(cells: Cells) -> np.ndarray:
    """Share of mitochondrial genes among the counts of each cell, shape (cells,)."""
    # Mice write "mt-".
    of_mitochondria = np.array([gene.upper().startswith(MITOCHONDRIAL) for gene in cells.genes])
    total, part = (
        np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
        for matrix in (cells.counts, cells.counts[:, of_mitochondria])
    )
    return part / np.maximum(total, 1)


def _check_genes(genes: int | Sequence[str] | None, cells: Cells, path: Path) -> None:
    """Before anything is left out, so that a wrong name is told from a rare gene."""
    if isinstance(genes, str) or (isinstance(genes, int | np.integer) and genes < 1):
        raise ValueError(
            f"genes is {genes!r}; expected a number of 1 or more, a list of names, or None for all"
        )
    if genes is None or isinstance(genes, int | np.integer):
        return
    known = set(cells.genes)
    for name in genes:
        if name not in known:
            raise ValueError(f"{path} has no gene {name!r}{nearest(name, cells.genes.tolist())}")


def _choose(
    cells: Cells, genes: int | Sequence[str] | None, training: np.ndarray, path: Path
) -> Cells:
    if genes is None:
        return cells
    if isinstance(genes, int | np.integer):
        return cells.take_genes(most_variable(cells.counts[training], int(genes)))
    place = {name: column for column, name in enumerate(cells.genes)}
    rare = [name for name in genes if name not in place]
    if rare:
        raise ValueError(
            f"{path}: too few cells have counts of {', '.join(rare)}; leave these genes out, or "
            "lower min_cells"
        )
    return cells.take_genes(np.array([place[name] for name in genes]))


def _dense(cells: Cells, path: Path) -> np.ndarray:
    rows, columns = cells.counts.shape
    if 4 * rows * columns > LARGEST:
        raise ValueError(
            f"{path}: {rows:,} cells x {columns:,} genes would take {4e-9 * rows * columns:.1f} "
            "GB; set `genes` to a number such as 1000"
        )
    dense: np.ndarray = cells.counts.toarray().astype(np.float32, copy=False)
    return dense
