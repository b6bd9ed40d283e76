"""How well an LDVAE tells what the cells are that it encodes.

All negative log-likelihoods are in nats per cell and gene, lower is better:

    negative_log_likelihood   of the counts, given the mean of the cell's posterior
    negative_elbo             the same given a draw of the posterior, plus the KL: a bound on
                              -log p(x), which the cell's own noise, encoded, makes no lower
    null                      of a model without latents: the shares of the genes in all training
                              cells, with dispersions of their own

The correlation is that of observed with decoded expression, log(1 + 10⁴ share), over the cells: the
mean of it over the genes.
"""

import numpy as np
import torch

from bdiff.autoencoder import CHUNK, checked_counts, gene_shares, posterior
from bdiff.data.dataset import SPLITS, Dataset
from bdiff.ldvae import LDVAE, divergence, log_likelihood
from bdiff.randomness import generator


def reconstruction(autoencoder: LDVAE, dataset: Dataset) -> dict[str, dict[str, float]]:
    """The figures above, and the number of cells, for "train" and, where it has cells, "test".

    Raises:
        ValueError: if the data set is not counts of the autoencoder's genes.
    """
    counts = checked_counts(dataset, autoencoder.genes)
    training = counts[dataset.split == "train"]
    shares = gene_shares(training)
    null = shares[None], _dispersion(training, shares)
    splits = {split: counts[dataset.split == split] for split in SPLITS}
    return {split: _figures(autoencoder, x, null) for split, x in splits.items() if len(x)}


def _figures(
    autoencoder: LDVAE, counts: np.ndarray, null: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    mean, log_variance = posterior(autoencoder, counts)
    noise = generator(0, "reconstruction").standard_normal(mean.shape)
    z = mean + noise * np.exp(log_variance / 2)
    kl = divergence(torch.from_numpy(mean), torch.from_numpy(log_variance)).mean().item()
    shares, r = autoencoder.proportions(mean), autoencoder.dispersion
    drawn = _negative_log_likelihood(counts, autoencoder.proportions(z), r)
    return {
        "cells": len(counts),
        "negative_log_likelihood": _negative_log_likelihood(counts, shares, r),
        "negative_elbo": drawn + kl / counts.shape[1],
        "null": _negative_log_likelihood(counts, *null),
        "correlation": _correlation(counts, shares),
    }


def _negative_log_likelihood(counts: np.ndarray, shares: np.ndarray, r: np.ndarray) -> float:
    """Mean over cells and genes; in float64, since log Γ of a large r leaves float32 few digits."""
    log_r, log_share = torch.from_numpy(np.log(r)), torch.from_numpy(np.log(shares))
    log_share, total = log_share.expand(counts.shape), 0.0
    for x, part in zip(torch.from_numpy(counts).split(CHUNK), log_share.split(CHUNK), strict=True):
        log_mu = part + x.sum(dim=1, keepdim=True).log()
        total -= log_likelihood(x.double(), log_mu, log_r).sum().item()
    return total / counts.size


def _dispersion(counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """r of each gene by the method of moments: Σ mu² / Σ ((x - mu)² - mu) over the cells."""
    mu = counts.sum(axis=1, dtype=np.float64)[:, None] * shares
    squares, excess = (mu**2).sum(axis=0), ((counts - mu) ** 2 - mu).sum(axis=0)
    # Genes may vary less than Poisson's.
    r: np.ndarray = squares / np.maximum(excess, 1e-6 * squares)
    return r


def _correlation(counts: np.ndarray, shares: np.ndarray) -> float:
    """Mean over the genes that vary; NaN if none does."""
    observed = counts / counts.sum(axis=1, keepdims=True)
    a, b = (x - x.mean(axis=0) for x in (np.log1p(1e4 * observed), np.log1p(1e4 * shares)))
    sizes = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    varies = sizes > 0
    return float(np.mean((a * b).sum(axis=0)[varies] / sizes[varies])) if varies.any() else np.nan
