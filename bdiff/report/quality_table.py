"""The table of quality: a row per data set and model, real objects among them.

Class by class stands in quality.csv and T3; here are the means over classes, and beside them what
the model cost to train and to sample, so that a number is not compared without its price.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bdiff.analysis.rows import models_of, rows_with
from bdiff.sampling.files import Samples

if TYPE_CHECKING:
    import pandas as pd

# Metrics between two sets are of both splits; those of one set stand once.
BETWEEN = ("frechet_raw", "frechet_features", "precision", "recall", "density", "coverage")
SINGLE = ("accuracy", "nearest_distance", "near_copies")
SPLITS = ("train", "test")
FLOORED = BETWEEN[:2]
ORIGIN = (
    *("steps", "train_seconds", "solver", "nfe_per_object"),
    *("sample_seconds", "samples", "command"),
)
COLUMNS = (
    *("dataset", "model", "classes", *(f"n_{split}" for split in SPLITS)),
    *(f"{metric}_{split}" for metric in BETWEEN for split in SPLITS),
    *SINGLE,
    *(f"floor_{metric}_{split}" for metric in FLOORED for split in SPLITS),
    "paper_frechet_raw",
    *ORIGIN,
)
NUMBERS = [name for name in COLUMNS if name not in ("dataset", "model", "solver", "command")]


def origin_of(manifest: Mapping[str, Any], samples: Samples, command: str = "") -> dict[str, Any]:
    """How a model's samples came to be.

    Args:
        manifest: of the model's folder.
        samples: what was sampled from it.
        command: that made both.

    Returns:
        Training steps and seconds, solver with its settings, network evaluations (NFE) per object,
        seconds of sampling and number of samples, and the command. What an older file does not say
        is missing.
    """
    about, meta = manifest.get("about", {}), samples.meta
    solver = dict(meta.get("solver", {}))
    name = solver.pop("name", "")
    return {
        "steps": about.get("training", {}).get("steps"),
        "train_seconds": about.get("seconds"),
        "solver": " ".join([name, *(f"{key}={solver[key]}" for key in sorted(solver))]),
        "nfe_per_object": meta.get("nfe_per_object"),
        "sample_seconds": meta.get("seconds"),
        "samples": len(samples),
        "command": command,
    }


def quality_table(
    quality: "pd.DataFrame",
    paper: "pd.DataFrame",
    origins: Mapping[tuple[str, str], Mapping[str, Any]],
) -> "pd.DataFrame":
    """Means over classes of every metric, a row per data set and model.

    Args:
        quality: rows of quality.csv, of all data sets.
        paper: rows of the paper's numbers.csv.
        origins: what `origin_of` says, by (data set, model); some may be missing.

    Returns:
        `COLUMNS`: the number of classes; objects of a class on each side of a comparison (the
        fewest, both splits); the metrics; `floor_...`, what real objects score in the same
        comparison; the paper's mean, which is of the split "train"; the columns of `origin_of`.
        Rows of a data set are in the order of its models, the last is of real objects. What is not
        known is empty.
    """
    import pandas as pd

    means = quality.groupby(["dataset", "model", "metric", "split"])["value"].mean()
    fewest = quality.groupby(["dataset", "metric", "split"])["n"].min()
    wanted = {"experiment": "quality", "class": "mean", "metric": "frechet_raw"}
    printed = rows_with(paper, wanted).set_index(["dataset", "model"])["value"]
    rows = []
    for dataset, of_dataset in quality.groupby("dataset", sort=False):
        for model in models_of(of_dataset):
            row = {"dataset": dataset, "model": model, "classes": of_dataset["class"].nunique()}
            for split in SPLITS:
                row[f"n_{split}"] = fewest.get((dataset, "frechet_raw", split))
                for metric in BETWEEN:
                    row[f"{metric}_{split}"] = means.get((dataset, model, metric, split))
                for metric in FLOORED:
                    floor = means.get((dataset, "real", metric, split))
                    row[f"floor_{metric}_{split}"] = floor
            for metric in SINGLE:
                # the classifier was trained on one split, so real objects are judged on the other
                split = "test" if (metric, model) == ("accuracy", "real") else "train"
                row[metric] = means.get((dataset, model, metric, split))
            row["paper_frechet_raw"] = printed.get((dataset, model))
            rows.append(row | dict(origins.get((dataset, model), {})))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table[NUMBERS] = table[NUMBERS].astype(float)
    whole = ["classes", "n_train", "n_test", "steps", "samples"]
    return table.astype(dict.fromkeys(whole, "Int64"))


# Heading and column of the tables for reading; a list is shown as "first / second".
SHOWN: dict[str, str | list[str]] = {
    "data set": "dataset",
    "model": "model",
    "n": ["n_train", "n_test"],
    "Fréchet, raw": ["frechet_raw_train", "frechet_raw_test"],
    "paper": "paper_frechet_raw",
    "Fréchet, features": ["frechet_features_train", "frechet_features_test"],
    "precision": "precision_test",
    "recall": "recall_test",
    "accuracy": "accuracy",
    "nearest": "nearest_distance",
    "near copies": "near_copies",
    "steps": "steps",
    "NFE per object": "nfe_per_object",
}
SUMMARY: dict[str, str | list[str]] = {
    "data set": "dataset",
    "model": "model",
    "Fréchet distance": "frechet_raw_train",
    "paper": "paper_frechet_raw",
    "accuracy": "accuracy",
    "training steps": "steps",
    "NFE per object": "nfe_per_object",
}


def quality_markdown(table: "pd.DataFrame", shown: dict[str, str | list[str]] = SHOWN) -> str:
    """The same, rounded, with fewer columns, as a table in markdown that ends with a newline."""
    lines = [list(shown), ["---"] * len(shown)]
    for row in table.to_dict("records"):
        cells = []
        for columns in shown.values():
            columns = [columns] if isinstance(columns, str) else columns
            texts = [_cell(row[column], column) for column in columns]
            cells.append(" / ".join(text or "–" for text in texts) if any(texts) else "")
        lines.append([cell or "–" for cell in cells])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(value: Any, column: str) -> str:
    """Three significant digits or whole numbers; nothing for what is not known."""
    import pandas as pd

    if pd.isna(value):
        return ""
    if isinstance(value, str):
        return value.replace("|", r"\|")
    if column in ("steps", "n_train", "n_test"):
        return f"{int(value):,}"
    if column.startswith(("precision", "recall")):
        return f"{value:.2f}"
    if column in ("accuracy", "near_copies"):
        return f"{value:.3f}"
    return rounded(value)


def rounded(number: float) -> str:
    """Three significant digits; of a hundred or more, all before the decimal point."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:#.3g}".rstrip(".")
