"""What holds before anything is run: style, plans, other folders, errors, code that is watched."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from bdiff.config import load_config

from .conftest import OVERLAY, ROOT


def test_lint_is_content(checkout):
    done = checkout.snakemake("--lint")
    assert done.returncode == 0, done.stdout


def test_rule_files_are_formatted():
    snakefmt = [sys.executable, "-m", "snakefmt.snakefmt"]
    command = [*snakefmt, "--check", "--line-length", "100", "Snakefile", "workflow"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("scale", "downloads"), [("demo", 0), ("short", 2), ("paper", 2)])
def test_every_scale_is_planned_without_the_network(checkout, scale, downloads):
    overlay = ["--configfile", f"workflow/config/{scale}.yaml"] if scale != "paper" else []
    done = checkout.snakemake("-n", "--cores", 2, *overlay)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Downloading ") == downloads


def test_it_works_in_another_folder(checkout, tmp_path):
    arguments = ("-s", checkout.root / "Snakefile", "--directory", tmp_path, "--cores", 2)
    arguments += (
        "--configfile",
        checkout.root / OVERLAY,
        "--",
        "data/processed/letters_avy.parquet",
    )
    done = checkout.snakemake(*arguments, cwd="/")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "data/processed/letters_avy.parquet").is_file()
    assert not (checkout.root / "data/processed/letters_avy.parquet").exists()
    again = checkout.snakemake(*arguments, cwd="/")
    assert "Nothing to be done" in again.stdout


def test_a_wrong_configuration_stops_before_the_plan(checkout, tmp_path):
    overlay = tmp_path / "wrong.yaml"
    overlay.write_text("datasets: {mnist: {net: {chanels: [32]}}}\nsed: 1\n")
    done = checkout.snakemake("-n", "--cores", 1, "--configfile", overlay)
    assert done.returncode == 1
    assert "the configuration has 2 errors:" in done.stdout
    assert "did you mean 'channels'?" in done.stdout
    assert "did you mean 'seed'?" in done.stdout


def test_an_overlay_that_names_another_kind_replaces_a_part(checkout, tmp_path):
    """Of config.yaml or of an overlay before it, and what --config says comes last."""
    overlays = []
    for name, solver in (
        ("one", {"name": "heun", "churn": 0.1, "steps": 5}),
        ("two", {"name": "unipc", "order": 3, "steps": 6}),
    ):
        overlays.append(tmp_path / f"{name}.yaml")
        part = {"datasets": {"mnist": {"samples": {"solver": solver}}}}
        overlays[-1].write_text(yaml.safe_dump(part))
    done = checkout.snakemake(
        "-n", "-p", "--cores", 1, "--configfile", *overlays, "--config", "seed=7"
    )
    assert done.returncode == 0, done.stdout
    assert '"name": "unipc", "order": 3, "steps": 6' in done.stdout
    assert '"seed": 7' in done.stdout


def test_what_is_not_configured_is_named(checkout):
    target = "results/mnist_discrete/models/linear/manifest.json"
    done = checkout.snakemake("-n", "--cores", 1, "--", target)
    assert done.returncode == 1
    assert "no datasets.mnist_discrete.training.linear" in done.stdout


def helpers(root, cores=2, **settings):
    """What common.smk defines, for a repository at this place and these settings."""
    config = load_config(yaml.safe_load((ROOT / "config.yaml").read_text()) | settings)
    namespace = {
        "workflow": SimpleNamespace(basedir=str(root), cores=cores),
        "shell": SimpleNamespace(prefix=lambda text: None),
        "CONFIG": config,
        "WorkflowError": RuntimeError,
    }
    exec((ROOT / "workflow/rules/common.smk").read_text(), namespace)
    return SimpleNamespace(**namespace)


def test_a_gpu_is_asked_for_where_the_device_is_one():
    assert helpers(ROOT, device="cuda").GPUS == 1
    assert helpers(ROOT, device="cpu").GPUS == helpers(ROOT, device="auto").GPUS == 0
    rules = (ROOT / "workflow/rules/models.smk").read_text()
    assert "gpu=GPUS" in rules
    profile = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
    assert profile["resources"] == ["gpu=1"]


@pytest.mark.parametrize(
    ("branched", "linear", "shown"),
    [
        ({"steps": 40, "batch_size": 32}, {"steps": 40, "batch_size": 32, "ema": 0.9}, True),
        ({"steps": 40, "batch_size": 32}, {"steps": 50, "batch_size": 32}, False),
        ({"steps": 40, "batch_size": 32}, {"steps": 40, "batch_size": 64}, False),
        ({"steps": 40}, None, False),
        (None, {"steps": 40}, False),
    ],
)
def test_models_of_draws_stand_beside_one_that_was_trained_as_long(branched, linear, shown):
    datasets = yaml.safe_load((ROOT / "config.yaml").read_text())["datasets"]
    mnist = datasets["mnist"] | {"control": None}  # which needs a label-guided model
    mnist["samples"]["guidance"] = None
    mnist["stability"]["training"], mnist["training"]["linear"] = branched, linear
    settings = {"run": ["mnist"], "datasets": {"mnist": mnist}}
    settings["figures"] = {"F20_branch_stability": {"dataset": "mnist"}}
    files = helpers(ROOT, **settings).linear_quality("F20_branch_stability")
    assert files(None) == (["results/mnist/metrics/quality.csv"] if shown else [])


def test_every_pair_of_hybrids_has_a_panel():
    datasets = yaml.safe_load((ROOT / "config.yaml").read_text())["datasets"]
    datasets["letters"]["hybrids"]["pairs"] = [["A", name] for name in "BCDEFGHIJKLM"]
    panels = helpers(ROOT, datasets=datasets).hybrid_panels()
    assert (len(panels), panels[0], panels[-1]) == (12, "F16a_hybrids", "F16l_hybrids")


@pytest.mark.parametrize(
    ("name", "shown"), [("mnist", True), ("letters_avy", False), ("molecules", False)]
)
def test_only_grey_images_are_shown_beside_curves(name, shown):
    figures = {"F14_transmutation_control": {"dataset": name}}
    control_strips = helpers(ROOT, figures=figures).control_strips
    files = SimpleNamespace(branched="b.parquet", linear="l.parquet")
    strips = control_strips(SimpleNamespace(figure="F14_transmutation_control"), files)
    assert strips == ("--branched b.parquet --linear l.parquet" if shown else "")


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 2), (8, 4), (64, 4), (None, 4)])
def test_both_models_of_images_train_at_once(cores, threads):
    found = helpers(ROOT, cores).IMAGE_THREADS
    assert found == threads


def test_all_ways_to_import_are_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {
        "bdiff/__init__.py": "from bdiff.unused import everything",
        "bdiff/a.py": "import numpy\nimport bdiff.b as b",
        "bdiff/b.py": "def f():\n    from bdiff import c\n    return c",
        "bdiff/c.py": "from . import d\nfrom .pack.deep import thing",
        "bdiff/d.py": "import bdiff.a  # a circle",
        "bdiff/pack/__init__.py": "",
        "bdiff/pack/deep.py": "from ..e import x\nfrom .near import y",
        "bdiff/pack/near.py": "",
        "bdiff/pack/other.py": "",
        "bdiff/e.py": "",
        "bdiff/unused.py": "",
        "scripts/one.py": "from bdiff.a import f",
        "scripts/two.py": "from bdiff.pack import near",
        "scripts/wrong.py": "from bdiff import Tree",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    sources = helpers(tmp_path).sources
    near = {"bdiff/pack/__init__.py", "bdiff/pack/near.py"}
    assert set(sources("scripts/two.py")) == near
    letters = {f"bdiff/{letter}.py" for letter in "abcde"}
    assert set(sources("scripts/one.py")) == near | letters | {"bdiff/pack/deep.py"}
    with pytest.raises(RuntimeError, match="import it from the module that defines it"):
        sources("scripts/wrong.py")


def test_every_script_has_a_rule_of_its_name():
    rules = {
        line.split()[1].strip(":")
        for path in (ROOT / "workflow/rules").glob("*.smk")
        for line in path.read_text().splitlines()
        if line.startswith("rule ")
    }
    assert rules == {path.stem for path in Path(ROOT / "scripts").glob("*.py")}


def test_a_changed_function_of_ones_own_that_decides_classes_makes_the_data_anew(checkout):
    rules = checkout.root / "my_rules.py"
    (checkout.root / "my.smi").write_text("CCO\nCCC\nCCN\nCOC\n")
    molecules = {
        "data": {"source": "smiles", "path": "my.smi", "classes_by": "my_rules:by_oxygen"},
        "process": {"name": "joint"},
        "net": {"name": "graph_transformer"},
        "tree": {
            "method": "given",
            "branch_points": [{"classes": ["oxygen", "none"], "time": 0.4}],
        },
        "training": {"branched": {"steps": 1, "batch_size": 2}},
    }
    settings = {"run": ["mine"], "figures": {}, "datasets": {"mine": molecules}}
    (checkout.root / "mine.yaml").write_text(yaml.safe_dump(settings))
    target = ("--cores", 1, "data/processed/mine.parquet", "--configfile", "mine.yaml")
    rules.write_text(
        "def by_oxygen(mol):\n"
        "    return 'oxygen' if any(a.GetSymbol() == 'O' for a in mol.GetAtoms()) else 'none'\n"
    )
    done = checkout.snakemake(*target)
    assert done.returncode == 0, done.stdout[-8000:]
    assert "Nothing to be done" in checkout.snakemake("-n", *target).stdout
    rules.write_text(rules.read_text().replace("'O'", "'N'"))
    assert "Updated input files: my_rules.py" in checkout.snakemake("-n", *target).stdout
