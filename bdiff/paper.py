"""The paper's own results, to stand beside ours: branch lists and printed numbers.

Source: Tseng, Shen, Biancalani, Scalia, "Hierarchically branched diffusion models leverage dataset
structure for class-conditional generation", TMLR 2024 (arXiv 2212.10777), with its public
notebooks. `branches.csv` holds every branch list, with the times as the fractions in which they
were found; `numbers.csv` one number a row, with the notebook it comes from. Class names are this
library's: the paper numbers the classes of Fashion-MNIST, the files do too, and the readers name
them.
"""

import csv
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from bdiff.data.classes import GARMENTS
from bdiff.tree import BranchPoint, BranchTree

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path("data/paper")  # in the repository; seen from its root


def paper_tree(name: str, path: str | Path = FOLDER / "branches.csv") -> BranchTree:
    """A branch tree of the paper, in the time of the process it was found under.

    Args:
        name: value of the column `tree`, for example "mnist" or "letters_avy".
        path: the file of branch lists: columns tree, classes (names with spaces between), start,
            end.

    Returns:
        The tree, its classes in the order of the paper's labels; its horizon is the end of the
        root branch, 1 (or 1000 steps for "mnist_discrete").

    Raises:
        ValueError: if the file has no such tree, or if the list is no tree. Two of the paper's
            lists are none: "mnist_extension_2" overlaps itself, and "fashion_mnist_zero_length"
            has branches of length 0.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [row for row in rows if row["tree"] == name]
    branches = [
        (
            [_class_name(name, label) for label in row["classes"].split()],
            float(Fraction(row["start"])),
            float(Fraction(row["end"])),
        )
        for row in found
    ]
    if not branches:
        known = ", ".join(dict.fromkeys(row["tree"] for row in rows))
        raise ValueError(f"{path} has no tree {name!r}; it has {known}")
    labels = {label for row in found for label in row["classes"].split()}
    classes = [_class_name(name, label) for label in sorted(labels, key=lambda c: (len(c), c))]
    horizon = max(end for _, _, end in branches)
    try:
        return tree_from_branches(branches, classes, horizon)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def paper_numbers(path: str | Path = FOLDER / "numbers.csv") -> "pd.DataFrame":
    """The paper's numbers as a data frame.

    Args:
        path: the file: columns experiment, dataset, model, class, metric, value, error, unit,
            source.

    Returns:
        pandas.DataFrame with the file's columns; value and error are float64 (NaN for no error),
        the others str; `class` is "mean" or "median" for a mean or median over classes.
    """
    import pandas as pd

    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in ("value", "error"):
        table[column] = pd.to_numeric(table[column])
    table["class"] = list(map(_class_name, table["dataset"], table["class"]))
    return table


def paper_transmutations(paper: "pd.DataFrame") -> "pd.DataFrame":
    """The paper's numbers of molecules: rows (model, "origin to target"), columns metrics."""
    rows = paper[paper["experiment"] == "transmutation"]
    return rows.pivot_table("value", ["model", "class"], "metric")


def _class_name(dataset: str, label: str) -> str:
    """This library's name of a class that the paper calls by a label."""
    fashion = dataset.startswith("fashion_mnist") and label.isdigit()
    return GARMENTS[int(label)] if fashion else label


def tree_from_branches(
    rows: Iterable[tuple[Iterable[str], float, float]], classes: Sequence[str], horizon: float = 1.0
) -> BranchTree:
    """The tree that a list of branches (classes, start, end) describes, as the paper prints them.

    Args:
        rows: the branches, in any order.
        classes: names in the order wanted.
        horizon: T.

    Raises:
        ValueError: if the branches of a class overlap, leave a gap, do not gain classes on the way
            to the horizon, or do not meet those of other classes at branch points.
    """
    branches = [(frozenset(names), float(start), float(end)) for names, start, end in rows]
    known = sorted({name for names, _, _ in branches for name in names})
    for name in dict.fromkeys([*classes, *known]):
        below: frozenset[str] = frozenset()
        bound = 0.0
        own = sorted((row for row in branches if name in row[0]), key=lambda row: row[1:])
        for names, start, end in own:
            text = "/".join(sorted(names))
            if start != bound:
                fault = "overlap" if start < bound else "leave a gap"
                raise ValueError(
                    f"the branches of class {name!r} {fault} between {min(start, bound):g} and "
                    f"{max(start, bound):g}: {text} starts at {start:g}"
                )
            if not below < names or (not below and len(names) > 1):
                raise ValueError(
                    f"the branches of class {name!r} must start with one of its own and gain "
                    f"classes with time, found {text} above {'/'.join(sorted(below)) or 'none'}"
                )
            below, bound = names, end
        if bound != horizon:
            raise ValueError(f"the branches of class {name!r} end at {bound:g}, not at {horizon:g}")
    points = [BranchPoint(names, start) for names, start, _ in branches if len(names) > 1]
    return BranchTree(classes, points, horizon)
