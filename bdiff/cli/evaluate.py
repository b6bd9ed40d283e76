"""bdiff evaluate: samples beside real objects, class by class."""

import argparse
from collections.abc import Sequence
from typing import Any

from bdiff.analysis.quality import COLUMNS, quality
from bdiff.cli.folder import FitFolder
from bdiff.data.dataset import Dataset
from bdiff.defaults import form_of_shape
from bdiff.files import write_rows
from bdiff.sampling.files import Samples, read_samples

SHOWN = ("frechet_raw", "frechet_features", "precision", "recall", "accuracy", "near_copies")
SHOWN_OF_MOLECULES = ("valid", "unique", "novel", "in_class", "fcd")


def main(args: argparse.Namespace) -> None:
    folder = FitFolder(args.folder)
    dataset = folder.read_dataset()
    if args.samples.suffix == ".csv":
        raise ValueError(
            f"{args.samples} is for people to read; give the .parquet of `bdiff sample`"
        )
    samples = read_samples(args.samples)
    check_source(samples, dataset, str(args.samples))
    settings = {"count": args.count, "seed": args.seed}
    if form_of_shape(dataset.shape) == "molecules":
        from bdiff.analysis.molecule_quality import molecule_quality

        rule = dataset.source.get("classes_by")
        if rule is None:
            raise ValueError(
                f"{folder.data} does not say what decides the class of a molecule; make it anew "
                "from SMILES: bdiff fit FILE --classes-by ..."
            )
        rows = molecule_quality(dataset, {"samples": samples}, rule, **settings)
        shown: Sequence[str] = SHOWN_OF_MOLECULES
    else:
        rows, shown = quality(dataset, {"samples": samples}, **settings), SHOWN
    write_rows(args.output, rows, COLUMNS)
    print("\n".join(table(rows, shown)))
    print(f"{args.output}: {len(rows):,} numbers")


def check_source(samples: Samples, dataset: Dataset, path: str) -> None:
    """Raise ValueError if samples are in other units than the data, so of another fit."""
    if samples.meta.get("scaling") != dataset.scaling:
        raise ValueError(
            f"{path} is of a model that was fitted to other data, or with another scaling, than "
            f"{dataset.name!r}; make samples with the model of this folder: bdiff sample"
        )


def table(rows: Sequence[dict[str, Any]], metrics: Sequence[str]) -> list[str]:
    """Lines of a table: of every class the metrics of samples and, behind a slash, of real objects.

    Of metrics between two sets those against held-out objects are shown, where there are any.
    """
    held_out = any(row["split"] == "test" and row["metric"] == metrics[0] for row in rows)
    split = "test" if held_out else "train"
    found: dict[tuple[str, str, str], float] = {}
    for row in rows:
        key = (row["class"], row["metric"], row["model"])
        if row["split"] == split or key not in found:
            found[key] = row["value"]
    classes = dict.fromkeys(row["class"] for row in rows if row["model"] == "samples")
    there = [name for name in metrics if any((c, name, "samples") in found for c in classes)]
    lines = [["class", *there]]
    for name in classes:
        pairs = [[found.get((name, m, model)) for model in ("samples", "real")] for m in there]
        lines.append([name, *(" / ".join(map(_short, pair)) for pair in pairs)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    against = "held-out" if held_out else "training"
    return [
        f"samples / as many real objects; distances and overlaps with {against} objects",
        *("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines),
    ]


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
