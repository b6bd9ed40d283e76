"""The tutorial's code runs, and its outputs and figures are those of its code."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from bdiff.data.dataset import Dataset

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
spec = importlib.util.spec_from_file_location("run_tutorial", ROOT / "docs/run_tutorial.py")
run_tutorial = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_tutorial)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The page after a run with little training and few samples, its names, and its folder."""
    page, trained = re.subn(r"steps=\d+", "steps=20", PAGE)
    assert trained == 2
    names, folder = {}, tmp_path_factory.mktemp("tutorial")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        page = run_tutorial.run(re.sub(r"\b64\b", "8", page), names)
    return page, names, folder


def outputs(page):
    return re.findall(r"```text\n(.*?)```", page, re.DOTALL)


def test_outputs_are_of_this_code(ran):
    shown, made = outputs(PAGE), outputs(ran[0])
    assert made[:2] == shown[:2]  # nothing is trained yet
    assert made[-2:] == shown[-2:]  # true however little is trained
    assert len(made) == len(shown)
    for mine, theirs in zip(made, shown, strict=True):
        assert words(mine) == words(theirs)


def words(output):
    return re.sub(r"[\d,.]+", "0", output).split()


def test_figures_are_those_of_the_code(ran):
    shown = set(re.findall(r"\]\(tutorial/(\w+\.png)\)", PAGE))
    assert {path.name for path in ran[2].glob("*.png")} == shown
    assert {path.name for path in (ROOT / "docs/tutorial").iterdir()} == shown


def test_alike_classes_part_later(ran):
    tree = ran[1]["tree"]
    assert tree.branch_time("3", "9") < tree.branch_time("3", "4")
    assert tree.shared_cost < 0.6


def test_samples_are_of_the_classes_asked_for(ran):
    samples, known = ran[1]["samples"], ran[1]["known"]
    assert isinstance(known, Dataset)
    for name in known.classes:
        assert samples.where(label=name).shape == (8, 1, 8, 8)
    assert np.abs(samples.x).max() <= 1  # the range of the data


def test_hybrids_and_turned_objects_come_in_rows(ran):
    made, turned, known = (ran[1][name] for name in ("made", "turned", "known"))
    assert made.where(label="3/9", role="hybrid").shape == (8, 1, 8, 8)
    before = turned.where(label="9", origin="3", role="original")
    np.testing.assert_array_equal(before, known.of("3", "test"))
    assert len(turned.where(label="9", origin="3", role="sample")) == len(before)


def test_the_new_class_changes_no_sample_of_the_old_ones(ran):
    before, after = ran[1]["before"], ran[1]["after"]
    assert before.x.tobytes() == after.x.tobytes()
    assert ran[1]["larger"].classes == (*ran[1]["model"].classes, "7")
