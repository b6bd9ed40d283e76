"""The state of a training run: what changes from step to step, and how it survives a death.

Everything random is a function of the seed and a number: the order of the objects of (seed, epoch),
their times of (seed, epoch, first batch of a window), noise of (seed, step). Together with the
checkpoints (weights, average, optimiser) that makes an interrupted run, started again, end with the
same bits as one that was never interrupted (on a CPU; some kernels of GPUs add up in no fixed
order).
"""

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bdiff.branched import Branched
from bdiff.checkpoint import load_folder, newest, save_folder
from bdiff.data.dataset import Dataset, check_training_objects
from bdiff.device import autocast
from bdiff.files import to_json
from bdiff.model import DiffusionModel
from bdiff.nets.heads import head_parameters
from bdiff.nets.routed_layers import sparse_gradients
from bdiff.randomness import generator
from bdiff.training.batches import Batches
from bdiff.training.description import describe_run, differences
from bdiff.training.distributed import Ranks
from bdiff.training.optimizer import BranchAdam
from bdiff.training.settings import Part, Training, TrainingError

FORMAT = "bdiff.training/4"  # of checkpoints
NOTHING = {"loss": 0.0, "gradient_norm": 0.0, "steps": 0}


class TrainingRun:
    """A run between two steps: all that a checkpoint holds."""

    def __init__(
        self,
        model: DiffusionModel,
        dataset: Dataset,
        settings: Training,
        device: torch.device,
        precision: str = "float32",
        part: Part | None = None,
        ranks: Ranks | None = None,
    ):
        part = part or Part()
        if dataset.shape != model.shape:
            raise ValueError(
                f"the model is for objects of shape {model.shape}, "
                f"data set {dataset.name!r} has {dataset.shape}"
            )
        if unknown := [name for name in dataset.classes if name not in model.classes]:
            raise ValueError(
                f"data set {dataset.name!r} has the classes {unknown}, which the model does not "
                f"know; its classes are {list(model.classes)}"
            )
        spans = _spans(model, part)
        needed = [n for n, (low, high) in zip(model.classes, spans, strict=True) if low < high]
        if missing := [name for name in needed if name not in dataset.classes]:
            raise ValueError(
                f"data set {dataset.name!r} has no objects of {missing}, which the model is to "
                "learn; add some, or build the model without these classes"
            )
        if settings.label_dropout and model.kind != "linear":
            raise ValueError(
                f"label_dropout is {settings.label_dropout}, but a {model.kind} model has no "
                "labels; use 0"
            )
        check_training_objects(dataset)
        _check_units(model, dataset)
        code = np.array([model.classes.index(name) for name in dataset.classes])
        examples = dataset.select("train")
        learned = np.isin(code[examples.labels], [model.classes.index(name) for name in needed])
        x, labels = examples.x[learned], code[examples.labels][learned]
        self.description = describe_run(model, dataset, settings, precision, part)
        self.model = model.to(device).train()
        # A data set that does not know its units has those of the data learned before.
        self.model.facts = model.facts | {key: v for key, v in dataset.facts.items() if v}
        self.spans = spans.to(device)
        # What all branches share stays as it is where only some heads are trained.
        self.frozen = [] if part.heads is None else _shared_parameters(model)
        for parameter in self.frozen:
            parameter.requires_grad_(False)
        self.settings, self.device = settings, device
        self.ranks = ranks or Ranks()
        self.precision = autocast(precision, device, model.net)
        self.x = torch.as_tensor(x, dtype=torch.float32).to(device)
        self.labels = torch.as_tensor(labels, dtype=torch.int64).to(device)
        self.model.observe(self.x, self.labels, part.heads)
        self.batches = Batches(
            self.model, self.labels, self.spans, settings.batch_size, settings.seed
        )
        self.optimizer = BranchAdam(model, settings.ema)
        # What the ranks average are dense gradients: the branches present differ between them.
        sparse_gradients(model, device.type == "cpu" and self.ranks.count == 1)
        self.loss = self.ranks.averaging(model)
        self.step, self.seconds = 0, 0.0
        self.records: list[dict[str, Any]] = []
        self.sums = dict(NOTHING)  # since the last record

    def advance(self) -> int:
        """One optimisation step; returns the number of examples it saw."""
        began = time.perf_counter()
        chosen, t = self.batches.of_step(self.step)
        x_0, classes = self.x[chosen], self.labels[chosen]
        random = generator(self.settings.seed, "noise", self.step)
        noise = torch.from_numpy(random.standard_normal(x_0.shape, dtype=np.float32)).to(
            self.device
        )
        labels = classes
        if self.settings.label_dropout:
            dropped = random.random(len(chosen)) < self.settings.label_dropout
            labels = classes.masked_fill(
                torch.from_numpy(dropped).to(self.device), len(self.model.classes)
            )
        own, share = self.ranks.share(len(chosen))
        with self.precision:
            losses = self.loss(x_0[own], labels[own], t[own], noise[own])
        # Shorter spans are seen as often: they count for less.
        lengths = self.spans[:, 1] - self.spans[:, 0]
        weights = lengths[classes] / lengths.max()
        self.optimizer.zero_grad()
        (share * (losses * weights[own].to(losses)).mean()).backward()
        losses = self.ranks.gather(losses.detach(), len(chosen))
        present = self.model.head_of(classes, t).unique().tolist()
        norm = self.optimizer.step(self.settings.rate(self.step), self.settings.clip, present)
        if not math.isfinite(norm):
            raise TrainingError(self._explain(losses, classes, t))
        self.step += 1
        self._record(float(losses.mean()), norm)
        self.seconds += time.perf_counter() - began
        return len(chosen)

    def _record(self, loss: float, norm: float) -> None:
        new = {"loss": loss, "gradient_norm": norm, "steps": 1}
        self.sums = {name: total + new[name] for name, total in self.sums.items()}
        if self.step % self.settings.log_every == 0 or self.step == self.settings.steps:
            count = self.sums.pop("steps")
            means = {name: total / count for name, total in self.sums.items()}
            self.records.append({"step": self.step, **means})
            self.sums = dict(NOTHING)

    def _explain(self, losses: Tensor, classes: Tensor, t: Tensor) -> str:
        """Which examples the numbers went wrong for."""
        bad = ~torch.isfinite(losses)
        what = f"the loss is not finite for {int(bad.sum())} of {len(bad)} examples"
        if not bad.any():
            bad, what = torch.ones_like(bad), "the gradient is not finite, though every loss is"
        names = sorted({self.model.classes[c] for c in classes[bad].tolist()})
        heads = sorted(set(self.model.head_of(classes[bad], t[bad]).tolist()))
        branches = [
            "/".join(self.model.classes[code] for code in self.model.codes_of(head))
            for head in heads
        ]
        return (
            f"training stopped at step {self.step}: {what}; times t in [{float(t[bad].min()):.4g}, "
            f"{float(t[bad].max()):.4g}], branches {branches}, classes {names}; the checkpoints "
            "before this step are intact; usual causes are a learning rate that is too high, and "
            "values that are not scaled"
        )

    def save(self, folder: Path) -> None:
        """Write a checkpoint and drop all but the newest two."""
        manifest = {
            "format": FORMAT, "run": self.description, "step": self.step, "seconds": self.seconds,
            "sums": self.sums, "averaged": self.optimizer.averaged,
        }  # fmt: skip
        save_folder(
            folder / f"step-{self.step:08d}",
            manifest,
            self.optimizer.state(),
            {"metrics.jsonl": lines(self.records)},
        )
        for old in sorted(folder.glob("step-*"))[:-2]:
            shutil.rmtree(old)

    def resume(self, folder: Path) -> None:
        """Continue from the newest checkpoint that verifies, if there is one."""
        step = self.ranks.on_first(lambda: _newest_step(folder))
        if step < 0:
            return
        found = folder / f"step-{step:08d}"
        manifest, tensors = load_folder(found)
        differing = list(differences(manifest["run"], self.description))
        differing += differences(manifest["format"], FORMAT, "format")
        if manifest["step"] > self.settings.steps:
            differing.append(
                f"steps: the checkpoint is at {manifest['step']}, this run ends at "
                f"{self.settings.steps}"
            )
        if differing:
            only_weights = all(line.startswith("weights.") for line in differing)
            weights = (
                "; the model is not as it was when that run began: build it anew, with its seed"
                if only_weights
                else ""
            )
            raise TrainingError(
                f"{found} belongs to another run:\n  "
                + "\n  ".join(differing)
                + f"\nremove {folder} to start anew, or restore the settings to resume"
                + weights
            )
        self.optimizer.load(tensors, manifest["step"], manifest["averaged"])
        self.step, self.seconds, self.sums = manifest["step"], manifest["seconds"], manifest["sums"]
        text = (found / "metrics.jsonl").read_text()
        self.records = [json.loads(line) for line in text.splitlines()]

    def finish(self) -> None:
        """Give the model its averaged weights."""
        self.optimizer.use_average()
        self.model.eval()

    def close(self) -> None:
        """Leave the model as other optimisers expect it, finished or not."""
        sparse_gradients(self.model, False)
        for parameter in self.frozen:
            parameter.requires_grad_(True)


