"""Models from descriptions, and descriptions of models."""

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

from bdiff.branched import Branched
from bdiff.linear import Linear
from bdiff.model import DiffusionModel
from bdiff.process import Process, process_from
from bdiff.tree import BranchTree
from bdiff.tree_files import tree_from_dict, tree_to_dict


def build_model(
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
        description |= {"heads": list(model.heads), "first": model.first}
    return description


def model_from_dict(description: dict[str, Any]) -> DiffusionModel:
    """The model that `model_to_dict` described, with fresh weights."""
    process = process_from(description["process"])
    shape, net = description["shape"], description["net"]
    if description["kind"] != "branched":
        return build_model(description["kind"], process, shape, net, classes=description["classes"])
    tree = tree_from_dict(description["tree"], process)
    if description["first"] == len(tree.classes):
        return Branched(process, tree, shape, net)
    return Branched(process, tree, shape, net, description["heads"], description["first"])
