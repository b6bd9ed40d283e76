"""Models for data sets and from descriptions, and descriptions of models."""

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

from bdiff.branched import Branched
from bdiff.data.dataset import Dataset
from bdiff.defaults import form_of, suited
from bdiff.expect import expect
from bdiff.linear import Linear
from bdiff.model import DiffusionModel
from bdiff.process import Process, process_from
from bdiff.tree import BranchTree
from bdiff.tree_files import convert_tree, tree_from_dict, tree_to_dict


def build_model(
    dataset: Dataset,
    tree: BranchTree | None = None,
    *,
    process: Process | None = None,
    net: str | dict[str, Any] | None = None,
    seed: int = 0,
) -> DiffusionModel:
    """An untrained model for a data set: branched where a tree is given, else label-guided.

    Args:
        dataset: gives the shape of an object and the classes.
        tree: of these classes; another order of the classes is the model's order, too.
        process: the forward process, by default the tree's, or what suits the data
            (`bdiff.defaults`); a tree that was made for another one keeps its noise levels.
        net: name of a network, or {"name": ..., then its own settings}, see
            `bdiff.nets.build.NETS`; by default what suits the data.
        seed: of the weights.

    Raises:
        ValueError: if the tree has other classes, the process cannot carry it, the network is
            unknown or does not fit the objects, or these are counts that were not encoded.
    """
    expect(dataset, Dataset, "dataset", "bdiff.from_arrays(x, labels), or a file's read_...")
    expect(tree, (BranchTree, type(None)), "tree", "bdiff.estimate_tree(dataset), load_tree(path)")
    expect(process, (Process, type(None)), "process", "such as bdiff.VP()")
    form = form_of(dataset)
    if form == "cells":
        raise ValueError(
            f"data set {dataset.name!r} has counts; a model needs what an autoencoder makes of "
            "them: encode(fit_autoencoder(dataset), dataset)"
        )
    if tree is not None and set(tree.classes) != set(dataset.classes):
        raise ValueError(
            f"the tree has the classes {list(tree.classes)}, data set {dataset.name!r} "
            f"{list(dataset.classes)}; choose with tree.restrict or dataset.keep_classes"
        )
    own = tree.process if tree is not None else None
    process = process or process_from(own or suited(dataset, "process"))
    if tree is not None and own is not None:
        tree = convert_tree(tree, process_from(own), process)
    if process.joint != (form == "molecules"):
        raise ValueError(
            f"{process} does not suit {dataset.name!r}, which has {form}: molecules need Joint, "
            "all else another process"
        )
    settings = {"name": net} if isinstance(net, str) else net or suited(dataset, "net")
    kind = "linear" if tree is None else "branched"
    return initialised(
        kind, process, dataset.shape, settings, classes=dataset.classes, tree=tree, seed=seed
    )


def initialised(
    kind: str,
    process: Process,
    shape: Sequence[int],
    net: dict[str, Any],
    *,
    classes: Sequence[str] = (),
    tree: BranchTree | None = None,
    seed: int = 0,
) -> DiffusionModel:
    """A model with weights drawn from the seed (and torch's own random state left as it was).

    Args:
        kind: "branched" (needs the tree) or "linear" (needs the classes).
        process, shape, net, classes, tree: as in `Branched` and `Linear`.
        seed: of the weights.

    Raises:
        ValueError: if the kind is unknown or what it needs is missing.
    """
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        digest = hashlib.sha256(f"weights {seed}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:7], "little"))
        if kind == "branched" and tree is not None:
            return Branched(process, tree, shape, net)
        if kind == "linear" and classes:
            return Linear(process, classes, shape, net)
    raise ValueError(
        f"found kind {kind!r}, {'a' if tree else 'no'} tree and {len(classes)} classes; "
        "'branched' needs a tree, 'linear' needs class names"
    )


def model_to_dict(model: DiffusionModel) -> dict[str, Any]:
    """What is needed besides the weights to build the model again."""
    description: dict[str, Any] = {
        "kind": model.kind,
        "process": model.process.to_dict(),
        "classes": list(model.classes),
        "shape": list(model.shape),
        "net": model.settings,
    }
    if isinstance(model, Branched):
        description["tree"] = tree_to_dict(model.tree, model.process)
        description |= {
            "heads": list(model.heads), "first": model.first, "inherits": model.inherits,
        }  # fmt: skip
    return description


def model_from_dict(description: dict[str, Any]) -> DiffusionModel:
    """The model that `model_to_dict` described, with fresh weights."""
    process = process_from(description["process"])
    shape, net = description["shape"], description["net"]
    if description["kind"] != "branched":
        return initialised(description["kind"], process, shape, net, classes=description["classes"])
    tree = tree_from_dict(description["tree"], process)
    first = description["first"]
    # The first files did not say it; then no class had been added to a model that inherits.
    inherits = description.get("inherits", first == len(tree.classes))
    return Branched(process, tree, shape, net, None if inherits else description["heads"], first)
