"""Devices that are not there are refused; precision and compilation fall back, with a warning,
where they do not help."""

import subprocess
import sys
import warnings

import pytest
import torch
from torch import nn

from bdiff import device
from bdiff.device import autocast, choose_device, compile_net

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "gpu", "expected"),
    [
        ("auto", False, "cpu"), ("auto", True, "cuda"), ("cpu", False, "cpu"), ("cpu", True, "cpu"),
        ("cuda", True, "cuda"),
    ],
)  # fmt: skip
def test_auto_is_a_gpu_where_there_is_one(monkeypatch, name, gpu, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert choose_device(name) == torch.device(expected)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="'cuda', but torch finds no GPU here; use 'auto' or 'cpu"):
        choose_device("cuda")
    with pytest.raises(ValueError, match=r"'tpu', it must be one of \('auto', 'cpu', 'cuda'\)"):
        choose_device("tpu")


def product():
    return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_float32_changes_nothing():
    with warnings.catch_warnings(action="error"), autocast("float32", CPU, nn.Identity()):
        assert product() == torch.float32


@pytest.mark.parametrize(
    ("amx", "avx512", "large", "warning"),
    [
        (True, True, False, None),
        (False, True, True, None),
        (False, True, False, "a DenseNet is slower in it on a processor without AMX"),
        (False, False, True, "has neither AMX nor AVX512_BF16"),
    ],
)
def test_bfloat16_is_used_where_it_is_faster(monkeypatch, branched, amx, avx512, large, warning):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(branched.net, "large_products", large)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        context = autocast("bfloat16", CPU, branched.net)
    assert [warning in str(w.message) for w in caught] == [True] * (warning is not None)
    with context:
        assert product() == (torch.float32 if warning else torch.bfloat16)
    assert product() == torch.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision is 'float16', it must be one of"):
        autocast("float16", CPU, nn.Identity())


def test_nothing_is_compiled_on_a_processor():
    with pytest.warns(UserWarning, match=r"on a CPU .* runs uncompiled instead"):
        assert not compile_net(nn.Linear(2, 2), CPU)


@pytest.mark.parametrize("missing", ["triton", "compiler", None])
def test_compilation_on_a_gpu_needs_its_tools(monkeypatch, missing):
    found = lambda there: lambda *_: "here" if there else None  # noqa: E731
    monkeypatch.setattr(device.importlib.util, "find_spec", found(missing != "triton"))
    monkeypatch.setattr(device.shutil, "which", found(missing != "compiler"))
    compiled = []
    monkeypatch.setattr(nn.Module, "compile", lambda net: compiled.append(net))
    net = nn.Linear(2, 2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert compile_net(net, torch.device("cuda")) == (missing is None)
    assert [w.category for w in caught] == [UserWarning] * (missing is not None)
    assert compiled == [net] * (missing is None)


# The pages that the system has to provide for a tensor of 48 MB after one of 64 MB is freed: in
# what is free there is room for it, however it is aligned and whatever small things lie there now.
PROGRAM = """
import resource, sys, torch
from bdiff.device import prepare_to_train

if sys.argv[1] == "keep":
    prepare_to_train()
torch.ones(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(3 * 2**22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
@pytest.mark.parametrize(("mode", "least", "most"), [("keep", 0, 9), ("leave", 10, 10**6)])
def test_freed_memory_is_kept(mode, least, most):
    command = [sys.executable, "-c", PROGRAM, mode]
    pages = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert least <= int(pages) <= most
