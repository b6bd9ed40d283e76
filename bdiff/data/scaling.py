"""Scaling of tables: each feature to mean 0 and standard deviation 1."""

from collections.abc import Sequence

import numpy as np

from bdiff.data.checks import check_finite


def standardise(x: np.ndarray, feature_names: Sequence[str] = ()) -> tuple[np.ndarray, dict]:
    """Subtract each feature's mean and divide by its population standard deviation.

    Args:
        x: shape (N, ...).
        feature_names: names for the error message.

    Returns:
        The standardised x, float32, and {"kind", "mean", "sd"} with one number per feature.

    Raises:
        ValueError: if a feature is constant, holds NaN or an infinity, or its standard deviation is
            no positive float64.
    """
    check_finite(x, feature_names)
    values = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
    # Of numbers near the end of float64 these are infinite or zero; that is said below.
    with np.errstate(all="ignore"):
        mean, sd, spread = values.mean(axis=0), values.std(axis=0), np.ptp(values, axis=0)

    def called(columns):
        return [feature_names[i] if len(feature_names) else f"column {i}" for i in columns]

    constant = np.flatnonzero(spread == 0)
    if len(constant):
        names = called(constant)
        raise ValueError(
            f"{len(names)} features are constant and cannot be standardised: "
            f"{', '.join(names[:10])}. Leave them out, or set standardise to false."
        )
    extreme = np.flatnonzero(~(np.isfinite(mean) & np.isfinite(sd) & (sd > 0)))
    if len(extreme):
        raise ValueError(
            f"{', '.join(called(extreme)[:10])}: the standard deviation is {sd[extreme[0]]} and "
            "cannot be divided by. Rescale the feature before."
        )
    scaled = ((values - mean) / sd).astype(np.float32).reshape(x.shape)
    return scaled, {"kind": "standardised", "mean": mean.tolist(), "sd": sd.tolist()}
