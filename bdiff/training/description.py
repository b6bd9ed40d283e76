"""What a training run is, in words and hashes: only the same run is continued."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from bdiff.build import model_to_dict
from bdiff.data.dataset import Dataset
from bdiff.files import to_json
from bdiff.model import DiffusionModel
from bdiff.training.settings import Part, Training


def describe_run(
    model: DiffusionModel,
    dataset: Dataset,
    settings: Training,
    precision: str,
    part: Part,
) -> dict[str, Any]:
    """All that fixes a run but its length: only where it is the same, a checkpoint is continued.

    Args:
        model: with the weights that the run starts from.
        dataset, settings, precision, part: of the run.
    """
    training = asdict(settings)
    del training["checkpoint_every"]
    if settings.schedule == "constant":  # then the first steps are the same however many follow
        del training["steps"]
    description = {
        "training": training,
        "precision": precision,
        "part": asdict(part),
        "model": model_to_dict(model),
        "weights": {"sha256": _sha256(p.detach().cpu().numpy() for p in model.parameters())},
        "data": {
            "classes": dataset.classes,
            "sha256": _sha256([dataset.x, dataset.labels, dataset.split]),
        },
    }
    from_manifest: dict[str, Any] = json.loads(to_json(description))  # as it comes back
    return from_manifest


def _sha256(arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def differences(found: object, expected: object, path: str = "") -> Iterator[str]:
    """Lines `path: found ..., now ...` for every value in which two settings differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            yield from differences(found.get(key), expected.get(key), f"{path}.{key}".lstrip("."))
    elif found != expected:
        yield f"{path}: the checkpoint has {found!r}, this run {expected!r}"
