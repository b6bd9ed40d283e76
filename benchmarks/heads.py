"""What makes a branched model good: variants of its heads, branch points and training, compared.

    python -m benchmarks.heads --json
    python -m benchmarks.heads --dataset letters --seconds 60 --variants guided rank --figure f.svg

Every variant is trained for the same time, or with --steps for the same number of steps, and
differs from the default in what `GROUPS` says; time is processor time, see `benchmarks.budget`.
All are sampled alike, with separate chains, and judged as in `benchmarks.sampling`; calls are
evaluations of the network per object sampled. The loss is the mean over the last tenth of the
training; it compares variants that predict the same, noise or v. The row of "real" has real objects
in place of samples.

Every row is written when it is finished, and rows that are there are not made again; a training
that was interrupted goes on from its last checkpoint, in a folder beside the rows. Rows made with
another budget, count or seed belong into another file.
"""

import argparse
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bdiff.branch_points.estimate import estimate_tree
from bdiff.build import initialised
from bdiff.data.dataset import Dataset, read_dataset
from bdiff.files import write_rows
from bdiff.model import DiffusionModel
from bdiff.nets.heads import InheritedVector
from bdiff.paper import paper_tree
from bdiff.process import VP
from bdiff.sampling.sampler import Sampler
from bdiff.script import run
from bdiff.tree import BranchTree
from benchmarks.arguments import check_labels, data_file, positive, whole
from benchmarks.budget import Budget, train_within
from benchmarks.rows import Rows
from benchmarks.sampling import judge_of, measure

KEYS = ("dataset", "variant", "kind", "seconds", "steps", "branches", "parameters", "shared_cost",
        "calls", "frechet_raw", "accuracy", "loss")  # fmt: skip
DATASETS = ("letters", "fashion_mnist")
PROCESS = VP(0.1, 20.0)
SAMPLER = {"name": "ddim", "eta": 1, "steps": 50}
EPSILON = {"letters": 0.01}  # of the cosines, elsewhere 0.005 (paper)
NETS = {"ours": {1: "residual", 3: "residual_unet"}, "paper": {1: "dense", 3: "unet"}}
CROSSINGS = ("mean and covariance", "mean", "no")
DEFAULT = {
    "kind": "branched",
    "tree": "sharing_cost",  # or all_pairs, or paper
    "collapse": 0.0,  # least length of a branch between two branch points
    "net": "ours",  # or paper
    "options": {},  # of the network
    "inherit": True,  # vectors of the branches that a branch descends from
    "warm": False,  # half the budget for one branch of all classes, which all branches start from
    "schedule": "cosine",
    # States at branch points get the child's mean and covariance, or its "mean", or stay: "no".
    # That is when sampling, so the training is the same.
    "cross": "mean and covariance",
}
# What each variant changes. The paper's heads are layers of a branch's own, which come with its
# network.
GROUPS = {
    "Reference": {"branched": {}, "label-guided": {"kind": "linear"}},
    "Heads": {
        "vectors not inherited": {"inherit": False},
        "vectors alone, rank 0": {"options": {"rank": 0}},
        "products of rank 64": {"options": {"rank": 64}},
    },
    "Branch points": {
        "cosine of all pairs": {"tree": "all_pairs"},
        "paper's tree": {"tree": "paper"},
        "short branches collapsed": {"collapse": 0.05},
    },
    "States at branch points": {
        "given the mean alone": {"cross": "mean"},
        "not moved": {"cross": "no"},
        "paper's tree, not moved": {"tree": "paper", "cross": "no"},
    },
    "Training": {
        "noise prediction": {"options": {"prediction": "noise"}},
        "constant learning rate": {"schedule": "constant"},
    },
    "Paper's network and heads": {
        "paper's network": {"net": "paper"},
        "paper's network, v-prediction": {"net": "paper", "options": {"prediction": "v"}},
        "paper's network, v, warm start": {
            "net": "paper", "options": {"prediction": "v"}, "warm": True,
        },
        "paper's network, label-guided": {"net": "paper", "kind": "linear"},
        "all as in the paper": {
            "net": "paper", "tree": "paper", "cross": "no", "schedule": "constant",
        },
    },
}  # fmt: skip
VARIANTS = {name: DEFAULT | new for group in GROUPS.values() for name, new in group.items()}


def tree_of(variant: dict, dataset: Dataset) -> BranchTree | None:
    """The branch tree of a variant, none for a label-guided model."""
    if variant["kind"] != "branched":
        return None
    if variant["tree"] == "paper":
        tree = paper_tree(dataset.name)
    else:
        tree = estimate_tree(
            dataset.select("train"),
            PROCESS,
            method=variant["tree"],
            epsilon=EPSILON.get(dataset.name, 0.005),
            min_time=0.01,
            min_length=0.001,
        )
    return tree.collapse(variant["collapse"])


def model_of(
    variant: dict, dataset: Dataset, tree: BranchTree | None, seed: int = 0
) -> DiffusionModel:
    """The untrained model of a variant."""
    net = {"name": NETS[variant["net"]][len(dataset.shape)], **variant["options"]}
    facts = {"classes": dataset.classes, "tree": tree, "seed": seed}
    model = initialised(variant["kind"], PROCESS, dataset.shape, net, **facts)
    for module in model.modules():
        if isinstance(module, InheritedVector) and not variant["inherit"]:
            module.sums.copy_(torch.eye(len(module.sums)))
    return model


