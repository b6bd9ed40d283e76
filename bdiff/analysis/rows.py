"""Which rows of quality.csv (see `bdiff.analysis.quality`) a number is taken from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def rows_with(table: "pd.DataFrame", wanted: Mapping[str, str]) -> "pd.DataFrame":
    """The rows of a table that have all wanted values, by column."""
    return table[(table[list(wanted)] == list(wanted.values())).all(axis=1)]


def of_metric(quality: "pd.DataFrame", metric: str) -> "pd.DataFrame":
    """Rows of a metric: of one between two sets those against training objects, the paper's
    protocol; accuracy has only those of the split that it was measured on."""
    rows = quality[quality["metric"] == metric]
    return rows if metric == "accuracy" else rows[rows["split"] == "train"]


def models_of(quality: "pd.DataFrame") -> list[str]:
    """The models that the rows are of, in the order of the rows; "real" last."""
    return sorted(quality["model"].unique(), key=lambda model: model == "real")
