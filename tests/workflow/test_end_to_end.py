"""The whole workflow on tiny numbers: everything that the configuration asks for is made, once."""

import csv
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.xdist_group("workflow")

FIGURES = (
    *("F1_branched_process", "F2_examples", "F3_sample_quality"),
    *(
        "F4a_wasserstein",
        "F4b_histograms",
        "F4c_class_contrasts",
        "F4d_correlations",
        "F4e_frechet",
    ),
    *("F10_efficiency", "F11_efficiency"),
    *("F13_hybrids_transmutation", "F22_similarities"),
    *("F15a_hybrids", "F15b_transmutation", "F15c_correlations"),
)
TABLES = ("T1_branches", "T2_efficiency", "T3_frechet", "T6_discovery_time")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn(finished, name):
    drawing = ElementTree.parse(finished.root / f"results/figures/{name}.svg").getroot()
    assert drawing.tag.endswith("svg")
    assert len(list(drawing.iter())) > 20
    picture = (finished.root / f"results/figures/{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_rows(finished, name):
    with (finished.root / f"results/tables/{name}.csv").open(newline="") as table:
        assert len(list(csv.DictReader(table))) > 0


def test_every_job_leaves_a_log_and_a_benchmark(finished):
    logs = {p.relative_to(finished.root / "logs").with_suffix("") for p in _files(finished, "logs")}
    benchmarks = finished.root / "benchmarks/results"
    assert logs == {
        p.relative_to(benchmarks).with_suffix("") for p in _files(finished, "benchmarks")
    }
    scripts = {path.stem for path in (finished.root / "scripts").glob("*.py")}
    assert {path.parts[0] for path in logs} == scripts - {"download"}


def _files(checkout, folder):
    return [path for path in (checkout.root / folder).rglob("*") if path.is_file()]


def test_a_second_run_executes_no_job(finished):
    assert "Nothing to be done" in finished.run()


def test_the_report_is_made_from_what_is_there(finished):
    finished.run("--report", "report.html")
    assert (finished.root / "report.html").stat().st_size > 100_000