def _check_units(model: DiffusionModel, dataset: Dataset) -> None:
    """Refuse objects that are scaled otherwise, or have other features, than those learned."""
    for what, fix in (
        ("scaling", "from_arrays(..., scaling=model.facts['scaling'])"),
        ("feature_names", "take those, in their order"),
    ):
        found, known = dataset.facts[what], model.facts.get(what)
        if known and found and found != known:
            raise ValueError(
                f"data set {dataset.name!r} has other {what.replace('_', ' of ')} than "
                f"{model.facts['dataset']!r}, which the model has learned: {found} in place of "
                f"{known}; {fix}"
            )


def _newest_step(folder: Path) -> int | None:
    found = newest(folder)
    return None if found is None else int(found.name.removeprefix("step-"))


def _spans(model: DiffusionModel, part: Part) -> Tensor:
    """The times (low, high] of each class that are trained, (classes, 2) float64; low = high for a
    class that is not."""
    spans = torch.zeros(len(model.classes), 2, dtype=torch.float64)
    for code, name in enumerate(model.classes):
        if part.classes is not None and name not in part.classes:
            continue
        spans[code, 1] = model.process.horizon
        if part.heads is not None:
            assert isinstance(model, Branched)  # no other has heads of its classes
            numbers = [n for n in model.tree.path(name) if model.heads[n] in part.heads]
            inside = [model.tree.branches[number] for number in numbers]
            spans[code, 0] = min((branch.start for branch in inside), default=0)
            spans[code, 1] = max((branch.end for branch in inside), default=0)
    return spans


def _shared_parameters(model: DiffusionModel) -> list[torch.nn.Parameter]:
    """Parameters that are not those of heads."""
    own = {id(parameter) for parameter in head_parameters(model.net).values()}
    return [parameter for parameter in model.parameters() if id(parameter) not in own]


def lines(records: list[dict[str, Any]]) -> str:
    """Records as JSON lines."""
    return "".join(to_json(record) + "\n" for record in records)
