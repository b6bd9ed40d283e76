"""Data of one's own: from arrays, or from a CSV, parquet or npz file."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from bdiff.data import scaling
from bdiff.data.dataset import Dataset, check_training_objects
from bdiff.randomness import generator

Columns = tuple[np.ndarray, np.ndarray, tuple[str, ...]]  # x, labels, feature names
# pandas writes the index of a frame as a column; row numbers are no feature.
PANDAS_INDEX = "__index_level_"


def from_arrays(
    x: np.ndarray,
    labels: Sequence,
    *,
    name: str,
    held_out: float | None = None,
    standardise: bool = False,
    feature_names: Sequence[str] = (),
    title: str = "",
) -> Dataset:
    """Make a data set from an array of objects and the name of each one's class.

    Args:
        x: numbers, shape (N, *shape): (N, features) for tables, (N, channels, height, width) for
            images.
        labels: N class names; integers are read as names ("0", "1", ...).
        name: key of the data set.
        held_out: share of each class that becomes the split "test", in (0, 1); None for nothing.
        standardise: subtract each feature's mean and divide by its standard deviation.
        feature_names: one per feature of a table.
        title: name for figures; `name` by default.

    Raises:
        ValueError: if lengths differ, labels are no names, x holds NaN or is not numeric, a feature
            is constant (when standardising), or a class has fewer than two training objects.
    """
    x = _numeric(x)
    names, codes = _class_names(labels)
    if x.ndim >= 1 and len(x) != len(codes):
        raise ValueError(f"x has {len(x)} objects, but there are {len(codes)} labels.")
    facts = {}
    if standardise:
        x, facts = scaling.standardise(x, feature_names)
    dataset = Dataset(
        x=x,
        labels=codes,
        classes=names,
        split=np.full(len(codes), "train"),
        name=name,
        title=title,
        feature_names=feature_names,
        scaling=facts,
        source={"dataset": name},
    )
    if held_out is not None:
        dataset = hold_out(dataset, held_out)
    check_training_objects(dataset)
    return dataset


def read_table(
    *,
    path: str | Path,
    label: str = "label",
    standardise: bool = False,
    shape: Sequence[int] | None = None,
    title: str = "",
) -> Dataset:
    """Read objects and class names from a file; all of them get the split "train".

    Args:
        path: .csv or .parquet with one column of labels, all others being numeric; or .npz with the
            arrays x and y.
        label: name of the column of labels.
        standardise: as in `from_arrays`.
        shape: shape of one object, such as [1, 28, 28], when the columns are an image's pixels.
        title: name for figures; the file's name by default.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file's kind, its label column, a column's type or the shape is wrong; and
            as `from_arrays`.
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".parquet": _read_parquet, ".npz": _read_npz}
    if path.suffix not in readers:
        raise ValueError(f"{path}: expected a file that ends with {', '.join(readers)}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    x, labels, feature_names = readers[path.suffix](path, label)
    if shape is not None:
        x, feature_names = _reshape(x, tuple(shape)), ()
    dataset = from_arrays(
        x,
        labels,
        name=path.stem,
        standardise=standardise,
        feature_names=feature_names,
        title=title,
    )
    return replace(dataset, source={"dataset": "file", "file": path.name, "sha256": _sha256(path)})


def hold_out(dataset: Dataset, fraction: float) -> Dataset:
    """Make this share of each class, drawn with a fixed seed, the split "test"."""
    check_fraction(fraction)
    split = np.full(len(dataset), "train", dtype="<U5")
    for code, name in enumerate(dataset.classes):
        rows = np.flatnonzero(dataset.labels == code)
        drawn = generator(0, "held_out", name).permutation(rows)
        split[drawn[: round(fraction * len(rows))]] = "test"
    return replace(dataset, split=split)


def check_fraction(fraction: object) -> None:
    """Raise ValueError unless this is a number between 0 and 1."""
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise ValueError(
            f"held_out is {fraction!r}; expected 'official', 'none' or a fraction between 0 and 1."
        )


def _numeric(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"x has the type {x.dtype}; numbers are expected.")
    return x


def _class_names(labels: Sequence) -> tuple[tuple[str, ...], np.ndarray]:
    """Names in order, integers as numbers and strings as text, and the codes of the labels."""
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels have the shape {labels.shape}; expected one name per object.")
    if labels.dtype.kind == "O" and all(isinstance(name, str) for name in labels):
        labels = labels.astype(str)
    if labels.dtype.kind not in "iuU":
        raise ValueError(
            f"labels have the type {labels.dtype}; class names (strings) or integers are expected. "
            "Missing labels? Remove those objects."
        )
    labels = labels.astype(str)
    if (labels == "").any():
        raise ValueError(f"{(labels == '').sum()} labels are empty. Remove those objects.")
    names = sorted(set(labels.tolist()), key=lambda name: (not name.isdecimal(), len(name), name))
    if not all(name.isdecimal() for name in names):
        names = sorted(names)
    code = {name: code for code, name in enumerate(names)}
    return tuple(names), np.array([code[name] for name in labels.tolist()], dtype=np.int64)


def _read_npz(path: Path, label: str) -> Columns:
    with np.load(path, allow_pickle=False) as arrays:
        if not {"x", "y"} <= set(arrays.files):
            raise ValueError(
                f"{path} holds {', '.join(arrays.files)}; the arrays x, y are expected."
            )
        return arrays["x"], arrays["y"], ()


def _read_csv(path: Path, label: str) -> Columns:
    # A digit as label stays a name; guessing types would make "01" and "1" one class.
    options = pa.csv.ConvertOptions(column_types={label: pa.string()})
    return _columns(pa.csv.read_csv(path, convert_options=options), path, label)


def _read_parquet(path: Path, label: str) -> Columns:
    return _columns(pq.read_table(path), path, label)


def _columns(table: pa.Table, path: Path, label: str) -> Columns:
    if label not in table.column_names:
        raise ValueError(
            f"{path} has no column {label!r}; it has {', '.join(table.column_names[:20])}. "
            "Set `label` to the column of class names."
        )
    names = tuple(
        name for name in table.column_names if name != label and not name.startswith(PANDAS_INDEX)
    )
    if not names:
        raise ValueError(f"{path} has no column besides {label!r}; x is missing.")
    columns = [table[name].to_numpy() for name in names]
    for name, column in zip(names, columns, strict=True):
        if column.dtype.kind not in "biuf":
            raise ValueError(
                f"{path}, column {name!r} has the type {table[name].type}; numbers are "
                "expected. Leave the column out, or fill its missing values."
            )
    return np.column_stack(columns), table[label].to_numpy(), names


def _reshape(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(x.shape[1:]))
    if int(np.prod(shape)) != size:
        raise ValueError(
            f"shape is {list(shape)}, {int(np.prod(shape))} values; the file has {size}."
        )
    return x.reshape(len(x), *shape)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
