"""Columns of a CSV, parquet or npz file; what is wrong is named by file, row, column and fix."""

import csv
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from bdiff.data.checks import check_column_names
from bdiff.expect import listed, nearest

PANDAS_INDEX = "__index_level_"
Columns = tuple[np.ndarray, np.ndarray, tuple[str, ...]]  # x, labels, feature names
# pandas writes the index of a frame as a column; row numbers are no feature.


def read_csv(path: Path, label: str) -> Columns:
    """Objects, labels and feature names of a CSV file in UTF-8, separated by commas.

    Raises:
        ValueError: if the file is not such a file; the message names the line.
    """
    _check_header(_text(path), path, label)
    ragged = []

    def note(row: pa.csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    try:
        table = pa.csv.read_csv(
            path,
            # Threads would lose the numbers of the ragged lines.
            read_options=pa.csv.ReadOptions(use_threads=False),
            parse_options=pa.csv.ParseOptions(invalid_row_handler=note),
            # A digit as label stays a name; guessing types would make "01" and "1" one class.
            convert_options=pa.csv.ConvertOptions(column_types={label: pa.string()}),
        )
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no table in CSV ({error}); write it again") from None
    if ragged:
        row = ragged[0]
        raise ValueError(
            f"{path}, line {row.number}: {row.actual_columns} values where the header names "
            f"{row.expected_columns} columns: {row.text[:60]!r}; quote texts that hold a comma, "
            "write decimals with a point, and give every line all values"
        )
    return _columns(table, path, label)


def read_parquet(path: Path, label: str) -> Columns:
    """Objects, labels and feature names of a parquet file.

    Raises:
        ValueError: if the file is no parquet file, or a column is not as it should be.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise ValueError(f"{path} is corrupt or no parquet file; write it again") from None
    # Row numbers are no feature, whatever they are called; an index may well hold the labels.
    about = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    index = {name for name in about.get("index_columns", []) if isinstance(name, str)} - {label}
    names = (name for name in table.column_names if not name.startswith(PANDAS_INDEX))
    kept = [name for name in names if name not in index]
    _check_names(kept, path, label)
    return _columns(table.select(kept), path, label)


def read_npz(path: Path, label: str) -> Columns:
    """The arrays x and y of an npz file; there are no feature names.

    Raises:
        ValueError: if the file is no npz file, lacks an array or holds Python objects.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is corrupt or no npz file; write it with np.savez(path, x=, y=)")
    with np.load(path, allow_pickle=False) as arrays:
        if not {"x", "y"} <= set(arrays.files):
            raise ValueError(
                f"{path} holds {', '.join(arrays.files)}; the arrays x, y are expected"
            )
        return _array(arrays, "x", path), _array(arrays, "y", path), ()


def _array(arrays: np.lib.npyio.NpzFile, name: str, path: Path) -> np.ndarray:
    try:
        return arrays[name]
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        if "Object arrays" in str(error):
            fix = "text: y.astype(str)" if name == "y" else "numbers: x.astype('float32')"
            raise ValueError(
                f"{path}: {name} holds Python objects, which are not read; save {name} as {fix}"
            ) from None
        raise ValueError(f"{path}: {name} is corrupt ({error}); write the file again") from None


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: not UTF-8 text; save it as UTF-8 (pandas: "
            "read_csv(path, encoding='latin-1').to_csv(path, index=False))"
        ) from None
    if not text.strip():
        raise ValueError(f"{path} is empty; a line of column names and a line per object go there")
    return text


def _check_header(text: str, path: Path, label: str) -> None:
    lines = text.lstrip("\r\n").splitlines(keepends=True)
    names = next(csv.reader(lines))
    separator = max(";\t|", key=lines[0].count)
    if label not in names and lines[0].count(separator) > lines[0].count(","):
        raise ValueError(
            f"{path}: the columns seem to be separated by {separator!r}; commas are expected "
            f"(pandas: read_csv(path, sep={separator!r}).to_csv(path, index=False))"
        )
    _check_names(names, path, label)


def _check_names(names: Sequence[str], path: Path, label: str) -> None:
    check_column_names(names, f"{path}: ")
    if label not in names:
        raise ValueError(
            f"{path} has no column {label!r}; it has {listed(names, 20)}; set `label` to the "
            f"column of class names{nearest(label, names)}"
        )
    if len(names) == 1:
        raise ValueError(f"{path} has no column besides {label!r}; x is missing")


def _columns(table: pa.Table, path: Path, label: str) -> Columns:
    if not len(table):
        raise ValueError(f"{path} has no rows, only the names of {table.num_columns} columns")
    names = tuple(name for name in table.column_names if name != label)
    x = np.column_stack([_numbers(table[name], f"{path}, column {name!r}") for name in names])
    return x, table[label].to_numpy(), names


def _numbers(column: pa.ChunkedArray, place: str) -> np.ndarray:
    """The values of a column, NaN where missing."""
    if pa.types.is_null(column.type):
        raise ValueError(f"{place} has no values; leave the column out")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: np.ndarray = column.to_numpy()
    if values.dtype.kind in "iuf":
        return values
    found = f"has the type {column.type}"
    for row, value in enumerate(values):
        if isinstance(value, str) and not _is_number(value):
            found += f", with {value!r} in row {row} (from 0)"
            break
    raise ValueError(
        f"{place} {found}; numbers are expected; leave the column out, or write numbers "
        "(decimals with a point, nothing beside them)"
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
