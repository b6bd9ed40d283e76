"""UCI Letter Recognition: 20,000 rows of 16 integer features in 0..15, one capital letter each.

The normalised raw file is UCI's own `letter-recognition.data`: one line per row, "T,2,8,3,5,...",
ended by a line feed. Every source is rewritten to these bytes, so one sha256 serves them all.
"""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bdiff.data.archives import read_members
from bdiff.data.classes import LETTERS
from bdiff.data.dataset import Dataset
from bdiff.data.scaling import by_feature, scale

FILE = "letter-recognition.data"
ROWS, FEATURES, LARGEST = 20_000, 16, 15
HELD_OUT_ROWS = 4_000
# UCI's names, in UCI's order; figures say "Feature 1" to "Feature 16" as the paper does.
UCI_NAMES = (
    *("x-box", "y-box", "width", "high", "onpix", "x-bar", "y-bar", "x2bar"),
    *("y2bar", "xybar", "x2ybr", "xy2br", "x-ege", "xegvy", "y-ege", "yegvx"),
)
RDA = "usr/lib/R/site-library/mlbench/data/LetterRecognition.rda"


def to_text(letters: np.ndarray, features: np.ndarray) -> bytes:
    """UCI's file: letters, array of str of shape (N,), and integer features of shape (N, 16)."""
    rows = zip(letters, features.astype(int).tolist(), strict=True)
    return "".join(f"{letter},{','.join(map(str, row))}\n" for letter, row in rows).encode()


def parse(text: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of `to_text`: letters (N,) and uint8 features (N, 16).

    Raises:
        ValueError: if a line is not a capital letter and 16 integers in 0..15; the line is named.
    """
    rows = [line.split(",") for line in text.decode("ascii").splitlines()]
    for number, row in enumerate(rows, start=1):
        values_fit = all(value.isdigit() and int(value) <= LARGEST for value in row[1:])
        if row[0] not in LETTERS or len(row) != 1 + FEATURES or not values_fit:
            raise ValueError(
                f"{FILE}, line {number}: expected a capital letter and {FEATURES} integers in "
                f"0..{LARGEST}, found {','.join(row)[:80]!r}; download it again"
            )
    letters = np.array([row[0] for row in rows])
    return letters, np.array([row[1:] for row in rows]).astype(np.uint8)


def from_parquet(path: str | Path) -> dict[str, bytes]:
    """The raw file, from the table that is embedded in the repository."""
    table = pq.read_table(path)
    features = np.column_stack([table[name].to_numpy() for name in UCI_NAMES])
    return {FILE: to_text(np.array(table["label"].to_pylist()), features)}


def to_parquet(text: bytes, path: str | Path) -> None:
    """Write the embedded table: the letters as a dictionary and 16 uint8 columns, in file order."""
    letters, features = parse(text)
    columns = {"label": pa.array(letters.tolist()).dictionary_encode()}
    columns |= {name: pa.array(features[:, i]) for i, name in enumerate(UCI_NAMES)}
    pq.write_table(
        pa.table(columns), path, compression="zstd", compression_level=22, write_statistics=False
    )


def from_mlbench(package: Path) -> dict[str, bytes]:
    """The raw file, from the data frame LetterRecognition in the Debian package r-cran-mlbench.

    Raises:
        ImportError: if the package rdata, which reads R's files without R, is missing.
        ValueError: if the frame is not 20,000 rows of a letter and 16 whole numbers.
    """
    try:
        import rdata
    except ImportError:
        raise ImportError("reading R data needs the package rdata: pip install rdata") from None
    serialised = read_members(package, [RDA])[RDA]
    with warnings.catch_warnings():
        # R did not record the encoding; the file holds capital letters only.
        warnings.filterwarnings("ignore", message="Unknown encoding")
        parsed = rdata.parser.parse_data(serialised)
        frame = rdata.conversion.convert(parsed)["LetterRecognition"]
    values = frame.iloc[:, 1:].to_numpy()
    if values.shape != (ROWS, FEATURES) or not np.array_equal(values, np.round(values)):
        raise ValueError(
            f"LetterRecognition has shape {values.shape} or broken numbers; expected "
            f"({ROWS}, {FEATURES}) whole numbers"
        )
    return {FILE: to_text(frame.iloc[:, 0].astype(str).to_numpy(), values)}


def make_dataset(files: dict[str, bytes]) -> Dataset:
    """All 26 letters, standardised over all rows; the last 4,000 rows are the held-out split.

    Each feature has its mean subtracted and is divided by its population standard deviation, both
    over all 20,000 rows and before any class is left out, as in the paper. Holding out the last
    4,000 rows is the custom of this data set (Frey and Slate 1991).
    """
    letters, features = parse(files[FILE])
    names = tuple(f"Feature {number}" for number in range(1, FEATURES + 1))
    scaling = by_feature(features, names)
    return Dataset(
        x=scale(features, scaling),
        labels=np.searchsorted(LETTERS, letters),
        classes=LETTERS,
        split=np.where(np.arange(len(features)) < len(features) - HELD_OUT_ROWS, "train", "test"),
        name="letters",
        title="UCI Letter Recognition",
        feature_names=names,
        scaling=scaling,
    )
