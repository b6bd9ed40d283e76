"""Train a branched or a label-guided model."""

import argparse
import contextlib
import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import torch

from bdiff.checkpoint import load_folder, locked, newest, save_model
from bdiff.data.dataset import read_dataset
from bdiff.model import build_model
from bdiff.process import process_from
from bdiff.script import add_settings, run
from bdiff.training import train
from bdiff.training_run import Training, describe_run, lines
from bdiff.tree_files import load_tree


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add_settings(parser)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--tree", help="branch tree (JSON), for a branched model")
    parser.add_argument("--output", required=True, help="folder of the model")
    parser.add_argument(
        "--checkpoints", required=True, help="folder for checkpoints, until the run has ended"
    )
    args = parser.parse_args(argv)
    # Before torch starts its threads, which take the mode over; see `bdiff.training`.
    torch.set_flush_denormal(True)
    settings = args.settings
    if settings["kind"] == "branched" and not args.tree:
        parser.error("a branched model needs --tree")
    dataset = read_dataset(args.data)
    process = process_from(settings["process"])
    model = build_model(
        settings["kind"],
        process,
        dataset.shape,
        settings["net"],
        classes=dataset.classes,
        tree=load_tree(args.tree, process) if settings["kind"] == "branched" else None,
        seed=settings["seed"],
    )
    training = Training(seed=settings["seed"], **settings["training"])
    # A folder per run: what another run left is not continued, and not in the way.
    precision = settings.get("precision", "float32")
    run = json.dumps(describe_run(model, dataset, training, precision), sort_keys=True)
    checkpoints = Path(args.checkpoints) / hashlib.sha256(run.encode()).hexdigest()[:12]
    records = train(
        model,
        dataset,
        training,
        checkpoints=checkpoints,
        device=settings["device"],
        precision=precision,
        compile=settings.get("compile", False),
    )
    with locked(checkpoints):
        seconds = load_folder(newest(checkpoints))[0]["seconds"]  # of all parts of the run
    about = {
        "dataset": dataset.name,
        "title": dataset.title,
        "scaling": dataset.scaling,
        "feature_names": dataset.feature_names,
        "source": dataset.source,
        "training": asdict(training),
        "seconds": seconds,
    }
    save_model(model, args.output, about, {"metrics.jsonl": lines(records)})
    shutil.rmtree(checkpoints, ignore_errors=True)
    with contextlib.suppress(OSError):  # unless an unfinished run of other settings stands there
        checkpoints.parent.rmdir()
    print(f"{args.output}: {model.kind} model after {training.steps:,} steps")


if __name__ == "__main__":
    run(main)
