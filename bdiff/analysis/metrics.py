r"""How good samples are: each metric a function of arrays.

The paper's "FID" is the Fréchet distance between Gaussians fitted to raw values,

    |m_a - m_b|² + tr(C_a + C_b - 2 (C_a^½ C_b C_a^½)^½),

not to the features of a network; it is called `frechet_raw` here. It is biased upwards by small
samples, so it means something only beside the distance between two sets of real objects of the same
size.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet distance between the Gaussians fitted to two sets of objects.

    The root's trace is taken from the eigenvalues of a symmetric matrix, in float64, so constant
    features (border pixels) do no harm: they add to the means only.

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
    a, b = (np.asarray(x, dtype=np.float64).reshape(len(x), -1) for x in (a, b))
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root_a = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    crossed = np.linalg.eigvalsh(root_a @ cov_b @ root_a)
    trace = np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(np.maximum(crossed, 0)).sum()
    return float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + trace)


def nearest_distance(x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Euclidean distance of each object to the nearest reference object.

    Samples that are much nearer to the training objects than held-out objects are, were memorised.

    Args:
        x: (n, ...) objects. reference: (m, ...) objects.

    Returns:
        (n,) distances.
    """
    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(
        reference.reshape(len(reference), -1)
    )
    return index.kneighbors(x.reshape(len(x), -1))[0][:, 0]
