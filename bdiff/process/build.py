"""Forward processes by name."""

from collections.abc import Callable
from typing import Any

from bdiff.process.base import Process
from bdiff.process.joint import Joint
from bdiff.process.variance_exploding import VE
from bdiff.process.variance_preserving import DDPM, VP

PROCESSES: dict[str, Callable[..., Process]] = {"vp": VP, "ddpm": DDPM, "ve": VE, "joint": Joint.of}


def process_from(settings: dict[str, Any]) -> Process:
    """The process that `to_dict` described.

    Raises:
        ValueError: if the name is not that of a known process.
    """
    settings = dict(settings)
    name = settings.pop("name", "vp")
    if name not in PROCESSES:
        known = ", ".join(map(repr, PROCESSES))
        raise ValueError(f"unknown forward process {name!r}; known: {known}")
    return PROCESSES[name](**settings)
