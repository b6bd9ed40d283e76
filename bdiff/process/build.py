"""Forward processes by name."""

from collections.abc import Callable
from typing import Any

from bdiff.expect import kind_of
from bdiff.process.base import Process
from bdiff.process.joint import Joint
from bdiff.process.variance_exploding import VE
from bdiff.process.variance_preserving import DDPM, VP

PROCESSES: dict[str, Callable[..., Process]] = {"vp": VP, "ddpm": DDPM, "ve": VE, "joint": Joint.of}


def process_from(settings: dict[str, Any]) -> Process:
    """The process that `to_dict` described.

    Raises:
        ValueError: if the name or a setting is unknown.
    """
    settings = dict(settings)
    name = settings.pop("name", "vp")
    return kind_of(PROCESSES, "forward process", name, settings)(**settings)
