"""Training within a budget of processor time, resumed where it was interrupted.

Processor time is that of all threads added up, so what else the machine does changes little.
(Threads that wait for each other may count, too: with OMP_NUM_THREADS=1 there are none.) The number
of steps is settled beforehand, from the time of some, since the learning rate falls to 0 with the
last of them.
"""

import copy
import json
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from bdiff.checkpoint import locked
from bdiff.data.dataset import Dataset
from bdiff.device import choose_device, flushed_denormals
from bdiff.files import write_text
from bdiff.model import DiffusionModel
from bdiff.progress import Progress
from bdiff.training.run import TrainingRun
from bdiff.training.settings import Training


class Budget(NamedTuple):
    """What a training may take: seconds of processor time, or where they are given, steps."""

    seconds: float
    steps: int | None = None

    def half(self) -> "Budget":
        return Budget(self.seconds / 2, self.steps and max(1, self.steps // 2))


def train_within(
    model: DiffusionModel,
    dataset: Dataset,
    settings: dict,
    budget: Budget,
    folder: Path,
    device: str = "auto",
) -> dict:
    """Train in place, from the last checkpoint in the folder if there is one.

    Args:
        model: the model; it ends with the averaged weights, in evaluation mode.
        dataset: objects of the split "train" are used.
        settings: of the `Training`, without its length.
        budget: what it may take.
        folder: of the checkpoints; it belongs to this training and this budget.
        device: "auto", "cpu" or "cuda".

    Returns:
        seconds: of processor time, of all parts of the run; steps; loss: the mean over the last
        tenth of them, rounded down, but one at least.

    Raises:
        TrainingError: as `bdiff.training.train.train`.
    """
    with flushed_denormals(), locked(folder):
        steps = _planned(folder / "steps.json", model, dataset, settings, budget, device)
        tenth = max(1, steps // 10)
        # a record of every step, since the last tenth need not begin where one of many would
        training = Training(steps, log_every=1, checkpoint_every=tenth, **settings)
        run = TrainingRun(model, dataset, training, choose_device(device))
        run.resume(folder)
        total, done = run.batches.examples_until(steps), run.batches.examples_until(run.step)
        with Progress(f"training {model.kind}", total, "examples", done) as progress:
            while run.step < steps:
                before, began = run.seconds, time.process_time()
                seen = run.advance()
                run.seconds = before + time.process_time() - began
                progress.update(seen)
                if run.step % tenth == 0 or run.step == steps:
                    run.save(folder)
    run.close()
    run.finish()
    loss = statistics.fmean(record["loss"] for record in run.records[-tenth:])
    return {"seconds": run.seconds, "steps": steps, "loss": loss}


def _planned(plan: Path, model, dataset, settings, budget: Budget, device) -> int:
    """The number of steps; an interrupted run keeps to what was measured for it."""
    if not plan.exists():
        steps = budget.steps or _affordable(model, dataset, settings, budget.seconds, device)
        write_text(plan, json.dumps(steps))
    return json.loads(plan.read_text())


def _affordable(model, dataset, settings, seconds: float, device) -> int:
    """Steps, a multiple of ten, that take so long; measured with a copy of the model."""
    run = TrainingRun(
        copy.deepcopy(model), dataset, Training(10**9, **settings), choose_device(device)
    )
    for _ in range(3):  # the first ones allocate
        run.advance()
    began, before = time.process_time(), run.step
    while run.step < before + 10 or time.process_time() - began < seconds / 30:
        run.advance()
    step = (time.process_time() - began) / (run.step - before)
    return max(10, round(seconds / step / 10) * 10)
