"""Checkpoints: round trip, damage, and deaths while writing; more in tests/faults."""

import hashlib
import json
import os
import resource
import subprocess
import sys

import pytest
import torch

from bdiff import checkpoint
from bdiff.checkpoint import CheckpointError, load_folder, locked, newest, save_folder
from bdiff.model_files import load_model, save_model

TENSORS = {"weights": {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.int64)}}


def save(folder, value=0.0):
    tensors = {"weights": {"a": torch.full((50,), value)}, "optimizer": {"m": torch.zeros(7)}}
    save_folder(folder, {"step": int(value)}, tensors, {"metrics.jsonl": "{}\n"})


def test_round_trip(tmp_path):
    save_folder(tmp_path / "c", {"step": 3}, TENSORS, {"note.txt": "hello"})
    manifest, tensors = load_folder(tmp_path / "c")
    assert manifest["step"] == 3
    assert torch.equal(tensors["weights"]["a"], TENSORS["weights"]["a"])
    assert torch.equal(tensors["weights"]["b"], TENSORS["weights"]["b"])
    assert (tmp_path / "c" / "note.txt").read_text() == "hello"


def test_a_model_comes_back_whole(branched, linear, tmp_path):
    for model in (branched, linear):
        save_model(model, tmp_path / model.kind, {"dataset": "digits"})
        again = load_model(tmp_path / model.kind)
        assert (again.kind, again.classes, again.tree) == (model.kind, model.classes, model.tree)
        x, t = torch.randn(6, 5), torch.linspace(0.01, 1, 6, dtype=torch.float64)
        codes = torch.tensor([0, 1, 2, 0, 1, 2])
        assert torch.equal(model.denoise(x, t, codes), again.denoise(x, t, codes))


@pytest.mark.fault("F7")
def test_missing_files_and_manifests_are_found(tmp_path):
    save(tmp_path / "c")
    (tmp_path / "c" / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is listed in the manifest"):
        load_folder(tmp_path / "c")
    (tmp_path / "c" / "manifest.json").write_text('{"step": 1')
    with pytest.raises(CheckpointError, match="no readable manifest"):
        load_folder(tmp_path / "c")


@pytest.mark.fault("F7")
def test_newest_falls_back_over_damage_and_sweeps_leftovers(tmp_path):
    for step in (1, 2):
        save(tmp_path / f"step-{step:08d}", step)
    (tmp_path / ".tmp-step-00000003").mkdir()
    (tmp_path / "step-00000002" / "weights.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match="falling back to an older checkpoint"):
        assert newest(tmp_path) == tmp_path / "step-00000001"
    assert sorted(os.listdir(tmp_path)) == ["damaged-step-00000002", "step-00000001"]
    assert newest(tmp_path / "nothing") is None


@pytest.mark.parametrize("victim", ["_write_through", "sync", "_swap"])
@pytest.mark.fault("F2")
def test_death_while_writing_leaves_the_old_checkpoint(tmp_path, monkeypatch, victim):
    save(tmp_path / "c", 1)

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, victim, die)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "c", 2)
    assert load_folder(tmp_path / "c")[0]["step"] == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.fault("F2")
def test_death_between_the_two_renames_leaves_the_old_checkpoint(tmp_path, monkeypatch, error):
    save(tmp_path / "step-1", 1)
    replace, calls = os.replace, []

    def die_at_the_second(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise error
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die_at_the_second)
        with pytest.raises(error):
            save(tmp_path / "step-1", 2)
    assert newest(tmp_path) == tmp_path / "step-1"
    assert load_folder(tmp_path / "step-1")[0]["step"] == 1
    assert os.listdir(tmp_path) == ["step-1"]


def test_a_folder_of_checkpoints_belongs_to_one_run_at_a_time(tmp_path):
    with locked(tmp_path):
        code = f"from bdiff.checkpoint import locked\nwith locked({str(tmp_path)!r}): pass"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert f"another run is using the checkpoints in {tmp_path}" in result.stderr
    with locked(tmp_path):
        pass


@pytest.mark.fault("F5")
def test_full_disk_names_path_and_bytes_and_keeps_the_old_checkpoint(tmp_path):
    """A limit on the size of files stands for a disk that fills."""
    save(tmp_path / "c", 1)
    code = (
        "import torch; from bdiff.checkpoint import save_folder\n"
        f"save_folder({str(tmp_path / 'c')!r}, {{}}, {{'weights': {{'a': torch.zeros(10**6)}}}})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "could not write the 4,000," in result.stderr
    assert f"bytes of {tmp_path / 'c'}: File too large" in result.stderr
    assert load_folder(tmp_path / "c")[0]["step"] == 1
    assert os.listdir(tmp_path) == ["c"]


def test_a_folder_of_something_else_is_refused(tmp_path):
    save(tmp_path / "c")
    with pytest.raises(CheckpointError, match=r"not a 'bdiff\.model/4'"):
        load_model(tmp_path / "c")


def test_what_is_no_checkpoint_is_not_replaced(tmp_path):
    (tmp_path / "c" / "thesis").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="holds 'thesis', which would be lost"):
        save(tmp_path / "c")
    assert (tmp_path / "c" / "thesis").is_dir()
    (tmp_path / "c" / "thesis").rmdir()
    save(tmp_path / "c")
    save(tmp_path / "c")
    (tmp_path / "c" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds 'notes\.txt'"):
        save(tmp_path / "c")


@pytest.mark.fault("F8")
def test_a_pickle_in_disguise_is_never_executed(tmp_path):
    """Even with a manifest whose hash fits, the loader cannot be made to run code."""
    save(tmp_path / "c")
    marker = tmp_path / "executed"
    evil = b"cos\nsystem\n(S'touch " + str(marker).encode() + b"'\ntR."
    (tmp_path / "c" / "weights.safetensors").write_bytes(evil)
    manifest = json.loads((tmp_path / "c" / "manifest.json").read_text())
    manifest["files"]["weights.safetensors"]["sha256"] = hashlib.sha256(evil).hexdigest()
    manifest["sha256"] = checkpoint._sha256_of(manifest)
    (tmp_path / "c" / "manifest.json").write_text(json.dumps(manifest, indent=2))
    with pytest.raises(Exception, match=r"[Hh]eader"):
        load_folder(tmp_path / "c")
    assert not marker.exists()
