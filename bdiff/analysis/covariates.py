"""Do transmuted objects keep what they were in other respects, such as a cell's condition?

A covariate has a value k for each real object. Two answers, both from real objects of the class
that the transmuted ones have become, for which the covariate may look otherwise than before:

    accuracy   a classifier (logistic regression) learns the covariate from real objects of the new
               class, and reads it from transmuted objects, whose originals' values are known. The
               mean over values k of the share that is read rightly; 1 / K by chance
    effect     e_kg = mean of feature g over the objects with value k, minus the mean over all
               values. The slope, through 0, of the effects among transmuted objects over those
               among real objects of the new class; 0 if the covariate is lost, 1 if it is kept
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from bdiff.data.dataset import Dataset

FOLDS = 5


def rows_of(objects: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Rows of objects, (n, *shape), in the data set they were taken from, by exact equality.

    Of equal rows it is the first.

    Returns:
        (n,) int64.

    Raises:
        ValueError: if an object is none of the data set's.
    """
    known = {x.tobytes(): row for row, x in reversed(list(enumerate(dataset.x)))}
    objects = np.ascontiguousarray(objects, dtype=np.float32)
    rows = np.array([known.get(x.tobytes(), -1) for x in objects], dtype=np.int64)
    if (rows < 0).any():
        raise ValueError(
            f"{(rows < 0).sum()} of {len(rows)} objects are none of the {len(dataset)} of "
            f"{dataset.name!r}; give the data set that was transmuted"
        )
    return rows


def covariate_of(objects: np.ndarray, dataset: Dataset, covariate: str) -> np.ndarray:
    """Values of a covariate, (n,), of objects (n, *shape) that were taken from a data set.

    Raises:
        ValueError: if there is no such covariate, or an object is none of the data set's.
    """
    if covariate not in dataset.covariates:
        raise ValueError(
            f"{dataset.name!r} has no covariate {covariate!r}, only {list(dataset.covariates)}"
        )
    values: np.ndarray = dataset.covariates[covariate][rows_of(objects, dataset)]
    return values


def common_values(values: np.ndarray, least: int = 2) -> np.ndarray:
    """The values, (n,), that `least` objects or more have, sorted.

    Raises:
        ValueError: if they are fewer than two.
    """
    found, sizes = np.unique(values, return_counts=True)
    if (sizes >= least).sum() < 2:
        listed = dict(zip(found.tolist(), sizes.tolist(), strict=True))
        raise ValueError(
            f"a covariate is read by what it is for real objects of the class: expected two values "
            f"or more, each of {least} objects or more, found {listed}; name another covariate, or "
            "null for none"
        )
    return found[sizes >= least]


class Reader:
    """Reads a covariate from objects, having learnt it from real ones.

    Args:
        x: real objects, (n, features).
        values: of their covariate, (n,), each of two objects or more.
    """

    def __init__(self, x: np.ndarray, values: np.ndarray):
        self.x, self.values = x, values
        self.folds = min(FOLDS, int(np.unique(values, return_counts=True)[1].min()))
        self.model = _classifier().fit(x, values)

    def right(self, x: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Whether the covariate of each object (n, features) is read as its value: (n,) bool."""
        right: np.ndarray = self.model.predict(x) == values
        return right

    def right_of_real(self) -> np.ndarray:
        """The same of the real objects themselves, each by a classifier that has not seen it."""
        folds = StratifiedKFold(self.folds, shuffle=True, random_state=0)
        read = cross_val_predict(_classifier(), self.x, self.values, cv=folds)
        right: np.ndarray = read == self.values
        return right


def _classifier() -> LogisticRegression:
    return LogisticRegression(class_weight="balanced", max_iter=1000)


def balanced_accuracy(right: np.ndarray, values: np.ndarray) -> float:
    """Mean over the values of the share that was read rightly, (n,) and (n,) -> [0, 1]."""
    return float(np.mean([right[values == value].mean() for value in np.unique(values)]))


def covariate_effects(x: np.ndarray, values: np.ndarray, names: np.ndarray) -> np.ndarray:
    """e, (values, features), of objects (n, features) with these values, in the order of `names`.

    A value that no object has gets nan.
    """
    means = np.full((len(names), x.shape[1]), np.nan)
    for row, name in enumerate(names):
        if (values == name).any():
            means[row] = x[values == name].mean(axis=0)
    effects: np.ndarray = means - np.nanmean(means, axis=0)
    return effects


def effect_slope(real: np.ndarray, made: np.ndarray) -> float:
    """Slope, through 0, of effects (values, features) over the real ones.

    A value with nan on one side counts on neither, nor in the mean that effects are differences
    to; of fewer than two values the slope is nan. Real effects are means of few cells: what they
    have of chance makes the slope smaller than 1 even where all is kept.
    """
    known = np.isfinite(real).all(axis=1) & np.isfinite(made).all(axis=1)
    if known.sum() < 2:
        return np.nan
    real, made = (effects[known] - effects[known].mean(axis=0) for effects in (real, made))
    return float((real * made).sum() / (real**2).sum())
