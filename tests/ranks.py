"""What `test_distributed` has ranks do: `torchrun -m tests.ranks all FOLDER`, or `... failing`."""

import hashlib
import signal
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from bdiff.build import initialised
from bdiff.data.dataset import Dataset
from bdiff.process import VP
from bdiff.script import run
from bdiff.training.distributed import join
from bdiff.training.run import TrainingRun
from bdiff.training.settings import Training, TrainingError
from bdiff.training.train import train, train_to_folder
from bdiff.tree import BranchPoint, BranchTree

LENGTH = Training(steps=50, log_every=10, checkpoint_every=7, ema=0.9, schedule="constant")
DENSE, RESIDUAL = {"name": "dense", "width": 32}, {"name": "residual"}
# Of 50 objects the last batch of an epoch has 2, or 1, for which a rank must do without.
CASES = {
    "dense": ("branched", DENSE, replace(LENGTH, batch_size=16)),
    "residual": ("branched", RESIDUAL, replace(LENGTH, batch_size=7)),
    "linear": ("linear", DENSE, replace(LENGTH, batch_size=16, label_dropout=0.2)),
}


def data():
    x = np.random.default_rng(0).standard_normal((50, 5), dtype=np.float32)
    return Dataset(x, np.arange(50) % 3, "049", np.full(50, "train"), name="noise")


def new_model(kind, net):
    points = [BranchPoint(frozenset("049"), 0.5), BranchPoint(frozenset("49"), 0.35)]
    parts = {"tree": BranchTree("049", points)} if kind == "branched" else {"classes": "049"}
    return initialised(kind, VP(), (5,), net, seed=0, **parts)


class StopError(ValueError):
    """Of a run that ends early."""


def fail():
    raise StopError("had enough")


@contextmanager
def before_step(step, action):
    """Have every run do something before this step."""
    advance = TrainingRun.advance

    def acts(self):
        if self.step == step:
            action()
        return advance(self)

    TrainingRun.advance = acts
    try:
        yield
    finally:
        TrainingRun.advance = advance


def trained(folder, case, name=None):
    """Train to `folder/name`, by default the case's, and return a hash of the weights."""
    kind, net, settings = CASES[case]
    model, name = new_model(kind, net), name or case
    runs = folder / "runs" / name
    train_to_folder(model, data(), settings, folder / name, checkpoints=runs, device="cpu")
    weights = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
    return hashlib.sha256(weights).hexdigest()


def started(folder, case):
    """Train until step 20 only; the newest checkpoint is that of step 14."""
    with before_step(20, fail), suppress(StopError):
        trained(folder, case)


def signalled(folder, case, name, rank, ranks):
    """Send a signal to one rank in step 20; returns the code with which all end."""
    action = partial(signal.raise_signal, signal.SIGTERM) if ranks.number == rank else int
    try:
        with before_step(19, action):
            trained(folder, case, name)
    except SystemExit as ended:
        return str(ended.code)


def nan_message():
    """What training says of weights of a branch that are not numbers."""
    model = new_model("branched", DENSE)
    with torch.no_grad():
        model.net.routed[1].bias[3] = torch.nan  # class 4 below 0.35
    try:
        train(model, data(), replace(LENGTH, batch_size=50), device="cpu")
    except TrainingError as error:
        return str(error)


def error_of(work):
    try:
        work()
    except (ValueError, TrainingError) as error:
        return str(error)


def main():
    ranks = join("cpu")
    if sys.argv[1] == "failing":
        with before_step(3, int if ranks.first else fail):
            return train(new_model("branched", DENSE), data(), LENGTH, device="cpu")
    folder = Path(sys.argv[2])
    hashes = [trained(folder, case) for case in CASES]
    code = signalled(folder, "dense", "resumed", 1, ranks)
    hashes.append(trained(folder, "dense", "resumed"))
    texts = [code, nan_message(), error_of(lambda: ranks.on_first(fail))]
    (folder / f"rank-{ranks.number}").write_text("\n".join(hashes + texts))


if __name__ == "__main__":
    run(main)
