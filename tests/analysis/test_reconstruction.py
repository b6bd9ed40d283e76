"""The figures of an autoencoder, beside scipy's and beside the truth's."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nbinom, pearsonr

from bdiff.analysis import reconstruction as module
from bdiff.analysis.reconstruction import reconstruction
from bdiff.autoencoder import gene_shares, posterior
from tests.cells import CELLS, cells, fitted, truth


def negative_log_likelihood(counts, shares, r):
    mu = counts.sum(axis=1, keepdims=True) * shares
    return -nbinom.logpmf(counts, r, r / (r + mu)).mean()


def test_held_out_cells_lie_between_the_truth_and_no_latents():
    counts, held_out = cells().x, cells().split == "test"
    shares, r = truth()
    least = negative_log_likelihood(counts[held_out], shares[held_out], r)
    found = reconstruction(fitted(), cells())
    assert found["test"]["cells"] == CELLS // 5
    for split in ("train", "test"):
        assert found[split]["negative_log_likelihood"] < found[split]["negative_elbo"]
        # of what the null model lacks, two thirds are won
        assert least < found[split]["negative_elbo"] < least + (found[split]["null"] - least) / 3


def test_the_figures_are_what_they_say(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 97)
    found = reconstruction(fitted(), cells())["test"]
    counts, held_out = cells().x, cells().split == "test"
    autoencoder, x = fitted(), counts[held_out]
    shares = autoencoder.proportions(posterior(autoencoder, x)[0])
    expected = negative_log_likelihood(x, shares, autoencoder.dispersion)
    assert found["negative_log_likelihood"] == pytest.approx(expected, rel=1e-5)
    observed = np.log1p(1e4 * x / x.sum(axis=1, keepdims=True))
    decoded = np.log1p(1e4 * shares)
    pairs = zip(observed.T, decoded.T, strict=True)
    expected = np.mean([pearsonr(a, b).statistic for a, b in pairs])
    assert found["correlation"] == pytest.approx(expected, abs=1e-5)


def test_the_null_model_finds_dispersions_of_its_own():
    """Cells that differ by nothing but noise: the null model is the truth."""
    random = np.random.default_rng(3)
    r = np.exp(random.uniform(0, 3, 40))
    mu = np.full((CELLS, 40), 25.0)
    x = random.poisson(random.gamma(r, mu / r))
    alike = replace(cells(), x=x)
    shares = np.full((1, 40), 1 / 40)
    found = reconstruction(fitted(), alike)["test"]["null"]
    held_out = x[alike.split == "test"]
    assert found == pytest.approx(negative_log_likelihood(held_out, shares, r), rel=2e-3)
    near_poisson = module._dispersion(random.poisson(mu), gene_shares(x))
    assert (near_poisson > 50).all()


def test_without_held_out_cells_there_are_figures_of_training_cells_only():
    everything = replace(cells(), split=np.full(CELLS, "train"))
    assert list(reconstruction(fitted(), everything)) == ["train"]


def test_a_gene_that_never_varies_counts_for_nothing():
    x = cells().x.copy()
    x[:, 0] = 0
    found = reconstruction(fitted(), replace(cells(), x=x))["test"]
    assert all(np.isfinite(value) for value in found.values())
