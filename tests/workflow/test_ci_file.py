"""What contributors are told, and what runs by itself for them, is what there is."""

import re
import tomllib

import pytest
import yaml

from .conftest import ROOT
from .test_makefile import make

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(path):
    """A YAML file with every value as text: to other loaders the key `on` is true."""
    return yaml.load((ROOT / path).read_text(encoding="utf-8"), yaml.BaseLoader)


JOBS = read(".github/workflows/ci.yml")["jobs"]
COMMANDS = [
    *(step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step),
    *(hook["entry"] for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_make_knows_what_is_run(command):
    program, *arguments = command.split()
    assert program == "make"
    done = make("-n", "VENV=/nowhere", *arguments)
    assert done.returncode == 0, done.stderr


def test_every_python_that_is_claimed_is_tested():
    claimed = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    assert JOBS["test"]["strategy"]["matrix"]["python"] == claimed
    assert PROJECT["requires-python"] == f">={claimed[0]}"


def test_jobs_may_only_read_and_end_some_time():
    assert read(".github/workflows/ci.yml")["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in JOBS.values())


def test_files_and_targets_of_the_guide_exist():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = re.findall(r"`([\w.-]+/[\w/.-]+\.\w+)`", guide)
    assert len(names) > 10
    assert [name for name in names if "NAME" not in name and not (ROOT / name).exists()] == []
    targets = re.findall(r"^    make ([\w-]+)", guide, re.MULTILINE)
    done = make("-n", "VENV=/nowhere", *targets)
    assert (len(targets), done.returncode) == (5, 0), done.stderr
