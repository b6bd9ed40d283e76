r"""How good samples are: each metric a function of arrays.

The paper's "FID" is the Fréchet distance between Gaussians fitted to raw values,

    |m_a - m_b|² + tr(C_a + C_b - 2 (C_a^½ C_b C_a^½)^½),

not to the features of a network; it is called `frechet_raw` here, and `frechet_features` where it
is taken between the features of a classifier. It is biased upwards by small samples, so it means
something only beside the distance between two sets of real objects of the same size.

The manifold of a set of objects is the union of balls, one around each object, that reach to its
k-th nearest neighbour in the set. Precision and recall ask which objects lie in the other set's
manifold; density and coverage use the real objects' manifold alone, which samples far from all else
cannot blow up.

The maximum mean discrepancy is the distance of the means of two distributions in the feature space
of a kernel; with a Gaussian one it is 0 only if they are equal. Its square is estimated without
bias, so of equal distributions it is 0 on average, whatever the number of objects, and may be
negative.
"""

import math

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.neighbors import NearestNeighbors

from bdiff.randomness import generator


def disjoint_halves(
    x: np.ndarray, count: int, seed: int, split: str, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random sets of at most `count` objects, of the same size: a comparison's floor.

    Args:
        x: (n, ...) objects of one class.
        count: objects of each set; n // 2 where there are fewer.
        seed, split, name: what the choice depends on: the seed, the split and the class of x.
    """
    order = generator(seed, "evaluate", split, name).permutation(len(x))
    n = min(count, len(x) // 2)
    return x[order[:n]], x[order[n : 2 * n]]


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet distance between the Gaussians fitted to two sets of objects.

    With covariances R^T R, of the triangular factors R of the centred objects, the trace of their
    root is the sum of the singular values of R_a R_b^T: in float64, so constant features (border
    pixels) do no harm, and as cheap as the objects are few or have few values. Source: Dowson,
    Landau, "The Fréchet distance between multivariate normal distributions", 1982; paper, section
    6.1.

    Args:
        a, b: (n, ...) and (m, ...) objects, two or more each; they are flattened.

    Raises:
        ValueError: if a set has fewer than two objects.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(
            f"a covariance needs two objects or more, found {len(a)} and {len(b)}: "
            "ask for more samples"
        )
    a, b = _flat(a), _flat(b)
    root_a, root_b = (np.linalg.qr(x - x.mean(axis=0)).R / math.sqrt(len(x) - 1) for x in (a, b))
    crossed = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    trace = (root_a**2).sum() + (root_b**2).sum() - 2 * crossed
    return float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + trace)


def precision_recall(real: np.ndarray, made: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Share of samples in the real objects' manifold, and of real objects in the samples'.

    Samples that look real but are few of a kind have high precision and low recall. Source:
    Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models",
    2019, arXiv 1904.06991, equations 1 and 2.

    Args:
        real, made: (n, ...) and (m, ...) objects, more than k each; they are flattened.
        k: which neighbour a ball reaches to, 1 or more.

    Returns:
        Precision and recall, both in [0, 1].

    Raises:
        ValueError: if k is below 1 or a set has no k-th neighbour.
    """
    radii_real, radii_made = _radii(real, k), _radii(made, k)
    distance = cdist(_flat(real), _flat(made))
    precision = (distance <= radii_real[:, None]).any(axis=0).mean()
    recall = (distance <= radii_made[None, :]).any(axis=1).mean()
    return float(precision), float(recall)


def density_coverage(real: np.ndarray, made: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Real balls that a sample lies in, over k, and the share of real balls that hold a sample.

    Source: Naeem et al., "Reliable fidelity and diversity metrics for generative models", 2020,
    arXiv 2002.09797, section 3.

    Args:
        real, made: (n, ...) objects, more than k, and (m, ...) objects; they are flattened.
        k: which neighbour a ball reaches to, 1 or more.

    Returns:
        Density, 0 or more and about 1 for real objects, and coverage in [0, 1].

    Raises:
        ValueError: if k is below 1 or the real objects have no k-th neighbour.
    """
    within = cdist(_flat(real), _flat(made)) <= _radii(real, k)[:, None]
    return float(within.sum(axis=0).mean() / k), float(within.any(axis=1).mean())


def maximum_mean_discrepancy(a: np.ndarray, b: np.ndarray, bandwidth: float) -> float:
    """Squared maximum mean discrepancy of two sets of objects, unbiased.

    The mean of k(x, y) = exp(-|x - y|² / (2 bandwidth²)) over the pairs within a, and over those
    within b, minus twice that over the pairs of one from each. Source: Gretton et al., "A kernel
    two-sample test", JMLR 13, 2012, lemma 6, equation 3.

    Args:
        a, b: (n, ...) and (m, ...) objects, two or more each; they are flattened.
        bandwidth: of the kernel, above 0, such as `median_distance` of the real objects.

    Raises:
        ValueError: if a set has fewer than two objects, or the bandwidth is not above 0.
    """
    if min(len(a), len(b)) < 2 or not bandwidth > 0:
        raise ValueError(
            f"found {len(a)} and {len(b)} objects and the bandwidth {bandwidth:g}; a discrepancy "
            "needs two objects or more, not all of them equal, and a bandwidth above 0"
        )
    a, b = _flat(a), _flat(b)
    within_a, within_b, between = (
        np.exp(-cdist(x, y, "sqeuclidean") / (2 * bandwidth**2))
        for x, y in ((a, a), (b, b), (a, b))
    )
    # k(x, x) = 1 is left out of the means within a set
    within = [(k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in (within_a, within_b)]
    return float(sum(within) - 2 * between.mean())


def median_distance(x: np.ndarray) -> float:
    """Median of the Euclidean distances between the objects (n, ...) of a set, two or more.

    It is the usual bandwidth of a kernel (Gretton et al. 2012, section 8).
    """
    return float(np.median(pdist(_flat(x))))


def nearest_distance(x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Euclidean distance of each object to the nearest reference object.

    Args:
        x: (n, ...) objects. reference: (m, ...) objects.

    Returns:
        (n,) distances.
    """
    x, reference = _flat(x), _flat(reference)
    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(reference)
    nearest = index.kneighbors(x, return_distance=False)[:, 0]
    # Not the search's own distances: it expands the square, and gives equal objects some 1e-7.
    distances: np.ndarray = np.linalg.norm(x - reference[nearest], axis=1)
    return distances


def near_copies(made: np.ndarray, held_out: np.ndarray, share: float = 0.01) -> float:
    """Share of samples nearer to a training object than all but 1 % of held-out objects are.

    A model that has learnt the distribution comes as near to its training objects as other real
    objects do, which is about 0.01; one that repeats them comes nearer. Held-out objects that are
    equal to a training object (tables of whole numbers have such) say nothing about how near is too
    near and are left out of the quantile.

    Args:
        made: (n,) distances of samples to their nearest training objects, as `nearest_distance`
            gives them.
        held_out: (m,) the same of real objects that the model has not seen.
        share: of held-out objects that are nearer than the bound, in (0, 1).

    Returns:
        A share in [0, 1]; nan if every held-out object is equal to a training object.
    """
    apart = held_out[held_out > 0]
    return float((made < np.quantile(apart, share)).mean()) if len(apart) else float("nan")


def _flat(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, dtype=np.float64).reshape(len(x), -1)


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Distance of each object to its k-th nearest neighbour in the same set, itself not counted."""
    if not 1 <= k < len(x):
        raise ValueError(
            f"{len(x)} objects have no neighbour number {k}: k must be 1 or more and below the "
            "number of objects; ask for more samples or choose another k"
        )
    flat = _flat(x)
    return np.partition(cdist(flat, flat), k, axis=1)[:, k]
