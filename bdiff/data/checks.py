"""Checks of class names and numbers; each error says what was found and what was expected."""

import difflib
from collections.abc import Iterable, Sequence

import numpy as np


def check_class_names(names: Iterable[str], valid: Sequence[str]) -> None:
    """Raise ValueError, with the nearest valid name, for the first name that is not in `valid`."""
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(str(name), valid, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ValueError(f"Unknown class {name!r}{hint} Valid classes: {', '.join(valid)}.")


def check_distinct(classes: Sequence[str]) -> None:
    """Raise ValueError if a class name appears twice."""
    twice = sorted({name for name in classes if classes.count(name) > 1})
    if twice:
        raise ValueError(f"Class names appear twice: {', '.join(twice)}. Each class has one name.")


def check_finite(x: np.ndarray, feature_names: Sequence[str] = ()) -> None:
    """Raise ValueError if x holds NaN or an infinity; names the column, the row and the count."""
    finite = np.isfinite(x)
    if finite.all():
        return
    bad = ~finite.reshape(len(x), -1)
    row, column = np.argwhere(bad)[0]
    name = feature_names[column] if len(feature_names) else f"column {column} (from 0)"
    raise ValueError(
        f"x holds {bad.sum()} values that are NaN or infinite, in {bad.any(0).sum()} columns and "
        f"{bad.any(1).sum()} rows; the first is {x.reshape(len(x), -1)[row, column]} in {name!r}, "
        f"row {row} (from 0). Remove or fill them before."
    )
