"""Where to compute."""

import torch


def choose_device(name: str) -> torch.device:
    """The device of this name; "auto" is a GPU when there is one, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
