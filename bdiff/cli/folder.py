"""The folder of a fit: all that later commands need.

    fit.json        what was asked for, and every setting; what `bdiff.cli.settings` made of it
    data.parquet    the objects as the model sees them, their scaling, classes and split
    autoencoder/    of counts
    tree.json       branch points, beside them as Newick (.nwk); of a branched model
    model/          the model, verified
    checkpoints/    until the training has ended
    running.json    while a command works here: host, process and since when

Each part is written whole or not at all, so the same command, run again, makes what is missing.
Torch is imported where it is needed only: `bdiff status` should not wait for it.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdiff.files import write_text

if TYPE_CHECKING:
    from bdiff.data.dataset import Dataset
    from bdiff.ldvae import LDVAE
    from bdiff.model import DiffusionModel

FORMAT = "bdiff.fit/1"


class FitFolder:
    """The parts of a folder, by their place."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.data = self.path / "data.parquet"
        self.tree = self.path / "tree.json"
        self.model = self.path / "model"
        self.autoencoder = self.path / "autoencoder"
        self.checkpoints = self.path / "checkpoints"
        self.record = self.path / "fit.json"
        self.running = self.path / "running.json"

    def read_record(self) -> dict[str, Any]:
        """What fit.json says.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is damaged.
        """
        try:
            record: dict[str, Any] = json.loads(self.record.read_text(encoding="utf-8"))
            if record["format"] == FORMAT:
                return record
        except (FileNotFoundError, NotADirectoryError):
            why = "is a file" if self.path.is_file() else f"has no {self.record.name}"
            raise FileNotFoundError(f"{self.path} is no folder by `bdiff fit`: it {why}") from None
        except (ValueError, KeyError, TypeError):
            pass
        raise ValueError(f"{self.record} is damaged; delete {self.path} and fit again")

    def load_model(self, device: str = "cpu") -> "DiffusionModel":
        """The model. Raises ValueError where the fit has not ended, errors as `load_model`."""
        self.read_record()
        if not self.model.exists():
            raise ValueError(
                f"{self.path} has no model yet; run its `bdiff fit` again, it goes on where it "
                "stood"
            )
        from bdiff.model_files import load_model

        return load_model(self.model, device)

    def read_dataset(self) -> "Dataset":
        """The objects as the model sees them."""
        from bdiff.data.dataset import read_dataset

        self.read_record()
        return read_dataset(self.data)

    def load_autoencoder(self) -> "LDVAE | None":
        """The autoencoder, or None where the data are no counts."""
        from bdiff.autoencoder_files import load_autoencoder

        return load_autoencoder(self.autoencoder) if self.autoencoder.exists() else None

    def begin(self, asked: dict[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The settings of a run in this folder: those recorded if it is the same run, or new ones.

        Args:
            asked: all that the command was told; JSON-able.
            make: settings for it, where nothing is recorded.

        Raises:
            ValueError: naming the differences, if the folder belongs to another run; if it holds
                something else.
        """
        asked = json.loads(json.dumps(asked))
        if self.record.exists():
            record = self.read_record()
            keys = sorted(asked.keys() | record["asked"].keys())
            differences = [
                f"{key}: there {record['asked'].get(key)!r}, now {asked.get(key)!r}"
                for key in keys
                if record["asked"].get(key) != asked.get(key)
            ]
            if differences:
                raise ValueError(
                    f"{self.path} belongs to another run ({'; '.join(differences)}); name another "
                    "folder with -o, or delete this one"
                )
            return dict(record["settings"])
        strangers = {path.name for path in self.path.iterdir()} - {self.running.name}
        if strangers:
            raise ValueError(
                f"{self.path} holds {sorted(strangers)[0]!r} and is no folder by `bdiff fit`; name "
                "another folder with -o"
            )
        settings = make()
        self.write_record({"asked": asked, "settings": settings})
        return settings

    def write_record(self, record: dict[str, Any]) -> None:
        text = json.dumps({"format": FORMAT} | record, indent=2, ensure_ascii=False)
        write_text(self.record, text + "\n")

    @contextmanager
    def work(self) -> Iterator[None]:
        """Make the folder, and note in it that a command works there, for `bdiff status`.

        Raises:
            ValueError: if there is a file in its place.
        """
        made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ValueError(
                f"-o {self.path} should be a folder, but a file stands in its place; name another"
            ) from None
        note = {"host": socket.gethostname(), "process": os.getpid(), "since": time.time()}
        self.running.write_text(json.dumps(note))
        try:
            yield
        finally:
            self.running.unlink(missing_ok=True)
            if set(self.path.iterdir()) <= {self.record}:  # nothing was made that is worth it
                self.record.unlink(missing_ok=True)
                if made:
                    self.path.rmdir()

    def is_complete(self) -> bool:
        """Whether the model stands."""
        return (self.model / "manifest.json").exists()


def fingerprint_of(path: Path) -> str:
    """sha256 of a file, or of the files in a folder.

    Raises:
        FileNotFoundError: if there is nothing.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    digest = sha256()
    for file in files:
        if file.is_file():
            with file.open("rb") as stream:
                digest.update(file_digest(stream, "sha256").digest())
    return digest.hexdigest()
