r"""A trained model learns one more class (paper).

A branched model gets a new leaf, which parts from the branch where the new class joins the tree:

    before    S: head h on (start, end]
    after     S: head h on (start, time],  S + new: head h on (time, end],  new: its own head on
              (0, time]

The new head starts as a copy of the leaf beside it and is trained alone, on the new class alone, at
the times of its leaf; everything else stays as it is, to the last bit, and so do samples of the
old classes. (With shared trunks they are made as if all requested classes had been there from the
start, so there the past of a sample depends on the request, as always.)

A label-guided model has nothing to add but a row of its label embedding: what it learns of a new
class changes the old ones.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bdiff.branch_points.estimate import extend_tree
from bdiff.branched import Branched
from bdiff.build import initialised
from bdiff.data.dataset import Dataset
from bdiff.defaults import ADDED
from bdiff.expect import expect
from bdiff.linear import Linear
from bdiff.model import DiffusionModel
from bdiff.model_files import load_model
from bdiff.nets.heads import InheritedVector, head_parameters
from bdiff.training.distributed import join
from bdiff.training.settings import Part, Training
from bdiff.training.train import train, train_to_folder
from bdiff.tree import BranchTree


def extend(
    model: DiffusionModel,
    new_class: str,
    dataset: Dataset,
    settings: Training | None = None,
    *,
    tree: BranchTree | None = None,
    retrain: bool = False,
    checkpoints: str | Path | None = None,
    device: str = "auto",
    precision: str = "float32",
) -> DiffusionModel:
    """A model of one class more; the given one stays as it is.

    Args:
        model: a trained model.
        new_class: name of the class to add.
        dataset: objects of the new class; of the old ones, too, where the branch point is to be
            estimated or the model retrained.
        settings: of the training, by default those of `bdiff.defaults`: a new leaf, small changes
            of shared layers, is learned fast; whatever changes old classes as a model is trained.
        tree: of a branched model: the tree with the new class; by default the branch point is
            estimated (`bdiff.branch_points.estimate.extend_tree`).
        retrain: train also what the new class shares with old ones, on the objects of all of them,
            and so change the old classes: the branches above the new leaf, or all of a label-guided
            model. Without, only objects of the new class are seen.
        checkpoints, device, precision: as in `bdiff.training.train.train`.

    Raises:
        ValueError: if the class is known already, its objects are missing, or the tree is not the
            model's with one class more.
    """
    expect(model, DiffusionModel, "model", "bdiff.load_model(folder)")
    expect(dataset, Dataset, "dataset", "bdiff.from_arrays(x, labels)")
    larger, objects, part = enlarged(model, new_class, dataset, tree=tree, retrain=retrain)
    if settings is None:
        leaf_alone = isinstance(model, Branched) and not retrain
        settings = Training(**ADDED) if leaf_alone else Training.for_data(objects)
    train(
        larger,
        objects,
        settings,
        checkpoints=checkpoints,
        device=device,
        precision=precision,
        part=part,
    )
    return larger


def extend_to_folder(
    model: DiffusionModel,
    new_classes: Sequence[str],
    dataset: Dataset,
    settings: Training,
    folder: str | Path,
    *,
    checkpoints: str | Path,
    retrain: bool = False,
    device: str = "auto",
    precision: str = "float32",
    **estimate: Any,
) -> tuple[str, str]:
    """Write a model of more classes; see `bdiff.training.train.train_to_folder`.

    Args:
        model, dataset, settings, retrain, device, precision: as in `extend`.
        new_classes: names of the classes to add; several only to a label-guided model that is
            retrained.
        folder, checkpoints: as in `train_to_folder`.
        estimate: settings of `bdiff.branch_points.estimate.extend_tree`.

    Returns:
        The `fingerprint` of what the given model knew, before and after; that of the model as it
        stands in the folder.

    Raises:
        ValueError: as `extend`, or if the last of several new classes would be trained alone.
    """
    if len(new_classes) > 1 and not (model.kind == "linear" and retrain):
        raise ValueError(
            f"new_classes are {list(new_classes)}, but only a linear model with retrain=True "
            f"learns several at once, not a {model.kind} model with retrain={retrain}; add them "
            "one after another, each to the model before"
        )
    known = model.head_count
    before = fingerprint(model, known)
    for name in new_classes:
        model, objects, part = enlarged(model, name, dataset, retrain=retrain, **estimate)
    train_to_folder(
        model,
        objects,
        settings,
        folder,
        checkpoints=checkpoints,
        device=device,
        precision=precision,
        part=part,
        about={"extended_by": list(new_classes), "retrained": retrain},
    )
    # With several ranks only the first one writes, and others need not wait for it.
    return before, fingerprint(load_model(folder) if join(device).first else model, known)


def enlarged(
    model: DiffusionModel,
    new_class: str,
    dataset: Dataset,
    *,
    tree: BranchTree | None = None,
    retrain: bool = False,
    **estimate: Any,
) -> tuple[DiffusionModel, Dataset, Part]:
    """What `extend` trains: the larger model, the objects of its classes, and the part to train.

    Args:
        model, new_class, dataset, tree, retrain: as there.
        estimate: settings of `bdiff.branch_points.estimate.extend_tree`.
    """
    if new_class not in dataset.classes:
        raise ValueError(
            f"data set {dataset.name!r} has no objects of {new_class!r}; its classes are "
            f"{list(dataset.classes)}"
        )
    if new_class in model.classes:
        raise ValueError(
            f"the model knows {new_class!r} already; its classes are {list(model.classes)}"
        )
    known = (*model.classes, new_class)
    objects = dataset.keep_classes([name for name in dataset.classes if name in known])
    if isinstance(model, Branched):
        if tree is None:
            train_objects = objects.select("train")
            tree = extend_tree(model.tree, new_class, train_objects, model.process, **estimate)
        larger = with_leaf(model, tree, own_trunk=retrain)
        heads = larger.heads_of(new_class) if retrain else {larger.head_of_branch([new_class])}
        return larger, objects, Part(heads=tuple(sorted(heads)))
    if isinstance(model, Linear):
        part = Part() if retrain else Part(classes=(new_class,))
        return with_label(model, new_class), objects, part
    raise ValueError(f"a {model.kind} model cannot be extended; extend the model it is made of")


def with_leaf(model: Branched, tree: BranchTree, *, own_trunk: bool = False) -> Branched:
    """The model with a leaf for one more class, untrained but for what it copies.

    Args:
        model: a branched model.
        tree: its tree with one class more.
        own_trunk: give branches that the new class does not run through heads of their own, where
            they share one with those above it, so that these can be trained on.

    Raises:
        ValueError: if the tree is not the model's with one class more.
    """
    new = [name for name in tree.classes if name not in model.classes]
    if tree.classes[:-1] != model.classes or _times(tree, model.classes) != _times(model.tree):
        raise ValueError(
            f"the tree should be the model's, {model.tree}, with one more class in the last place; "
            f"found {tree}"
        )
    (name,) = new
    count = model.head_count
    copied = [_leaf_beside(model, tree)]  # heads that the new ones start from
    heads = []
    for branch in tree.branches:
        old = [other for other in branch.classes if other != name]
        heads.append(model.head_of_branch(old) if old else count)
    first = model.first
    if own_trunk:
        first = len(tree.classes)  # old classes are sampled by what is trained on, too
        path = tree.path(name)
        trained = {heads[number] for number in path}
        apart = [n for n in range(len(heads)) if n not in path and heads[n] in trained]
        twice = sorted({heads[number] for number in apart})
        for number in apart:
            heads[number] = count + len(copied) + twice.index(heads[number])
        copied += twice
    larger = Branched(model.process, tree, model.shape, model.settings, heads, first)
    _copy(model, larger, copied)
    larger.facts = model.facts
    return larger.eval()


def _times(tree: BranchTree, classes: Sequence[str] | None = None) -> dict[frozenset[str], float]:
    """Branch times by classes, of the tree of some of its classes."""
    points = tree.restrict(classes or tree.classes).points
    return {point.classes: point.time for point in points}


def _leaf_beside(model: Branched, tree: BranchTree) -> int:
    """Head of the leaf of the class that parts from the new one last."""
    name = tree.classes[-1]
    beside = min(model.classes, key=lambda other: (tree.branch_time(name, other), other))
    return model.head_of_branch([beside])


def _copy(model: Branched, larger: Branched, copied: list[int]) -> None:
    """Weights and moments: old heads keep their rows, new ones start as those they copy."""
    shared, rows = shared_and_rows(model)
    rows = {name: torch.cat([tensor, tensor[copied]]) for name, tensor in rows.items()}
    larger.load_state_dict(shared | rows)


def shared_and_rows(model: DiffusionModel) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """All that a model has learned: tensors that branches share, and those with a row per head.

    What a head has inherited is in its row, since the tree above it changes as classes are added.
    """
    state = model.state_dict()
    for place, module in model.net.named_modules():
        if isinstance(module, InheritedVector):
            state[f"net.{place}.weight"] = module.sums @ module.weight.detach()
    names = {f"net.{name}" for name in head_parameters(model.net)}
    names |= state.keys() & {"means", "axes", "value_range", "sizes"}
    rows = {name: state.pop(name) for name in names}
    return state, rows


def fingerprint(model: DiffusionModel, heads: int) -> str:
    """sha256 of what stays as classes are added: all but the rows of heads after the first."""
    shared, rows = shared_and_rows(model)
    digest = hashlib.sha256()
    for name, tensor in sorted({**shared, **{n: t[:heads] for n, t in rows.items()}}.items()):
        digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def with_label(model: Linear, new_class: str) -> Linear:
    """The label-guided model with a label for one more class, the mean of those there are."""
    larger = initialised(
        "linear", model.process, model.shape, model.settings, classes=(*model.classes, new_class)
    )
    assert isinstance(larger, Linear)
    state = model.state_dict()
    name = "net.conditioning.label.weight"
    *known, null = state[name].unbind()
    state[name] = torch.stack([*known, torch.stack(known).mean(dim=0), null])
    if "sizes" in state:
        state["sizes"] = torch.cat([state["sizes"], larger.sizes[-1:]])
    larger.load_state_dict(state)
    larger.facts = model.facts
    return larger.eval()
