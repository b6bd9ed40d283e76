"""The data set: real objects x with class names, and the one file format in which it travels.

    x (N, *shape)   objects, scaled; shape (1, 28, 28) for images, (16,) for tables
    labels (N,)     codes into `classes`; names are used everywhere outside the library
    split (N,)      "train" or "test"
    covariates      what else is known of each object, such as a cell's donor; name -> texts (N,)

On disk: parquet with the columns x (fixed-size list of float32), label (dictionary of class names),
split (dictionary) and "covariate:<name>" (dictionary) for each covariate; name, title, shape,
classes, feature names, scaling and source stand as JSON in the schema's metadata.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bdiff.data.checks import (
    check_class_names,
    check_codes,
    check_counts,
    check_covariates,
    check_distinct,
    check_finite,
    normalised,
)
from bdiff.data.scaling import unscale
from bdiff.files import atomic_write, check_ending, to_json

SPLITS = ("train", "test")
METADATA_KEY = b"bdiff"
COVARIATE = "covariate:"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Objects, their classes and their split.

    Args:
        x: float32, shape (N, *shape), finite.
        labels: int64, shape (N,), codes into `classes`.
        classes: class names, without duplicates; their order fixes the codes. They are kept in
            Unicode's form NFC, here and where they are asked for.
        split: array of str, shape (N,), "train" or "test".
        name: key of the data set, used in file names.
        title: name for people, used in figures.
        feature_names: one per feature of a table; empty for images.
        scaling: how x was made from the raw values, see `bdiff.data.scaling`; empty if not known.
        source: data set, version and sha256 of the raw files.
        covariates: name -> array of str, shape (N,), such as {"condition": ...}; none may be empty.

    Raises:
        ValueError: if lengths, codes or names do not fit, a covariate is missing somewhere, or x
            holds NaN or an infinity; the message names the column, the row and the count.
    """

    x: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    split: np.ndarray
    name: str
    title: str = ""
    feature_names: tuple[str, ...] = ()
    scaling: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    covariates: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_codes(self.labels, self.classes)
        check_covariates(self.covariates)
        for key, value in (
            ("x", np.ascontiguousarray(self.x, dtype=np.float32)),
            ("labels", np.asarray(self.labels, dtype=np.int64)),
            ("classes", tuple(normalised(name) for name in self.classes)),
            ("split", np.asarray(self.split, dtype=str)),
            ("title", self.title or self.name),
            ("feature_names", tuple(self.feature_names)),
            ("covariates", {k: np.asarray(v, dtype=str) for k, v in self.covariates.items()}),
        ):
            object.__setattr__(self, key, value)
        _check_shapes(self)
        _check_names(self)
        check_finite(self.x, self.feature_names)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one object."""
        return self.x.shape[1:]

    @property
    def facts(self) -> dict[str, Any]:
        """What a model remembers of its training data: names, units and source."""
        return {
            "dataset": self.name,
            "title": self.title,
            "scaling": self.scaling,
            "feature_names": list(self.feature_names),
            "source": self.source,
        }

    def code(self, class_name: str) -> int:
        """Integer code of a class. Raises ValueError if it is unknown, with the nearest name."""
        name = normalised(class_name)
        check_class_names([name], self.classes)
        return self.classes.index(name)

    def of(self, class_name: str, split: str | None = None) -> np.ndarray:
        """Objects of one class, of both splits or of one; float32, shape (n, *shape)."""
        wanted = self.labels == self.code(class_name)
        if split is not None:
            wanted = wanted & (self.split == _known_split(split))
        objects: np.ndarray = self.x[wanted]
        return objects

    def select(self, split: str) -> "Dataset":
        """The objects of one split, "train" or "test"."""
        return self._rows(self.split == _known_split(split))

    def keep_classes(self, names: Sequence[str]) -> "Dataset":
        """The objects of these classes, coded in the order given.

        Raises:
            ValueError: if a name is unknown or given twice.
        """
        names = tuple(normalised(name) for name in names)
        check_class_names(names, self.classes)
        check_distinct(names)
        new_code = np.full(len(self.classes), -1)
        new_code[[self.classes.index(name) for name in names]] = np.arange(len(names))
        kept = new_code[self.labels] >= 0
        rows = replace(self, classes=names, labels=np.maximum(new_code[self.labels], 0))
        return rows._rows(kept)

    def unscale(self, x: np.ndarray) -> np.ndarray:
        """Objects in raw units, those of the data before they were scaled.

        Args:
            x: objects in the units of this data set, real or generated, shape (..., *shape).

        Returns:
            float64, shape (..., *shape).

        Raises:
            ValueError: if x has another shape, or the scaling is not known, as in older files.
        """
        x = np.asarray(x)
        if x.shape[-len(self.shape) :] != self.shape:
            raise ValueError(
                f"x has shape {x.shape}; expected (N, *{self.shape}), objects as those of the data "
                f"set {self.name!r}"
            )
        return unscale(x, self.scaling)

    def _rows(self, wanted: np.ndarray) -> "Dataset":
        columns = {key: getattr(self, key)[wanted] for key in ("x", "labels", "split")}
        covariates = {name: values[wanted] for name, values in self.covariates.items()}
        return replace(self, **columns, covariates=covariates)


def check_training_objects(dataset: Dataset, least: int = 2) -> None:
    """Raise ValueError if a class has fewer than `least` training objects."""
    check_counts(dataset.labels[dataset.split == "train"], dataset.classes, dataset.name, least)


def write_dataset(dataset: Dataset, path: str | Path) -> None:
    """Write the parquet file of a data set, whole or not at all.

    Raises:
        ValueError: if the name does not end with .parquet, or a class has fewer than two training
            objects.
    """
    check_ending(path, ".parquet")
    check_training_objects(dataset)
    # Nothing in the file is ever missing; to say so makes reading it a third faster.
    item = pa.field("item", pa.float32(), nullable=False)
    x_type = pa.list_(item, int(np.prod(dataset.shape)))
    columns = {
        "x": pa.FixedSizeListArray.from_arrays(pa.array(dataset.x.reshape(-1)), type=x_type),
        "label": _dictionary(dataset.labels, dataset.classes),
        "split": _dictionary(dataset.split == "test", SPLITS),
    }
    for name, values in dataset.covariates.items():
        found, codes = np.unique(values, return_inverse=True)
        columns[COVARIATE + name] = _dictionary(codes, found)
    facts = {
        key: getattr(dataset, key)
        for key in ("name", "title", "shape", "classes", "feature_names", "scaling", "source")
    }
    metadata = {METADATA_KEY: to_json(facts, ensure_ascii=False, sort_keys=True)}
    fields = [pa.field(key, array.type, nullable=False) for key, array in columns.items()]
    table = pa.table(list(columns.values()), schema=pa.schema(fields, metadata=metadata))
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_dataset(path: str | Path, classes: Sequence[str] | None = None) -> Dataset:
    """Read a data set written by `write_dataset`.

    Args:
        path: of the file.
        classes: the classes to keep, in this order; by default all.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no parquet file (cut off, corrupt), or no data set.
    """
    table, facts = _read(path)
    # A copy, since torch refuses to share memory that belongs to the file's reader.
    values = table["x"].combine_chunks().flatten().to_numpy().copy()
    names = facts["classes"]
    covariates = [name for name in table.column_names if name.startswith(COVARIATE)]
    dataset = Dataset(
        x=values.reshape(len(table), *facts["shape"]),
        labels=_codes(table["label"], names),
        classes=names,
        split=np.array(SPLITS)[_codes(table["split"], SPLITS)],
        **{key: facts[key] for key in ("name", "title", "feature_names", "scaling", "source")},
        covariates={name.removeprefix(COVARIATE): table[name].to_numpy() for name in covariates},
    )
    return dataset if classes is None else dataset.keep_classes(classes)


def read_facts(path: str | Path) -> dict[str, Any]:
    """What a data set's file says of it, without reading its objects; raises as `read_dataset`.

    Returns:
        name, title, shape, classes, feature_names, scaling and source, with lists for tuples.
    """
    return _read(path, columns=[])[1]


def _read(path: str | Path, columns: list[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """Columns of the file, by default all, and its facts; raises as `read_dataset`."""
    try:
        table = pq.read_table(path, columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is corrupt or no parquet file ({error}); make it again") from None
    facts = json.loads((table.schema.metadata or {}).get(METADATA_KEY, "{}"))
    if "title" not in facts:  # files of samples have facts, too
        raise ValueError(
            f"{path} is a parquet file but no data set of bdiff; make one from it: "
            'scripts/preprocess.py with {"source": "file", ...}'
        )
    return table, facts


def _dictionary(codes: np.ndarray, names: Sequence[str] | np.ndarray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names))


def _codes(column: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """Codes into `names`, whatever order the file's own dictionary has."""
    array = column.combine_chunks()
    position = np.array(
        [names.index(name) for name in array.dictionary.to_pylist()], dtype=np.int64
    )
    codes: np.ndarray = position[array.indices.to_numpy()]
    return codes


def _known_split(split: str) -> str:
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: expected 'train' or 'test'")
    return split


def _check_shapes(dataset: Dataset) -> None:
    if dataset.x.ndim < 2:
        raise ValueError(f"x has shape {dataset.x.shape}; expected (N, *shape), one row per object")
    lengths = {key: len(getattr(dataset, key)) for key in ("x", "labels", "split")}
    lengths |= {f"the covariate {key!r}": len(value) for key, value in dataset.covariates.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise ValueError(f"one label and one split per object are expected, but {found}")
    features = int(np.prod(dataset.shape))
    if dataset.feature_names and len(dataset.feature_names) != features:
        raise ValueError(
            f"{len(dataset.feature_names)} feature names were given for {features} features"
        )


def _check_names(dataset: Dataset) -> None:
    check_distinct(dataset.classes)
    unknown = set(np.unique(dataset.split)) - set(SPLITS)
    if unknown:
        raise ValueError(f"unknown splits {sorted(unknown)}: expected 'train' and 'test'")
