"""Cells of one's own: what is left out, in which order, and which genes are chosen."""

import numpy as np
import pytest
from scipy import sparse

from bdiff.data import cells
from bdiff.data.cells import read_cells
from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.data.preprocess import preprocess
from bdiff.data.simulated_cells import simulate_cells, truth
from bdiff.data.tables import draw_split
from bdiff.data.variable_genes import most_variable

pytest.importorskip("anndata")
SIMULATED = simulate_cells(400, 120, seed=7)
TYPES = np.array(SIMULATED.classes)[SIMULATED.labels]
DONORS = [f"donor {number % 3}" for number in range(400)]
OBS = {"cell_type": TYPES.tolist(), "donor": DONORS, "state": SIMULATED.covariates["condition"]}
LOOSE = {"min_genes": 0, "min_cells": 0, "max_genes": None, "max_mitochondrial": None}
RNG = np.random.default_rng(0)


def with_mitochondria():
    """The simulated counts, three mitochondrial genes, two rare ones, and some poor cells."""
    mitochondrial = RNG.poisson(15, (400, 3))
    mitochondrial[:20] *= 20
    rare = np.zeros((400, 2))
    rare[40:42, 0] = rare[50:53, 1] = 1
    counts = np.hstack([SIMULATED.x, mitochondrial, rare])
    counts[30:60, 20:] = 0
    counts[:, 0] += 1  # no cell is without counts
    names = [*SIMULATED.feature_names, "MT-CO1", "MT-ND1", "mt-Nd2", "RARE", "LESS-RARE"]
    return counts, names


COUNTS, GENES = with_mitochondria()


def filtered(counts, min_genes, min_cells, max_genes, max_mitochondrial):
    """Rows and columns that are kept, step by step on dense counts."""
    rows = np.flatnonzero((counts > 0).sum(1) >= min_genes)
    columns = np.flatnonzero((counts[rows] > 0).sum(0) >= min_cells)
    left = counts[np.ix_(rows, columns)]
    mitochondrial = [GENES[i].upper().startswith("MT-") for i in columns]
    share = left[:, mitochondrial].sum(1) / np.maximum(left.sum(1), 1)
    return rows[((left > 0).sum(1) < max_genes) & (share < max_mitochondrial)], columns


@pytest.fixture
def path(write_h5ad):
    return write_h5ad(sparse.csr_matrix(COUNTS), GENES, obs=OBS)


@pytest.mark.parametrize("limits", [(30, 3, 95, 0.1), (0, 4, 90, 0.06), (50, 2, 200, 0.5)])
def test_cells_and_genes_are_left_out_in_the_papers_order(path, limits):
    keys = ("min_genes", "min_cells", "max_genes", "max_mitochondrial")
    settings = dict(zip(keys, limits, strict=True))
    with pytest.warns(UserWarning, match=r"of 400 cells are left out \(400 cells") as caught:
        dataset = read_cells(
            path=path, label="cell_type", covariates=["donor", "state"], genes=None, **settings
        )
    rows, columns = filtered(COUNTS, *limits)
    assert 0 < len(rows) < 400
    np.testing.assert_array_equal(dataset.x, COUNTS[np.ix_(rows, columns)])
    assert dataset.feature_names == tuple(GENES[i] for i in columns)
    np.testing.assert_array_equal(np.array(dataset.classes)[dataset.labels], TYPES[rows])
    np.testing.assert_array_equal(dataset.covariates["donor"], np.array(DONORS)[rows])
    assert dataset.scaling == {"kind": "counts", "offset": 0.0, "scale": 1.0}
    left_out = dataset.source["left out"]
    assert left_out.pop("in the file") == "400 cells, 125 genes"
    assert sum(left_out.values()) == 525 - len(rows) - len(columns)
    assert f"genes in fewer than {limits[1]} cells" in str(caught[0].message)


@pytest.mark.filterwarnings("ignore:.*cells are left out")
def test_genes_are_a_number_or_names(path):
    assert read_cells(path=path, label="cell_type", genes=np.int64(9), **LOOSE).shape == (9,)
    for wrong in (0, -3, "MT-1"):
        with pytest.raises(ValueError, match=f"genes is {wrong!r}; expected a number of 1 or more"):
            read_cells(path=path, label="cell_type", genes=wrong, **LOOSE)


@pytest.mark.filterwarnings("ignore:.*cells are left out")
def test_without_limits_nothing_is_left_out_but_cells_without_counts(write_h5ad):
    counts = SIMULATED.x.copy()
    counts[5] = 0
    path = write_h5ad(counts, SIMULATED.feature_names, obs=OBS)
    dataset = read_cells(path=path, label="cell_type", genes=None, **LOOSE)
    np.testing.assert_array_equal(dataset.x, np.delete(counts, 5, axis=0))
    assert dataset.source["left out"]["cells without counts of the chosen genes"] == 1


def test_the_limits_are_the_papers(path):
    with pytest.raises(ValueError, match=r"nothing is left without cells with fewer than 200 "):
        read_cells(path=path, label="cell_type")


