"""Scripts on molecules, from files to files."""

import json
import runpy
from pathlib import Path

import pytest

from bdiff.analysis.molecule_transmutation import COLUMNS, MOLECULE_COLUMNS
from bdiff.analysis.molecules import STATISTIC_COLUMNS
from bdiff.analysis.quality import COLUMNS as QUALITY_COLUMNS
from bdiff.data.dataset import write_dataset
from bdiff.files import read_rows
from bdiff.sampling.files import write_samples
from tests.molecules import generated, real_molecules, transmuted

pytest.importorskip("rdkit")
pytest.importorskip("fcd")
ROOT = Path(__file__).parents[1]
SETTINGS = {"classes_by": "rings", "seed": 0}


def script(name, settings=None, **options):
    arguments = [] if settings is None else ["--settings", json.dumps(settings)]
    for key, value in options.items():
        values = value if isinstance(value, list) else [value]
        arguments += [f"--{key}", *map(str, values)]
    runpy.run_path(str(ROOT / f"scripts/{name}.py"))["main"](arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data, samples and transmutations, and all tables of them."""
    folder = tmp_path_factory.mktemp("molecules")
    dataset = real_molecules()
    write_dataset(dataset, folder / "data.parquet")
    write_samples(generated(dataset), folder / "samples.parquet")
    write_samples(transmuted(dataset), folder / "transmutation.parquet")
    both = {
        name: [f"{model}={folder / name}.parquet" for model in ("branched", "linear")]
        for name in ("samples", "transmutation")
    }
    outputs = {name: folder / f"{name}.csv" for name in ("statistics", "transmuted", "groups")}
    places = {"data": folder / "data.parquet", "output": folder / "quality.csv"}
    script("evaluate_molecules", SETTINGS, **places, **both, **outputs)
    return folder


def test_every_table_has_its_columns_and_models(folder):
    for name, columns in (
        ("quality", QUALITY_COLUMNS),
        ("transmuted", COLUMNS),
        ("groups", MOLECULE_COLUMNS),
        ("statistics", STATISTIC_COLUMNS),
    ):
        rows = read_rows(folder / f"{name}.csv")
        assert tuple(rows) == columns
        assert set(rows["dataset"]) == {"moses"}
        if "model" in columns:
            assert {"branched", "linear"} <= set(rows["model"])
    transmuted = read_rows(folder / "transmuted.csv")
    assert transmuted["value"].dtype == float
    assert len(read_rows(folder / "groups.csv")) == 2 * 2 * 8


def test_samples_alone_are_enough(folder, tmp_path, capsys):
    places = {"data": folder / "data.parquet", "samples": f"branched={folder}/samples.parquet"}
    script("evaluate_molecules", SETTINGS, **places, output=tmp_path / "quality.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["quality.csv"]
    given = {**places, "transmuted": tmp_path / "transmuted.csv", "output": tmp_path / "x.csv"}
    with pytest.raises(SystemExit):
        script("evaluate_molecules", SETTINGS, **given)
    assert "--transmutation, --transmuted and --groups" in capsys.readouterr().err


def test_figures_and_tables(folder, tmp_path):
    data = {"data": folder / "data.parquet"}
    objects = {name: folder / f"{name}.parquet" for name in ("samples", "transmutation")}
    settings = {"classes_by": "rings"}
    script("plot_molecules", settings, **data, **objects, output=tmp_path / "F18_molecules.svg")
    tables = {name: folder / f"{name}.csv" for name in ("quality", "transmuted", "groups")}
    paper = {"paper": ROOT / "data/paper/numbers.csv"}
    script("plot_molecule_transmutation", **data, **tables, **paper, output=tmp_path)
    inputs = {name: f"mine={folder / name}.csv" for name in ("transmuted", "statistics")}
    inputs["branches"] = ROOT / "data/paper/branches.csv"
    script("make_tables", **paper, **inputs, output=tmp_path)
    figures = ("F18_molecules", "F19_molecule_transmutation", "F19b_molecule_quality")
    expected = [f"{name}.{end}" for name in figures for end in ("png", "svg")]
    expected += ["T5_molecule_transmutation.csv", "T8_molecule_classes.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected
    assert all(path.stat().st_size > 500 for path in tmp_path.iterdir())
