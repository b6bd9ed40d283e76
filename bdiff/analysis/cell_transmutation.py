"""What transmutation does to the genes of cells (paper): some move, others are kept.

Cells are compared as normalised expression of their decoded latents, before and after, and so are
the real cells of the class they turn into. Nothing is rescaled to these. From the counts of real
cells, by their log2 fold change between the two classes (see `bdiff.analysis.expression`), a gene
is in one of the groups

    "origin", "target"   markers of the class left and of the class reached: at least two-fold
    "neither"            less than 1.41-fold (half of that on the logarithmic scale)
    "between"            all others

With b and a the mean of a gene before and after, and t that of real cells of the target,

    moved = 1 - |a - t| / |b - t|, or 0 where this is negative:    1 if the gene has arrived.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bdiff.analysis.covariates import (
    Reader,
    balanced_accuracy,
    common_values,
    covariate_effects,
    covariate_of,
    effect_slope,
)
from bdiff.analysis.expression import decoded, fold_change, log_normalised, shares_of
from bdiff.analysis.kept import (
    before_and_after,
    directions,
    feature_correlation,
    interval,
    with_interval,
)
from bdiff.data.dataset import Dataset
from bdiff.ldvae import LDVAE
from bdiff.progress import Progress
from bdiff.randomness import generator
from bdiff.sampling.files import Samples

COLUMNS = (
    "dataset", "model", "origin", "target", "gene", "group", "metric", "value", "low", "high", "n",
)  # fmt: skip
MARKER, NEITHER = 1.0, 0.5  # log2 fold changes
GROUPS = ("origin", "target", "neither", "between")
MARKERS = ("origin", "target")


def cell_transmutation(
    counts: Dataset,
    latent: Dataset,
    autoencoder: LDVAE,
    transmutations: Mapping[str, Samples],
    *,
    covariate: str | None = None,
) -> list[dict[str, Any]]:
    """How far markers move and what is kept, for every direction and model.

    By gene:
        fold_change             log2, of target over origin, from real counts
        before, after, target   mean normalised expression, and that of real cells of the target
        moved                   of markers, in [0, 1]
        r                       Pearson correlation over the cells, before and after
    Of all genes (gene ""):
        moved                   mean over the markers of both classes
        kept                    mean r over the genes of each group
        accuracy, effect        of the covariate, see `bdiff.analysis.covariates`; of values that
                                two real cells of the target or more have
        readable                accuracy for real cells of the target that the classifier has not
                                seen, which is what accuracy can reach

    Args:
        counts: real counts, (N, genes).
        latent: the same cells as `bdiff.autoencoder.encode` gives them.
        autoencoder: which gave them.
        transmutations: by name of the model, rows of role "original" and "sample" in the latent
            space; the originals are cells of `latent`, the same for all models.
        covariate: that may be kept, such as "condition"; None for none.

    Returns:
        Tidy rows with `COLUMNS`; low and high are the 2.5th and 97.5th percentile over resampled
        cells. Model "real" is the reference: real cells of the target drawn at random, which have
        moved as far as can be and kept nothing. Model "before" are the originals.

    Raises:
        ValueError: if the covariate or the originals are not of the data set, or fewer than two
            values of the covariate are left.
    """
    rows, ways = [], directions(next(iter(transmutations.values())))
    with Progress("comparing genes", len(ways), "directions") as progress:
        for way in ways:
            facts = dict.fromkeys(COLUMNS, "") | {"dataset": latent.name}
            facts |= {"origin": way[0], "target": way[1]}
            for row in _of_way(counts, latent, autoencoder, transmutations, way, covariate):
                rows.append(facts | row)
            progress.update(1)
    return rows


def _of_way(
    counts: Dataset,
    latent: Dataset,
    autoencoder: LDVAE,
    transmutations: Mapping[str, Samples],
    way: tuple[str, str],
    covariate: str | None,
) -> Iterator[dict[str, Any]]:
    """Rows of one direction."""
    pairs = {model: before_and_after(made, *way) for model, made in transmutations.items()}
    original = next(iter(pairs.values()))[0]
    target = latent.of(way[1], "train")
    drawn = generator(0, "unrelated cells", *way).integers(len(target), size=len(original))
    pairs |= {"real": (original, target[drawn])}
    changes, names = fold_changes_between(counts, *way), counts.feature_names
    mean = expression(autoencoder, latent, target).mean(axis=0)
    for model, both in pairs.items():
        before, after = (expression(autoencoder, latent, x) for x in both)
        facts = {"model": model, "n": len(original)}
        yield from (facts | row for row in _by_gene(before, after, mean, changes, names))
        yield from (facts | row for row in _of_all_genes(before, after, mean, gene_groups(changes)))
    if covariate is not None:
        cells = {"before": original} | {model: both[1] for model, both in pairs.items()}
        values = covariate_of(original, latent, covariate)
        yield from _kept_covariate(latent, autoencoder, cells, way[1], covariate, values)


def expression(autoencoder: LDVAE, latent: Dataset, x: np.ndarray) -> np.ndarray:
    """Normalised expression of objects of the latent data set, (n, latent) -> (n, genes)."""
    return log_normalised(decoded(autoencoder, latent, x))


def fold_changes_between(counts: Dataset, origin: str, target: str) -> np.ndarray:
    """log2 fold change of every gene, of target over origin, in the training cells: (genes,)."""
    means = (shares_of(counts.of(name, "train")).mean(axis=0) for name in (target, origin))
    return fold_change(*means)


def gene_groups(changes: np.ndarray) -> np.ndarray:
    """The group of every gene, one of `GROUPS`, by its fold change: (genes,) -> (genes,) of str."""
    of_group = changes <= -MARKER, changes >= MARKER, np.abs(changes) < NEITHER
    return np.select(of_group, GROUPS[:3], GROUPS[3])


def moved(before: np.ndarray, after: np.ndarray, target: np.ndarray) -> np.ndarray:
    """How far means have come from `before` to `target`, in [0, 1]; all of shape (genes,)."""
    share: np.ndarray = np.maximum(0, 1 - np.abs(after - target) / np.abs(before - target))
    return share


def gene_effects(
    latent: Dataset,
    autoencoder: LDVAE,
    transmutations: Mapping[str, Samples],
    way: tuple[str, str],
    covariate: str,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Effects of a covariate on normalised expression, see `bdiff.analysis.covariates`.

    Args:
        latent, autoencoder, transmutations, covariate: as in `cell_transmutation`.
        way: the direction (origin, target).

    Returns:
        Those among real cells of the target, (values, genes), and by model those of the originals'
        covariate among transmuted cells.
    """
    real = latent.select("train").keep_classes(way[1:])
    own = real.covariates[covariate]
    names, found = common_values(own), {}
    for model, made in transmutations.items():
        before, after = before_and_after(made, *way)
        values = covariate_of(before, latent, covariate)
        found[model] = covariate_effects(expression(autoencoder, latent, after), values, names)
    return covariate_effects(expression(autoencoder, latent, real.x), own, names), found


