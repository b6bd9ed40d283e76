"""Damaged checkpoints are refused by name, and an older one is taken; a full disk costs nothing."""

import re
import shutil
import subprocess
import sys
from shutil import which

import numpy as np
import pytest

from bdiff.checkpoint import CheckpointError, load_folder, newest
from tests.faults.runs import run

BOTH_HASHES = r"sha256 (is )?[0-9a-f]{64}.* says .{64}"  # a flip may be in the latter


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The two checkpoints that a run leaves, of steps 3 and 6."""
    folder = tmp_path_factory.mktemp("kept")
    run("residual", folder, steps=6)
    return folder


@pytest.fixture
def folder(kept, tmp_path):
    """A copy of them."""
    return shutil.copytree(kept, tmp_path / "runs")


def refusal(folder):
    """The message with which the checkpoint of step 6 is refused."""
    with pytest.raises(CheckpointError) as refused:
        load_folder(folder / "step-00000006")
    return str(refused.value)


def falls_back(folder) -> bool:
    with pytest.warns(UserWarning, match="falling back to an older checkpoint"):
        return newest(folder) == folder / "step-00000003"


@pytest.mark.fault("F6")
def test_every_flipped_bit_is_found(folder, count, reached):
    tried, found, random = count(150, 1000), 0, np.random.default_rng(0)
    files = sorted((folder / "step-00000006").iterdir())
    assert len(files) == 5
    for _ in range(tried):
        path = files[random.integers(len(files))]
        good = path.read_bytes()
        bad = bytearray(good)
        bad[random.integers(len(bad))] ^= 1 << random.integers(8)
        path.write_bytes(bad)
        said = refusal(folder)
        # A manifest that cannot be read has no hashes to compare.
        compared = re.search(BOTH_HASHES, said) or "no readable manifest.json" in said
        found += path.name in said and bool(compared)
        path.write_bytes(good)
    reached(found, tried, f"in {len(files)} files")
    assert found == tried
    load_folder(folder / "step-00000006")
    path.write_bytes(bad)
    assert falls_back(folder)


@pytest.mark.fault("F7")
def test_every_cut_is_found(folder, count, reached):
    tried, found, random = count(50, 200), 0, np.random.default_rng(1)
    files = sorted((folder / "step-00000006").iterdir())
    for _ in range(tried):
        path = files[random.integers(len(files))]
        good = path.read_bytes()
        path.write_bytes(good[: random.integers(len(good))])
        found += path.name in refusal(folder)
        path.write_bytes(good)
    reached(found, tried)
    assert found == tried


def _swap(step):
    """The files of two checkpoints, exchanged."""
    other = step.with_name("step-00000003")
    for name in ("weights.safetensors", "average.safetensors"):
        (step / name).write_bytes((other / name).read_bytes())


DAMAGE = {
    "empty": lambda step: (step / "average.safetensors").write_bytes(b""),
    "empty manifest": lambda step: (step / "manifest.json").write_bytes(b""),
    "missing": lambda step: (step / "optimizer.safetensors").unlink(),
    "missing manifest": lambda step: (step / "manifest.json").unlink(),
    "not listed": lambda step: (step / "more.safetensors").write_bytes(b"more"),
    "of another checkpoint": _swap,
    "a folder": lambda step: ((step / "metrics.jsonl").unlink(), (step / "metrics.jsonl").mkdir()),
}


@pytest.mark.fault("F7")
@pytest.mark.parametrize("damage", DAMAGE)
def test_other_damage_is_refused_and_the_older_one_taken(folder, damage):
    DAMAGE[damage](folder / "step-00000006")
    assert str(folder / "step-00000006") in refusal(folder)
    assert falls_back(folder)


@pytest.mark.fault("F7")
def test_a_step_that_is_damaged_twice_is_set_aside_twice(folder):
    for _ in range(2):
        shutil.copytree(folder / "step-00000003", folder / "step-00000006", dirs_exist_ok=True)
        (folder / "step-00000006" / "weights.safetensors").write_bytes(b"")
        assert falls_back(folder)
    assert (folder / "damaged-step-00000006").is_dir()


@pytest.mark.fault("F7")
def test_files_of_the_file_system_do_no_harm(folder):
    (folder / "step-00000006" / ".nfs0001").write_bytes(b"")
    assert newest(folder) == folder / "step-00000006"


SAVE = """
import os, subprocess, sys, torch
from bdiff.checkpoint import load_folder, save_folder
for argument in sys.argv[1:]:
    place, first, then = argument.split("|")
    os.mkdir(place)
    subprocess.run(["sh", "-c", first, "sh", place], check=True)
    save_folder(place + "/c", {"step": 1}, {"weights": {"a": torch.zeros(100)}})
    subprocess.run(["sh", "-c", then, "sh", place], check=True)
    try:
        save_folder(place + "/c", {"step": 2}, {"weights": {"a": torch.zeros(10**6)}})
    except OSError as error:
        print(error, os.listdir(place), load_folder(place + "/c")[0]["step"], sep="|")
"""
DISKS = {  # before the first save, after it, what the system says
    "full": ('mount -t tmpfs -o size=1m none "$1"', ":", "No space left on device"),
    "read-only": (
        'mount --bind "$1" "$1"',
        'mount -o remount,bind,ro "$1"',
        "Read-only file system",
    ),
    "not permitted": (":", 'chmod 500 "$1"', "Permission denied"),
}
# In a place where mounts are one's own, and permissions count for root, too.
APART = ("unshare", "--map-root-user", "--mount", "setpriv", "--bounding-set=-dac_override")


@pytest.mark.fault("F5")
def test_a_disk_that_cannot_be_written_costs_nothing(tmp_path, reached):
    if not which("setpriv") or subprocess.run([*APART, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    disks = [f"{tmp_path / name}|{first}|{then}" for name, (first, then, _) in DISKS.items()]
    done = subprocess.run(
        [*APART, sys.executable, "-c", SAVE, *disks],
        capture_output=True,
        text=True,
    )
    (tmp_path / "not permitted").chmod(0o700)
    found = done.stdout.splitlines()
    right = 0
    for (name, (*_, said)), line in zip(DISKS.items(), found, strict=True):
        error, *left = line.split("|")
        expected = rf"could not write the 4,000,\d+ bytes of {tmp_path / name / 'c'}: {said}"
        right += bool(re.search(expected, error)) and left == ["['c']", "1"]
    reached(right, len(DISKS), ", ".join(DISKS))
    assert right == len(DISKS), found
