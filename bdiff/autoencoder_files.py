"""Fitted autoencoders on disk: a verified folder, as that of a model."""

from pathlib import Path
from typing import Any

from bdiff.checkpoint import CheckpointError, load_folder, save_folder
from bdiff.device import choose_device
from bdiff.ldvae import LDVAE

FORMAT = "bdiff.autoencoder/1"


def save_autoencoder(
    autoencoder: LDVAE, folder: str | Path, about: dict[str, Any] | None = None
) -> None:
    """Write an autoencoder: weights, names of genes and sizes in one folder.

    Args:
        autoencoder: fitted.
        folder: where it will stand.
        about: JSON-able facts kept in the manifest (data set, settings, reconstruction, ...).
    """
    sizes = {key: getattr(autoencoder, key) for key in ("genes", "latent", "hidden")}
    manifest = {"format": FORMAT, "autoencoder": sizes, "about": about or {}}
    save_folder(folder, manifest, {"weights": autoencoder.state_dict()})


def load_autoencoder(folder: str | Path, device: str = "cpu") -> LDVAE:
    """Read an autoencoder written by `save_autoencoder`, in evaluation mode.

    Raises:
        CheckpointError: if the folder is damaged or holds something else.
    """
    manifest, tensors = load_folder(folder)
    if manifest.get("format") != FORMAT:
        raise CheckpointError(f"{folder} holds {manifest.get('format')!r}, not a {FORMAT!r}")
    autoencoder = LDVAE.of_weights(tensors["weights"], **manifest["autoencoder"])
    return autoencoder.to(choose_device(device))
