"""The quality of generated cells, class by class, each number beside what real cells score.

Distances in the space "genes" say what the diffusion model loses, those in "counts" also what the
autoencoder does; its own row there, "autoencoder", has no diffusion model. See
`bdiff.analysis.cell_sets` for the spaces and `bdiff.analysis.expression` for the formulas.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from bdiff.analysis.cell_sets import REFERENCE, Sets, cell_sets, each
from bdiff.analysis.classifier import train_classifier
from bdiff.analysis.expression import (
    fold_changes,
    gene_statistics,
    log_normalised,
    recovery,
    share_found,
    shares_of,
    true_shares,
)
from bdiff.analysis.metrics import (
    frechet_distance,
    maximum_mean_discrepancy,
    median_distance,
    precision_recall,
)
from bdiff.analysis.quality import COLUMNS, NEIGHBOURS
from bdiff.data.dataset import Dataset
from bdiff.data.simulated_cells import Truth
from bdiff.ldvae import LDVAE
from bdiff.progress import Progress
from bdiff.sampling.files import Samples

Found = Iterator[tuple[str, str, dict[str, float]]]  # model, class, metrics


def expression_quality(
    counts: Dataset,
    latent: Dataset,
    autoencoder: LDVAE,
    samples: dict[str, Samples],
    *,
    count: int = 1000,
    seed: int = 0,
    truth: Truth | None = None,
) -> list[dict[str, Any]]:
    """Metrics between cells of every model and real cells of each split.

    In all spaces; in "genes" and "counts" of normalised expression:
        frechet             Fréchet distance
        mmd2                squared maximum mean discrepancy; bandwidth: the real cells' median
                            distance
        precision, recall   with the fifth neighbour, where there are more than five cells
    In "genes" and "counts":
        mean_r, mean_rmse   mean normalised expression over the genes: Pearson r with that of the
                            real cells, and root mean square of the difference
        lfc_r, lfc_slope    fold changes against the other classes: r, and the slope of the line
                            from real to generated, below 1 where they are too weak
        markers_found       share of the ten genes of largest real fold change among the ten of
                            largest generated one
        lfc_r_truth         r with the fold changes that the cells were simulated with
        accuracy            share of cells that a classifier, trained on the real cells of the
                            comparison, gives their own class; split "train"
    In "counts", r and rmse over the genes:
        counts_mean_r, ...  of mean and variance, as log(1 + value), and of the share of zeros

    Args:
        counts, latent, autoencoder, samples, count: as in `bdiff.analysis.cell_sets.cell_sets`.
        seed: of the choice of real cells, of the counts drawn and of the classifier.
        truth: of simulated cells.

    Returns:
        Tidy rows with `bdiff.analysis.quality.COLUMNS`. Model "real" are other real cells, which
        score what a perfect model would.

    Raises:
        ValueError: if the data sets have other cells, or samples other shapes or classes.
    """
    facts = {"dataset": latent.name, "seed": seed}
    splits = sorted(set(latent.split.tolist()), reverse=True)
    rows = []
    with Progress("measuring expression", 3 * len(splits), "spaces") as progress:
        for split in splits:
            spaces = cell_sets(
                counts, latent, autoencoder, samples, split=split, count=count, seed=seed
            )
            for space, sets in spaces.items():
                own = facts | {"split": split, "space": space}
                for model, name, metrics in _measured(space, sets, split, counts, truth, seed):
                    own |= {"model": model, "class": name, "n": len(sets[model][name])}
                    rows += [own | {"metric": m, "value": v} for m, v in metrics.items()]
                progress.update(1)
    return [{key: row[key] for key in COLUMNS} for row in rows]


def set_fold_changes(shares: Sets, counts: Dataset) -> dict[str, np.ndarray]:
    """log2 fold changes by model, (classes, genes), in the order of the sets' classes.

    Args:
        shares: of the genes, by model and class.
        counts: whose training cells say how often a class counts among the others.
    """
    names = list(shares[REFERENCE])
    weights = np.array([len(counts.of(name, "train")) for name in names])
    return {
        model: fold_changes(np.array([by_class[name].mean(axis=0) for name in names]), weights)
        for model, by_class in shares.items()
    }


def _measured(
    space: str, sets: Sets, split: str, counts: Dataset, truth: Truth | None, seed: int
) -> Found:
    """Every metric of a space."""
    if space == "latent":
        return _distances(sets)
    shares = sets if space == "genes" else each(shares_of, sets)
    values = each(log_normalised, shares)
    parts = [_distances(values), _means(values)]
    if len(sets.get(REFERENCE, ())) > 1:
        parts.append(_fold_changes(shares, counts, truth))
        if split == "train":
            parts.append(_accuracy(values, seed))
    if space == "counts":
        parts.append(_statistics(sets))
    return chain(*parts)


def _pairs(sets: Sets) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Model, class, its cells and the real ones they are compared with."""
    for model, by_class in sets.items():
        if model != REFERENCE:
            for name, made in by_class.items():
                yield model, name, made, sets[REFERENCE][name]


def _distances(sets: Sets) -> Found:
    bandwidths = {name: median_distance(x) for name, x in sets.get(REFERENCE, {}).items()}
    for model, name, made, real in _pairs(sets):
        metrics = {
            "frechet": frechet_distance(made, real),
            "mmd2": maximum_mean_discrepancy(made, real, bandwidths[name]),
        }
        if len(real) > NEIGHBOURS:
            both = precision_recall(real, made, NEIGHBOURS)
            metrics |= dict(zip(("precision", "recall"), both, strict=True))
        yield model, name, metrics


def _means(values: Sets) -> Found:
    for model, name, made, real in _pairs(values):
        yield model, name, _agreement("mean", real.mean(axis=0), made.mean(axis=0))


def _statistics(counts: Sets) -> Found:
    for model, name, made, real in _pairs(counts):
        metrics: dict[str, float] = {}
        found = gene_statistics(made)
        for statistic, value in gene_statistics(real).items():
            metrics |= _agreement(f"counts_{statistic}", value, found[statistic])
        yield model, name, metrics


def _agreement(what: str, real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    rmse = float(np.sqrt(((made - real) ** 2).mean()))
    return {f"{what}_r": recovery(real, made)[0], f"{what}_rmse": rmse}


def _fold_changes(shares: Sets, counts: Dataset, truth: Truth | None) -> Found:
    by_model = set_fold_changes(shares, counts)
    names = list(shares[REFERENCE])
    if truth is not None:
        known = true_shares(truth, counts)
        means = {name: known[[counts.code(name)]] for name in names}
        true = set_fold_changes({REFERENCE: means}, counts)[REFERENCE]
    for model, made in by_model.items():
        if model == REFERENCE:
            continue
        for number, (name, real) in enumerate(zip(names, by_model[REFERENCE], strict=True)):
            r, slope = recovery(real, made[number])
            metrics = {"lfc_r": r, "lfc_slope": slope}
            metrics["markers_found"] = share_found(real, made[number])
            if truth is not None:
                metrics["lfc_r_truth"] = recovery(true[number], made[number])[0]
            yield model, name, metrics


def _accuracy(values: Sets, seed: int) -> Found:
    real = list(values[REFERENCE].values())
    x = np.concatenate(real).astype(np.float32)
    labels = np.repeat(np.arange(len(real)), [len(x) for x in real])
    classifier = train_classifier(x, labels, len(real), seed)
    codes = {name: code for code, name in enumerate(values[REFERENCE])}
    for model, name, made, _ in _pairs(values):
        right = classifier.predict(made.astype(np.float32)) == codes[name]
        yield model, name, {"accuracy": float(right.mean())}
