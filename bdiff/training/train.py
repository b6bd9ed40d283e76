"""Training: Adam on the loss of the model, resumed exactly where it was interrupted."""

import hashlib
import logging
import shutil
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bdiff.checkpoint import locked
from bdiff.data.dataset import Dataset
from bdiff.device import choose_device, compile_net, flushed_denormals
from bdiff.expect import expect
from bdiff.files import to_json
from bdiff.model import DiffusionModel
from bdiff.model_files import save_model
from bdiff.progress import Progress
from bdiff.signals import StopSignals, stop
from bdiff.training.distributed import join
from bdiff.training.run import TrainingRun, lines
from bdiff.training.settings import Part, Training

logger = logging.getLogger(__name__)


def train(
    model: DiffusionModel,
    dataset: Dataset,
    settings: Training | None = None,
    *,
    checkpoints: str | Path | None = None,
    device: str = "auto",
    precision: str = "float32",
    compile: bool = False,
    part: Part | None = None,
) -> list[dict[str, Any]]:
    """Train a model in place; it ends with the averaged weights, in evaluation mode.

    Args:
        model: the model.
        dataset: objects and class names; those of the split "train" are used.
        settings: see `Training`; by default what suits the data (`bdiff.defaults`).
        checkpoints: folder for checkpoints; an unfinished run found there is resumed.
        device: "auto", "cpu" or "cuda".
        precision: of the network's products, "float32" or "bfloat16".
        compile: have the network compiled; for GPUs. This and bfloat16 fall back with a warning
            where they would be no faster.
        part: what of the model to train, by default all.

    Returns:
        One record per `log_every` steps, with step, mean loss and mean norm of the gradient.

    Raises:
        ValueError: if the objects have another shape than the model's, or not the same classes.
        TrainingError: if a loss or gradient is not finite, naming step, times, branches and
            classes; if the checkpoints belong to a run with other settings, naming them.
        KeyboardInterrupt, SystemExit: on a signal, after the step and a checkpoint; see
            `bdiff.signals`.

    Started by torchrun, the ranks share the work, and all end with the same model; see
    `bdiff.training.distributed`.
    """
    expect(model, DiffusionModel, "model", "bdiff.build_model(dataset, tree)")
    expect(dataset, Dataset, "dataset", "bdiff.from_arrays(x, labels)")
    expect(settings, (Training, type(None)), "settings", "bdiff.Training(steps=...)")
    ranks = join(device)
    settings = settings or Training.for_data(dataset)
    run = TrainingRun(model, dataset, settings, choose_device(device), precision, part, ranks)
    _to_the_end(run, None if checkpoints is None else Path(checkpoints), compile)
    return run.records


def train_to_folder(
    model: DiffusionModel,
    dataset: Dataset,
    settings: Training,
    folder: str | Path,
    *,
    checkpoints: str | Path,
    device: str = "auto",
    precision: str = "float32",
    compile: bool = False,
    part: Part | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Train a model and write it, with what it was trained on and how, and its metrics.

    Args:
        model, dataset, settings, device, precision, compile, part: as in `train`.
        folder: where the model will stand.
        checkpoints: folder for a folder of checkpoints of this run, by its description; so what
            another run left is not continued, and not in the way. It goes when the model stands.
        about: further facts for the manifest.
    """
    ranks = join(device)
    run = TrainingRun(model, dataset, settings, choose_device(device), precision, part, ranks)
    description = to_json(run.description, sort_keys=True)
    own = Path(checkpoints) / hashlib.sha256(description.encode()).hexdigest()[:12]
    _to_the_end(run, own, compile)
    facts = {
        "training": asdict(settings),
        "seconds": run.seconds,  # of all parts of the run
    }
    metrics = {"metrics.jsonl": lines(run.records)}
    ranks.on_first(lambda: save_model(model, folder, facts | (about or {}), metrics))
    if ranks.first:
        shutil.rmtree(own, ignore_errors=True)
        with suppress(OSError):  # unless an unfinished run of other settings stands there
            own.parent.rmdir()


def _to_the_end(run: TrainingRun, folder: Path | None, compile: bool) -> None:
    """Make the steps that remain, and leave the model finished."""
    try:
        if compile:
            compile_net(run.model.net, run.device)
        with ExitStack() as stack:
            if folder is not None:
                run.ranks.on_first(lambda: stack.enter_context(locked(folder)))
                run.resume(folder)
            _make_steps(run, folder)
    finally:
        run.close()
    run.finish()


def _make_steps(run: TrainingRun, folder: Path | None) -> None:
    """Make the remaining steps, with a progress bar and checkpoints."""
    settings, ranks = run.settings, run.ranks
    if run.step:
        logger.info("resumed from the checkpoint of step %s", f"{run.step:,}")
    total, done = run.batches.examples_until(settings.steps), run.batches.examples_until(run.step)
    what = f"training {run.model.kind}"
    with (
        flushed_denormals(),
        Progress(what, total, "examples", done, shown=ranks.first) as progress,
        StopSignals() as signals,
    ):
        while run.step < settings.steps:
            seen = run.advance()
            loss = f"loss {run.records[-1]['loss']:.4f}" if run.records else None
            progress.update(seen, loss)
            signal = ranks.largest(signals.received)
            due = run.step % settings.checkpoint_every == 0 or run.step == settings.steps
            if (due or signal) and folder is not None:
                ranks.on_first(lambda: run.save(folder))
            if signal:
                stop(signal, _where(run, saved=folder is not None))


def _where(run: TrainingRun, saved: bool) -> str:
    """Where a run stands that ends early, and how to go on."""
    step = f"step {run.step:,} of {run.settings.steps:,}"
    if saved:
        return f"saved at {step}; run the same command again to go on"
    return f"stopped at {step}; nothing was saved, since no folder for checkpoints was named"