def train_variant(
    variant: dict, dataset: Dataset, budget: Budget, folder: Path, seed: int, device: str
) -> tuple[DiffusionModel, dict]:
    """A variant's model within its budget, and the row's entries seconds, steps and loss.

    Args:
        variant: one of `VARIANTS`.
        dataset: those of the split "train" are trained on.
        budget: of the whole training.
        folder: of the checkpoints.
        seed: of weights, order, times and noise.
        device: "auto", "cpu" or "cuda".
    """
    model = model_of(variant, dataset, tree_of(variant, dataset), seed)
    settings = {"schedule": variant["schedule"], "ema": 0.999, "seed": seed}
    if not variant["warm"]:
        return model, train_within(model, dataset, settings, budget, folder, device)
    labels = np.zeros_like(dataset.labels)
    together = replace(dataset, classes=("all",), labels=labels)
    trunk = model_of(variant, together, BranchTree(together.classes), seed)
    first = train_within(trunk, together, settings, budget.half(), folder / "trunk", device)
    start_from(model, trunk)
    facts = train_within(model, dataset, settings, budget.half(), folder / "branches", device)
    return model, facts | {key: first[key] + facts[key] for key in ("seconds", "steps")}


def start_from(model: DiffusionModel, trunk: DiffusionModel) -> None:
    """Give every branch of a model the weights of a trunk, which has a single branch."""
    weights = dict(trunk.named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])  # one row becomes all rows


def forget(model: DiffusionModel, cross: str) -> None:
    """Take from a branched model what it knows besides for crossing so; in `CROSSINGS`' order."""
    if cross != "mean and covariance":
        model.axes.zero_()
    if cross == "no":
        model.means.zero_()


def missing(rows: list[dict], dataset: str, wanted: list[str] | None) -> list[list[str]]:
    """The wanted variants that no row has, those of one training together, by what is left out."""
    there = {row["variant"] for row in rows if row["dataset"] == dataset}
    trainings: dict[str, list[str]] = {}
    for name, variant in VARIANTS.items():
        if name not in there and (not wanted or any(part in name for part in wanted)):
            trainings.setdefault(_training(variant), []).append(name)
    return [sorted(names, key=lambda n: CROSSINGS.index(VARIANTS[n]["cross"])) for names in
            trainings.values()]  # fmt: skip


def _training(variant: dict) -> str:
    """All that a training depends on, as text."""
    return json.dumps({key: value for key, value in variant.items() if key != "cross"})


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", nargs="+", default=DATASETS, help="names of data sets")
    parser.add_argument("--variants", nargs="+", help="parts of their names; default all")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=positive, default=600, help="processor time per training")
    length.add_argument("--steps", type=whole(1), help="of every training, whatever they take")
    parser.add_argument("--data", type=Path, default="data/processed", help="<dataset>.parquet")
    parser.add_argument("--count", type=whole(2), default=1000, help="objects per class, at most")
    parser.add_argument("--output", type=Path, default="results/heads.jsonl", help="JSON lines")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--figure", type=Path, help="draw the rows (.svg and .png)")
    parser.add_argument("--table", type=Path, help="write the rows as CSV")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args(argv)
    check_labels("--variants", args.variants, VARIANTS)
    rows, budget = Rows(args.output, KEYS), Budget(args.seconds, args.steps)
    missing_of = {name: missing(rows, name, args.variants) for name in args.dataset}
    files = {name: data_file(args.data, name) for name, todo in missing_of.items() if todo}

    for name, file in files.items():
        dataset = read_dataset(file)
        judge, floor = judge_of(dataset, args.count, args.seed)
        if not any(row["dataset"] == name and row["variant"] == "real" for row in rows):
            nothing = dict.fromkeys(KEYS) | {"dataset": name, "variant": "real", "kind": "real"}
            rows.add(**nothing | floor)
        for variants in missing_of[name]:
            variant = VARIANTS[variants[0]]
            run_of = f"{_training(variant)} {budget} {args.seed}".encode()
            folder = args.output.with_suffix("") / name / hashlib.sha256(run_of).hexdigest()[:12]
            model, facts = train_variant(variant, dataset, budget, folder, args.seed, args.device)
            for label in variants:
                forget(model, VARIANTS[label]["cross"])
                found = measure(
                    model, dataset, judge, Sampler.of(SAMPLER, args.seed), args.count, shared=False
                )
                found["calls"] = found["calls_per_object"]
                rows.add(dataset=name, variant=label, **describe(model), **found | facts)
            shutil.rmtree(folder)
    chosen = [row for row in rows if row["dataset"] in args.dataset]
    if args.table:
        write_rows(args.table, chosen, KEYS)
    if args.figure:
        draw(chosen, args.figure, args.data)
    if args.json:
        print(json.dumps(chosen))


def describe(model: DiffusionModel) -> dict:
    """A row's entries on the model: kind, branches, parameters, and cost with shared trunks."""
    return {
        "kind": model.kind,
        "branches": 1 if model.tree is None else len(model.tree.branches),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "shared_cost": 1.0 if model.tree is None else model.tree.shared_cost,
    }


def draw(rows: list[dict], path: Path, data: Path) -> None:
    """The figure, with titles where the data sets' files are."""
    import pandas as pd

    from bdiff.figures.heads import heads
    from bdiff.figures.style import save_figure

    files = {row["dataset"]: data / f"{row['dataset']}.parquet" for row in rows}
    titles = {n: read_dataset(file).title or n for n, file in files.items() if file.exists()}
    save_figure(heads(pd.DataFrame(rows), GROUPS, titles), path)


if __name__ == "__main__":
    run(main)
