"""Wrong configurations are refused by place, value, what is allowed and the nearest name; the
settings of a stage change only when they do; the schema is the one that is generated."""

import copy
import json
import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from bdiff.config import ConfigError, load_config
from bdiff.config.data import (
    DOWNLOADED,
    CellData,
    FileData,
    MosesData,
    SimulatedCells,
    SmilesData,
)
from bdiff.data.classes import CLASSES

ROOT = Path(__file__).parents[1]
GONE = object()
STAGES = {
    "preprocess": "mnist",
    "estimate_tree": "letters",
    "compare_estimators": "mnist",
    "sample": "mnist",
    "sample_hybrids": "letters_avy",
    "transmute": "letters_avy",
    "evaluate": "letters",
    "measure_efficiency": "letters",
}


@pytest.fixture
def mapping():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def change(mapping, path, value):
    """Set what stands at a dotted path; GONE takes it away."""
    *way, last = path.split(".")
    for key in way:
        mapping = mapping[int(key) if isinstance(mapping, list) else key]
    if value is GONE:
        del mapping[last]
    else:
        mapping[int(last) if isinstance(mapping, list) else last] = value


AVY = "datasets.letters_avy"
POINTS = f"{AVY}.tree.branch_points"
MNIST = "datasets.mnist"
GUIDED = "linear_guided"
BAD = yaml.safe_load((ROOT / "tests/bad_configs.yaml").read_text())


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["path"])
@pytest.mark.fault("F17")
def test_a_wrong_value_is_named(mapping, case):
    change(mapping, case["path"], case.get("value", GONE))
    with pytest.raises(ConfigError) as raised:
        load_config(mapping)
    assert case["error"] in raised.value.errors


@pytest.mark.fault("F17")
def test_all_errors_come_at_once(mapping):
    change(mapping, "seed", -1)
    change(mapping, "device", "tpu")
    change(mapping, f"{MNIST}.net.name", GONE)
    with pytest.raises(ConfigError) as raised:
        load_config(mapping)
    assert str(raised.value).startswith("the configuration has 3 errors:\n  seed: found -1; ")
    assert [line.split(":")[0] for line in raised.value.errors] == [
        "seed", "device", f"{MNIST}.net.name",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [None, 5, "text", ["list"]])
@pytest.mark.parametrize(
    "path", ["datasets", "figures", MNIST, f"{MNIST}.data", f"{MNIST}.net", POINTS]
)
@pytest.mark.fault("F17")
def test_anything_else_than_a_section_is_refused(mapping, path, wrong):
    change(mapping, path, wrong)
    with pytest.raises(ConfigError, match=re.escape(path)):
        load_config(mapping)


def test_figures_of_data_sets_that_are_not_run_are_left_out(mapping):
    change(mapping, "run", ["letters", "letters_avy"])
    assert load_config(mapping).wanted_figures == (
        "F4_letters", "F11_efficiency", "F14b_transmutation_control", "F15_hybrids_transmutation",
        "F16_hybrids",
    )  # fmt: skip


def test_own_data_in_a_file(mapping):
    own = copy.deepcopy(mapping["datasets"]["letters"])
    own["data"] = {"source": "file", "path": "cells.csv", "label": "type", "held_out": 0.25}
    mapping["datasets"]["blood"] = own
    config = load_config(mapping)
    assert json.loads(config.section("preprocess", "blood")) == {
        "name": "blood", "source": "file", "path": "cells.csv", "label": "type", "title": "",
        "standardise": False, "shape": None, "classes": "all", "held_out": 0.25,
    }  # fmt: skip
    assert config.datasets["blood"].classes is None


def sections(config):
    """The settings of many stages."""
    found = {stage: config.section(stage, dataset) for stage, dataset in STAGES.items()}
    found |= {f: config.section(f) for f in config.wanted_figures}
    found |= {
        f"train {m} {d}": config.section("train", d, m)
        for d in config.run
        for m in config.datasets[d].models
    }
    found[f"sample {GUIDED}"] = config.section("sample", "mnist", GUIDED)
    return found


