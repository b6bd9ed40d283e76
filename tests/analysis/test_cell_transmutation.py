"""Transmutation of cells that are changed in a known way: the type alone, and all else as well."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bdiff.analysis.cell_transmutation import (
    COLUMNS,
    cell_transmutation,
    fold_changes_between,
    gene_effects,
    gene_groups,
    moved,
)
from bdiff.analysis.kept import directions
from tests.typed_cells import (
    CONDITIONS,
    GENES,
    TYPES,
    autoencoder,
    flipped,
    shuffled,
    transmuted,
    typed_cells,
)

COUNTS, LATENT = typed_cells(600)


@pytest.fixture(scope="module")
def table():
    changes = {"kept": flipped, "lost": shuffled, "unmoved": lambda x: x}
    made = {model: transmuted(LATENT, change) for model, change in changes.items()}
    rows = cell_transmutation(COUNTS, LATENT, autoencoder(), made, covariate="condition")
    assert all(set(row) == set(COLUMNS) for row in rows)
    return pd.DataFrame(rows)


def values(table, model, metric, group="", gene=""):
    chosen = table[["model", "metric", "group", "gene"]] == [model, metric, group, gene]
    found = table[chosen.all(axis=1)]
    assert list(zip(found["origin"], found["target"], strict=True)) == [TYPES, TYPES[::-1]]
    return found["value"].to_numpy(dtype=float)


def test_genes_are_grouped_by_the_counts():
    change = fold_changes_between(COUNTS, *TYPES)
    # two standard units of ±0.5 either way: e² = 2^2.9
    assert np.allclose(change[:4], [-2.9, -2.9, 2.9, 2.9], atol=0.2)
    assert gene_groups(change).tolist() == ["origin"] * 2 + ["target"] * 2 + ["neither"] * 4
    assert gene_groups(np.array([-1.0, 1.0, 0.49, 0.51, -0.7])).tolist() == [
        *("origin", "target", "neither", "between", "between")
    ]


def test_the_way_moved_is_between_0_and_1():
    before, target = np.zeros(5), np.full(5, 2.0)
    after = np.array([0.0, 1.0, 2.0, 3.0, -1.0])
    assert np.allclose(moved(before, after, target), [0, 0.5, 1, 0.5, 0])


def test_markers_move_with_the_type(table):
    assert (values(table, "kept", "moved") > 0.95).all()
    assert (values(table, "lost", "moved") > 0.95).all()
    assert (values(table, "real", "moved") > 0.95).all()
    assert (values(table, "unmoved", "moved") == 0).all()


def test_genes_of_neither_type_are_kept_or_not(table):
    assert np.allclose(values(table, "kept", "kept", "neither"), 1)
    assert np.allclose(values(table, "kept", "r", "neither", "OWN1"), 1)
    for model in ("lost", "real"):
        assert (np.abs(values(table, model, "kept", "neither")) < 0.2).all()
    low = table[(table["metric"] == "kept") & (table["model"] == "real")]
    assert (low["low"] < low["value"]).all()
    assert (low["value"] < low["high"]).all()


def test_the_condition_is_kept_by_the_identity_and_lost_by_shuffling(table):
    assert (values(table, "real", "readable") > 0.98).all()
    assert np.allclose(values(table, "kept", "accuracy"), values(table, "before", "accuracy"))
    assert (values(table, "kept", "accuracy") > 0.95).all()
    assert np.allclose(values(table, "kept", "effect"), 1, atol=0.15)
    for model in ("lost", "real"):
        assert np.allclose(values(table, model, "accuracy"), 0.5, atol=0.15)
        assert np.allclose(values(table, model, "effect"), 0, atol=0.3)


def test_a_value_that_the_target_hardly_has_is_left_out():
    covariate = LATENT.covariates["condition"].copy().astype("<U10")
    covariate[np.flatnonzero(LATENT.labels == 0)[:5]] = "rare"
    other = replace(LATENT, covariates={"condition": covariate})
    made = {"kept": transmuted(LATENT, flipped, 20)}
    rows = cell_transmutation(COUNTS, other, autoencoder(), made, covariate="condition")
    found = {(r["origin"], r["model"]): r["n"] for r in rows if r["metric"] == "accuracy"}
    assert found[TYPES[0], "kept"] == 16  # 4 of the 5 are training cells, which the target has not
    assert found[TYPES[1], "kept"] == 20


def test_without_a_covariate_nothing_is_said_of_it():
    made = {"kept": transmuted(LATENT, flipped, 20)}
    rows = cell_transmutation(COUNTS, LATENT, autoencoder(), made)
    metrics = {row["metric"] for row in rows}
    assert metrics == {"fold_change", "before", "after", "target", "moved", "r", "kept"}


def test_effects_are_those_of_the_known_genes():
    made = {"kept": transmuted(LATENT, flipped), "lost": transmuted(LATENT, shuffled)}
    real, of = gene_effects(LATENT, autoencoder(), made, TYPES, "condition")
    assert real.shape == (len(CONDITIONS), len(GENES))
    assert [GENES[g] for g in np.argsort(real[0])[[0, -1]]] == ["WELL1", "FLU1"]
    assert np.allclose(of["kept"], real, atol=0.2)
    assert np.abs(of["lost"]).max() < 0.25


def test_directions_are_in_the_order_of_the_file():
    assert directions(transmuted(LATENT, flipped, 3)) == [TYPES, TYPES[::-1]]
