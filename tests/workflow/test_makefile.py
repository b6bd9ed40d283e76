"""The README's commands, as make would run them."""

import subprocess

import pytest

from .conftest import ROOT


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "snakemake --cores all --configfile workflow/config/demo.yaml"),
        (["SCALE=short", "CORES=3"], "snakemake --cores 3 --configfile workflow/config/short.yaml"),
        (["SCALE=paper"], "snakemake --cores 8 "),
    ],
)
def test_reproduce_runs_snakemake_at_the_scale(arguments, command):
    done = make("-n", "reproduce", *arguments)
    assert done.returncode == 0, done.stderr
    assert command.strip() in [line.strip() for line in done.stdout.splitlines()]


def test_an_unknown_scale_is_refused():
    done = make("reproduce", "SCALE=papr")
    assert done.returncode == 2
    assert "SCALE=papr is unknown; choose one of: demo test short paper" in done.stderr


def test_an_old_python_is_refused(tmp_path):
    done = make("PYTHON=", f"VENV={tmp_path}", f"{tmp_path}/.installed")
    assert done.returncode == 2
    assert "bdiff needs Python 3.11 or newer, found" in done.stderr
