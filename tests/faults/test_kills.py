"""A killed training run goes on where it stood, and ends with the same bits as one left alone."""

import itertools
import os
import random
import time
from pathlib import Path

import pytest
import torch

from bdiff import checkpoint
from bdiff.checkpoint import load_folder, newest, save_folder
from bdiff.files import atomic_write
from tests.faults.runs import KINDS, run, run_until, start, state


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Of each kind of model the end of a run that was left alone, and its seconds."""
    found = {}
    start(str).join()  # the first process waits for torch
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        began = time.perf_counter()
        start(run, kind, folder).join()
        found[kind] = state(folder), time.perf_counter() - began
    return found


@pytest.mark.fault("F1")
def test_kills_at_random_moments_change_no_bit(alone, tmp_path, count, reached):
    wanted, clock = count(20, 200), random.Random(0)
    kills = ends = same = 0
    for kind in itertools.cycle(KINDS):
        if kills >= wanted:
            break
        expected, seconds = alone[kind]
        folder = tmp_path / str(ends)
        while True:
            process = start(run, kind, folder)
            process.join(clock.uniform(0, seconds))
            if process.exitcode is not None:
                break
            process.kill()
            process.join()
            kills += 1
        ends += 1
        same += process.exitcode == 0 and state(folder) == expected
    reached(kills if same == ends else 0, kills, f"{same} of {ends} runs ended bit-identical")
    assert same == ends


@pytest.mark.fault("F2")
@pytest.mark.parametrize(
    ("moment", "step"),
    [("first byte", 3), ("before fsync", 3), ("before replace", 3), ("after replace", 6)],
)
def test_a_kill_inside_a_save_costs_one_interval_at_most(alone, tmp_path, moment, step):
    process = start(run_until, moment, "unet", tmp_path)
    process.join()
    assert process.exitcode == -9
    assert newest(tmp_path).name == f"step-{step:08d}"
    assert not list(tmp_path.glob(".tmp-*"))
    start(run, "unet", tmp_path).join()
    assert state(tmp_path) == alone["unet"][0]


@pytest.fixture
def calls(monkeypatch):
    """The order of calls that put names and contents on the disk: (name of the call, path)."""
    seen = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(handle):
        seen.append(("fsync", os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def watched_replace(source, target):
        seen.append(("replace", str(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    return seen


@pytest.mark.fault("F2")
def test_a_folder_is_on_the_disk_before_it_has_its_name(tmp_path, calls):
    save_folder(tmp_path / "c", {}, {"a": {"x": torch.zeros(3)}}, {"b.txt": "text"})
    staged = str(tmp_path / ".tmp-c")
    files = ("a.safetensors", "b.txt", "manifest.json")
    assert calls == [
        *(("fsync", f"{staged}/{name}") for name in files),
        ("fsync", staged),
        ("replace", str(tmp_path / "c")),
        ("fsync", str(tmp_path)),
    ]


@pytest.mark.fault("F2")
def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, calls):
    with atomic_write(tmp_path / "x.csv") as temporary:
        temporary.write_text("whole")
    assert calls == [
        ("fsync", str(temporary)),
        ("replace", str(tmp_path / "x.csv")),
        ("fsync", str(tmp_path)),
    ]


@pytest.mark.fault("F4")
@pytest.mark.parametrize("error", [MemoryError, ValueError])
def test_an_error_while_it_is_turned_into_bytes_changes_nothing(tmp_path, monkeypatch, error):
    tensors = {"weights": {"a": torch.zeros(3)}, "average": {"a": torch.ones(3)}}
    save_folder(tmp_path / "c", {"step": 1}, tensors)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    serialise = checkpoint.save

    def fail_at_the_second(named):
        if named["a"].any():
            raise error
        return serialise(named)

    monkeypatch.setattr(checkpoint, "save", fail_at_the_second)
    for name in ("c", "d"):
        with pytest.raises(error):
            save_folder(tmp_path / name, {"step": 2}, tensors)
    with pytest.raises(TypeError):
        save_folder(tmp_path / "c", {"step": object()}, {"weights": {"a": torch.zeros(3)}})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def _memory(process) -> int:
    """Pages of memory that a process holds."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])


@pytest.mark.fault("F22")
def test_a_soak(tmp_path, count, reached, request):
    """A long run that is killed again and again beside one that is left alone."""
    seconds = 60 * count(0.05, request.config.getoption("soak"))
    pause, every = count((0.5, 1.5), (30, 90)), count(5, 500)
    endless = {"steps": 10**9, "checkpoint_every": every, "log_every": every}
    start(str).join()  # the first process waits for torch
    clock, kills, memory, folders = random.Random(0), 0, [], [0]
    began = time.monotonic()
    alone = start(run, "unet", tmp_path / "alone", **endless)
    while (left := began + seconds - time.monotonic()) > 0:
        process = start(run, "unet", tmp_path / "killed", **endless)
        until = time.monotonic() + min(left, clock.uniform(*pause))
        while time.monotonic() < until:
            memory.append(_memory(alone))
            folders.append(len(list((tmp_path / "killed").glob("*step-*"))))
            process.join(0.2)
        assert process.exitcode is alone.exitcode is None
        process.kill()
        process.join()
        kills += 1
    alone.kill()
    alone.join()
    took = (time.monotonic() - began) / 60
    # What was lost by kills is caught up on.
    steps = load_folder(newest(tmp_path / "alone"))[0]["step"]
    start(run, "unet", tmp_path / "killed", **endless | {"steps": steps}).join()
    same = state(tmp_path / "killed", steps) == state(tmp_path / "alone", steps)
    fifth = len(memory) // 5  # what is measured before is the start
    growth = sum(memory[-fifth:]) / sum(memory[fifth : 2 * fifth]) - 1
    figure = f"{took:.0f} minutes, {kills} kills, memory {growth:+.1%}, {max(folders)} folders"
    reached(int(same), 1, figure)
    assert same
    assert growth < 0.05
    assert max(folders) <= 4  # the two that are kept, one that is written, one that is removed
