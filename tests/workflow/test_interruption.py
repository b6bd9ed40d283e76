"""A killed run goes on where it stood, and ends with the same bytes as one that was left alone."""

import hashlib
import os
import signal
import time
from contextlib import suppress

import psutil
import pytest

from .conftest import OVERLAY

MODEL = "results/letters_avy/models/branched"
TRAINING = "{steps: 2500, batch_size: 32}"


def arguments(checkout, folder):
    overlay = folder / "longer.yaml"
    overlay.write_text(f"datasets: {{letters_avy: {{training: {{branched: {TRAINING}}}}}}}\n")
    files = ("--configfile", checkout.root / OVERLAY, overlay)
    place = ("-s", checkout.root / "Snakefile", "--directory", folder, "--cores", 2)
    return (*place, *files, "--", f"{MODEL}/manifest.json")


def weights(folder):
    return hashlib.sha256((folder / MODEL / "weights.safetensors").read_bytes()).hexdigest()


@pytest.mark.fault("F19")
def test_a_killed_run_is_resumed_to_the_same_weights(checkout, tmp_path):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for folder in (alone, killed):
        folder.mkdir()
    done = checkout.snakemake(*arguments(checkout, alone))
    assert done.returncode == 0, done.stdout

    log = killed / "logs/train/letters_avy/branched.log"
    process = checkout.start("--retries", 1, *arguments(checkout, killed))
    checkpoints = killed / "results/letters_avy/checkpoints/branched"
    while not list(checkpoints.glob("*/step-*/manifest.json")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    # A scheduler's signal: the job fails, and Snakemake starts it again.
    (training,) = (
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if any(part.endswith("scripts/train.py") for part in child.cmdline())
    )
    training.send_signal(signal.SIGTERM)
    resumed = False
    while not resumed:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
        with suppress(FileNotFoundError):  # the log of the first attempt is removed
            resumed = "resumed from the checkpoint of step" in log.read_text()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / MODEL / "manifest.json").exists()

    checkout.snakemake("--unlock", *arguments(checkout, killed))
    done = checkout.snakemake(*arguments(checkout, killed))
    assert done.returncode == 0, done.stdout
    assert "resumed from the checkpoint of step" in log.read_text()
    assert "resumed" not in (alone / log.relative_to(killed)).read_text()
    assert weights(killed) == weights(alone)
    assert not checkpoints.exists()