def test_sections_are_what_the_scripts_expect(mapping):
    config = load_config(mapping)
    train = json.loads(config.section("train", "letters", "linear"))
    assert set(train) == {
        "process", "seed", "device", "precision", "compile", "kind", "net", "training",
    }  # fmt: skip
    assert train["kind"] == "linear"
    assert train["net"] == {
        "name": "residual", "width": 256, "blocks": 3, "rank": 16, "condition": 128,
        "prediction": None,
    }  # fmt: skip
    samples = {m: json.loads(config.section("sample", "mnist", m)) for m in ("linear", GUIDED)}
    assert samples.pop(GUIDED) == samples.pop("linear") | {"guidance": 1.5}
    comparison = json.loads(config.section("compare_estimators", "letters"))
    assert comparison == {
        "process": {"name": "vp", "beta_min": 0.1, "beta_max": 20.0}, "seed": 0, "times": 1000,
        "tolerance": 0.02, "smoothing": 3.0, "epsilon": 0.01, "min_time": 0.01,
        "min_length": 0.001, "objects": 500, "draws": 4,
    }  # fmt: skip
    tree = json.loads(config.section("estimate_tree", "letters_avy"))
    assert set(tree) == {"process", "seed", "method", "branch_points"}
    assert json.loads(config.section("preprocess", "letters_avy")) == {
        "name": "letters_avy", "source": "letters", "classes": ["A", "V", "Y"],
        "held_out": "official",
    }  # fmt: skip
    for stage in ("sample", "sample_hybrids", "transmute", "measure_efficiency"):
        assert {"seed", "device", "solver"} <= set(json.loads(config.section(stage, "mnist")))
    assert json.loads(config.section("evaluate", "mnist")) == {"seed": 0, "count": 1000}
    assert json.loads(config.section("F2_examples")) == {
        "dataset": "mnist", "discrete": "mnist_discrete",
    }  # fmt: skip


def test_precision_and_compilation_reach_the_scripts_that_use_them(mapping):
    mapping |= {"precision": "bfloat16", "compile": True}
    config = load_config(mapping)
    train = json.loads(config.section("train", "letters", "linear"))
    assert (train["precision"], train["compile"]) == ("bfloat16", True)
    assert json.loads(config.section("sample", "mnist"))["precision"] == "bfloat16"
    assert "precision" not in json.loads(config.section("transmute", "mnist"))


