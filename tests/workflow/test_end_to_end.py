"""The whole workflow on tiny numbers: what the configuration asks for is made, once; then what is
stale is made again, and nothing else.

All tests of the finished workflow stand in this file, since pytest's workers share out files: so it
runs once, and no test edits a copy that another is looking at.
"""

import csv
import os
from contextlib import contextmanager
from xml.etree import ElementTree

import pytest
import yaml

from .edits import EDITS, OF_MODELS

FIGURES = (
    *("F1_branched_process", "F2_examples", "F3_sample_quality"),
    *(
        "F4a_wasserstein",
        "F4b_histograms",
        "F4c_class_contrasts",
        "F4d_correlations",
        "F4e_frechet",
    ),
    *("F7_class_extension", "F8b_leave_one_out", "F10_efficiency"),
    *("F13_hybrids_transmutation", "F14_transmutation_control"),
    *("F15a_hybrids", "F15b_transmutation", "F15c_correlations", "F16a_hybrids"),
    *("F5b_expression", "F17a_markers", "F17b_correlations", "F17c_genes", "F17d_covariate"),
    *("F18_molecules", "F19_molecule_transmutation", "F19b_molecule_quality"),
    *("F20_branch_stability", "F21_epsilon_sweep", "F22_similarities"),
)
TABLES = (
    *("T1_branches", "T2_efficiency", "T3_frechet", "T4_class_extension", "T6_discovery_time"),
    *("T5_molecule_transmutation", "T8_molecule_classes"),
    *("quality", "F20_branch_score_distances"),
)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn(finished, name):
    drawing = ElementTree.parse(finished.root / f"results/figures/{name}.svg").getroot()
    assert drawing.tag.endswith("svg")
    assert len(list(drawing.iter())) > 20
    picture = (finished.root / f"results/figures/{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_the_table_of_quality_tells_cost_and_command(finished):
    with (finished.root / "results/tables/quality.csv").open(newline="") as file:
        rows = {(row["dataset"], row["model"]): row for row in csv.DictReader(file)}
    assert list(rows) == [
        *(("digits", model) for model in ("branched", "linear", "linear_guided", "real")),
        *(("letters_avy", model) for model in ("branched", "real")),
        *(("cells", model) for model in ("branched", "linear", "real")),
    ]
    # guidance asks the same weights twice
    nfe = [float(rows["digits", model]["nfe_per_object"]) for model in ("linear", "linear_guided")]
    assert nfe[1] == 2 * nfe[0]
    row = rows["digits", "branched"]
    assert row["steps"] == "30"
    assert float(row["train_seconds"]) > 0
    assert "steps=5" in row["solver"]
    assert float(row["nfe_per_object"]) >= 5
    assert row["command"] == "snakemake --cores all --configfile workflow/config/test.yaml"
    assert row["floor_frechet_raw_train"] == rows["digits", "real"]["frechet_raw_train"]
    text = (finished.root / "results/tables/quality.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 2 + len(rows)


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


@pytest.mark.fault("F19")
def test_a_second_run_executes_no_job(finished):
    assert "Nothing to be done" in finished.run()


def test_the_page_shows_every_figure_and_table(finished):
    page = (finished.root / "results/report.html").read_text(encoding="utf-8")
    assert page.count("data:image/") >= len(FIGURES)
    assert len(page) > 100_000


@pytest.mark.parametrize("path", EDITS)
@pytest.mark.fault("F19")
def test_an_edited_number_reruns_its_own_stages(finished, path):
    value, expected = EDITS[path]
    settings = value
    for key in reversed(path.split(".")):
        settings = {key: settings}
    assert finished.planned(settings) == on_the_page(expected)


def on_the_page(jobs):
    """With the page of all figures and tables, which is made again whenever one of them is."""
    return jobs | {"make_report": 1} if jobs else jobs


@contextmanager
def edited(path, text):
    """The file with another text, for a while."""
    before = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


@pytest.mark.fault("F19")
def test_a_restored_configuration_reruns_nothing(finished):
    path = finished.root / "config.yaml"
    text = path.read_text()
    with edited(path, text.replace("time: 0.35", "time: 0.36")):
        jobs = finished.planned()
        assert jobs["estimate_tree"] == jobs["train"] == 1
    assert finished.planned() == {}


def backwards(value):
    """The same mapping with the order of all keys reversed."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(entry) for entry in value] if isinstance(value, list) else value


def test_order_of_keys_comments_and_spelling_rerun_nothing(finished):
    path = finished.root / "config.yaml"
    turned = yaml.safe_dump(backwards(yaml.safe_load(path.read_text())), sort_keys=False)
    assert turned.count("learning_rate: 0.001\n") > 5
    respelt = turned.replace("learning_rate: 0.001\n", "learning_rate: 1e-3\n")
    with edited(path, f"# Another comment.\n{respelt}"):
        assert finished.planned() == {}


@pytest.mark.fault("F19")
def test_touched_files_rerun_nothing(finished):
    for path in finished.root.rglob("*"):
        if ".snakemake" not in path.parts:
            os.utime(path)
    assert finished.planned() == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bdiff/figures/efficiency.py", {"plot_efficiency": 1}),
        ("bdiff/nets/unet.py", OF_MODELS),
        (
            "bdiff/analysis/transmutation_control.py",
            {
                "compare_transmutation": 3,
                "evaluate_cell_transmutation": 1,
                "evaluate_molecules": 1,
                "plot_transmutation_control": 1,
                "plot_cell_transmutation": 1,
                "plot_molecules": 1,
                "plot_molecule_transmutation": 1,
                "make_tables": 1,
            },
        ),
        ("bdiff/branch_points/compare.py", {"compare_estimators": 1, "make_tables": 1}),
        ("bdiff/config/models.py", {}),
        ("scripts/plot_examples.py", {"plot_examples": 1}),
        ("scripts/download.py", {}),
    ],
)
def test_edited_code_reruns_the_stages_that_import_it(finished, path, expected):
    path = finished.root / path
    with edited(path, path.read_text() + "\n# An edit.\n"):
        assert finished.planned() == on_the_page(expected)
    assert finished.planned() == {}
