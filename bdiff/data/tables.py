"""Data of one's own: from arrays, or from a CSV, parquet or npz file."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from bdiff.data.checks import (
    check_column_names,
    check_counts,
    check_finite,
    check_float32,
    normalised,
)
from bdiff.data.dataset import Dataset
from bdiff.data.readers import read_csv, read_npz, read_parquet
from bdiff.data.scaling import UNSCALED, checked_scaling, find_scaling, scale
from bdiff.files import sha256_of
from bdiff.randomness import generator

Labels = Sequence[str] | Sequence[int] | np.ndarray
# Networks and noise are made for values of about this size (root mean square).
SCALES = (0.02, 20.0)
READERS = {".csv": read_csv, ".parquet": read_parquet, ".npz": read_npz}


def from_arrays(
    x: np.ndarray,
    labels: Labels,
    *,
    name: str = "data",
    held_out: float | None = None,
    standardise: bool = False,
    scaling: dict[str, Any] | None = None,
    feature_names: Sequence[str] = (),
    title: str = "",
) -> Dataset:
    """Make a data set from an array of objects and the name of each one's class.

    Args:
        x: numbers, shape (N, *shape): (N, features) for tables, (N, channels, height, width) for
            images. The columns of a DataFrame name the features.
        labels: N class names; integers are read as names ("0", "1", ...).
        name: key of the data set.
        held_out: share of each class that becomes the split "test", in (0, 1); None for nothing.
        standardise: scale by what the training objects show. Tables: subtract each feature's mean
            and divide by its standard deviation. Objects of more than one dimension (images): bring
            the least value to -1 and the greatest to 1, with one offset and one scale for all.
            `Dataset.unscale` is the way back.
        scaling: scale as other objects were, beside which these are to stand: `Dataset.scaling`, or
            `model.facts["scaling"]`; in place of standardise.
        feature_names: one per feature of a table.
        title: name for figures; `name` by default.

    Warns:
        UserWarning: if the training values are far from scale 1, which the noise has.

    Raises:
        ValueError: if lengths differ, labels are no names or missing, x is empty, holds NaN, is not
            numeric or too large for float32, a feature is constant among the training objects (when
            standardising), or a class has none of them.
    """
    feature_names = tuple(map(str, feature_names))
    if hasattr(x, "columns"):
        feature_names = feature_names or tuple(map(str, x.columns))
    check_column_names(feature_names, "x: ")
    x = _numeric(x, feature_names)
    names, codes = class_codes(labels)
    if x.ndim >= 1 and len(x) != len(codes):
        raise ValueError(f"x has {len(x)} objects, but there are {len(codes)} labels")
    split = np.full(len(codes), "train") if held_out is None else draw_split(codes, names, held_out)
    training = split == "train"
    check_counts(codes[training], names, name, least=1)
    if standardise and scaling is not None:
        raise ValueError("give standardise=True or the scaling of other objects, not both")
    if standardise:
        check_finite(x, feature_names)
        scaling = find_scaling(x[training], feature_names)
    scaling = checked_scaling(scaling or UNSCALED, x.shape[1:])
    x = scale(x, scaling) if scaling != UNSCALED else x
    check_float32(x, feature_names)
    dataset = Dataset(
        x=x,
        labels=codes,
        classes=names,
        split=split,
        name=name,
        title=title,
        feature_names=feature_names,
        scaling=scaling,
        source={"dataset": name},
    )
    _warn_of_scale(dataset.x[training])
    return dataset


def read_table(
    path: str | Path,
    *,
    label: str = "label",
    standardise: bool = False,
    shape: Sequence[int] | None = None,
    held_out: float | None = None,
    title: str = "",
) -> Dataset:
    """Read objects and class names from a file.

    Args:
        path: .csv or .parquet with one column of labels, all others being numeric; or .npz with the
            arrays x and y.
        label: name of the column of labels.
        standardise, held_out: as in `from_arrays`.
        shape: shape of one object, such as [1, 28, 28], when the columns are an image's pixels.
        title: name for figures; the file's name by default.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file's kind, its label column, a column's type or the shape is wrong; and
            as `from_arrays`.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise ValueError(f"{path}: expected a file that ends with {', '.join(READERS)}")
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    x, labels, feature_names = READERS[path.suffix](path, label)
    if shape is not None:
        x, feature_names = _reshape(x, tuple(shape)), ()
    try:
        dataset = from_arrays(
            x,
            labels,
            name=path.stem,
            held_out=held_out,
            standardise=standardise,
            feature_names=feature_names,
            title=title,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    source = {"dataset": "file", "file": path.name, "sha256": sha256_of(path)}
    return replace(dataset, source=source)


def hold_out(dataset: Dataset, fraction: float) -> Dataset:
    """Make this share of each class, drawn with a fixed seed, the split "test"."""
    return replace(dataset, split=draw_split(dataset.labels, dataset.classes, fraction))


def draw_split(labels: np.ndarray, classes: Sequence[str], fraction: float) -> np.ndarray:
    """Splits (N,) of codes (N,) into these classes."""
    check_fraction(fraction, "None (nothing is held out)")
    split = np.full(len(labels), "train", dtype="<U5")
    for code, name in enumerate(classes):
        rows = np.flatnonzero(labels == code)
        drawn = generator(0, "held_out", name).permutation(rows)
        split[drawn[: round(fraction * len(rows))]] = "test"
    return split


def check_fraction(fraction: object, otherwise: str) -> None:
    """Raise ValueError unless this is a number between 0 and 1; `otherwise` is what else may be."""
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise ValueError(
            f"held_out is {fraction!r}; expected {otherwise} or a share of each class, a number "
            "between 0 and 1"
        )


def _numeric(x: object, feature_names: Sequence[str]) -> np.ndarray:
    x = np.asarray(x)
    if x.size == 0:
        lacking = "features" if len(x) else "objects"
        raise ValueError(f"x has no {lacking}, its shape is {x.shape}; expected (N, *shape)")
    if x.dtype.kind == "O" and x.ndim == 2:
        for (row, column), value in np.ndenumerate(x):
            if not isinstance(value, Real):
                name = feature_names[column] if len(feature_names) else f"{column} (from 0)"
                raise ValueError(
                    f"x, column {name!r} holds {value!r} in row {row} (from 0); numbers are "
                    "expected; leave the column out, or the objects without a value"
                )
        x = x.astype(np.float64)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"x has the type {x.dtype}; numbers are expected")
    return x


