"""Overlays are merged key by key, replace a part whose kind they change, and can be checked."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bdiff.config import ConfigError, load_config, read_config
from bdiff.config.__main__ import main
from bdiff.config.overlay import lay_over

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config.yaml"
OVERLAYS = sorted((ROOT / "workflow/config").glob("*.yaml"))
BASE = {"name": "ddim", "eta": 1, "steps": 50}


@pytest.fixture
def mapping():
    return yaml.safe_load(CONFIG.read_text())


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"steps": 20}, {"name": "ddim", "eta": 1, "steps": 20}),
        ({"name": "ddim", "eta": 0}, {"name": "ddim", "eta": 0, "steps": 50}),
        ({"name": "unipc", "steps": 20}, {"name": "unipc", "steps": 20}),
        (None, None),
        ("text", "text"),
    ],
)
def test_another_kind_replaces_a_part(overlay, expected):
    below = {"part": {"solver": copy.deepcopy(BASE), "count": 5}}
    before = copy.deepcopy(below)
    merged = lay_over(below, {"part": {"solver": overlay}, "new": {"a": 1}})
    assert merged == {"part": {"solver": expected, "count": 5}, "new": {"a": 1}}
    assert below == before


def test_a_data_set_may_be_called_like_a_key_of_kinds():
    merged = lay_over({"source": {"a": 1}, "b": 2}, {"source": {"c": 3}})
    assert merged == {"source": {"a": 1, "c": 3}, "b": 2}


def test_the_overlays_of_the_repository_are_right():
    assert {path.stem for path in OVERLAYS} >= {"demo", "test", "short"}
    read_config(CONFIG)
    for path in OVERLAYS:
        read_config(CONFIG, path)


def quoted():
    """(data set, part, settings) of all that the comments of config.yaml quote, with its place."""
    lines, found, dataset = CONFIG.read_text().splitlines(), [], None
    for number, line in enumerate(lines):
        if name := re.match(r"  (\w+):$", line):
            dataset = name[1]
        if settings := re.match(r" +# The paper's.*: ({.*})\.$", line):
            part = lines[number + 1].split(":")[0].strip()
            found.append((dataset, part, yaml.safe_load(settings[1])))
    return found


def test_every_quoted_setting_is_found():
    places = [(dataset, part) for dataset, part, _ in quoted()]
    assert places == [("mnist", "tree"), ("mnist", "net"), ("letters", "net")]


@pytest.mark.parametrize(("dataset", "part", "settings"), quoted())
def test_what_config_yaml_quotes_is_an_overlay(mapping, dataset, part, settings):
    config = load_config(lay_over(mapping, {"datasets": {dataset: {part: settings}}}))
    found = getattr(config.datasets[dataset], part).model_dump(exclude_unset=True, mode="json")
    assert found == settings


STEPS = {"steps": 20}


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("letters_avy.tree", {"method": "all_pairs"}),
        (
            "mnist.tree",
            {"method": "given", "branch_points": [{"classes": list("0123456789"), "time": 0.5}]},
        ),
        ("letters.data", {"source": "file", "path": "my.csv"}),
        ("mnist.samples.solver", {"name": "predictor_corrector", **STEPS}),
        ("mnist.samples.solver", {"name": "euler_maruyama", **STEPS}),
        ("mnist.samples.solver", {"name": "sde_dpm_solver_pp", **STEPS}),
        ("mnist.samples.solver", {"name": "dpm_solver_pp", "order": 3, **STEPS}),
        ("mnist.samples.solver", {"name": "unipc", "order": 2, **STEPS}),
        ("mnist.samples.solver", {"name": "deis", "order": 1, **STEPS}),
        ("mnist.samples.solver", {"name": "heun", "churn": 0.1, **STEPS}),
        ("mnist.samples.solver", {"name": "probability_flow", "rtol": 1e-3}),
        ("mnist.hybrids.solver", {"name": "ddim", "eta": 1, **STEPS}),
    ],
)
def test_no_key_of_the_kind_before_stays(mapping, place, part):
    overlay = part
    for key in reversed(["datasets", *place.split(".")]):
        overlay = {key: overlay}
    overlay["datasets"]["mnist"] = overlay["datasets"].get("mnist", {}) | {"comparison": None}
    found = load_config(lay_over(mapping, overlay)).datasets
    for key in place.split("."):
        found = found[key] if isinstance(found, dict) else getattr(found, key)
    assert found.model_dump(exclude_unset=True, mode="json") == part


def test_null_takes_a_part_a_model_or_a_figure_out(mapping):
    mnist = {"samples": {"guidance": None}, "training": {"linear": None}, "comparison": None}
    mnist["control"] = None
    figures = dict.fromkeys(("F2_examples", "F14_transmutation_control"))
    overlay = {"datasets": {"mnist": mnist}, "figures": figures}
    config = load_config(lay_over(mapping, overlay))
    assert config.datasets["mnist"].models == ("branched",)
    assert config.datasets["mnist"].comparison is None
    assert "F2_examples" not in config.wanted_figures


def test_later_overlays_come_over_earlier_ones(tmp_path):
    solvers = ({"name": "heun", "churn": 0.1, "steps": 5}, {"name": "unipc", "steps": 6})
    paths = [tmp_path / "one.yaml", tmp_path / "two.json"]
    for path, solver in zip(paths, solvers, strict=True):
        path.write_text(json.dumps({"datasets": {"mnist": {"samples": {"solver": solver}}}}))
    config = read_config(CONFIG, *paths, last={"seed": 3, "run": ["mnist"]})
    solver = config.datasets["mnist"].samples.solver
    assert (solver.name, solver.order, solver.steps) == ("unipc", 2, 6)
    assert (config.seed, config.run) == (3, ("mnist",))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "my.yaml: found nothing; should be keys with values"),
        ("- 5", r"my.yaml: found \[5\]; should be keys with values"),
        ("a: {b", "my.yaml is no YAML: .*line 1"),
        ("sed: 1", "sed: unknown key .* did you mean 'seed'"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, monkeypatch, text, error):
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text(text)
    with pytest.raises(ConfigError, match=error):
        read_config(CONFIG, "my.yaml")


def test_the_command_line_checks_overlays(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no file config\.yaml, looked for from"):
        main(["my.yaml"])
    Path("config.yaml").write_text(CONFIG.read_text())
    Path("my.yaml").write_text("run: [letters, mnist]\nfigures: {F2_examples: null}\n")
    main(["my.yaml"])
    assert capsys.readouterr().out == (
        "config.yaml with my.yaml is fine; it runs letters, mnist and makes the figures "
        "F1_branched_process, F3_sample_quality, F4_letters, F7_class_extension, "
        "F8_class_extension_steps, F8b_leave_one_out, F10_efficiency, F11_efficiency, "
        "F13_hybrids_transmutation, F14_transmutation_control, F16_hybrids, F20_branch_stability, "
        "F21_epsilon_sweep, F22_similarities\n"
    )
    Path("my.yaml").write_text("datasets: {mnist: {net: {chanels: [32]}}}\nsed: 1\n")
    command = [sys.executable, "-m", "bdiff.config", "my.yaml"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": ""}
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ConfigError: the configuration has 2 errors:\n")
    assert "Traceback" not in done.stderr


def test_help_says_what_files_do(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "config.yaml in the working directory is checked" in capsys.readouterr().out
