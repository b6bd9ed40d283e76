"""Cells, molecules and images: from files of one's own to files of one's own."""

import csv
import gzip

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import softmax

from bdiff.autoencoder_files import load_autoencoder
from bdiff.chemistry import canonical, sanitised
from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.data.molecules import read_molecules
from bdiff.data.sources import ROOT
from bdiff.model_files import load_model
from bdiff.sampling.files import read_samples
from tests.training.test_train import killed_at

from .zoo import bdiff, fails

CELLS = "--label kind --set autoencoder.steps=150 autoencoder.latent=4 autoencoder.hidden=16 "
CELLS += "autoencoder.learning_rate=0.03 data.min_genes=0 data.max_genes=null net.width=16 "
CELLS += "net.blocks=1 --steps 10"
GRAPH = "net.width=16 net.blocks=1 net.condition=16"


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def cells(write_h5ad, tmp_path, monkeypatch):
    """Counts of 30 genes, of three kinds of cells that differ in them."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    shares = softmax(random.standard_normal((3, 30)), axis=1)
    kinds = np.repeat(["B", "NK", "T"], 60)
    counts = random.poisson(500 * np.repeat(shares, 60, axis=0)).astype(np.float32)
    genes = [f"g{number}" for number in range(30)]

    def write(name, *wanted):
        rows = np.isin(kinds, wanted)
        path = write_h5ad(counts[rows], genes, {"kind": kinds[rows].tolist()})
        return path.rename(tmp_path / name)

    return write


def test_counts_go_through_an_autoencoder_and_back(cells, tmp_path, monkeypatch):
    cells("two.h5ad", "B", "T")
    with killed_at(5, monkeypatch):
        bdiff(f"fit two.h5ad -o two {CELLS}")
    autoencoder = load_autoencoder("two/autoencoder")
    with monkeypatch.context() as patch:
        patch.setattr("bdiff.cli.fit.fit_autoencoder", None)  # it is there already
        bdiff(f"fit two.h5ad -o two {CELLS}")
    bdiff("sample two --count 5 -o s.csv")
    bdiff("sample two --count 5 -o s.parquet")
    read = read_csv("s.csv")
    genes = [f"share_{gene}" for gene in autoencoder.genes]
    assert list(read[0]) == ["kind", *genes]
    shares = np.array([[float(row[gene]) for gene in genes] for row in read])
    latents = read_dataset("two/data.parquet").unscale(read_samples("s.parquet").x)
    assert np.allclose(shares, autoencoder.proportions(latents), rtol=1e-5)
    table = pq.read_table("s.parquet")
    assert np.allclose(np.stack([table[gene] for gene in genes], axis=1), shares, rtol=1e-5)
    # Cells of another file are seen by the same autoencoder, in the same units.
    known = read_dataset("two/data.parquet")
    cells("all.h5ad", "B", "NK", "T")
    bdiff("transmute two all.h5ad --from B --to T -o turned.parquet")
    turned = read_samples("turned.parquet")
    assert np.allclose(turned.where(role="original"), known.of("B"), atol=1e-5)
    noised = pq.read_table("turned.parquet")["share_g0"].to_pylist()
    assert [value is None for value in noised] == (turned.role == "noised").tolist()
    bdiff("extend two all.h5ad --new NK -o three --steps 3")
    larger = read_dataset("three/data.parquet")
    assert np.array_equal(larger.of("T"), known.of("T"))
    assert load_model("three/model").classes == ("B", "T", "NK")
    bdiff("sample three --count NK=2 -o n.csv")
    assert list(read_csv("n.csv")[0]) == ["kind", *genes]


def test_errors_on_cells_name_options(cells):
    cells("two.h5ad", "B", "T")
    fails("fit two.h5ad -o fit", "counts of cells; name the column .* --label COLUMN")
    said = fails("fit two.h5ad -o fit --label kind", "fewer than 200 genes")
    assert "widen the limits: --set data.min_genes=... data.max_genes=... data.min_cells" in said


@pytest.fixture
def molecules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with gzip.open(ROOT / "data/embedded/molecules.csv.gz", "rt") as file:
        smiles = [row[0] for row in csv.reader(file)][1::80]
    (tmp_path / "mine.smi").write_text("\n".join(smiles) + "\n")
    return smiles


def test_molecules_come_out_as_smiles(molecules, capsys):
    fails("fit mine.smi -o fit", r"cannot be estimated.*bdiff tree mine\.smi --branch-time 0\.4")
    fails("tree mine.smi -o tree.json", "--branch-time 0.4")
    bdiff("tree mine.smi --branch-time 0.4 -o tree.json")
    bdiff(f"fit mine.smi -o fit --tree tree.json --steps 3 --set training.batch_size=8 {GRAPH}")
    bdiff("sample fit --count 3 --steps 5 -o s.csv")
    assert [list(row) for row in read_csv("s.csv")] == [["label", "smiles"]] * 6
    bdiff("transmute fit mine.smi --from acyclic --to 'one ring' -o turned.csv")
    before = [row for row in read_csv("turned.csv") if row["role"] == "original"]
    from rdkit import Chem

    acyclic = [
        mol for mol in map(Chem.MolFromSmiles, molecules) if not mol.GetRingInfo().NumRings()
    ]
    assert [row["smiles"] for row in before] == [canonical(mol) for mol in sanitised(acyclic)]
    fails("extend fit mine.smi --new other -o more", r"in Python, by bdiff\.extend")
    bdiff("sample fit --count 3 --steps 5 -o s.parquet")
    capsys.readouterr()
    bdiff("evaluate fit s.parquet -o m.csv")
    assert "valid" in capsys.readouterr().out


def test_what_decides_the_classes_of_molecules_is_kept(molecules, tmp_path, capsys):
    """Also from a table with a column of SMILES, and from a data set made before."""
    (tmp_path / "mine.csv").write_text("smiles\n" + "\n".join(molecules) + "\n")
    fails(
        "fit mine.csv -o fit --classes-by halogen --set data.nodes=30",
        r"bdiff tree mine\.csv --classes-by halogen --set data\.nodes=30 --branch-time 0\.4",
    )
    bdiff("tree mine.csv --classes-by halogen --branch-time 0.4 -o tree.json")
    dataset = read_molecules("mine.csv", classes_by="halogen")
    write_dataset(dataset, "made.parquet")
    bdiff(f"fit made.parquet -o fit --tree tree.json --steps 2 --set training.batch_size=8 {GRAPH}")
    bdiff("sample fit --count 3 --steps 3 -o s.parquet")
    bdiff("evaluate fit s.parquet -o m.csv")
    real = {
        (row["class"], row["metric"]): float(row["value"])
        for row in read_csv("m.csv")
        if row["model"] == "real"
    }
    assert real["halogen", "in_class"] == real["no halogen", "in_class"] == 1


def test_images_come_out_as_pixels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    x = random.integers(0, 17, (60, 1, 8, 8))
    x[30:, :, :4] //= 4
    np.savez("mine.npz", x=x, y=np.repeat(["light", "dark"], 30))
    bdiff("fit mine.npz -o fit --steps 3 --set net.channels=[8] net.condition=8")
    assert load_model("fit/model").settings["name"] == "residual_unet"
    bdiff("sample fit --count 2 -o s.csv")
    read = read_csv("s.csv")
    assert list(read[0]) == ["label", *(f"x{number}" for number in range(64))]
    values = np.array([[float(row[f"x{number}"]) for number in range(64)] for row in read])
    assert values.min() >= 0
    assert 8 < values.max() <= 16  # predictions are kept in the range of the data
    # The same as columns of a table whose shape is told.
    with open("mine.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"p{number}" for number in range(64)] + ["shade"])
        flat = zip(x.reshape(60, 64).tolist(), np.repeat(["light", "dark"], 30), strict=True)
        writer.writerows([*pixels, shade] for pixels, shade in flat)
    bdiff(
        "fit mine.csv --label shade -o same --steps 3 --set data.shape=[1,8,8] net.channels=[8] "
        "net.condition=8"
    )
    assert np.array_equal(read_dataset("same/data.parquet").x, read_dataset("fit/data.parquet").x)
