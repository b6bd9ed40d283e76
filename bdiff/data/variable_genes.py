"""Genes whose counts vary more between cells than chance makes them: Pearson residuals.

If cells differed by their totals alone, the count x_cg of gene g in cell c would be negative
binomial with

    mean mu_cg = (sum over genes of x_c) (sum over cells of x_g) / (sum of all),
    variance mu_cg + mu_cg² / theta.

The residual z_cg = (x_cg - mu_cg) / sqrt(mu_cg + mu_cg² / theta), cut off at +-sqrt(cells), then
has about variance 1; genes that differ between kinds of cells have more.

Source: Lause, Berens and Kobak, "Analytic Pearson residuals for normalization of single-cell
RNA-seq UMI data", Genome Biology 22 (2021), with their theta = 100.
"""

import numpy as np
from scipy import sparse

THETA = 100.0
BLOCK = 256  # genes at a time: the residuals of all would be as large as the dense counts


def residual_variances(counts: sparse.csr_matrix, theta: float = THETA) -> np.ndarray:
    """Variance of the Pearson residuals of each gene; 0 for genes without any count.

    Args:
        counts: whole numbers, shape (cells, genes), sparse.
        theta: inverse overdispersion that counts as chance, above 0.

    Returns:
        float64, shape (genes,).
    """
    of_cells = np.asarray(counts.sum(axis=1), dtype=np.float64).reshape(-1, 1)
    of_genes = np.asarray(counts.sum(axis=0), dtype=np.float64).reshape(-1)
    share, limit = of_cells / max(of_cells.sum(), 1), np.sqrt(counts.shape[0])
    columns, variances = counts.tocsc(), np.zeros(counts.shape[1])
    counted = np.flatnonzero(of_genes)
    for start in range(0, len(counted), BLOCK):
        genes = counted[start : start + BLOCK]
        mu = np.maximum(share * of_genes[genes], np.finfo(float).tiny)  # a cell may have no counts
        residuals = (columns[:, genes].toarray() - mu) / np.sqrt(mu + mu**2 / theta)
        variances[genes] = np.clip(residuals, -limit, limit).var(axis=0)
    return variances


def most_variable(counts: sparse.csr_matrix, number: int) -> np.ndarray:
    """Indices of the genes with the greatest `residual_variances`, in the order of the columns.

    Args:
        counts: whole numbers, shape (cells, genes), sparse.
        number: how many; all genes where there are no more.

    Returns:
        int64, shape (at most number,).
    """
    order = np.argsort(-residual_variances(counts), kind="stable")
    return np.sort(order[:number])
