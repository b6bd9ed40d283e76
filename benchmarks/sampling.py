"""Quality of samples against what they cost: all solvers at few steps, and the paper's at many.

    python -m benchmarks.sampling --json
    python -m benchmarks.sampling --dataset letters --count 300 --solvers unipc deis --figure f.svg

Needs trained branched models (results/<dataset>/models/branched) and the data sets they were
trained on. frechet_raw is the mean over the classes, each with as many generated as real training
objects: `count`, or half the class; accuracy is that of a classifier trained on the training
objects. The rows of "real" have real objects in place of samples: two halves of a class for
frechet_raw, held-out objects for the accuracy. Every row is written when it is finished, and rows
that are there are not made again; rows made with other models, another count or seed belong into
another file.
"""

import argparse
import itertools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bdiff.analysis.classifier import train_classifier
from bdiff.analysis.metrics import disjoint_halves, frechet_distance
from bdiff.data.dataset import Dataset, read_dataset
from bdiff.files import write_rows
from bdiff.model import DiffusionModel
from bdiff.model_files import load_model
from bdiff.sampling.sampler import Sampler, sample
from bdiff.script import run
from benchmarks.arguments import check_labels, data_file, whole
from benchmarks.rows import Rows

KEYS = ("dataset", "solver", "steps", "shared", "calls_per_object", "frechet_raw", "accuracy",
        "seconds")  # fmt: skip
DATASETS = ("fashion_mnist", "letters")
STEPS = (5, 10, 20, 50)
FAST = {"branch_times": "coalesce"}  # a path has about as many calls as the grid has intervals
SOLVERS = {
    "ddim, log_snr": {"name": "ddim", "grid": "log_snr", **FAST},
    "ddim eta=1, uniform_t": {"name": "ddim", "eta": 1, "grid": "uniform_t", **FAST},
    "ddim eta=1, log_snr": {"name": "ddim", "eta": 1, "grid": "log_snr", **FAST},
    "dpm_solver_pp order=2, log_snr": {"name": "dpm_solver_pp", "grid": "log_snr", **FAST},
    "dpm_solver_pp order=2, quadratic_t": {"name": "dpm_solver_pp", "grid": "quadratic_t", **FAST},
    "dpm_solver_pp order=3, log_snr": {
        "name": "dpm_solver_pp", "order": 3, "grid": "log_snr", **FAST,
    },
    "sde_dpm_solver_pp, uniform_t": {"name": "sde_dpm_solver_pp", "grid": "uniform_t", **FAST},
    "sde_dpm_solver_pp, log_snr": {"name": "sde_dpm_solver_pp", "grid": "log_snr", **FAST},
    "sde_dpm_solver_pp, quadratic_t": {
        "name": "sde_dpm_solver_pp", "grid": "quadratic_t", **FAST,
    },
    "deis order=2, quadratic_t": {"name": "deis", "order": 2, "grid": "quadratic_t", **FAST},
    "deis order=3, quadratic_t": {"name": "deis", "order": 3, "grid": "quadratic_t", **FAST},
    "unipc order=2, log_snr": {"name": "unipc", "order": 2, "grid": "log_snr", **FAST},
    "unipc order=3, log_snr": {"name": "unipc", "order": 3, "grid": "log_snr", **FAST},
    "heun, edm": {"name": "heun", "grid": "edm", **FAST},
}  # fmt: skip
SHOWN = ("ddim, log_snr", "ddim eta=1, uniform_t", "dpm_solver_pp order=2, quadratic_t",
         "sde_dpm_solver_pp, uniform_t",
         "deis order=3", "unipc order=2", "heun")  # fmt: skip
REFERENCE = ("predictor_corrector, uniform_t", {"name": "predictor_corrector"}, 1000)
Judge = Callable[[dict[str, np.ndarray]], dict]


def cases() -> Iterator[tuple[str, dict, int]]:
    """(label, settings, steps), the cheap ones first; Heun's steps are two calls each."""
    for calls, (label, settings) in itertools.product(STEPS, SOLVERS.items()):
        steps = max(2, math.ceil(calls / 2)) if settings["name"] == "heun" else calls
        yield label, {**settings, "steps": steps}, steps
    label, settings, steps = REFERENCE
    yield label, {**settings, "steps": steps}, steps


def judge_of(dataset: Dataset, count: int, seed: int) -> tuple[Judge, dict]:
    """A function from samples by class to frechet_raw and accuracy, and what real objects score."""
    reals, others, held_out = {}, {}, {}
    for name in dataset.classes:
        x = dataset.of(name, "train")
        reals[name], others[name] = disjoint_halves(x, count, seed, "train", name)
        if len(reals[name]) < 2:
            raise ValueError(
                f"class {name!r} of {dataset.name!r} has {len(x)} training objects, --count is "
                f"{count}; a Fréchet distance beside its floor needs 2 and 4 or more"
            )
        held_out[name] = dataset.of(name, "test")
    train = dataset.select("train")
    classifier = train_classifier(train.x, train.labels, len(dataset.classes), seed)

    def accuracy(by_class: dict[str, np.ndarray]) -> float:
        right = [classifier.predict(x) == dataset.code(name) for name, x in by_class.items()]
        return float(np.concatenate(right).mean())

    def distance(by_class: dict[str, np.ndarray]) -> float:
        return float(np.mean([frechet_distance(by_class[n], reals[n]) for n in dataset.classes]))

    has_test = all(map(len, held_out.values()))
    floor = {"frechet_raw": distance(others), "accuracy": accuracy(held_out) if has_test else None}
    judge = lambda made: {"frechet_raw": distance(made), "accuracy": accuracy(made)}  # noqa: E731
    return judge, floor


