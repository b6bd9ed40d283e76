r"""Expression of genes: from counts or shares to means, fold changes, and how well they are met.

A cell gives each gene g a share y_g of its counts. Its normalised expression is log(1 + 10⁴ y_g).
The fold change of class c is

    LFC_cg = log2(1 + 10⁴ m_cg) - log2(1 + 10⁴ r_cg),

with m_cg the mean share in the class and r_cg the mean over all other cells, each class counted as
often as `weights` say. Means are taken before the logarithm: sampling noise of counts does not bias
them, so fold changes of counts, of decoded cells and of a simulation's truth can be compared.
(Differences of mean log(1 + counts) grow with the depth of sequencing.) The 1 keeps genes near zero
from having any fold change at all.
"""

import numpy as np

from bdiff.data.dataset import Dataset
from bdiff.data.simulated_cells import Truth, truth
from bdiff.ldvae import LDVAE

PER_CELL = 1e4  # counts that every cell is brought to
TOP = 10  # markers of a class


def shares_of(counts: np.ndarray) -> np.ndarray:
    """Share of every gene in its cell, (n, genes) -> (n, genes) float64, rows that sum to 1."""
    counts = np.asarray(counts, dtype=np.float64)
    shares: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
    return shares


def log_normalised(shares: np.ndarray) -> np.ndarray:
    """Normalised expression log(1 + 10⁴ share), natural logarithm, of (n, genes) shares."""
    return np.log1p(PER_CELL * np.asarray(shares, dtype=np.float64))


def decoded(autoencoder: LDVAE, latent: Dataset, x: np.ndarray) -> np.ndarray:
    """Expected share of every gene: objects of the latent data set, (n, latent) -> (n, genes)."""
    return autoencoder.proportions(latent.unscale(x))


def fold_changes(means: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """log2 fold change of every class against all others.

    Args:
        means: mean share of every gene in each class, (classes, genes), two classes or more.
        weights: how often each class counts among the others, (classes,), such as its cells.

    Returns:
        (classes, genes).
    """
    weights = np.asarray(weights, dtype=np.float64)[:, None]
    others = (weights * means).sum(axis=0) - weights * means
    others /= weights.sum() - weights
    return fold_change(means, others)


def fold_change(mean: np.ndarray, other: np.ndarray) -> np.ndarray:
    """log2 fold change of a mean share over another one; any shape."""
    return np.log2(1 + PER_CELL * mean) - np.log2(1 + PER_CELL * other)


def recovery(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Pearson r of two rows of numbers (n,), and the slope of the line from real to made.

    A slope below 1 says that what is made has the real differences, but weaker. Of numbers that are
    all equal both are nan.
    """
    u, v = real - real.mean(), made - made.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(u @ v / np.sqrt((u @ u) * (v @ v))), float(u @ v / (u @ u))


def share_found(real: np.ndarray, made: np.ndarray, top: int = TOP) -> float:
    """Share of the `top` largest numbers in real, (n,), that are among the largest in made."""
    return len(set(np.argsort(-real)[:top]) & set(np.argsort(-made)[:top])) / top


def gene_statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
    """What the counts of each gene are like, (n, genes) -> (genes,) each.

    Returns:
        mean and variance as log(1 + value), since they span many orders of magnitude; zeros, the
        share of cells without a count.
    """
    return {
        "mean": np.log1p(counts.mean(axis=0)),
        "variance": np.log1p(counts.var(axis=0, ddof=1)),
        "zeros": (counts == 0).mean(axis=0),
    }


def known_truth(counts: Dataset) -> Truth | None:
    """The truth of simulated cells, by their `source`; None for all others."""
    source = counts.source
    if source.get("dataset") != "simulated_cells":
        return None
    return truth(source["genes"], source["seed"])


def true_shares(known: Truth, counts: Dataset) -> np.ndarray:
    """Mean share of each gene in each class of the data set, all conditions counted equally.

    Returns:
        (classes, genes) of the data set, which may be fewer than the truth's.
    """
    rows = [known.classes.index(name) for name in counts.classes]
    columns = [known.genes.index(name) for name in counts.feature_names]
    return shares_of(known.shares.mean(axis=1)[np.ix_(rows, columns)])
