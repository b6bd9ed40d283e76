"""Checks of class names and numbers; each error says what was found and what was expected."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np


def hint(name: str, valid: Iterable[str]) -> str:
    """The most similar of the valid names as a question, or a full stop if none is similar."""
    near = difflib.get_close_matches(str(name), valid, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "."


def normalised(name: object) -> str:
    """A class name as text in Unicode's form NFC, so that é is one name however it was typed."""
    return unicodedata.normalize("NFC", str(name))


def check_class_names(names: Iterable[str], valid: Sequence[str]) -> None:
    """Raise ValueError, with the nearest valid name, for the first name that is not in `valid`."""
    for name in names:
        if name not in valid:
            raise ValueError(
                f"Unknown class {name!r}{hint(name, valid)} Valid classes: {', '.join(valid)}."
            )


def check_distinct(classes: Sequence[str]) -> None:
    """Raise ValueError if a class name appears twice."""
    twice = sorted({name for name in classes if classes.count(name) > 1})
    if twice:
        raise ValueError(f"Class names appear twice: {', '.join(twice)}. Each class has one name.")


def check_column_names(names: Sequence[str], where: str = "") -> None:
    """Raise ValueError if a column has no name, or the name of another."""
    for number, name in enumerate(names, start=1):
        # pandas reads a column without a name as "Unnamed: 0".
        if not name.strip() or name.startswith("Unnamed: "):
            raise ValueError(
                f"{where}column {number} has no name; is it the row index of pandas? Drop it "
                "(index=False), or give it a name."
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{where}several columns are called {', '.join(map(repr, twice))}. Give each its own "
            "name, or leave the repeated ones out."
        )


def check_finite(x: np.ndarray, feature_names: Sequence[str] = ()) -> None:
    """Raise ValueError if x holds NaN or an infinity; names the column, the row and the count."""
    _refuse(~np.isfinite(x), "NaN or infinite", "Remove or fill them before.", x, feature_names)


def check_float32(x: np.ndarray, feature_names: Sequence[str] = ()) -> None:
    """Raise ValueError if a finite number in x is beyond the range of float32."""
    too_large = np.isfinite(x) & (np.abs(x) > np.finfo(np.float32).max)
    _refuse(too_large, "beyond float32 (3.4e38)", "Rescale the feature.", x, feature_names)


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
        f"row {row} (from 0). {fix}"
    )
