"""Cells of two types and two conditions, with an autoencoder whose every weight is known.

A cell has three latents: z1 is 2 or -2 by its type, z2 is 1 or -1 by its condition, each with noise
of deviation 0.3, and z3 is its own, N(0, 1). Two genes rise by half of a latent and two (of z2 and
z3: one) fall. As rises and falls are the same, a change of sign of z1 moves no gene but the four of
its own.
"""

import numpy as np
import torch

from bdiff.autoencoder import decode_counts
from bdiff.data.dataset import Dataset
from bdiff.ldvae import LDVAE
from bdiff.sampling.files import Samples

TYPES, CONDITIONS = ("Tcm/Naive helper T", "Memory B"), ("flu", "well")
GENES = ("T1", "T2", "B1", "B2", "FLU1", "WELL1", "OWN1", "OWN2")
SLOPES = np.zeros((8, 3))
SLOPES[:2, 0] = SLOPES[4, 1] = SLOPES[6, 2] = 0.5
SLOPES[2:4, 0] = SLOPES[5, 1] = SLOPES[7, 2] = -0.5


def autoencoder():
    made = LDVAE(GENES, 3, 4)
    with torch.no_grad():
        made.decoder.weight.copy_(torch.from_numpy(SLOPES))
        made.decoder.bias.zero_()
        made.log_dispersion.fill_(np.log(20.0))
    return made


def latents(labels, conditions, rng, apart=2.0):
    """z, (n, 3), of types and conditions by their numbers."""
    middle = np.stack([apart * (1 - 2 * labels), 1 - 2 * conditions, 0 * labels], axis=1)
    return middle + rng.standard_normal((len(labels), 3)) * (0.3, 0.3, 1.0)


def typed_cells(cells=400, seed=0):
    """Counts and latents of the same cells, every fifth held out; latents are scaled by 2."""
    rng = np.random.default_rng(seed)
    number = np.arange(cells)
    labels, conditions = number % 2, number // 2 % 2
    z = latents(labels, conditions, rng)
    facts = {
        "labels": labels,
        "classes": TYPES,
        "split": np.where(number % 5, "train", "test"),
        "name": "cells",
        "title": "My cells",
        "covariates": {"condition": np.array(CONDITIONS)[conditions]},
    }
    library = rng.uniform(50, 200, cells)
    counts = decode_counts(autoencoder(), z, library, rng)
    scaling = {"kind": "counts", "offset": 0.0, "scale": 1.0}
    of_counts = Dataset(counts, feature_names=GENES, scaling=scaling, **facts)
    scaling = {"kind": "standardised", "offset": [0.0] * 3, "scale": [2.0] * 3}
    return of_counts, Dataset(z / 2, feature_names=("z1", "z2", "z3"), scaling=scaling, **facts)


def generated(count=60, seed=1, apart=2.0, swapped=False):
    """Samples of both types, whose types lie so far apart in z1."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], count)
    z = latents(1 - labels if swapped else labels, rng.integers(2, size=len(labels)), rng, apart)
    names, number = np.array(TYPES)[labels], np.tile(np.arange(count), 2)
    n = len(labels)
    return Samples(z / 2, names, ["sample"] * n, [""] * n, np.zeros(n), number)


def transmuted(latent, change, count=200):
    """Training cells of each type turned into the other by a function of x (n, 3)."""
    parts, train = [], latent.select("train")
    for origin, target in (TYPES, TYPES[::-1]):
        x = train.of(origin)[:count]
        parts += [(x, target, "original", origin), (change(x), target, "sample", origin)]
    x, *words = zip(*parts, strict=True)
    sizes = [len(of) for of in x]
    label, role, origin = (np.repeat(of, sizes) for of in words)
    number = np.concatenate([np.arange(size) for size in sizes])
    return Samples(np.concatenate(x), label, role, origin, np.zeros(len(label)), number)


def flipped(x):
    """Everything is kept but the type."""
    return x * np.array([-1, 1, 1], dtype=np.float32)


def shuffled(x):
    """The type has changed, and what else there is belongs to another cell."""
    return flipped(x)[np.random.default_rng(2).permutation(len(x))]