def measure(
    model: DiffusionModel,
    dataset: Dataset,
    judge: Judge,
    sampler: Sampler,
    count: int,
    shared: bool,
) -> dict:
    """Calls per object, quality and seconds of samples of all classes."""
    request = {n: min(count, len(dataset.of(n, "train")) // 2) for n in dataset.classes}
    made = sample(model, request, sampler, share_trunks=shared)
    return {
        "calls_per_object": made.meta["nfe_per_object"],
        **judge({name: made.where(label=name) for name in dataset.classes}),
        "seconds": made.meta["seconds"],
    }


def model_of(folder: Path, dataset: str, device: str) -> DiffusionModel:
    """The trained branched model of a data set."""
    path = folder / dataset / "models" / "branched"
    if not path.is_dir():
        raise FileNotFoundError(
            f"there is no trained model in {path}; make it with `snakemake --cores all "
            f"{path}/manifest.json`, or name the folder of <dataset>/models/branched by --models"
        )
    return load_model(path, device)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", nargs="+", default=DATASETS, help="names of data sets")
    parser.add_argument("--models", type=Path, default="results", help="<dataset>/models/branched")
    parser.add_argument("--data", type=Path, default="data/processed", help="<dataset>.parquet")
    parser.add_argument("--count", type=whole(2), default=1000, help="objects per class, at most")
    parser.add_argument("--solvers", nargs="+", help="parts of their labels; default all")
    parser.add_argument("--output", type=Path, default="results/sampling.jsonl", help="JSON lines")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--per-class", type=whole(1), default=64, help="objects of a class at once")
    parser.add_argument("--figure", type=Path, help="draw the rows of the solvers (.svg and .png)")
    parser.add_argument("--table", type=Path, help="write the rows as CSV")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    args = parser.parse_args(argv)
    check_labels("--solvers", args.solvers, (*SOLVERS, REFERENCE[0]))
    rows = Rows(args.output, KEYS)
    missing_of = {name: list(missing(rows, name, args.solvers)) for name in args.dataset}
    files = {name: data_file(args.data, name) for name, todo in missing_of.items() if todo}

    for name, file in files.items():
        model = model_of(args.models, name, args.device)
        dataset = read_dataset(file)
        judge, floor = judge_of(dataset, args.count, args.seed)
        if not any(row["dataset"] == name and row["solver"] == "real" for row in rows):
            nothing = {"steps": 0, "shared": False, "calls_per_object": 0, "seconds": 0}
            rows.add(dataset=name, solver="real", **nothing, **floor)
        for label, settings, steps, shared in missing_of[name]:
            sampler = replace(Sampler.of(settings, args.seed), per_class=args.per_class)
            found = measure(model, dataset, judge, sampler, args.count, shared)
            rows.add(dataset=name, solver=label, steps=steps, shared=shared, **found)
    if args.table:
        write_rows(args.table, [row for row in rows if row["dataset"] in args.dataset], KEYS)
    if args.figure:
        draw(rows, args.figure, args.data, args.solvers or SHOWN)
    if args.json:
        print(json.dumps([row for row in rows if row["dataset"] in args.dataset]))


def missing(
    rows: list[dict], dataset: str, wanted: list[str] | None
) -> Iterator[tuple[str, dict, int, bool]]:
    """The wanted cases that no row has."""
    there = {(row["dataset"], row["solver"], row["steps"], row["shared"]) for row in rows}
    for (label, settings, steps), shared in itertools.product(cases(), (True, False)):
        asked = not wanted or any(part in label for part in wanted)
        if asked and (dataset, label, steps, shared) not in there:
            yield label, settings, steps, shared


def draw(rows: list[dict], path: Path, data: Path, solvers: Sequence[str]) -> None:
    """The figure of these solvers and the references, with titles where the data sets' files are.

    More than seven solvers are hard to tell apart.
    """
    import pandas as pd

    from bdiff.figures.frontier import frontier
    from bdiff.figures.style import save_figure

    wanted = (*solvers, REFERENCE[0], "real")
    rows = [row for row in rows if any(part in row["solver"] for part in wanted)]
    names = {row["dataset"] for row in rows}
    files = {name: data / f"{name}.parquet" for name in names}
    titles = {n: read_dataset(file).title or n for n, file in files.items() if file.exists()}
    save_figure(frontier(pd.DataFrame(rows), titles), path)


if __name__ == "__main__":
    run(main)
