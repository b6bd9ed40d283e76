"""Checks of class names and numbers; each error says what was found and what was expected."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bdiff.expect import nearest


def normalised(name: object) -> str:
    """A class name as text in Unicode's form NFC, so that é is one name however it was typed."""
    return unicodedata.normalize("NFC", str(name))


def check_class_names(names: Iterable[str], valid: Sequence[str]) -> None:
    """Raise ValueError, with the nearest valid name, for the first name that is not in `valid`."""
    for name in names:
        if name not in valid:
            raise ValueError(
                f"unknown class {name!r}; the classes are {', '.join(valid)}{nearest(name, valid)}"
            )


def check_distinct(classes: Sequence[str]) -> None:
    """Raise ValueError if a class name appears twice."""
    twice = sorted({name for name in classes if classes.count(name) > 1})
    if twice:
        raise ValueError(f"class names appear twice: {', '.join(twice)}; each class has one name")


def check_counts(labels: np.ndarray, classes: Sequence[str], name: str, least: int = 2) -> None:
    """Raise ValueError if a class has fewer than `least` training objects.

    Args:
        labels: (N,) codes of the training objects.
        classes, name: of the data set.
        least: the fewest that a class may have.
    """
    counts = np.bincount(labels, minlength=len(classes))
    poor = [
        f"{class_name!r} has {count}"
        for class_name, count in zip(classes, counts, strict=True)
        if count < least
    ]
    if poor:
        raise ValueError(
            f"data set {name!r}: every class needs at least {least} training objects, but "
            f"{', '.join(poor)}; give more objects, hold out fewer, or leave the class out"
        )


def check_codes(labels: np.ndarray, classes: Sequence[str]) -> None:
    """Raise ValueError unless the labels are integer codes into the class names."""
    labels = np.asarray(labels)
    fix = "labels of another kind are for bdiff.data.tables.from_arrays"
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels have the type {labels.dtype}; integer codes into `classes` are expected; {fix}"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < len(classes):
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}; codes into {len(classes)} class "
            f"names (0 to {len(classes) - 1}) are expected; {fix}"
        )


def check_covariates(covariates: Mapping[str, Sequence[str] | np.ndarray]) -> None:
    """Raise ValueError unless each covariate has a name, and a text for every object."""
    for name, texts in covariates.items():
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a covariate is called {name!r}; give it a name")
        values = np.asarray(texts, dtype=object)
        if values.ndim != 1:
            raise ValueError(
                f"the covariate {name!r} has the shape {values.shape}; one text per object is "
                "expected"
            )
        bad = [row for row, v in enumerate(values) if not isinstance(v, str) or not v.strip()]
        if bad:
            raise ValueError(
                f"the covariate {name!r} is missing or no text in {len(bad)} of {len(values)} "
                f"rows; the first is {values[bad[0]]!r} in row {bad[0]} (from 0); fill it in, such "
                "as with 'unknown', or leave it out"
            )


def check_column_names(names: Sequence[str], where: str = "") -> None:
    """Raise ValueError if a column has no name, or the name of another."""
    for number, name in enumerate(names, start=1):
        # pandas reads a column without a name as "Unnamed: 0".
        if not name.strip() or name.startswith("Unnamed: "):
            raise ValueError(
                f"{where}column {number} has no name; if it is the row index of pandas, drop it "
                "(index=False), else give it a name"
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{where}several columns are called {', '.join(map(repr, twice))}; give each its own "
            "name, or leave the repeated ones out"
        )


def check_finite(x: np.ndarray, feature_names: Sequence[str] = ()) -> None:
    """Raise ValueError if x holds NaN or an infinity; names the column, the row and the count."""
    _refuse(~np.isfinite(x), "NaN or infinite", "remove or fill them before", x, feature_names)


def check_float32(x: np.ndarray, feature_names: Sequence[str] = ()) -> None:
    """Raise ValueError if a finite number in x is beyond the range of float32."""
    too_large = np.isfinite(x) & (np.abs(x) > np.finfo(np.float32).max)
    _refuse(too_large, "beyond float32 (3.4e38)", "rescale the feature", x, feature_names)


def _refuse(
    bad: np.ndarray, what: str, fix: str, x: np.ndarray, feature_names: Sequence[str]
) -> None:
    """Raise ValueError if anything is bad; names the column, the row and the count."""
    if not bad.any():
        return
    bad = bad.reshape(len(x), -1)
    row, column = np.argwhere(bad)[0]
    name = feature_names[column] if len(feature_names) else f"column {column} (from 0)"
    raise ValueError(
        f"x holds {bad.sum()} values that are {what}, in {bad.any(0).sum()} columns and "
        f"{bad.any(1).sum()} rows; the first is {x.reshape(len(x), -1)[row, column]} in {name!r}, "
        f"row {row} (from 0); {fix}"
    )
