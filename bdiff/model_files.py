"""Models in verified folders, see `bdiff.checkpoint`."""

from pathlib import Path
from typing import Any

from bdiff.build import model_from_dict, model_to_dict
from bdiff.checkpoint import CheckpointError, load_folder, save_folder
from bdiff.device import choose_device
from bdiff.guidance import Guided
from bdiff.model import DiffusionModel

FORMAT = "bdiff.model/4"
FACTS = ("dataset", "title", "scaling", "feature_names", "source")


def save_model(
    model: DiffusionModel,
    folder: str | Path,
    about: dict[str, Any] | None = None,
    texts: dict[str, str] | None = None,
) -> None:
    """Write a model: weights, tree, process, network settings and class names in one folder.

    Args:
        model: the model.
        folder: where it will stand.
        about: JSON-able facts kept in the manifest (training settings, ...), beside `model.facts`.
        texts: further text files, by name.

    Raises:
        ValueError: if the model has no weights of its own.
    """
    if isinstance(model, Guided):
        raise ValueError("save the model that it guides, and guide it again when it is loaded")
    facts = model.facts | (about or {})
    manifest = {"format": FORMAT, "model": model_to_dict(model), "about": facts}
    save_folder(folder, manifest, {"weights": model.state_dict()}, texts)


def load_model(folder: str | Path, device: str = "cpu") -> DiffusionModel:
    """Read a model written by `save_model`, or by `bdiff fit`, in evaluation mode.

    Raises:
        CheckpointError: if the folder is damaged or holds no model.
    """
    folder = Path(folder)
    folder = folder / "model" if (folder / "fit.json").is_file() else folder
    manifest, tensors = load_folder(folder)
    if manifest.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder} holds {manifest.get('format')!r}, made by bdiff {manifest['bdiff']}, not a "
            f"{FORMAT!r}; read it with that version, or train it again"
        )
    model = model_from_dict(manifest["model"])
    model.load_state_dict(tensors["weights"])
    about = manifest["about"]
    model.facts = {key: about[key] for key in FACTS if key in about}
    return model.to(choose_device(device)).eval()
