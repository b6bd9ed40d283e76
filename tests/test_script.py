"""How scripts report: progress in the log, errors in a line, arguments by type."""

import argparse
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bdiff.progress import Progress
from bdiff.script import json_object, named_path, run

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


def test_a_package_that_is_missing_is_told_in_a_line():
    def main():
        raise ImportError("molecules need RDKit: pip install 'bdiff[mol]'")

    with pytest.raises(SystemExit, match=r"^error: ImportError: molecules need RDKit: pip"):
        run(main)


def test_a_key_that_the_settings_have_not_got_is_named():
    settings = json_object('{"count": 1, "training": {"steps": 2}}')
    assert (settings["count"], settings.get("seed"), settings.pop("seed", 3)) == (1, None, 3)
    assert settings.pop("count") == 1
    for ask in (settings.pop, settings.__getitem__):
        with pytest.raises(ValueError, match=r"^the settings have no 'process'; found: training$"):
            ask("process")
    with pytest.raises(ValueError, match="have no 'ema'; found: steps"):
        settings["training"]["ema"]
    with pytest.raises(ValueError, match="found: nothing"):
        json_object("{}")["count"]


def function(*, count, seed=0):
    """Of the library, which takes settings as arguments."""


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"count": 1, "sed": 1}, "error: unknown key 'sed': function() does not take it"),
        ({"seed": 1}, "error: missing key 'count': function() needs it"),
    ],
)
def test_keys_that_a_function_does_not_take_are_named(settings, error):
    with pytest.raises(SystemExit, match=re.escape(error)):
        run(lambda: function(**settings))


def test_any_other_type_error_is_a_fault_of_the_program():
    with pytest.raises(TypeError, match="unsupported operand"):
        run(lambda: 1 + "a")


@pytest.mark.parametrize("name", ["evaluate", "compare_estimators"])
def test_scripts_say_what_their_settings_are(name):
    script = str(SCRIPTS[0].with_name(f"{name}.py"))
    told = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True).stdout
    assert "part of the configuration" in told
    assert "`snakemake -n -p` prints it" in told
    command = [sys.executable, script, "--settings", "{}", "--data", "none", "--output", "none"]
    command += ["--samples", "a=none"] if name == "evaluate" else []
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_progress_says_how_far_and_how_long(caplog):
    caplog.set_level(logging.INFO)
    with Progress("counting", 200, "sheep", done=100, every=0.0) as progress:
        progress.update(50, "loss 0.5")
    (line,) = caplog.messages
    assert line.startswith("counting: 75 %, 0 s left, ")
    assert line.endswith(" sheep/s, loss 0.5")
    assert Progress("counting", None, "sheep").line(2.0) == "counting: 0, 0 sheep/s"
