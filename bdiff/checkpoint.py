"""Folders of tensors that are either whole or not there.

A checkpoint is a folder with safetensors files and a manifest.json that lists every file with its
size and sha256, and has one of its own. It is staged under a temporary name, every file is flushed
to disk, the manifest is written last, and the folder is renamed into place: a process that dies at
any moment leaves the old checkpoint or the new one. Loading verifies every hash (neither torch nor
safetensors notices a flipped bit) and never unpickles.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from bdiff.files import plain, sync, to_json


class CheckpointError(ValueError):
    """A checkpoint that is damaged, incomplete, or of another kind."""


def save_folder(
    folder: str | Path,
    manifest: dict[str, Any],
    tensors: dict[str, dict[str, Tensor]],
    texts: dict[str, str] | None = None,
) -> None:
    """Write a folder of tensors, texts and a manifest, all or nothing.

    Args:
        folder: where it will stand; an older folder of the kind there is replaced.
        manifest: JSON-able description; the list of files is added to it.
        tensors: file stem -> named tensors, written as <stem>.safetensors.
        texts: file name -> text.

    Raises:
        FileExistsError: if the folder holds something else, which would be lost.
        OSError: if the disk is full or the place cannot be written; what stood there is untouched.
    """
    folder = _named(folder)
    _recover(folder)
    contents = {f"{stem}.safetensors": save(_portable(named)) for stem, named in tensors.items()}
    contents |= {name: text.encode() for name, text in (texts or {}).items()}
    if foreign := _names_in(folder) - contents.keys() - _names_of(folder):
        raise FileExistsError(
            errno.EEXIST,
            f"the folder holds {sorted(foreign)[0]!r}, which would be lost; name a new folder",
            str(folder),
        )
    listing = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in contents.items()
    }
    manifest = manifest | {"bdiff": version("bdiff"), "files": listing}
    described = _text(manifest | {"sha256": _sha256_of(manifest)})
    needed = sum(map(len, contents.values())) + len(described)
    staged = folder.with_name(f".tmp-{folder.name}")
    try:
        shutil.rmtree(staged, ignore_errors=True)  # of a writer that died
        staged.mkdir(parents=True)
        for name, data in [*contents.items(), ("manifest.json", described.encode())]:
            _write_through(staged / name, data)
        sync(staged)
        _swap(staged, folder)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise OSError(
            error.errno, f"could not write the {needed:,} bytes of {folder}: {error.strerror}"
        ) from error


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def _names_of(folder: Path) -> set[str]:
    """What a folder of tensors consists of, as far as its manifest can be read."""
    names = {"manifest.json"}
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        names |= json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"].keys()
    return names


def _portable(named: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}


def _write_through(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    sync(path)


def _text(manifest: dict[str, Any]) -> str:
    return to_json(manifest, indent=2)


def _sha256_of(manifest: dict[str, Any]) -> str:
    """sha256 of a manifest, without its own."""
    text = to_json({k: v for k, v in manifest.items() if k != "sha256"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _swap(staged: Path, folder: Path) -> None:
    """Put the staged folder in place; a folder can only be renamed onto an empty one.

    Between the two renames the old folder stands under another name, from which `_recover` takes it
    back should the second never happen.
    """
    aside = _aside(folder)
    if folder.exists():
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(folder, aside)
    try:
        os.replace(staged, folder)
    except OSError:
        _recover(folder)
        raise
    sync(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _named(folder: str | Path) -> Path:
    """The folder with its name, which "." and ".." are not: other names are made of it."""
    folder = Path(folder)
    return folder if folder.name not in ("", "..") else folder.resolve()


def _aside(folder: Path) -> Path:
    return folder.with_name(f".old-{folder.name}")


def _recover(folder: Path) -> None:
    """Finish what a death between the two renames of `_swap` left undone."""
    if _aside(folder).exists() and not folder.exists():
        os.replace(_aside(folder), folder)


def load_folder(folder: str | Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """Read and verify a folder written by `save_folder`.

    Returns:
        The manifest, and the tensors by file stem.

    Raises:
        CheckpointError: if the manifest or a file is missing or does not have its hash, or there
            is a file that the manifest does not list.
    """
    folder = _named(folder)
    _recover(folder)
    if not folder.is_dir():
        raise CheckpointError(f"there is no folder {folder}")
    manifest = _read_manifest(folder)
    # Hidden files are the file system's (.nfs..., .DS_Store).
    visible = {name for name in _names_in(folder) if not name.startswith(".")}
    if extra := visible - manifest["files"].keys() - {"manifest.json"}:
        raise CheckpointError(
            f"{folder} holds {sorted(extra)[0]!r}, which its manifest does not list; move it away"
        )
    tensors = {}
    for name, expected in manifest["files"].items():
        if not plain(name):
            raise CheckpointError(f"{folder} lists {name!r}, which is no file of this folder")
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise CheckpointError(
                f"{folder / name} is listed in the manifest but: {error}"
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != expected["sha256"]:
            raise CheckpointError(
                f"{folder / name} is damaged: sha256 {found} of {len(data)} bytes, the manifest "
                f"says {expected['sha256']} of {expected['bytes']}; restore it, or delete "
                f"{folder} and train again"
            )
        if name.endswith(".safetensors"):
            tensors[name.removesuffix(".safetensors")] = load(data)
    return manifest, tensors


def _read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder, as it was written."""
    try:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        manifest: dict[str, Any] = json.loads(text)
        found, expected, _ = _sha256_of(manifest), manifest["sha256"], manifest["files"].items()
        # A flipped bit may leave the meaning as it is: 1e-05 and 1E-05 have one hash.
        if text != _text(manifest):
            found = hashlib.sha256(text.encode()).hexdigest()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{folder} has no readable manifest.json: {error}") from error
    if found != expected:
        raise CheckpointError(
            f"{folder / 'manifest.json'} is damaged or was edited: its sha256 is {found}, it says "
            f"{expected}; restore it, or delete {folder} and train again"
        )
    return manifest


def newest(parent: str | Path) -> Path | None:
    """The newest checkpoint step-* in a folder that verifies, or None.

    Damaged ones are warned of and set aside as damaged-step-*; leftovers of interrupted writes are
    removed. Call it under `locked`, so that no other run is writing.
    """
    parent = Path(parent)
    for aside in parent.glob(".old-step-*"):
        _recover(parent / aside.name.removeprefix(".old-"))
    for leftover in [*parent.glob(".tmp-*"), *parent.glob(".old-*")]:
        shutil.rmtree(leftover, ignore_errors=True)
    for folder in sorted(parent.glob("step-*"), reverse=True):
        try:
            load_folder(folder)
            return folder
        except CheckpointError as error:
            warnings.warn(f"falling back to an older checkpoint: {error}", stacklevel=2)
            aside = folder.with_name(f"damaged-{folder.name}")
            shutil.rmtree(aside, ignore_errors=True)  # of the same step, damaged before
            os.replace(folder, aside)
    return None


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Keep a folder of checkpoints to one process; the lock ends with the process.

    Raises:
        CheckpointError: if another process has it.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    with open(Path(folder) / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(
                f"another run is using the checkpoints in {folder}; wait for it or name another"
            ) from None
        yield
