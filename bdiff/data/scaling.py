"""Scaling of raw values, and the way back: raw = x · scale + offset.

Tables are scaled feature by feature, to mean 0 and standard deviation 1. Objects of more than one
dimension, such as images, have one offset and one scale for all values, to [-1, 1]: their borders
may well be constant, and contrasts between pixels are part of the picture.

A scaling is a dictionary, as it stands in files: "kind", words for people, and the numbers "offset"
and "scale", each a list (one per feature) or a single number (for all values).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bdiff.expect import listed

UNSCALED = {"kind": "none", "offset": 0.0, "scale": 1.0}
# Whole numbers of molecules as they are; the scale at which to see them is the model's own.
COUNTS = {**UNSCALED, "kind": "counts"}
GRAPHS = {**UNSCALED, "kind": "graphs"}  # bond orders, and atom types as 0 and 1


def find_scaling(x: np.ndarray, feature_names: Sequence[str] = ()) -> dict[str, Any]:
    """The scaling that suits these objects: by feature for tables, by range for all others.

    Args:
        x: training objects, finite, shape (N, *shape); held-out ones should not shape the scaling.
        feature_names: names for the error message.

    Raises:
        ValueError: if a feature, or every value of an image, is the same everywhere, or the numbers
            are too large or too near to each other for float64.
    """
    return by_range(x) if x.ndim > 2 else by_feature(x, feature_names)


def by_feature(x: np.ndarray, feature_names: Sequence[str] = ()) -> dict[str, Any]:
    """Mean and population standard deviation of every feature; arguments as in `find_scaling`."""
    values = np.asarray(x, dtype=np.float64)
    # Of numbers near the end of float64 these are infinite or zero; that is said below.
    with np.errstate(all="ignore"):
        mean, sd, spread = values.mean(axis=0), values.std(axis=0), np.ptp(values, axis=0)

    def called(columns: np.ndarray) -> list[str]:
        return [feature_names[i] if len(feature_names) else f"column {i}" for i in columns]

    constant = np.flatnonzero(spread == 0)
    if len(constant):
        names = called(constant)
        raise ValueError(
            f"{len(names)} features are constant in the training objects and cannot be "
            f"standardised: {listed(names)}; leave them out, or set standardise to false; "
            "if they are pixels, give x the shape of images"
        )
    extreme = np.flatnonzero(~(np.isfinite(mean) & np.isfinite(sd) & (sd > 0)))
    if len(extreme):
        raise ValueError(
            f"{listed(called(extreme))}: the standard deviation is {sd[extreme[0]]} and "
            "cannot be divided by; rescale the feature before"
        )
    return {"kind": "standardised", "offset": mean.tolist(), "scale": sd.tolist()}


def by_range(x: np.ndarray) -> dict[str, Any]:
    """Middle and half of the range of all values; arguments as in `find_scaling`."""
    least, greatest = float(x.min()), float(x.max())
    half = greatest / 2 - least / 2
    if not 0 < half < np.inf:
        raise ValueError(
            f"the training objects have values from {least:g} to {greatest:g}, which cannot be "
            "scaled to [-1, 1]; rescale them before, or set standardise to false"
        )
    return {"kind": "all values to [-1, 1]", "offset": least / 2 + greatest / 2, "scale": half}


def checked_scaling(scaling: Mapping[str, Any], shape: Sequence[int]) -> dict[str, Any]:
    """A scaling of objects of this shape, its numbers as they stand in files.

    Raises:
        ValueError: if offset or scale is missing, is neither a number nor, for tables, one per
            feature, or is not finite; if a scale is not above 0.
    """
    checked = dict(scaling)
    for key in ("offset", "scale"):
        values = np.asarray(scaling.get(key, []), dtype=np.float64)
        if values.shape not in ((), tuple(shape) if len(shape) == 1 else ()):
            wanted = "a number" + (f" or a list of {shape[0]} numbers" if len(shape) == 1 else "")
            raise ValueError(f"scaling[{key!r}] is {scaling.get(key)!r}; expected {wanted}")
        if not np.isfinite(values).all() or (key == "scale" and not (values > 0).all()):
            above = " above 0" if key == "scale" else ""
            raise ValueError(f"scaling[{key!r}] holds {values.min():g}; expected numbers{above}")
        checked[key] = values.tolist()
    return checked


def scale(x: np.ndarray, scaling: Mapping[str, Any]) -> np.ndarray:
    """Raw objects, shape (..., *shape), in scaled units, float32, shape (..., *shape)."""
    scaled = np.array(x, dtype=np.float64)
    scaled -= scaling["offset"]
    scaled /= scaling["scale"]
    with np.errstate(over="ignore"):  # the data set refuses what is infinite, and says where
        return scaled.astype(np.float32)


def unscale(x: np.ndarray, scaling: Mapping[str, Any]) -> np.ndarray:
    """The inverse of `scale`: scaled objects in raw units, float64, shape (..., *shape).

    Raises:
        ValueError: if the scaling has no numbers, as those in older files.
    """
    if "offset" not in scaling:
        raise ValueError(
            "the scaling of these objects is not known; make the data set again from raw values"
        )
    raw: np.ndarray = np.asarray(x, dtype=np.float64) * scaling["scale"] + scaling["offset"]
    return raw
