"""A killed run goes on where it stood, and ends with the same bytes as one that was left alone."""

import hashlib
import os
import signal
import time

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


def test_a_killed_run_is_resumed_to_the_same_weights(checkout, tmp_path):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for folder in (alone, killed):
        folder.mkdir()
    done = checkout.snakemake(*arguments(checkout, alone))
    assert done.returncode == 0, done.stdout

    process = checkout.start(*arguments(checkout, killed))
    checkpoints = killed / "results/letters_avy/checkpoints/branched"
    while not list(checkpoints.glob("*/step-*/manifest.json")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / MODEL / "manifest.json").exists()

    checkout.snakemake("--unlock", *arguments(checkout, killed))
    done = checkout.snakemake(*arguments(checkout, killed))
    assert done.returncode == 0, done.stdout
    log = "logs/train/letters_avy/branched.log"
    assert "resumed from the checkpoint of step" in (killed / log).read_text()
    assert "resumed" not in (alone / log).read_text()
    assert weights(killed) == weights(alone)
    assert not checkpoints.exists()
