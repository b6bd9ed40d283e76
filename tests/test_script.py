"""How scripts report: progress in the log, errors in a line, arguments by type."""

import argparse
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from bdiff.progress import Progress
from bdiff.script import json_object, named_path

SCRIPTS = sorted((Path(__file__).parents[1] / "scripts").glob("*.py"))


@pytest.mark.parametrize("text", ["notjson", "[1]", "3"])
def test_settings_must_be_a_json_object(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a JSON object"):
        json_object(text)
    assert json_object('{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("text", ["path", "=path", "name="])
def test_named_paths_need_both(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected NAME=PATH, found"):
        named_path(text)
    assert named_path("a=b=c") == ("a", "b=c")


def test_an_error_is_one_line_and_a_traceback_on_demand(tmp_path):
    command = [sys.executable, str(SCRIPTS[0].with_name("sample.py"))]
    command += ["--settings", '{"device": "cpu"}', "--model", str(tmp_path / "none")]
    command += ["--output", str(tmp_path / "x.parquet")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: CheckpointError: there is no folder {tmp_path}")
    assert "Traceback" not in result.stderr
    result = subprocess.run(
        command, capture_output=True, text=True, env={"BDIFF_TRACEBACK": "1", "PATH": ""}
    )
    assert "Traceback" in result.stderr


def test_progress_says_how_far_and_how_long(caplog):
    caplog.set_level(logging.INFO)
    with Progress("counting", 200, "sheep", done=100, every=0.0) as progress:
        progress.update(50, "loss 0.5")
    (line,) = caplog.messages
    assert line.startswith("counting: 75 %, 0 s left, ")
    assert line.endswith(" sheep/s, loss 0.5")
    assert Progress("counting", None, "sheep").line(2.0) == "counting: 0, 0 sheep/s"
