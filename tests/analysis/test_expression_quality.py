"""Tables of expression: good, weak and swapped samples of cells that are easy to judge."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bdiff.analysis.cell_sets import cell_sets, each
from bdiff.analysis.expression import known_truth
from bdiff.analysis.expression_quality import expression_quality, set_fold_changes
from bdiff.analysis.quality import COLUMNS
from bdiff.autoencoder import encode
from bdiff.data.simulated_cells import simulate_cells
from bdiff.ldvae import LDVAE
from bdiff.sampling.files import Samples
from tests.typed_cells import GENES, TYPES, autoencoder, generated, typed_cells


@pytest.fixture(scope="module")
def cells():
    return (*typed_cells(), autoencoder())


@pytest.fixture(scope="module")
def table(cells):
    samples = {
        "good": generated(),
        "weak": generated(apart=0.5),
        "swapped": generated(swapped=True),
    }
    rows = expression_quality(*cells, samples, count=50)
    assert all(tuple(row) == COLUMNS for row in rows)
    return pd.DataFrame(rows)


def values(table, model, metric, space, split="train"):
    chosen = table[["model", "metric", "space", "split"]] == [model, metric, space, split]
    found = table[chosen.all(axis=1)]
    assert found["class"].tolist() == list(TYPES)
    return found["value"].to_numpy()


@pytest.mark.parametrize("space", ["genes", "counts"])
def test_fold_changes_are_recovered_by_good_samples_alone(table, space):
    assert (values(table, "good", "lfc_r", space) > 0.99).all()
    assert np.allclose(values(table, "good", "lfc_slope", space), 1, atol=0.1)
    assert np.allclose(values(table, "real", "lfc_slope", space), 1, atol=0.1)
    assert (values(table, "weak", "lfc_r", space) > 0.9).all()
    assert (values(table, "weak", "lfc_slope", space) < 0.5).all()
    assert (values(table, "swapped", "lfc_r", space) < -0.9).all()


@pytest.mark.parametrize("space", ["genes", "counts"])
def test_accuracy_is_that_of_the_class_asked_for(table, space):
    for model, expected in (("good", 1), ("real", 1), ("swapped", 0)):
        assert np.allclose(values(table, model, "accuracy", space), expected, atol=0.05)


@pytest.mark.parametrize(("space", "share"), [("latent", 0.2), ("genes", 0.2), ("counts", 1)])
def test_distances_of_good_samples_are_those_of_real_cells(table, space, share):
    for metric in ("frechet", "mmd2"):
        good, real, weak = (values(table, m, metric, space) for m in ("good", "real", "weak"))
        assert (np.abs(good - real) < share * np.abs(weak - real)).all()
    for metric in ("precision", "recall"):
        assert (values(table, "good", metric, space) > 0.7).all()
        assert (values(table, "swapped", metric, space) < 0.1).all()


def test_counts_of_the_true_decoder_are_like_real_counts(table):
    for statistic in ("mean", "variance"):
        bad = values(table, "swapped", f"counts_{statistic}_rmse", "counts")
        for model in ("real", "autoencoder", "good"):
            assert (values(table, model, f"counts_{statistic}_rmse", "counts") < 0.3 * bad).all()


def test_spaces_splits_and_sizes(table):
    assert set(table["model"][table["space"] != "counts"]) == {"real", "good", "weak", "swapped"}
    assert "autoencoder" in set(table["model"])
    assert set(table["split"]) == {"train", "test"}
    assert set(zip(table["split"], table["n"], strict=True)) == {("train", 50), ("test", 20)}
    assert not table[table["metric"] == "lfc_r_truth"].size


def test_all_sides_are_disjoint_and_in_the_same_space(cells):
    counts, latent, made = cells
    sets = cell_sets(*cells, {"good": generated()}, count=50)
    for name in TYPES:
        one, other = (set(map(tuple, sets["counts"][m][name])) for m in ("reference", "real"))
        assert one <= set(map(tuple, counts.of(name, "train")))
        assert not one & other
        x = sets["latent"]["good"][name]
        assert np.allclose(sets["genes"]["good"][name], made.proportions(latent.unscale(x)))
    totals = each(lambda x: x.sum(axis=1), sets["counts"])
    real, drawn = (np.concatenate(list(totals[m].values())).mean() for m in ("real", "good"))
    assert drawn == pytest.approx(real, rel=0.15)  # libraries are those of real cells


def test_fold_changes_of_sets_are_weighted_by_real_cells(cells):
    counts, _, _ = cells
    shares = {"reference": {n: np.full((3, len(GENES)), 1 / len(GENES)) for n in TYPES}}
    assert np.allclose(set_fold_changes(shares, counts)["reference"], 0)


def test_simulated_cells_are_compared_with_their_truth():
    counts = simulate_cells(cells=600, genes=100).keep_classes(
        ["Classical monocytes", "CD16+ NK cells", "Naive B cells"]
    )
    made = LDVAE(counts.feature_names, 4, 16)  # untrained: real counts do not depend on it
    rows = expression_quality(
        counts, encode(made, counts), made, {}, count=60, truth=known_truth(counts)
    )
    found = [r for r in rows if r["metric"] == "lfc_r_truth" and r["space"] == "counts"]
    assert {r["model"] for r in found} == {"real", "autoencoder"}
    assert min(r["value"] for r in found if r["model"] == "real") > 0.95


def test_other_cells_and_other_samples_are_refused(cells):
    counts, latent, made = cells
    with pytest.raises(ValueError, match="are not of the same cells"):
        expression_quality(counts, latent.select("train"), made, {})
    other = generated()
    only = Samples(
        *(getattr(other, key)[:60] for key in ("x", "label", "role", "origin", "time", "index"))
    )
    with pytest.raises(ValueError, match="samples of 'mine' have the shape"):
        expression_quality(counts, latent, made, {"mine": only})
    renamed = replace(counts, feature_names=tuple(f"{gene}*" for gene in GENES))
    with pytest.raises(ValueError, match="or of other genes"):
        expression_quality(renamed, latent, made, {})
