"""The real workflow, run once on workflow/config/test.yaml in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "bdiff", "scripts", "workflow", "profiles", "envs")
DATA = ("data/embedded", "data/paper", "data/sources.csv")
OVERLAY = "workflow/config/test.yaml"
ENDS_AT_ONCE = ("--max-jobs-per-timespan", "100/1s")  # not seconds later, as by the profile


class Checkout:
    """A copy of the repository without anything that was made in it."""

    def __init__(self, root: Path):
        self.root = root
        for part in (*PARTS, *DATA):
            if (ROOT / part).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / part, root / part, ignore=ignored)
            else:
                (root / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / part, root / part)

    def snakemake(self, *arguments, cwd=None) -> subprocess.CompletedProcess:
        """Run snakemake on this checkout, without the network; stdout has all that it says."""
        process = self.start(*arguments, cwd=cwd)
        said, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def start(self, *arguments, cwd=None) -> subprocess.Popen:
        """The same, without waiting for it, in a process group of its own."""
        environment = os.environ | {
            "PYTHONPATH": str(self.root),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "https_proxy": "http://127.0.0.1:9",
            "http_proxy": "http://127.0.0.1:9",
        }
        return subprocess.Popen(
            ["snakemake", *ENDS_AT_ONCE, *map(str, arguments)],
            cwd=cwd or self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments) -> str:
        """Run the workflow; what it said, or a failed test."""
        done = self.snakemake("--cores", 2, "--configfile", OVERLAY, *arguments)
        assert done.returncode == 0, done.stdout[-8000:]
        return done.stdout

    def planned(self, settings: dict | None = None) -> dict[str, int]:
        """How many jobs of each rule would run, with these settings laid over the overlay."""
        overlays = [OVERLAY]
        if settings is not None:
            overlays.append(self.root / "edit.yaml")
            overlays[-1].write_text(yaml.safe_dump(settings))
        done = self.snakemake("-n", "--cores", 2, "--configfile", *overlays)
        assert done.returncode == 0, done.stdout[-8000:]
        if "Nothing to be done" in done.stdout:
            return {}
        table = done.stdout.split("Job stats:")[1].split("total")[0]
        jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}
        del jobs["all"]
        return jobs


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Checkout:
    """A fresh checkout in which nothing was run."""
    return Checkout(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Checkout:
    """A checkout in which the whole workflow was run once."""
    made = Checkout(tmp_path_factory.mktemp("finished"))
    made.run()
    return made
