"""How much of an object a transmutation keeps: correlation of each feature before and after."""

import numpy as np

from bdiff.sampling.files import Samples


def before_and_after(transmutation: Samples, start: str, end: str) -> tuple[np.ndarray, np.ndarray]:
    """Real objects of class `start`, (n, D), and row by row what they became as class `end`."""
    before = transmutation.where(label=end, role="original", origin=start)
    after = transmutation.where(label=end, role="sample", origin=start)
    return before.reshape(len(before), -1), after.reshape(len(after), -1)


def feature_correlation(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pearson r of each feature, (n, D) and (n, D) -> (D,); nan where a feature is constant."""
    u, v = before - before.mean(axis=0), after - after.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (u * v).sum(axis=0) / np.sqrt((u**2).sum(axis=0) * (v**2).sum(axis=0))
