"""Each protection is needed: taken out of a copy of the code, a test fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("bdiff", "tests", "scripts", "workflow", "profiles", "envs", "data/embedded", "data/paper",
         "data/sources.csv", "Snakefile", "config.yaml", "pyproject.toml")  # fmt: skip
MUTANTS = yaml.safe_load((Path(__file__).parent / "mutants.yaml").read_text(encoding="utf-8"))
FULL = pytest.mark.fault("M", full=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository as far as the tests need it."""
    root = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        (root / part).parent.mkdir(exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, root / part)
    return root


def run(root, *tests):
    """Run tests of the copy; the exit status is 1 where one failed."""
    # Bytecode knows its source by second and size, which a mutant may share.
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


@FULL
def test_the_code_as_it_is_passes(copy):
    done = run(copy, *sorted({mutant["test"] for mutant in MUTANTS}))
    assert done.returncode == 0, done.stdout


@FULL
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant["name"])
def test_a_test_fails_without(copy, mutant):
    path = copy / mutant["file"]
    text = path.read_text(encoding="utf-8")
    assert text.count(mutant["old"]) == 1
    path.write_text(text.replace(mutant["old"], mutant["new"]), encoding="utf-8")
    try:
        done = run(copy, mutant["test"])
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode == 1, done.stdout


def test_every_mutant_would_change_the_code():
    """Texts that stand where they are looked for, and tests that exist; without running them."""
    for mutant in MUTANTS:
        assert (ROOT / mutant["file"]).read_text(encoding="utf-8").count(mutant["old"]) == 1, mutant
        file, name = mutant["test"].split("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), mutant
