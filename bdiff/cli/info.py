"""bdiff info: what a file or folder is."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bdiff.checkpoint import load_folder
from bdiff.cli.drawing import draw
from bdiff.cli.folder import FitFolder
from bdiff.cli.own_data import is_dataset
from bdiff.data.dataset import read_dataset
from bdiff.expect import listed
from bdiff.model_files import load_model
from bdiff.sampling.files import read_samples
from bdiff.tree_files import load_tree


def main(args: argparse.Namespace) -> None:
    print("\n".join(about(args.path)))


def about(path: Path) -> Iterator[str]:
    """Lines on a file or folder.

    Raises:
        FileNotFoundError: if there is nothing.
        ValueError: if it is damaged, or nothing of bdiff's.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if path.is_dir() and FitFolder(path).record.exists():
        yield from _fit(FitFolder(path))
    elif path.is_dir():
        yield from _folder(path)
    elif path.suffix == ".json":
        yield from _tree(path)
    elif is_dataset(path):
        yield from _dataset(path)
    elif path.suffix == ".parquet":
        yield from _samples(path)
    else:
        raise ValueError(
            f"{path} is nothing that bdiff makes; expected a folder by `bdiff fit`, a model, a "
            "tree (.json), samples or a data set (.parquet)"
        )


def _fit(folder: FitFolder) -> Iterator[str]:
    record = folder.read_record()
    yield f"{folder.path}: folder by bdiff fit, {record['settings']['kind']} model"
    for part in (folder.data, folder.autoencoder, folder.tree, folder.model):
        if part.exists():
            lines = list(about(part))
            # The model draws the tree once more.
            yield from lines[:1] if part == folder.tree and folder.is_complete() else lines
    if not folder.is_complete():
        yield f"{folder.model}: not there yet; `bdiff status {folder.path}` says how far it is"


def _folder(path: Path) -> Iterator[str]:
    manifest = load_folder(path)[0]
    whole = f"verified, made by bdiff {manifest['bdiff']}"
    match manifest.get("format", "").partition("/")[0]:
        case "bdiff.model":
            yield from _model(path, manifest, whole)
        case "bdiff.autoencoder":
            found = manifest["autoencoder"]
            yield (
                f"{path}: autoencoder of {len(found['genes']):,} genes, {found['latent']} latents; "
                f"{whole}"
            )
        case "bdiff.training":
            yield f"{path}: checkpoint of a training run at step {manifest['step']:,}; {whole}"
        case _:
            raise ValueError(
                f"{path} holds {manifest.get('format')!r}, which this bdiff cannot read"
            )


def _model(path: Path, manifest: dict[str, Any], whole: str) -> Iterator[str]:
    model, facts = load_model(path), manifest["about"]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    yield f"{path}: {model.kind} model, {parameters:,} parameters; {whole}"
    yield f"  classes: {listed(model.classes, 12)}; objects of shape {model.shape}"
    process, net = model.process.to_dict(), model.settings
    yield f"  process: {process['name']}; network: {json.dumps(net)}"
    if "training" in facts:
        steps, seconds = facts["training"]["steps"], facts.get("seconds", float("nan"))
        yield f"  trained on {facts.get('dataset')!r}: {steps:,} steps in {seconds:.0f} s"
    if model.tree is not None:
        yield draw(model.tree)


def _tree(path: Path) -> Iterator[str]:
    tree = load_tree(path)
    assert tree.process is not None  # every file of a tree names it
    name = tree.process["name"]
    yield f"{path}: tree of {len(tree.classes)} classes, in the time of process {name}; whole"
    yield draw(tree)


def _samples(path: Path) -> Iterator[str]:
    samples = read_samples(path)
    meta = samples.meta
    yield f"{path}: {len(samples):,} objects of shape {tuple(meta['shape'])}; readable"
    for role in dict.fromkeys(samples.role.tolist()):
        yield f"  {role}: {_counts(samples.label[samples.role == role])}"
    solver = meta.get("solver", {})
    yield (
        f"  {meta.get('model')} model, solver {solver.get('name')}, seed {meta.get('seed')}, "
        f"{meta.get('nfe_per_object', float('nan')):.1f} network evaluations per object"
    )


def _dataset(path: Path) -> Iterator[str]:
    dataset = read_dataset(path)
    test = int((dataset.split == "test").sum())
    yield (
        f"{path}: data set {dataset.title!r}, {len(dataset) - test:,} training and {test:,} "
        f"held-out objects of shape {dataset.shape}, scaling: {dataset.scaling.get('kind')}; "
        "readable"
    )
    yield f"  classes: {_counts(np.array(dataset.classes)[dataset.labels])}"
    if dataset.feature_names:
        yield f"  features: {listed(dataset.feature_names, 12)}"


def _counts(labels: np.ndarray) -> str:
    names, counts = np.unique(labels, return_counts=True)
    return listed([f"{name} ({count:,})" for name, count in zip(names, counts, strict=True)], 12)
