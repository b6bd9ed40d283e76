"""One-dimensional Wasserstein distances between the features of groups of objects.

W_1(u, v) = ∫ |F_u - F_v|, the area between the distribution functions of a feature in two groups,
in units of the feature (standardised: standard deviations).
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from scipy.stats import wasserstein_distance

Objects = Mapping[str, np.ndarray]


def feature_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """W_1 of each feature; first: (n, D), second: (m, D) -> (D,) float64."""
    return np.array([wasserstein_distance(u, v) for u, v in zip(first.T, second.T, strict=True)])


def true_to_generated(true: Objects, generated: Objects) -> dict[str, np.ndarray]:
    """W_1 of each feature between true and generated objects of a class; class -> (D,)."""
    return {name: feature_distances(true[name], generated[name]) for name in generated}


def between_classes(true: Objects) -> dict[tuple[str, str], np.ndarray]:
    """W_1 of each feature between the true objects of every two classes; (a, b) -> (D,)."""
    return {(a, b): feature_distances(true[a], true[b]) for a, b in combinations(true, 2)}
