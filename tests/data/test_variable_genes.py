"""Genes that vary more than chance makes them, by Pearson residuals."""

import numpy as np
import pytest
from scipy import sparse

from bdiff.data import variable_genes
from bdiff.data.simulated_cells import truth
from bdiff.data.variable_genes import most_variable, residual_variances


@pytest.mark.parametrize("block", [3, 256])
def test_variances_are_those_of_the_formula(monkeypatch, block):
    monkeypatch.setattr(variable_genes, "BLOCK", block)
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(0.3, 5, (40, 11)))
    counts[:, 4] = 0
    counts[:, 7] = [300] + [0] * 39  # one cell alone: its residual is cut off
    counts[9] = 0
    mu = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    with np.errstate(invalid="ignore"):
        residuals = (counts - mu) / np.sqrt(mu + mu**2 / 100)
    expected = np.clip(np.nan_to_num(residuals), -np.sqrt(40), np.sqrt(40)).var(0)
    assert np.abs(residuals[np.isfinite(residuals)]).max() > np.sqrt(40)
    found = residual_variances(sparse.csr_matrix(counts.astype(np.float32)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found[4] == 0


def test_counts_that_only_chance_makes_differ_have_variance_one():
    rng = np.random.default_rng(0)
    totals, share = rng.lognormal(7, 0.5, 3000), rng.dirichlet(np.full(80, 2.0))
    mu = np.outer(totals, share)
    counts = sparse.csr_matrix(rng.negative_binomial(100, 100 / (100 + mu)))
    np.testing.assert_allclose(residual_variances(counts), 1, atol=0.2)


def test_genes_that_differ_between_types_are_found_among_others():
    """With Poisson noise, whose variance is the mean, other genes vary as theta allows."""
    known, rng = truth(200, seed=2), np.random.default_rng(0)
    mean = rng.lognormal(7, 0.5, (3000, 1)) * known.shares[rng.integers(9, size=3000), 0]
    chosen = most_variable(sparse.csr_matrix(rng.poisson(mean)), 80)
    assert list(chosen) == sorted(chosen)
    programmes = {gene for genes in known.programmes.values() for gene in genes}
    assert len(programmes) == 120
    assert len({known.genes[i] for i in chosen} & programmes) > 76


def test_all_genes_where_there_are_no_more():
    assert list(most_variable(sparse.csr_matrix(np.eye(4)), 10)) == [0, 1, 2, 3]