def _warn_of_scale(x: np.ndarray) -> None:
    low, high = SCALES
    scale = np.linalg.norm(x.ravel()) / np.sqrt(x.size)
    if not low <= scale <= high:
        warnings.warn(
            f"the values of x run from {x.min():.3g} to {x.max():.3g} (root mean square "
            f"{scale:.3g}), far from scale 1, which the noise has: set standardise=True or scale "
            "to [-1, 1]",
            stacklevel=3,
        )


def class_codes(labels: Labels) -> tuple[tuple[str, ...], np.ndarray]:
    """Names in order, integers as numbers and strings as text, and the codes of the labels."""
    texts = _label_texts(labels)
    names = sorted(set(texts))
    if all(re.fullmatch(r"-?\d+", name, re.ASCII) for name in names):
        names.sort(key=lambda name: (int(name), len(name)))
    bare: dict[str, str] = {}
    for name in names:
        other = bare.setdefault(name.strip(), name)
        if other != name:
            raise ValueError(
                f"the labels {other!r} and {name!r} differ only by blanks around them; take the "
                "blanks away (pandas: labels.str.strip())"
            )
    code = {name: code for code, name in enumerate(names)}
    return tuple(names), np.array([code[name] for name in texts], dtype=np.int64)


def _label_texts(labels: Labels) -> list[str]:
    # numpy would make the text "nan" of a missing value beside names, so lists stay as they are.
    array = np.asarray(labels if hasattr(labels, "dtype") else np.array(list(labels), dtype=object))
    if array.ndim != 1:
        raise ValueError(f"labels have the shape {array.shape}; expected one name per object")
    values = array.tolist()
    missing = [row for row, value in enumerate(values) if _is_missing(value)]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(values)} labels are missing or empty, the first in row "
            f"{missing[0]} (from 0); remove those objects"
        )
    kinds = {_kind(value) for value in values}
    if len(kinds) > 1 or not kinds <= {"str", "int"}:
        # As text, 0.0 would be the class "0.0".
        kind = "int" if all(map(_is_whole, values)) else "str"
        raise ValueError(
            f"labels have the type {' and '.join(sorted(kinds))}; class names (strings) or "
            f"integers are expected; use labels.astype({kind})"
        )
    return [normalised(value) for value in values]


def _is_missing(value: object) -> bool:
    """Whether this is an empty text, None, NaN, or a missing value of pandas."""
    if isinstance(value, str):
        return not value.strip()
    return str(value) in ("None", "nan", "<NA>", "NaT")


def _is_whole(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and float(value).is_integer()


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "str"
    return "int" if isinstance(value, np.integer) else type(value).__name__


def _reshape(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(x.shape[1:]))
    if int(np.prod(shape)) != size:
        raise ValueError(
            f"shape is {list(shape)}, {int(np.prod(shape))} values; the file has {size}"
        )
    return x.reshape(len(x), *shape)
