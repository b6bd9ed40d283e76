"""Training runs in processes of their own, which can be killed."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bdiff.build import initialised
from bdiff.checkpoint import load_folder
from bdiff.data.dataset import Dataset
from bdiff.process import VP, Joint
from bdiff.training.train import train
from tests.training.test_train import SETTINGS, data, new_model
from tests.trees import tree_of

STEPS = 30
# A server that has imported torch makes a process in some 20 ms instead of seconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", __name__])
TREE = tree_of("049", **{"49": 0.35, "049": 0.5})
TABLE = Dataset(
    np.random.default_rng(0).standard_normal((90, 5), dtype=np.float32),
    np.arange(90) % 3,
    "049",
    np.full(90, "train"),
    name="table",
)


def _unet():
    return new_model(TREE), data(), SETTINGS


def _residual():
    net = {"name": "residual", "width": 32, "condition": 16}
    return initialised("branched", VP(), (5,), net, tree=TREE), TABLE, SETTINGS


def _linear():
    model = initialised("linear", VP(), (5,), {"name": "dense", "width": 32}, classes="049")
    return model, TABLE, replace(SETTINGS, schedule="cosine", label_dropout=0.2)


def _graphs():
    """Random graphs of five nodes and three types."""
    random = np.random.default_rng(0)
    bonds = np.triu(random.integers(0, 2, (90, 5, 5)), 1)
    types = np.eye(3)[random.integers(0, 3, (90, 5))]
    x = np.concatenate([bonds + bonds.swapaxes(1, 2), types], axis=2)
    net = {"name": "graph_transformer", "width": 16, "blocks": 1}
    model = initialised("branched", Joint(), x.shape[1:], net, tree=TREE)
    return model, replace(TABLE, x=x, name="graphs"), SETTINGS


KINDS = {"unet": _unet, "residual": _residual, "linear": _linear, "graphs": _graphs}


def run(kind: str, folder: Path, **changes) -> None:
    """Train a model of a kind, from its start or from its checkpoint in the folder."""
    torch.set_num_threads(1)
    model, dataset, settings = KINDS[kind]()
    settings = replace(settings, **({"steps": STEPS, "checkpoint_every": 3} | changes))
    train(model, dataset, settings, checkpoints=folder, device="cpu")


def start(function, *arguments, **options) -> multiprocessing.Process:
    """Call a function in a process of its own."""
    process = PROCESSES.Process(target=function, args=arguments, kwargs=options)
    process.start()
    return process


def state(folder: Path, steps: int = STEPS) -> dict:
    """What the last checkpoint of a run holds: hashes of its files, and the rest of its state."""
    manifest = load_folder(folder / f"step-{steps:08d}")[0]
    hashes = {name: about["sha256"] for name, about in manifest["files"].items()}
    return hashes | {key: manifest[key] for key in ("run", "step", "sums", "averaged")}


def die(*_) -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _at(moment: str, folder: Path) -> None:
    """Let this process die at a moment of its second save."""
    write, fsync, replace = Path.write_bytes, os.fsync, os.replace

    def saved():
        return any(folder.glob("step-*"))

    def first_byte(path, data):
        write(path, data[:1] if saved() else data)
        if saved():
            die()

    def before_fsync(handle):
        die() if saved() else fsync(handle)

    def before_replace(source, target):
        die() if saved() else replace(source, target)

    def after_replace(source, target):
        again = saved()
        replace(source, target)
        if again:
            die()

    if moment == "first byte":
        Path.write_bytes = first_byte
    elif moment == "before fsync":
        os.fsync = before_fsync
    else:
        os.replace = before_replace if moment == "before replace" else after_replace


def run_until(moment: str, kind: str, folder: Path) -> None:
    """As `run`, in a process that dies at a moment of its second save."""
    _at(moment, folder)
    run(kind, folder)
