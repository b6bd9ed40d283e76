"""bdiff fit: from data of one's own to a model."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from bdiff.autoencoder import encode, fit_autoencoder
from bdiff.autoencoder_files import load_autoencoder, save_autoencoder
from bdiff.branch_points.estimate import estimate_tree
from bdiff.build import build_model
from bdiff.cli.drawing import draw
from bdiff.cli.folder import FitFolder, fingerprint_of
from bdiff.cli.own_data import OwnFile
from bdiff.cli.settings import Linear, OwnData, check_sections, fit_settings
from bdiff.data.dataset import Dataset, read_dataset, write_dataset
from bdiff.defaults import form_of
from bdiff.device import prepare_to_train
from bdiff.process import process_from
from bdiff.training.settings import Training
from bdiff.training.train import train_to_folder
from bdiff.tree import BranchTree
from bdiff.tree_files import load_tree, save_tree


def main(args: argparse.Namespace) -> None:
    prepare_to_train()
    check_sections(args.set, [*OwnData.model_fields, *Linear.model_fields])
    if args.kind == "linear" and args.tree is not None:
        raise ValueError(
            f"--tree {args.tree}: a label-guided model (--kind linear) has no tree; leave one out"
        )
    folder, own = FitFolder(args.output), OwnFile(args.data, args.label, args.classes_by, args.set)
    asked = {
        "data": fingerprint_of(args.data),
        "tree": None if args.tree is None else fingerprint_of(args.tree),
        "set": [(".".join(keys), value) for keys, value in args.set],
    } | {key: getattr(args, key) for key in ("label", "classes_by", "kind", "steps", "seed")}
    with folder.work():
        settings = folder.begin(asked, lambda: make_settings(args, own))
        if folder.is_complete():
            print(f"{folder.path} is complete already")
        else:
            fit(folder, own, settings, args.tree, args.device)
    print(told(folder))


def make_settings(args: argparse.Namespace, own: OwnFile) -> dict[str, Any]:
    """Settings of every stage; the data are read to find out what they are."""
    dataset = own.dataset
    settings = fit_settings(dataset, args.kind, args.steps, args.set)
    if args.kind == "branched" and args.tree is None and form_of(dataset) == "molecules":
        rule = [] if args.classes_by is None else ["--classes-by", args.classes_by]
        of_data = [f"{'.'.join(keys)}={value}" for keys, value in args.set if keys[0] == "data"]
        read = [str(args.data), *rule, *(["--set", *of_data] if of_data else [])]
        raise ValueError(
            "a tree of molecules cannot be estimated, since atoms cannot be compared place by "
            f"place; give one: bdiff tree {shlex.join(read)} --branch-time 0.4 -o tree.json, then "
            "--tree tree.json"
        )
    process, tree = process_from(settings["process"]), None
    if args.kind == "branched" and args.tree is not None:
        tree = load_tree(args.tree, process)
        check_classes(tree, dataset)
    if form_of(dataset) != "cells":  # does the network fit the objects, and the tree the process?
        build_model(dataset, tree, process=process, net=settings["net"])
    return {"kind": args.kind, "seed": args.seed, "data": own.settings} | settings


def fit(
    folder: FitFolder,
    own: OwnFile,
    settings: dict[str, Any],
    given_tree: Path | None,
    device: str,
) -> None:
    """Make what is missing in a folder.

    Args:
        folder: where.
        own: the data.
        settings: by `make_settings`.
        given_tree: file of a tree, or None to estimate it.
        device: "auto", "cpu" or "cuda".
    """
    if not folder.data.exists():
        write_dataset(encoded(own.dataset, settings, device, folder), folder.data)
    dataset = read_dataset(folder.data)
    branched = settings["kind"] == "branched"
    model = build_model(
        dataset,
        kept_tree(folder, dataset, settings, given_tree) if branched else None,
        process=process_from(settings["process"]),
        net=settings["net"],
        seed=settings["seed"],
    )
    training = Training(seed=settings["seed"], **settings["training"])
    train_to_folder(
        model, dataset, training, folder.model, checkpoints=folder.checkpoints, device=device
    )


def encoded(
    dataset: Dataset, settings: dict[str, Any], device: str, folder: FitFolder | None = None
) -> Dataset:
    """The data as the model sees them; the autoencoder of counts is kept in the folder, if any."""
    if form_of(dataset) != "cells":
        return dataset
    if folder is not None and folder.autoencoder.exists():
        autoencoder = load_autoencoder(folder.autoencoder, device)
    else:
        own = settings["autoencoder"] or {}
        autoencoder = fit_autoencoder(dataset, **own, seed=settings["seed"], device=device)
        if folder is not None:
            about = {"dataset": dataset.name, "source": dataset.source, "settings": own}
            save_autoencoder(autoencoder, folder.autoencoder, about)
    return encode(autoencoder, dataset)


def kept_tree(
    folder: FitFolder, dataset: Dataset, settings: dict[str, Any], given: Path | None
) -> BranchTree:
    """The tree in a folder, in the time of the model's process; made if it is not there."""
    if not folder.tree.exists():
        tree = tree_of(dataset, settings) if given is None else load_tree(given)
        save_tree(tree, folder.tree)
    return load_tree(folder.tree, process_from(settings["process"]))


def tree_of(dataset: Dataset, settings: dict[str, Any]) -> BranchTree:
    """The estimated tree of a data set."""
    process = process_from(settings["process"])
    return estimate_tree(dataset, process, **settings["tree"], seed=settings["seed"])


def check_classes(tree: BranchTree, dataset: Dataset) -> None:
    """Raise ValueError unless a tree has the classes of the data."""
    if set(tree.classes) != set(dataset.classes):
        raise ValueError(
            f"the tree has the classes {', '.join(tree.classes)}, the data "
            f"{', '.join(dataset.classes)}; make the tree of these data: bdiff tree"
        )


def told(folder: FitFolder) -> str:
    """What was made, and what can be done with it."""
    model = folder.load_model()  # which verifies the manifest
    about = json.loads((folder.model / "manifest.json").read_text(encoding="utf-8"))["about"]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    lines = [
        f"{folder.path}: {model.kind} model of {len(model.classes)} classes, {parameters:,} "
        f"parameters, {about['training']['steps']:,} steps in {about['seconds']:.0f} s"
    ]
    lines += [draw(model.tree)] if model.tree is not None else []
    place = shlex.quote(str(folder.path))
    return "\n".join([*lines, f"next: bdiff sample {place} --count 100 -o samples.parquet"])
