"""How much of an object a transmutation keeps: correlation of each feature before and after.

Intervals are from the bootstrap: the 2.5th and 97.5th percentile over resampled objects (Efron and
Tibshirani 1993, section 13.3).
"""

from collections.abc import Callable

import numpy as np

from bdiff.randomness import generator
from bdiff.sampling.files import Samples

RESAMPLED = 200  # draws of objects for an interval


def directions(transmutation: Samples) -> list[tuple[str, str]]:
    """The (origin, target) of the finished objects, in the order of the file."""
    done = transmutation.role == "sample"
    ways = zip(transmutation.origin[done].tolist(), transmutation.label[done].tolist(), strict=True)
    return list(dict.fromkeys(ways))


def before_and_after(transmutation: Samples, start: str, end: str) -> tuple[np.ndarray, np.ndarray]:
    """Real objects of a class, (n, *shape), and row by row what they became as class `end`."""
    before = transmutation.where(label=end, role="original", origin=start)
    after = transmutation.where(label=end, role="sample", origin=start)
    return before, after


def feature_correlation(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pearson r of each feature, (n, D) and (n, D) -> (D,); nan where a feature is constant."""
    u, v = (x - x.mean(axis=0, dtype=np.float64) for x in (before, after))
    spread = np.sqrt((u**2).sum(axis=0) * (v**2).sum(axis=0))
    spread[spread < 1e-9 * len(u)] = np.nan
    correlation: np.ndarray = (u * v).sum(axis=0) / spread
    return correlation


def interval(
    statistic: Callable[[np.ndarray], np.ndarray | float], objects: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of a statistic's 95 % interval.

    Args:
        statistic: function of the (n,) indices of resampled objects, with repeats.
        objects: how many there are.
    """
    draws = generator(0, "resample").integers(objects, size=(RESAMPLED, objects))
    values = np.array([statistic(draw) for draw in draws])
    low, high = np.nanpercentile(values, (2.5, 97.5), axis=0)
    return low, high


def with_interval(
    statistic: Callable[[np.ndarray], np.ndarray | float], objects: int
) -> dict[str, float]:
    """A statistic of one number as "value", the ends of its interval as "low" and "high".

    Args:
        statistic, objects: as in `interval`.
    """
    numbers = (statistic(np.arange(objects)), *interval(statistic, objects))
    return dict(zip(("value", "low", "high"), map(float, numbers), strict=True))