def backwards(value):
    """The same mapping with the order of all keys reversed."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(entry) for entry in value] if isinstance(value, list) else value


def test_sections_do_not_depend_on_how_the_settings_are_written(mapping):
    expected = sections(load_config(mapping))
    text = (ROOT / "config.yaml").read_text()
    rewritten = (
        re.sub("#.*", "", text)
        .replace("1.0e-3", "1e-3")
        .replace("smoothing: 3,", "smoothing: 3.0,")
    )
    assert rewritten.count("1e-3") > 5
    assert sections(load_config(yaml.safe_load(rewritten))) == expected
    assert sections(load_config(backwards(mapping))) == expected
    # Defaults left out, or spelled out.
    del mapping["process"], mapping["datasets"]["mnist"]["tree"]["times"], mapping["device"]
    del mapping["datasets"]["letters"]["net"]["width"]
    del mapping["datasets"]["mnist"]["samples"]["share_trunks"]
    assert sections(load_config(mapping)) == expected


@pytest.mark.parametrize(
    ("path", "value", "stages"),
    [
        ("seed", 1, None),
        (f"{MNIST}.samples.solver.steps", 10, {"sample", f"sample {GUIDED}"}),
        (f"{MNIST}.training.linear.steps", 10, {"train linear mnist"}),
        (f"{MNIST}.net.channels.0", 64, {"train linear mnist", "train branched mnist"}),
        ("datasets.letters.tree.tolerance", 0.03, {"estimate_tree"}),
        (f"{MNIST}.comparison.epsilon", 0.03, {"compare_estimators"}),
        (f"{MNIST}.samples.guidance", 2, {"sample linear_guided"}),
        (f"{AVY}.data.classes", ["Y", "V", "A"], set()),
        ("datasets.letters.metrics.count", 10, {"evaluate"}),
        ("figures.F22_similarities.objects", 10, {"F22_similarities"}),
        (f"{AVY}.hybrids.count", 10, {"sample_hybrids"}),
    ],
)
def test_a_number_changes_only_its_own_stages(mapping, path, value, stages):
    before = sections(load_config(mapping))
    change(mapping, path, value)
    after = sections(load_config(mapping))
    changed = {stage for stage in before if before[stage] != after[stage]}
    if stages is None:  # the seed is everybody's, but for the data and the figures
        assert changed == {s for s in before if s != "preprocess" and not s.startswith("F")}
    else:
        assert changed == stages


def test_a_stage_without_settings_is_named(mapping):
    config = load_config(mapping)
    with pytest.raises(KeyError, match=r"no datasets\.mnist_discrete\.training\.linear"):
        config.section("train", "mnist_discrete", "linear")
    with pytest.raises(KeyError, match=r"no datasets\.mnist_discrete\.hybrids"):
        config.section("sample_hybrids", "mnist_discrete")
    with pytest.raises(KeyError, match=r"no figures\.F5_other"):
        config.section("F5_other")


def test_every_default_is_in_its_own_type(mapping):
    """A default 3 for a float would make another text than a 3 that is read."""
    for section in sections(load_config(mapping)).values():
        again = json.dumps(json.loads(section), sort_keys=True, ensure_ascii=False)
        assert again == section


def test_the_schema_is_generated():
    command = [sys.executable, "-m", "bdiff.config"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    kept = (ROOT / "workflow/schemas/config.schema.json").read_text()
    assert made == kept, (
        "look at the difference, then make it anew with the command in bdiff/config/__init__.py"
    )


def test_every_field_is_described():
    def fields(node, path=""):
        for name, field in node.get("properties", {}).items():
            yield f"{path}.{name}", field
        for name, definition in node.get("$defs", {}).items():
            yield from fields(definition, name)

    schema = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())
    assert [path for path, field in fields(schema) if not field.get("description")] == []


def test_the_configuration_loads_neither_torch_nor_numpy():
    code = "import sys, bdiff.config; print({'torch', 'numpy', 'pandas'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_sources_are_those_of_the_data():
    from bdiff.data.preprocess import FAMILIES, MADE
    from bdiff.data.sources import sources_of

    assert set(CLASSES) | {"molecules", "moses"} == set(FAMILIES) | set(MADE)
    assert set(DOWNLOADED) == {name for name in FAMILIES if not sources_of(name)[-1].at_hand}


def test_settings_of_sources_are_those_of_the_readers():
    """So that a default that is changed in one place is changed in the other."""
    from bdiff.data.preprocess import SETTINGS

    given = {
        "file": {"path": "x.csv"},
        "cells": {"path": "x.h5ad", "label": "type"},
        "smiles": {"path": "x.smi"},
    }
    for section in (FileData, CellData, SimulatedCells, MosesData, SmilesData):
        source = section.model_fields["source"].annotation.__args__[0]
        settings = section(source=source, **given.get(source, {})).model_dump()
        required = given.get(source, {})
        assert settings.keys() - {"source", "classes", "held_out"} == SETTINGS[source].keys()
        for key, parameter in SETTINGS[source].items():
            assert settings[key] == required.get(key, parameter.default)


def test_files_of_cells_are_those_that_are_read():
    from bdiff.data.cell_files import TENX_FILES

    folder = CellData(source="cells", path="data/GSE149689/", label="type").files
    assert folder == tuple(f"data/GSE149689/{name}" for name in TENX_FILES)
    assert CellData(source="cells", path="own.h5ad", label="type").files == ("own.h5ad",)


def test_pins_can_be_installed_by_the_oldest_python():
    """Debian 12 has Python 3.11.2; a pin once asked for 3.11.5."""
    lines = (ROOT / "envs/constraints.txt").read_text().split()
    pins = dict(line.split("==") for line in lines)
    for name, version in pins.items():
        with suppress(PackageNotFoundError):  # a pin of another system
            allowed = SpecifierSet(distribution(name).metadata.get("Requires-Python", ""))
            assert allowed.contains("3.11.0"), f"{name}=={version} needs Python {allowed}"


def test_environments_agree_on_versions():
    pins = set((ROOT / "envs/constraints.txt").read_text().splitlines())
    environment = yaml.safe_load((ROOT / "envs/bdiff.yaml").read_text())
    packages = environment["dependencies"][-1]["pip"]
    assert set(packages) <= pins
    project = (ROOT / "pyproject.toml").read_text()
    needed = re.search(r"^dependencies = \[(.*?)\]", project, re.DOTALL | re.MULTILINE)[1]
    names = re.findall(r'"([a-zA-Z0-9-]+)', needed)
    assert {name.lower() for name in names} <= {
        package.split("==")[0].lower() for package in packages
    }
