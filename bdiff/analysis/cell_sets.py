"""Sets of real and generated cells to compare, of the same size, in three spaces.

    latent    standardised latents, which are what a diffusion model makes
    genes     the shares of genes that they are decoded to, of real cells as of generated ones
    counts    counts drawn from the decoded latents, with the totals of real cells of the class,
              beside the counts of the real cells

Both sides of a comparison are always in the same space, and nothing is rescaled to the real cells.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bdiff.analysis.expression import decoded
from bdiff.autoencoder import decode_counts
from bdiff.data.dataset import Dataset
from bdiff.ldvae import LDVAE
from bdiff.randomness import generator
from bdiff.sampling.files import Samples

REFERENCE = "reference"  # the real cells that all others are compared with
Sets = dict[str, dict[str, np.ndarray]]  # model -> class -> cells (n, features)


def cell_sets(
    counts: Dataset,
    latent: Dataset,
    autoencoder: LDVAE,
    samples: Mapping[str, Samples],
    *,
    split: str = "train",
    count: int = 1000,
    seed: int = 0,
) -> dict[str, Sets]:
    """The sets in each space.

    Args:
        counts: real counts, (N, genes).
        latent: the same cells as `bdiff.autoencoder.encode` gives them.
        autoencoder: which gave them.
        samples: of every class, in the latent space, by name of the model.
        split: of the real cells.
        count: cells of a class in each set, where it has twice as many, else half of what it has,
            and no more than there are samples.
        seed: of the choice of real cells and of the counts drawn.

    Returns:
        By space and model, cells (n, features) by class, n the same for all models: of "reference"
        and "real", disjoint sets of real cells, and of the models. In "counts" also of
        "autoencoder": counts drawn from the latents of the set "real". Classes with fewer than four
        cells in the split are left out.

    Raises:
        ValueError: if the data sets have other cells, or samples other shapes or classes.
    """
    _check(counts, latent, autoencoder, samples)
    sets: dict[str, dict[str, Any]] = {"latent": {}, "counts": {}}  # first by class, then model
    for name in latent.classes:
        rows = np.flatnonzero((latent.labels == latent.code(name)) & (latent.split == split))
        rows = generator(seed, "evaluate", split, name).permutation(rows)
        made = {
            model: generated.where(label=name, role="sample")
            for model, generated in samples.items()
        }
        n = min(count, len(rows) // 2, *map(len, made.values()))
        if n < 2:
            continue
        one, other = rows[:n], rows[n : 2 * n]
        made = {model: x[:n] for model, x in made.items()}
        sets["latent"][name] = {REFERENCE: latent.x[one], "real": latent.x[other]} | made
        drawn = {REFERENCE: counts.x[one], "real": counts.x[other]}
        totals = counts.of(name, "train").sum(axis=1)
        for model, x in {"autoencoder": latent.x[other], **made}.items():
            random = generator(seed, "counts", split, name, model)
            library = random.choice(totals, n)
            drawn[model] = decode_counts(autoencoder, latent.unscale(x), library, random)
        sets["counts"][name] = drawn
    turned = {space: _by_model(by_class) for space, by_class in sets.items()}
    genes = each(lambda x: decoded(autoencoder, latent, x), turned["latent"])
    return {"latent": turned["latent"], "genes": genes, "counts": turned["counts"]}


def each(function: Callable[[np.ndarray], np.ndarray], sets: Sets) -> Sets:
    """The sets with their cells changed by a function."""
    return {
        model: {name: function(x) for name, x in by_class.items()}
        for model, by_class in sets.items()
    }


def _by_model(by_class: dict[str, dict[str, np.ndarray]]) -> Sets:
    models = next(iter(by_class.values()), {})
    return {model: {name: x[model] for name, x in by_class.items()} for model in models}


def _check(
    counts: Dataset, latent: Dataset, autoencoder: LDVAE, samples: Mapping[str, Samples]
) -> None:
    same = np.array_equal(counts.labels, latent.labels) and counts.classes == latent.classes
    if not (same and np.array_equal(counts.split, latent.split)):
        raise ValueError(
            f"the counts ({len(counts)} cells of {list(counts.classes)}) and the latents "
            f"({len(latent)} cells of {list(latent.classes)}) are not of the same cells; encode "
            "these counts again"
        )
    if counts.feature_names != autoencoder.genes or latent.shape != (autoencoder.latent,):
        raise ValueError(
            f"the autoencoder is of {len(autoencoder.genes)} genes and {autoencoder.latent} "
            f"latents, the data are of {len(counts.feature_names)} genes and of the shape "
            f"{latent.shape}, or of other genes; give the autoencoder that made the latents"
        )
    for model, made in samples.items():
        found = set(made.label[made.role == "sample"].tolist())
        if made.x.shape[1:] != latent.shape or found != set(latent.classes):
            raise ValueError(
                f"the samples of {model!r} have the shape {made.x.shape[1:]} and the classes "
                f"{sorted(found)}; expected {latent.shape} and all of {list(latent.classes)}"
            )
