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
        ValueError: if a feature is constant, or holds NaN or an infinity.
    """
    check_finite(x, feature_names)
    values = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
    mean, sd = values.mean(axis=0), values.std(axis=0)
    constant = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if len(constant):
        names = [feature_names[i] if len(feature_names) else f"column {i}" for i in constant]
        raise ValueError(
            f"{len(names)} features are constant and cannot be standardised: "
            f"{', '.join(names[:10])}. Leave them out, or set standardise to false."
        )
    scaled = ((values - mean) / sd).astype(np.float32).reshape(x.shape)
    return scaled, {"kind": "standardised", "mean": mean.tolist(), "sd": sd.tolist()}
