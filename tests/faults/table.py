"""Faults: how many of each are tried, and the table of what was reached.

A test marked `fault("F6")` belongs to the row F6 of rows.yaml. `pytest --faults=full` tries as many
faults as that row asks for; without it a few of each. `--faults-table PATH` writes the table of the
rows from what the tests that ran have recorded; a row of which no test ran stays as it was made.
"""

import os
import platform
from collections import defaultdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROWS = yaml.safe_load((Path(__file__).parent / "rows.yaml").read_text(encoding="utf-8"))
# Files of tests that belong to a row as a whole.
FILES = {"test_signals.py": "F3", "test_distributed.py": "F13"}
HEAD = """\
# Faults and what was reached

Made by `make test-faults` on {date} from what the tests recorded: bdiff {version}, Python {python},
torch {torch}, {machine}, {cores} cores. In `make test` the same tests try fewer faults.

| # | fault | what must hold | figure to reach | figure reached | seconds | version, date |
| --- | --- | --- | --- | --- | --- | --- |
"""


def pytest_addoption(parser):
    parser.addoption(
        "--faults", choices=("quick", "full"), default="quick", help="how many faults are tried"
    )
    parser.addoption("--faults-table", metavar="PATH", help="write the table of figures reached")
    parser.addoption(
        "--soak", type=float, default=120, metavar="MINUTES", help="length of the soak, if full"
    )


@pytest.fixture
def count(request):
    """Choose a number: count(quick, full)."""
    full = request.config.getoption("faults") == "full"
    return lambda few, many: many if full else few


@pytest.fixture
def reached(record_property):
    """Note for the table how many of how many faults passed, and what was measured."""

    def note(passed: int, tried: int, figure: str = "") -> None:
        # numbers of numpy cannot be sent from the processes that tests run in
        record_property("reached", [int(passed), int(tried), figure])

    return note


def pytest_collection_modifyitems(config, items):
    for item in items:
        if row := FILES.get(item.path.name):
            item.add_marker(pytest.mark.fault(row))
        for mark in item.iter_markers("fault"):
            (row,) = mark.args
            if row not in ROWS:
                raise pytest.UsageError(f"{item.nodeid}: no row {row!r} in {__name__}")
            item.user_properties.append(("fault", row))
            if mark.kwargs.get("full") and config.getoption("faults") != "full":
                item.add_marker(pytest.mark.skip(reason="only with --faults=full"))


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    path = config.getoption("faults_table")
    if path and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        reports = [
            report
            for kind in ("passed", "failed", "skipped", "error")
            for report in terminalreporter.stats.get(kind, ())
        ]
        before = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
        Path(path).write_text(table(reports, before), encoding="utf-8")
        terminalreporter.write_line(f"wrote {path}")


def table(reports, before: str = "") -> str:
    """The table of all rows, and the tests behind each, in Markdown; before: as it was."""
    old_line, old_tests = _parsed(before)
    tests = {
        row: defaultdict(list) for row in ROWS
    }  # row -> test without its parameters -> reports
    for report in reports:
        for row in {value for key, value in report.user_properties if key == "fault"}:
            tests[row][report.nodeid.split("[")[0]].append(report)
    made = f"{version('bdiff')}, {date.today()}"
    lines = [
        HEAD.format(
            date=date.today(), version=version("bdiff"), python=platform.python_version(),
            torch=version("torch"), machine=platform.machine(), cores=os.cpu_count(),
        ).rstrip("\n")
    ]  # fmt: skip
    for row, text in ROWS.items():
        if row in old_line and not tests[row]:
            lines.append(old_line[row])
            continue
        seconds = sum(report.duration for some in tests[row].values() for report in some)
        cells = (row, text["fault"], text["holds"], text["figure"], _reached(tests[row], text))
        lines.append(f"| {' | '.join(cells)} | {seconds:.0f} | {made} |")
    lines += ["", "## The tests", ""]
    for row, named in tests.items():
        new = [f"  - `{name}`: {_sum(named[name])}" for name in sorted(named)]
        lines += [f"- {row}", *(new or old_tests[row])]
    return "\n".join(lines) + "\n"


def _parsed(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Of a table as it was made: the line of each row, and those of its tests."""
    summary, _, details = text.partition("## The tests")
    lines = [line for line in summary.splitlines() if line.startswith("| ")]
    tests, row = defaultdict(list), ""
    for line in details.splitlines():
        if line.startswith("- "):
            row = line.removeprefix("- ")
        elif line:
            tests[row].append(line)
    return {line.split(" ")[1]: line for line in lines}, tests


def _reached(named, text) -> str:
    """What the tests of a row come to, those that measured nothing together, and what is left."""
    measured = [_sum(reports) for reports in named.values() if _figures(reports)]
    others = [r for reports in named.values() if not _figures(reports) for r in reports]
    parts = [*measured, *([f"{_sum(others)} (cases)"] if others else [])] or ["no test ran"]
    return "; ".join([*parts, *([f"not covered: {text['not']}"] if "not" in text else [])])


def _figures(reports) -> list:
    return [value for r in reports for key, value in r.user_properties if key == "reached"]


def _sum(reports) -> str:
    """How many of how many passed, what they measured, and why some did not run."""
    ran = [report for report in reports if report.outcome != "skipped"]
    counted = [(report.outcome == "passed", 1, "") for report in ran]
    figures = _figures(reports) or counted
    parts = [f"{sum(f[0] for f in figures):,} of {sum(f[1] for f in figures):,}"] if ran else []
    if measured := ", ".join(figure[2] for figure in figures if figure[2]):
        parts = [f"{parts[0]}: {measured}"]
    parts += ["FAILED"] if any(report.outcome == "failed" for report in ran) else []
    skipped = [report.longrepr[2] for report in reports if report.outcome == "skipped"]
    return ", ".join([*parts, *sorted({text.replace("Skipped", "skipped") for text in skipped})])
