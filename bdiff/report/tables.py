"""Tables: the numbers of all data sets, the paper's beside ours.

Every function takes tidy rows and gives one table (pandas). A data set that the paper has not got
keeps empty columns where the paper's numbers would stand; another data set's numbers are never put
there.
"""

import csv
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bdiff.analysis.class_extension import Series, Stage, of_paper, same_samples
from bdiff.analysis.rows import models_of, of_metric
from bdiff.paper import paper_tree
from bdiff.process import process_from
from bdiff.tree import BranchTree

ESTIMATORS = ("aligned_pairs", "all_pairs")  # the paper's, and the one without Monte-Carlo noise
WAYS = ("separate", "shared")


def paper_trees(names: Iterable[str], path: str | Path) -> dict[str, BranchTree]:
    """The paper's trees of those of the named data sets that the file of branch lists has."""
    with open(path, newline="", encoding="utf-8") as file:
        known = {row["tree"] for row in csv.DictReader(file)}
    return {name: paper_tree(name, path) for name in names if name in known}


def branches_table(
    trees: Mapping[str, BranchTree], paper: Mapping[str, BranchTree]
) -> pd.DataFrame:
    """T1: every branch of every tree.

    Args:
        trees: ours per data set, which name the process whose times they have.
        paper: the paper's trees of the same data sets, where there are any; their times are
            converted with our process, the one that the paper found its branch points under.

    Returns:
        Columns dataset, source (bdiff | paper), classes, start, end (time t), log_snr (at the
        start; empty for leaves, where it is infinite), in_both (does the other source have a branch
        of these classes?; empty without one), total_length (of the tree), shared_cost (total length
        over that of separate chains).
    """
    rows = []
    for dataset, ours in trees.items():
        process = process_from(ours.process or {})
        known = {"paper": paper.get(dataset), "bdiff": ours}
        sources = {source: tree for source, tree in known.items() if tree is not None}
        sets = {s: {frozenset(b.classes) for b in tree.branches} for s, tree in sources.items()}
        for source, tree in sources.items():
            others = [sets[other] for other in sets if other != source]
            for branch in tree.branches:
                rows.append({
                    "dataset": dataset,
                    "source": source,
                    "classes": ", ".join(branch.classes),
                    "start": branch.start,
                    "end": branch.end,
                    "log_snr": float(process.log_snr(branch.start)) if branch.start > 0 else None,
                    "in_both": frozenset(branch.classes) in others[0] if others else None,
                    "total_length": tree.total_length,
                    "shared_cost": tree.shared_cost,
                })  # fmt: skip
    return pd.DataFrame(rows)


