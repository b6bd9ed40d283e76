"""Everything that users name has a place in the documentation."""

import re
from pathlib import Path

import pytest

import bdiff
from bdiff.nets.build import NETS
from bdiff.process.build import PROCESSES
from bdiff.sampling.solvers.build import SOLVERS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
API = "\n".join(path.read_text(encoding="utf-8") for path in sorted((DOCS / "api").glob("*.md")))
DOCUMENTED = re.findall(r"^\.\. auto\w+:: ([\w.]+)$", API, re.M)


def test_public_names_are_documented_once():
    assert [name for name in bdiff.__all__ if DOCUMENTED.count(name) != 1] == []
    assert len(set(DOCUMENTED)) == len(DOCUMENTED)


@pytest.mark.parametrize("kinds", [NETS, PROCESSES, SOLVERS], ids=["nets", "processes", "solvers"])
def test_what_settings_name_is_documented(kinds):
    classes = [getattr(kind, "__self__", kind) for kind in kinds.values()]
    missing = [
        kind.__name__
        for kind in classes
        if not {kind.__name__, f"{kind.__module__}.{kind.__name__}"} & set(DOCUMENTED)
    ]
    assert missing == []


@pytest.mark.parametrize("kinds", [NETS, SOLVERS], ids=["nets", "solvers"])
def test_their_names_in_settings_are_headings(kinds):
    assert [name for name in kinds if not re.search(rf"^##+ `{name}`", API, re.M)] == []


def test_solvers_are_compared():
    page = (DOCS / "solvers.md").read_text(encoding="utf-8")
    rows = {name: row.split("|") for name, row in re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.M)}
    assert set(rows) == set(SOLVERS)
    for name, (_, _, calls, discrete, molecules) in rows.items():
        solver = SOLVERS[name]
        assert calls.strip() == str(solver.calls or "it chooses its own")
        assert bool(discrete.strip()) == (solver.continuous is not True)
        assert bool(molecules.strip()) == solver.elementwise
