"""Training: Adam on the loss of the model, resumed exactly where it was interrupted."""

import logging
from contextlib import nullcontext
from pathlib import Path

import torch

from bdiff.checkpoint import locked
from bdiff.data.dataset import Dataset
from bdiff.device import choose_device, compile_net
from bdiff.model import DiffusionModel
from bdiff.progress import Progress
from bdiff.training_run import Training, TrainingRun

logger = logging.getLogger(__name__)


def train(
    model: DiffusionModel,
    dataset: Dataset,
    settings: Training,
    *,
    checkpoints: str | Path | None = None,
    device: str = "auto",
    precision: str = "float32",
    compile: bool = False,
) -> list[dict]:
    """Train a model in place; it ends with the averaged weights, in evaluation mode.

    Args:
        model: the model.
        dataset: objects and class names; those of the split "train" are used.
        settings: see `Training`.
        checkpoints: folder for checkpoints; an unfinished run found there is resumed.
        device: "auto", "cpu" or "cuda".
        precision: of the network's products, "float32" or "bfloat16".
        compile: have the network compiled; for GPUs. This and bfloat16 fall back with a warning
            where they would be no faster.

    Returns:
        One record per `log_every` steps: step, mean loss, mean norm of the gradient.

    Raises:
        ValueError: if the objects have another shape than the model's, or not the same classes.
        TrainingError: if a loss or gradient is not finite, naming step, times, branches and
            classes; if the checkpoints belong to a run with other settings, naming them.
    """
    where = choose_device(device)
    run = TrainingRun(model, dataset, settings, where, precision)
    if compile:
        compile_net(model.net, where)
    folder = None if checkpoints is None else Path(checkpoints)
    try:
        with nullcontext() if folder is None else locked(folder):
            if folder is not None:
                run.resume(folder)
            _to_the_end(run, folder)
    finally:
        run.close()
    run.finish()
    return run.records


def _to_the_end(run: "TrainingRun", folder: Path | None) -> None:
    """Make the remaining steps, with a progress bar and checkpoints."""
    settings = run.settings
    if run.step:
        logger.info("resumed from the checkpoint of step %s", f"{run.step:,}")
    total, done = run.examples_until(settings.steps), run.examples_until(run.step)
    # Moments of weights whose gradients vanish decay into denormal numbers, which cost the
    # optimiser a factor of three after some hundred steps. (The mode is a thread's own: those that
    # torch has started before keep theirs.)
    torch.set_flush_denormal(True)
    try:
        with Progress(f"training {run.model.kind}", total, "examples", done) as progress:
            while run.step < settings.steps:
                seen = run.advance()
                loss = f"loss {run.records[-1]['loss']:.4f}" if run.records else None
                progress.update(seen, loss)
                due = run.step % settings.checkpoint_every == 0 or run.step == settings.steps
                if due and folder is not None:
                    run.save(folder)
    finally:
        torch.set_flush_denormal(False)
