"""Signals: the step is finished and saved, and the next run ends with the same bits."""

import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bdiff.autoencoder import fit_autoencoder
from bdiff.build import initialised
from bdiff.checkpoint import load_folder, newest
from bdiff.data.dataset import Dataset
from bdiff.ldvae import LDVAE
from bdiff.process import VP
from bdiff.signals import SIGNALS, StopSignals
from bdiff.training.run import TrainingRun
from bdiff.training.settings import Training
from bdiff.training.train import train, train_to_folder
from bdiff.tree import BranchPoint, BranchTree
from tests.training.test_train import SETTINGS, bits, data, new_model

ROOT = Path(__file__).parents[1]
CODES = {signal.SIGTERM: 75, signal.SIGINT: 130, signal.SIGUSR1: 75}
START = """
import sys
from bdiff.script import run
from tests import test_signals
run(lambda: getattr(test_signals, sys.argv[1])(sys.argv[2]))
"""


def chain(names):
    """The tree from which one class after another parts."""
    times = np.linspace(0.9, 0.1, len(names) - 1)
    return BranchTree(names, [BranchPoint(names[i:], t) for i, t in enumerate(times)])


def small(folder):
    settings = replace(SETTINGS, steps=300, checkpoint_every=20)
    place = {"checkpoints": f"{folder}/runs", "device": "cpu"}
    train_to_folder(new_model(chain("049")), data(), settings, f"{folder}/model", **place)


def as_mnist(folder):
    """The model of MNIST in config.yaml."""
    x = np.random.default_rng(0).uniform(-1, 1, (640, 1, 28, 28)).astype(np.float32)
    images = Dataset(x, np.arange(640) % 10, "0123456789", np.full(640, "train"), name="images")
    net = {"name": "residual_unet", "channels": [32, 64, 128], "patch": 2, "condition": 256}
    model = initialised("branched", VP(), (1, 28, 28), net, tree=chain("0123456789"))
    settings = Training(steps=8000, batch_size=128, checkpoint_every=1)
    place = {"checkpoints": f"{folder}/runs", "device": "cpu"}
    train_to_folder(model, images, settings, f"{folder}/model", **place)


def start(what, folder):
    command = [sys.executable, "-c", START, what, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def checkpoints(folder):
    return set(folder.glob("runs/*/step-*/manifest.json"))


def stopped(what, folder, number):
    """Start a run and send it a signal when it has written a checkpoint.

    Returns:
        Its exit code, what it said last, and the seconds that it took to end.
    """
    before, process = checkpoints(folder), start(what, folder)
    while checkpoints(folder) <= before:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    began = time.monotonic()
    process.send_signal(number)
    said = process.communicate()[1].splitlines()
    return process.returncode, said[-1], time.monotonic() - began


def test_a_run_of_the_size_of_mnist_ends_within_five_seconds(tmp_path, reached):
    code, said, seconds = stopped("as_mnist", tmp_path, signal.SIGTERM)
    assert code == 75
    assert seconds < 5
    (runs,) = (tmp_path / "runs").iterdir()
    step = load_folder(newest(runs))[0]["step"]
    expected = f"SIGTERM: saved at step {step} of 8,000; run the same command again to go on"
    assert said == expected
    reached(1, 1, f"{seconds:.1f} s")


def test_a_run_that_was_stopped_again_and_again_ends_with_the_same_bits(tmp_path):
    small(tmp_path / "whole")
    for number in (signal.SIGINT, signal.SIGUSR1):
        code, said, _ = stopped("small", tmp_path / "stopped", number)
        assert code == CODES[number]
        assert re.fullmatch(
            rf"{number.name}: saved at step [\d,]+ of 300; run the same command again to go on",
            said,
        )
    small(tmp_path / "stopped")
    whole, resumed = (load_folder(tmp_path / name / "model")[1] for name in ("whole", "stopped"))
    for name, tensor in whole["weights"].items():
        assert torch.equal(tensor, resumed["weights"][name])


def signalled(step, number, monkeypatch):
    """Have a signal come in the middle of a step."""
    advance = TrainingRun.advance

    def signals(run):
        if run.step == step:
            signal.raise_signal(number)
        return advance(run)

    monkeypatch.setattr(TrainingRun, "advance", signals)


@pytest.mark.parametrize("number", CODES)
def test_the_step_is_finished_and_saved(tree, tmp_path, monkeypatch, caplog, number):
    signalled(9, number, monkeypatch)
    kind = KeyboardInterrupt if number == signal.SIGINT else SystemExit
    with pytest.raises(kind) as caught:
        train(new_model(tree), data(), SETTINGS, checkpoints=tmp_path, device="cpu")
    assert kind is KeyboardInterrupt or caught.value.code == 75
    assert newest(tmp_path).name == "step-00000010"
    expected = f"{number.name}: saved at step 10 of 30; run the same command again to go on"
    assert caplog.messages[-1] == expected
    monkeypatch.undo()
    whole, resumed = new_model(tree), new_model(tree)
    records = train(whole, data(), SETTINGS, device="cpu")
    assert train(resumed, data(), SETTINGS, checkpoints=tmp_path, device="cpu") == records
    assert bits(resumed) == bits(whole)


def test_a_run_without_checkpoints_says_that_nothing_was_saved(tree, monkeypatch):
    signalled(9, signal.SIGINT, monkeypatch)
    with pytest.raises(KeyboardInterrupt, match="stopped at step 10 of 30; nothing was saved"):
        train(new_model(tree), data(), SETTINGS, device="cpu")


def test_the_autoencoder_ends_with_the_step(monkeypatch, caplog):
    counts = np.random.default_rng(0).poisson(3, (40, 6)).astype(np.float32)
    genes = tuple("uvwxyz")
    cells = Dataset(
        counts, np.arange(40) % 2, "ab", np.full(40, "train"), "cells", feature_names=genes
    )
    calls, elbo = [], LDVAE.negative_elbo

    def signals(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGTERM)
        return elbo(*arguments)

    monkeypatch.setattr(LDVAE, "negative_elbo", signals)
    with pytest.raises(SystemExit) as caught:
        fit_autoencoder(cells, steps=50, device="cpu")
    assert caught.value.code == 75
    assert len(calls) == 3
    assert caplog.messages[-1].startswith("SIGTERM: stopped at step 3 of 50 of the autoencoder")


def handlers():
    return [signal.getsignal(number) for number in SIGNALS]


def test_handlers_are_there_while_training_runs_and_no_longer(tree, monkeypatch):
    before, seen, advance = handlers(), [], TrainingRun.advance
    monkeypatch.setattr(TrainingRun, "advance", lambda run: seen.append(handlers()) or advance(run))
    train(new_model(tree), data(), replace(SETTINGS, steps=1), device="cpu")
    assert handlers() == before
    assert not set(seen[0]) & set(before)


def test_handlers_of_others_and_ignored_signals_are_left_alone(monkeypatch):
    own = []
    signal.signal(signal.SIGUSR1, lambda *_: own.append("mine"))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGTERM)
        assert (own, signals.received) == (["mine"], 0)
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_another_thread_takes_no_signals():
    before, inside = handlers(), []

    def work():
        with StopSignals():
            inside.extend(handlers())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == before


def test_a_signal_that_the_loop_did_not_see_is_not_lost():
    with pytest.raises(KeyboardInterrupt), StopSignals():
        signal.raise_signal(signal.SIGINT)
