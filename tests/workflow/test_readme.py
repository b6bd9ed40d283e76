"""What the README says works: its Python, its configuration, its commands and its pictures."""

import re

import pytest
import yaml
from sklearn.datasets import load_iris

from bdiff import build_model, estimate_tree, from_arrays, simulate_cells, train
from bdiff.defaults import ADDED, BY_FORM

from .conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language, number=0):
    """A fenced code block of the README."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)[number]


@pytest.fixture
def iris():
    """Measurements and species names: someone's own data."""
    data = load_iris()
    return data.data.astype("float32"), data.target_names[data.target]


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    for settings in (*(parts["training"] for parts in BY_FORM.values()), ADDED):
        monkeypatch.setitem(settings, "steps", 20)


def test_own_data_in_ten_lines_of_python(iris, capsys):
    code = block("python").replace('{"A": 100, "V": 20}', '{"setosa": 100, "virginica": 20}')
    code = code.replace('label="A"', 'label="setosa"')
    assert len([line for line in code.splitlines() if line]) <= 10
    exec(compile(code, "README.md", "exec"), {"x": iris[0], "labels": iris[1]})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 100
    assert 4 < float(lines[0].strip("[]").split()[0]) < 6.5  # centimetres
    assert float(lines[-1].split()[-1]) >= 10


def test_a_class_is_added_and_objects_turned_in_six_lines(iris):
    data = from_arrays(*iris, name="mine", standardise=True)
    known = data.keep_classes(["setosa", "virginica"])
    model = build_model(known, estimate_tree(known))
    train(model, known)
    names = {'"A': '"setosa', '/V"': '/virginica"', '"V"': '"virginica"', '"new"': '"versicolor"'}
    code = block("python", 1)
    for name, own in names.items():
        code = code.replace(name, own)
    place = {"model": model, "data": data, "more_data": data}
    exec(compile(code, "README.md", "exec"), place)
    assert place["larger"].classes == ("setosa", "virginica", "versicolor")
    assert place["turned"].where(label="virginica", role="sample").shape == (50, 4)
    assert len(place["shared"].where(role="hybrid")) == 20


def test_own_cells_in_ten_lines_of_python(write_h5ad, tmp_path, monkeypatch):
    pytest.importorskip("anndata")
    cells = simulate_cells(cells=300, genes=100)
    types = ["B cells" if label == 0 else "others" for label in cells.labels]
    obs = {"cell_type": types, "condition": cells.covariates["condition"].tolist()}
    write_h5ad(cells.x, cells.feature_names, obs=obs).rename(tmp_path / "my_cells.h5ad")
    monkeypatch.chdir(tmp_path)
    code = block("python", 2).replace("0.2)", "0.2, min_genes=0)")
    code = code.replace("fit_autoencoder(counts)", "fit_autoencoder(counts, steps=50)")
    assert len([line for line in code.splitlines() if line]) <= 10
    place = {}
    exec(compile(code, "README.md", "exec"), place)
    assert place["shares"].shape == (100, 100)
    assert place["shares"].sum(axis=1) == pytest.approx(1)


def test_own_molecules_in_ten_lines_of_python(tmp_path, monkeypatch):
    pytest.importorskip("rdkit")
    (tmp_path / "my_molecules.smi").write_text("CCO\nCCCl\nCCN\nCCBr\nc1ccccc1\nCF\n")
    monkeypatch.chdir(tmp_path)
    code = block("python", 3).replace('"halogen": 100', '"halogen": 4')
    assert len([line for line in code.splitlines() if line]) <= 10
    place = {}
    exec(compile(code, "README.md", "exec"), place)
    assert len(place["molecules"]) == 4


def test_own_data_by_configuration(iris, checkout):
    rows = [",".join([*map(str, x), name]) for x, name in zip(*iris, strict=True)]
    text = "\n".join(["a,b,c,d,species", *rows])
    (checkout.root / "my_table.csv").write_text(text)
    settings = yaml.safe_load(block("yaml"))
    for training in settings["datasets"]["mine"]["training"].values():
        training["steps"] = 20
    (checkout.root / "my.yaml").write_text(yaml.safe_dump(settings))
    command = re.search(r"^snakemake (--cores 2 --configfile my.yaml .*)$", README, re.M)[1]
    done = checkout.snakemake(*command.split())
    assert done.returncode == 0, done.stdout[-8000:]
    assert (checkout.root / "results/figures/F3_sample_quality.png").is_file()
    assert (checkout.root / "results/mine/samples/branched.parquet").is_file()


def test_files_that_readme_and_documentation_name_exist():
    pages = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
    )
    names = re.findall(r"`((?:bdiff|data|scripts|workflow)/[\w/.]+\.\w+)`", README + pages)
    names += re.findall(r"\]\((docs/[^)]+)\)", README)
    figures = re.findall(r"^\| F\d.*", pages, re.M)
    names += [f"bdiff/figures/{name}" for name in re.findall(r"`(\w+\.py)`", "\n".join(figures))]
    assert len(names) > 20
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_commands_that_the_readme_names_are_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target, scale in re.findall(r"(?:^|`)make (\w+)(?: SCALE=(\w+))?", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M)
        assert not scale or scale in re.search(r"^SCALES := (.*)$", makefile, re.M)[1].split()
