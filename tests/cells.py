"""Simulated cells whose true shares are known: 40 genes, 3 latents, negative-binomial counts."""

from functools import cache

import numpy as np
from scipy.special import softmax

from bdiff.autoencoder import fit_autoencoder
from bdiff.data.dataset import Dataset

CELLS, GENES, LATENT = 1500, 40, 3
SETTINGS = {"latent": 8, "hidden": 32, "steps": 600, "batch_size": 128, "learning_rate": 0.03}


@cache
def truth():
    """Shares (cells, genes) and inverse dispersions (genes,)."""
    random = np.random.default_rng(0)
    W, b = random.standard_normal((LATENT, GENES)), random.standard_normal(GENES)
    shares = softmax(random.standard_normal((CELLS, LATENT)) @ (0.7 * W) + b, axis=1)
    return shares, np.exp(random.uniform(0, 3, GENES))


@cache
def cells():
    """The data set; every fifth cell is held out."""
    shares, r = truth()
    random = np.random.default_rng(1)
    mu = 1000 * np.exp(0.3 * random.standard_normal(CELLS))[:, None] * shares
    number = np.arange(CELLS)
    return Dataset(
        x=random.poisson(random.gamma(r, mu / r)),
        labels=number % 2,
        classes=("B", "T"),
        split=np.where(number % 5, "train", "test"),
        name="cells",
        feature_names=[f"gene {number + 1}" for number in range(GENES)],
        scaling={"kind": "counts", "offset": 0.0, "scale": 1.0},
        covariates={"donor": np.where(number % 3, "one", "two")},
    )


@cache
def fitted():
    """An autoencoder of them; not to be changed."""
    return fit_autoencoder(cells(), **SETTINGS, device="cpu")