def test_genes_are_chosen_by_the_training_cells(write_h5ad):
    def chosen(x):
        path = write_h5ad(x, SIMULATED.feature_names, obs=OBS)
        return read_cells(path=path, label="cell_type", genes=25, held_out=0.3, **LOOSE)

    dataset = chosen(SIMULATED.x)
    split = draw_split(dataset.labels, dataset.classes, 0.3)
    np.testing.assert_array_equal(dataset.split, split)
    training = sparse.csr_matrix(SIMULATED.x[split == "train"])
    expected = [SIMULATED.feature_names[i] for i in most_variable(training, 25)]
    assert list(dataset.feature_names) == expected
    other = SIMULATED.x.copy()
    other[split == "test"] = RNG.permuted(other[split == "test"], axis=1)
    assert chosen(other).feature_names == dataset.feature_names


@pytest.mark.filterwarnings("ignore:.*cells are left out")
def test_genes_may_be_named_in_the_order_wanted(path):
    names = ["LYZ", "MT-CO1", "CD79A"]
    dataset = read_cells(path=path, label="cell_type", genes=names, **LOOSE)
    assert list(dataset.feature_names) == names
    columns = [GENES.index(name) for name in names]
    full = COUNTS[:, columns].any(1)
    assert not full.all()
    np.testing.assert_array_equal(dataset.x, COUNTS[full][:, columns])
    with pytest.raises(ValueError, match="no gene 'CD79'; did you mean 'CD79A'"):
        read_cells(path=path, label="cell_type", genes=["CD79"], **LOOSE)
    with pytest.raises(ValueError, match="too few cells have counts of RARE"):
        read_cells(path=path, label="cell_type", genes=["LYZ", "RARE"], **LOOSE | {"min_cells": 3})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label": "celltype"}, "no column 'celltype'; .*; did you mean 'cell_type'"),
        (
            {"covariates": ["donors"]},
            "no column 'donors'; it has cell_type.*; did you mean 'donor'",
        ),
        ({"covariates": "donor"}, r"a list of columns, \['donor'\], found 'donor'"),
        ({"label": "gaps"}, "2 of 400 cells have no 'gaps'; the first is 'cell17'; give them one"),
        ({"covariates": ["gaps"]}, "2 of 400 cells have no 'gaps'"),
        ({"label": "score"}, "labels have the type float"),
        ({"min_cells": 500}, "nothing is left without genes in fewer than 500 cells"),
        ({"layer": "raw"}, "no layer 'raw'; it has X"),
    ],
)
def test_what_is_wrong_is_named(write_h5ad, settings, message):
    gaps = list(OBS["cell_type"])
    gaps[17], gaps[230] = "", " "
    obs = OBS | {"gaps": gaps, "score": np.linspace(0, 1, 400)}
    path = write_h5ad(COUNTS, GENES, obs=obs)
    with pytest.raises(ValueError, match=message):
        read_cells(**{"path": path, "label": "cell_type", **LOOSE, **settings})


@pytest.mark.filterwarnings("ignore:.*cells are left out")
def test_missing_labels_of_cells_that_are_left_out_do_not_matter(write_h5ad):
    missing = np.where(COUNTS[:, 20:].any(1), OBS["cell_type"], "").tolist()
    path = write_h5ad(COUNTS, GENES, obs={"cell_type": missing})
    dataset = read_cells(path=path, label="cell_type", **LOOSE | {"min_genes": 20})
    assert set(dataset.classes) == set(TYPES)


def test_counts_that_would_not_fit_are_refused(path, monkeypatch):
    monkeypatch.setattr(cells, "LARGEST", 4 * 400 * 60)
    assert read_cells(path, label="cell_type", genes=60, **LOOSE).shape == (60,)
    with pytest.raises(ValueError, match=r"400 cells x 125 genes would take 0.0 GB; set `genes`"):
        read_cells(path=path, label="cell_type", genes=None, **LOOSE)


def test_own_cells_become_a_data_set(path, tmp_path):
    settings = {"path": str(path), "label": "cell_type", "covariates": ["state"], "genes": 40}
    dataset = preprocess(
        source="cells",
        **settings,
        **LOOSE,
        held_out=0.25,
        classes=["Naive B cells", "CD16+ NK cells"],
    )
    assert dataset.classes == ("Naive B cells", "CD16+ NK cells")
    assert [len(dataset.of(name, "test")) for name in dataset.classes] == [11, 20]
    write_dataset(dataset, tmp_path / "own.parquet")
    again = read_dataset(tmp_path / "own.parquet")
    np.testing.assert_array_equal(again.x, dataset.x)
    np.testing.assert_array_equal(again.covariates["state"], dataset.covariates["state"])
    assert again.source["sha256"].keys() == {"cells.h5ad"}
    assert again.title == "cells: Naive B cells, CD16+ NK cells"


def test_markers_of_the_simulated_cells_survive_the_way_through_a_file(path):
    dataset = read_cells(path=path, label="cell_type", genes=60, **LOOSE)
    share = dataset.x / dataset.x.sum(1, keepdims=True)
    for gene in set(truth(120, 7).markers["Classical monocytes"]) & set(dataset.feature_names):
        column = share[:, dataset.feature_names.index(gene)]
        means = [column[dataset.labels == code].mean() for code in range(9)]
        assert dataset.classes[np.argmax(means)] == "Classical monocytes"