def efficiency_table(measured: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """T2: what sampling all classes costs, class by class and with shared trunks.

    Args:
        measured: rows of efficiency.csv, of all data sets.
        paper: rows of the paper's numbers.csv.

    Returns:
        One row per data set: mean seconds and standard error (population standard deviation over
        the root of the repeats, as in the paper) of both ways, and of the label-guided model where
        there is one, network evaluations, the ratios shared / separate, the ratio that the lengths
        of the branches predict, and the paper's; `paper_steps_ratio` belongs beside
        `evaluations_ratio`.
    """
    paper = paper[paper["experiment"] == "efficiency"]
    rows = []
    for dataset, of_dataset in measured.groupby("dataset", sort=False):
        first = of_dataset.iloc[0]
        row = {
            "dataset": dataset,
            **{key: first[key] for key in ("classes", "count", "steps", "solver")},
        }
        row["repeats"] = int((of_dataset["way"] == "shared").sum())
        for way, runs in of_dataset.groupby("way", sort=False):
            row[f"{way}_seconds"] = runs["seconds"].mean()
            row[f"{way}_error"] = runs["seconds"].std(ddof=0) / np.sqrt(len(runs))
            row[f"{way}_evaluations"] = runs["evaluations"].mean()
        row["seconds_ratio"] = row["shared_seconds"] / row["separate_seconds"]
        row["evaluations_ratio"] = row["shared_evaluations"] / row["separate_evaluations"]
        row["predicted_ratio"] = first["predicted_ratio"]
        printed = paper[paper["dataset"] == dataset].set_index(["model", "metric"])
        for way in WAYS:
            row[f"paper_{way}_seconds"] = _printed(printed, (way, "seconds"))
            row[f"paper_{way}_error"] = _printed(printed, (way, "seconds"), "error")
        row["paper_seconds_ratio"] = row["paper_shared_seconds"] / row["paper_separate_seconds"]
        steps = [_printed(printed, (way, "steps")) for way in WAYS]
        row["paper_steps_ratio"] = steps[1] / steps[0]
        rows.append(row)
    return pd.DataFrame(rows)


def frechet_table(quality: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """T3: Fréchet distance on raw values ("FID" in the paper) of every class, and the means.

    Args:
        quality: rows of quality.csv, of all data sets.
        paper: rows of the paper's numbers.csv.

    Returns:
        One row per data set, split and class, and one of the class "mean". Columns n (objects on
        each side), one per model and real (the floor: real against real objects), the accuracy of
        an independent classifier on each (real: on held-out objects), and the paper's models. The
        paper compares with training objects only, so its numbers stand beside split "train".

    Raises:
        ValueError: if there is no row of metric "frechet_raw".
    """
    raw = quality[quality["metric"] == "frechet_raw"]
    if raw.empty:
        raise ValueError(
            "no rows of metric 'frechet_raw': no class has enough objects for a Fréchet distance "
            "(4 or more)"
        )
    accuracy = of_metric(quality, "accuracy")
    printed = paper[(paper["experiment"] == "quality") & (paper["metric"] == "frechet_raw")]
    models = models_of(raw)
    tables = []
    for (dataset, split), rows in raw.groupby(["dataset", "split"], sort=False):
        table = rows.groupby("class", sort=False)["n"].min().to_frame("n")
        right = accuracy[accuracy["dataset"] == dataset]
        beside = printed[(printed["dataset"] == dataset) & (split == "train")]
        for model in models:
            table[model] = _by_class(rows, model)
        for model in models:
            table[f"{model}_accuracy"] = _by_class(right, model)
        table.loc["mean"] = table.mean().where(table.columns != "n", table["n"].min())
        for model in printed["model"].unique():
            table[f"paper_{model}"] = _by_class(beside, model)  # with its mean as printed
        table.insert(0, "split", split)
        table.insert(0, "dataset", dataset)
        tables.append(table.reset_index(names="class"))
    table = pd.concat(tables, ignore_index=True)
    return table.astype({"n": int})[["dataset", "split", "class", *table.columns[3:]]]


def discovery_table(comparison: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """T6: the time that branch points take to find, and how far they depend on the objects drawn.

    Args:
        comparison: rows of comparison.csv, of all data sets.
        paper: rows of the paper's numbers.csv.

    Returns:
        One row per data set: for every estimator mean seconds of one estimate, clades of a tree,
        clades that two draws share (mean) and the standard deviation of a pair's branch time
        between draws; how many times faster all_pairs is; the paper's seconds, in all and of its
        two long stages.
    """
    paper = paper[paper["experiment"] == "branch_discovery"]
    rows = []
    for dataset, of_dataset in comparison.groupby("dataset", sort=False):
        first = of_dataset.iloc[0]
        row = {"dataset": dataset, "objects": first["objects"], "times": first["times"]}
        mean = of_dataset.groupby(["estimator", "measure"])["value"].mean()
        for measure in ("seconds", "clades", "shared_clades", "pair_time_sd"):
            for estimator in ESTIMATORS:
                row[f"{estimator}_{measure}"] = mean.get((estimator, measure), np.nan)
        row["times_faster"] = row["aligned_pairs_seconds"] / row["all_pairs_seconds"]
        printed = paper[paper["dataset"] == dataset].set_index("metric")
        for part in ("seconds", "seconds_forward_diffusion", "seconds_similarities"):
            row[f"paper_{part}"] = _printed(printed, part)
        rows.append(row)
    return pd.DataFrame(rows)


def _printed(paper: pd.DataFrame, key: Hashable, column: str = "value") -> float:
    """A number of the paper, or nan."""
    return float(paper.loc[key, column]) if key in paper.index else np.nan


def _by_class(rows: pd.DataFrame, model: str) -> pd.Series:
    return rows[rows["model"] == model].set_index("class")["value"].astype(float)


def extension_table(stages: Mapping[str, Sequence[Stage]], paper: pd.DataFrame) -> pd.DataFrame:
    """T4: every class at every stage of class extension.

    Args:
        stages: by data set, the start first.
        paper: rows of the paper's numbers.csv.

    Returns:
        One row per data set, stage, model and class: added (the class that the stage added), new
        (is it this one?), frechet_raw (against training objects), accuracy, same_samples (are the
        samples the same as a stage before, bit by bit?; empty where there were none), and the
        paper's distance where data and classes are the same.
    """
    rows = []
    for dataset, of_dataset in stages.items():
        printed = of_paper(paper, of_dataset)
        for number, stage in enumerate(of_dataset):
            accuracy = of_metric(stage.quality, "accuracy")
            for model in models_of(stage.quality):
                right = accuracy[accuracy["model"] == model]
                right = dict(zip(right["class"], right["value"], strict=True))
                numbers = printed.get(Series(model, number), {})
                for name, distance in stage.distances(model).items():
                    rows.append({
                        "dataset": dataset, "stage": number, "added": stage.added or "",
                        "model": model, "class": name, "new": name == stage.added,
                        "frechet_raw": distance, "accuracy": right.get(name),
                        "same_samples": same_samples(of_dataset, number, model, name),
                        "paper": numbers.get(name),
                    })  # fmt: skip
    return pd.DataFrame(rows)
