"""Where to compute, how precisely, and whether compiled."""

import ctypes
import importlib.util
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import nn

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bfloat16")
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of mallopt, glibc's malloc.h


def prepare_to_train() -> None:
    """Set a process of its own up for training, before torch starts its threads; for scripts.

    Denormal numbers count as zero in all threads, see `flushed_denormals`. And memory that is freed
    stays with the process. Otherwise glibc gives tensors of more than 32 MB back at once, smaller
    ones when many are free, and the system clears every page before the next step uses it: a fifth
    of a step of the paper's U-Net with 199 branches.
    """
    torch.set_flush_denormal(True)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)  # no memory of their own for large tensors
        mallopt(_TRIM_THRESHOLD, -1)


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Denormal numbers count as zero in this thread, as in those that torch starts meanwhile.

    Moments of weights whose gradients vanish decay into them, and they cost the optimiser a factor
    of three after some hundred steps.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def choose_device(name: str) -> torch.device:
    """The device of this name; "auto" is a GPU when there is one, else the CPU.

    Raises:
        ValueError: if the name is none of `DEVICES`, or "cuda" where torch finds no GPU.
    """
    if name not in DEVICES:
        raise ValueError(f"device is {name!r}, it must be one of {DEVICES}")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ValueError("device is 'cuda', but torch finds no GPU here; use 'auto' or 'cpu'")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def autocast(
    precision: str, device: torch.device, net: nn.Module
) -> AbstractContextManager[object]:
    """A context whose matrix products and convolutions have this precision; weights stay float32.

    Where bfloat16 would be no faster it warns and leaves float32.

    Args:
        precision: "float32" or "bfloat16".
        device: where it is computed.
        net: what is computed, a `bdiff.nets.network.Network`.

    Raises:
        ValueError: if the precision is unknown.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}, it must be one of {PRECISIONS}")
    wanted = precision == "bfloat16"
    if wanted and (found := _slow_bfloat16(device, net)):
        warnings.warn(
            f"precision is 'bfloat16', but {found}; float32 is used instead", stacklevel=2
        )
        wanted = False
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)


def _slow_bfloat16(device: torch.device, net: nn.Module) -> str | None:
    """Why bfloat16 would be no faster there, or None."""
    if device.type == "cuda":
        old = torch.cuda.get_device_capability(device) < (8, 0) and torch.version.hip is None
        return "this GPU has no arithmetic of that kind (it is older than Ampere)" if old else None
    if getattr(torch.cpu, "_is_amx_tile_supported", bool)():
        return None
    # Without tiles of AMX, only networks that spend their time in large products gain: a training
    # step of the graph transformer takes half as long, that of the residual U-Net a fifth longer.
    if not getattr(torch.cpu, "_is_avx512_bf16_supported", bool)():
        return "this processor has neither AMX nor AVX512_BF16"
    if not getattr(net, "large_products", False):
        return f"a {type(net).__name__} is slower in it on a processor without AMX"
    return None


def compile_net(net: nn.Module, device: torch.device) -> bool:
    """Have a network compiled when it is first called, in place; returns whether it will be.

    Where that would not help or not work it warns and leaves the network as it is.
    """
    found = None
    if device.type == "cpu":
        found = "on a CPU the layers of the branches are a loop, which a compiled graph cannot hold"
    elif importlib.util.find_spec("triton") is None:
        found = "triton is not installed"
    elif not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
        found = "there is no C++ compiler"
    if found:
        warnings.warn(
            f"compile is true, but {found}; the network runs uncompiled instead", stacklevel=2
        )
        return False
    net.compile()
    return True
