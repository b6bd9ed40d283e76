"""An LDVAE from a data set of counts: fitting, encoding, drawing counts.

`bdiff.ldvae` has the model and its maths. Diffusion models work on what `encode` makes of the
cells: the means of their posteriors, standardised.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bdiff.data.dataset import Dataset, check_training_objects
from bdiff.data.scaling import by_feature, scale
from bdiff.device import choose_device, flushed_denormals
from bdiff.ldvae import LDVAE
from bdiff.progress import Progress
from bdiff.randomness import generator
from bdiff.signals import StopSignals, stop
from bdiff.training.settings import Training, TrainingError

IDLE = 0.05  # variance of a latent's posterior means up to which it says nothing of the cells
CHUNK = 4096  # cells worked on at a time


def fit_autoencoder(
    dataset: Dataset,
    *,
    latent: int = 32,
    hidden: int = 128,
    steps: int = 3000,
    batch_size: int = 256,
    learning_rate: float = 1e-2,
    seed: int = 0,
    device: str = "auto",
) -> LDVAE:
    """Fit an LDVAE to the training cells of a data set of counts, by Adam on the negative ELBO.

    The weight of the KL rises from 0 to 1 over the first fifth of the steps, so that latents find
    work before it holds them to the prior (Sønderby et al. 2016, arXiv 1602.02282). Those that have
    found none in the end are left out, as standardising would make features of their noise. The
    criterion is the variance over the cells of the posterior's mean (Burda et al. 2016, arXiv
    1509.00519, who ask for 0.01; the few that had 0.01 to 0.04 of simulated cells were not needed,
    the least of the others had 0.4).

    Args:
        dataset: raw counts, x (N, genes), with gene names; classes are not looked at.
        latent: numbers per cell, at most. More than needed do no harm where cells are many: of
            27,000 simulated ones that differ in 14 directions, 16, 32 and 64 latents all left 14,
            with the same ELBO. Of 560 blood cells 10 gave a better one than 16 or 32.
        hidden: units of each of the encoder's two hidden layers.
        steps: optimisation steps.
        batch_size: cells per step, drawn with replacement.
        learning_rate: the highest; see `Training`, schedule "cosine".
        seed: of the weights, the batches and the noise.
        device: "auto", "cpu" or "cuda".

    Returns:
        The autoencoder, on that device and in evaluation mode; its latents are in descending order
        of the variance of their means.

    Raises:
        ValueError: if x is not counts, a cell has none, genes have no names, a class has fewer than
            two training cells, or a setting is out of range.
        TrainingError: if the loss is not finite.
        KeyboardInterrupt, SystemExit: on a signal, see `bdiff.signals`.
    """
    if min(latent, hidden) < 1:
        raise ValueError(f"latent is {latent} and hidden {hidden}; they must be 1 or more")
    training = Training(steps, batch_size, learning_rate, seed=seed)
    check_training_objects(dataset)
    counts = checked_counts(dataset)[dataset.split == "train"]
    autoencoder = _untrained(dataset.feature_names, gene_shares(counts), latent, hidden, seed)
    autoencoder.to(choose_device(device))
    _minimise(autoencoder, torch.from_numpy(counts), training)
    return _without_idle(autoencoder, posterior(autoencoder, counts)[0]).eval()


def checked_counts(dataset: Dataset, genes: Sequence[str] | None = None) -> np.ndarray:
    """The counts of a data set, (N, genes) float32.

    Args:
        dataset: x (N, genes).
        genes: those that it must have, in this order; by default any.

    Raises:
        ValueError: if x is not whole numbers of 0 or more for named genes, or of other genes, or a
            cell has no count at all.
    """
    x, found, name = dataset.x, dataset.feature_names, f"data set {dataset.name!r}"
    if x.ndim != 2 or not found:
        raise ValueError(
            f"{name} has objects of shape {dataset.shape} and {len(found)} feature names; an "
            "autoencoder needs counts, x (cells, genes), and the names of the genes"
        )
    if genes is not None and found != tuple(genes):
        missing = [gene for gene in genes if gene not in found]
        other = f"{missing[0]!r} is missing" if missing else "some are more, or the order differs"
        raise ValueError(
            f"{name} has {len(found)} genes, but not the {len(genes)} of the autoencoder: {other}; "
            "select the genes that it has (autoencoder.genes), or fit another one"
        )
    wrong = (x < 0) | (x != np.rint(x))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"{name} has {wrong.sum():,} values that are no counts, the first {x[row, column]:g} "
            f"for gene {found[column]!r} in row {row}; whole numbers of 0 or more are expected; "
            "give the raw counts, neither normalised nor logged nor standardised"
        )
    empty = np.flatnonzero(x.sum(axis=1) == 0)
    if len(empty):
        raise ValueError(
            f"{name} has {len(empty):,} cells without a single count in its {len(found)} genes, "
            f"the first in row {empty[0]}; leave them out, or keep more genes"
        )
    return x


def gene_shares(counts: np.ndarray) -> np.ndarray:
    """Share of each gene in all counts, (n, genes) -> (genes,) float64.

    Each gene is given one count more, so that none has the share 0.
    """
    totals = counts.sum(axis=0, dtype=np.float64) + 1
    shares: np.ndarray = totals / totals.sum()
    return shares


def _untrained(
    genes: Sequence[str], shares: np.ndarray, latent: int, hidden: int, seed: int
) -> LDVAE:
    """Weights from the seed, but that a latent of 0 stands for the shares."""
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(int(generator(seed, "autoencoder", "weights").integers(2**62)))
        autoencoder = LDVAE(genes, latent, hidden)
    with torch.no_grad():
        autoencoder.decoder.bias.copy_(torch.from_numpy(np.log(shares)))
    return autoencoder


def _minimise(autoencoder: LDVAE, counts: Tensor, training: Training) -> None:
    """Adam on the negative ELBO, in place."""
    where = autoencoder.decoder.weight.device
    counts = counts.to(where)
    optimizer = torch.optim.Adam(autoencoder.parameters())
    random = generator(training.seed, "autoencoder")
    size = (training.batch_size, autoencoder.latent)
    what = "fitting the autoencoder"
    with (
        flushed_denormals(),
        Progress(what, training.steps, "steps") as progress,
        StopSignals() as signals,
    ):
        for step in range(training.steps):
            cells = counts[torch.from_numpy(random.integers(len(counts), size=size[0]))]
            noise = torch.from_numpy(random.standard_normal(size, dtype=np.float32)).to(where)
            kl_weight = min(1.0, 5 * (step + 1) / training.steps)
            loss = autoencoder.negative_elbo(cells, noise, kl_weight).mean()
            if not torch.isfinite(loss):
                raise TrainingError(
                    f"the loss of the autoencoder is {loss.item()} at step {step + 1}; try a "
                    f"learning_rate below {training.learning_rate:g}"
                )
            optimizer.param_groups[0]["lr"] = training.rate(step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            progress.update(1, f"-ELBO {loss.item():.1f}")
            if signals.received:
                at = f"step {step + 1:,} of {training.steps:,} of the autoencoder"
                stop(signals.received, f"stopped at {at}; the next run starts anew")


def _without_idle(autoencoder: LDVAE, means: np.ndarray) -> LDVAE:
    """The autoencoder with those latents only that tell cells apart, the most telling first.

    Args:
        autoencoder: fitted.
        means: of the posteriors of the training cells, (n, latent).
    """
    variance = means.var(axis=0)
    number = int((variance > IDLE).sum())
    if not number:
        warnings.warn(
            f"none of the {autoencoder.latent} latents tells cells apart (the variances of their "
            f"means are at most {variance.max():.2g}), so all are kept; fit for more steps, or to "
            "more cells or genes",
            stacklevel=3,
        )
        return autoencoder
    order = torch.from_numpy(np.argsort(-variance))
    kept, idle = order[:number], order[number:]
    weights = dict(autoencoder.state_dict())
    last = f"encoder.{len(autoencoder.encoder) - 1}"
    for name in (f"{last}.weight", f"{last}.bias"):  # rows of means, then of log variances
        weights[name] = weights[name][torch.cat([kept, autoencoder.latent + kept])]
    W = weights["decoder.weight"]
    rest = torch.from_numpy(means.mean(axis=0)).to(W.device)[idle]
    weights["decoder.weight"] = W[:, kept]
    weights["decoder.bias"] = weights["decoder.bias"] + W[:, idle] @ rest
    return LDVAE.of_weights(weights, autoencoder.genes, number, autoencoder.hidden)


def encode(autoencoder: LDVAE, dataset: Dataset, scaling: dict[str, Any] | None = None) -> Dataset:
    """The cells in the latent space: means of their posteriors, standardised by training cells.

    Args:
        autoencoder: fitted to these genes.
        dataset: raw counts, x (N, genes).
        scaling: reuse this scaling of cells encoded earlier; by default, standardise by this data
            set's training cells.

    Returns:
        The same cells, classes, covariates and split with x (N, latent), features "z1", "z2", ...;
        `unscale` gives the means themselves, which `LDVAE.proportions` decodes.

    Raises:
        ValueError: if x is not counts, or of other genes, or a class has fewer than two training
            cells.
    """
    check_training_objects(dataset)
    z = posterior(autoencoder, checked_counts(dataset, autoencoder.genes))[0]
    names = tuple(f"z{number + 1}" for number in range(autoencoder.latent))
    scaling = scaling or by_feature(z[dataset.split == "train"], names)
    return replace(dataset, x=scale(z, scaling), feature_names=names, scaling=scaling)


@torch.no_grad()
def posterior(autoencoder: LDVAE, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and log variance of q(z | x): counts (n, genes) -> (n, latent) float32 each."""
    where = autoencoder.decoder.weight.device
    parts = [
        torch.stack(autoencoder.posterior(part.to(where))).cpu()
        for part in torch.from_numpy(counts).split(CHUNK)
    ]
    mean, log_variance = torch.cat(parts, dim=1).numpy()
    return mean, log_variance


def decode_counts(
    autoencoder: LDVAE, z: np.ndarray, library: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Counts drawn from the negative binomials that latents stand for.

    Args:
        autoencoder: fitted.
        z: latents, not standardised, shape (n, latent).
        library: expected total of each cell, above 0, shape (n,).
        random: a generator, such as `bdiff.randomness.generator` gives.

    Returns:
        int64, shape (n, genes).
    """
    mu = np.asarray(library, dtype=np.float64)[:, None] * autoencoder.proportions(z)
    r = autoencoder.dispersion
    return random.negative_binomial(r, r / (r + mu))