def _by_gene(
    before: np.ndarray,
    after: np.ndarray,
    target: np.ndarray,
    changes: np.ndarray,
    genes: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Rows of every gene; cells (n, genes), and the mean (genes,) of real cells of the target."""
    means = {"before": before.mean(axis=0), "after": after.mean(axis=0), "target": target}
    values = {"fold_change": changes} | means | {"moved": moved(*means.values())}
    r = feature_correlation(before, after)
    ends = interval(lambda draw: feature_correlation(before[draw], after[draw]), len(before))
    of_r = np.stack([r, *ends], axis=1).tolist()
    for i, (gene, group) in enumerate(zip(genes, gene_groups(changes).tolist(), strict=True)):
        facts = {"gene": gene, "group": group}
        for metric, of_genes in values.items():
            if metric != "moved" or group in MARKERS:
                yield facts | {"metric": metric, "value": float(of_genes[i])}
        yield facts | {"metric": "r"} | dict(zip(("value", "low", "high"), of_r[i], strict=True))


def _of_all_genes(
    before: np.ndarray, after: np.ndarray, target: np.ndarray, groups: np.ndarray
) -> Iterator[dict[str, Any]]:
    chosen = np.isin(groups, MARKERS)
    if chosen.any():
        b, a, t = before[:, chosen], after[:, chosen], target[chosen]
        yield {"metric": "moved"} | with_interval(
            lambda draw: moved(b[draw].mean(axis=0), a[draw].mean(axis=0), t).mean(), len(b)
        )
    for group in sorted(set(groups.tolist()), key=GROUPS.index):
        kept = _mean_r(before[:, groups == group], after[:, groups == group])
        yield {"metric": "kept", "group": group} | kept


def _mean_r(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    return with_interval(
        lambda draw: np.nanmean(feature_correlation(before[draw], after[draw])), len(before)
    )


def _kept_covariate(
    latent: Dataset,
    autoencoder: LDVAE,
    after: Mapping[str, np.ndarray],
    target: str,
    covariate: str,
    values: np.ndarray,
) -> Iterator[dict[str, Any]]:
    """Rows of the covariate: of cells (n, latent) by model, whose originals had the values (n,)."""
    real = latent.select("train").keep_classes([target])
    own = real.covariates[covariate]
    names = common_values(own)
    kept, known = np.isin(own, names), np.isin(values, names)
    x, own, values = real.x[kept], own[kept], values[known]
    reader = Reader(x, own)
    effects = covariate_effects(expression(autoencoder, latent, x), own, names)
    right = _accuracy(reader.right_of_real(), own)
    yield {"model": "real", "n": len(own), "metric": "readable"} | right
    for model, made in after.items():
        facts = {"model": model, "n": len(values)}
        right = _accuracy(reader.right(made[known], values), values)
        yield facts | {"metric": "accuracy"} | right
        cells = expression(autoencoder, latent, made[known])
        yield facts | {"metric": "effect"} | _slope(effects, cells, values, names)


def _accuracy(right: np.ndarray, values: np.ndarray) -> dict[str, float]:
    return with_interval(lambda draw: balanced_accuracy(right[draw], values[draw]), len(values))


def _slope(
    effects: np.ndarray, cells: np.ndarray, values: np.ndarray, names: np.ndarray
) -> dict[str, float]:
    def slope(of: np.ndarray) -> float:
        return effect_slope(effects, covariate_effects(cells[of], values[of], names))

    return with_interval(slope, len(cells))
