"""Transmuted molecules: unchanged ones keep all groups and no class; broken ones keep nothing."""

import numpy as np
import pytest
from scipy import stats

from bdiff.analysis.functional_groups import overlap, paired_test
from bdiff.analysis.molecule_transmutation import (
    BY_MOLECULE,
    COLUMNS,
    MOLECULE_COLUMNS,
    molecule_transmutation,
)
from bdiff.chemistry import valid_molecules
from tests.molecules import CLASSES, TIME, broken, real_molecules, samples, transmuted

pytest.importorskip("rdkit")
THERE, BACK = CLASSES, CLASSES[::-1]


@pytest.fixture(scope="module")
def dataset():
    return real_molecules()


@pytest.fixture(scope="module")
def tables(dataset):
    """Of a model that does nothing or breaks, and of one that gives the unrelated molecules."""
    acyclic, rings = (dataset.of(name, "train")[:8] for name in CLASSES)
    swap = samples(
        (acyclic, "one ring", "original", "acyclic"),
        (acyclic, "one ring", "noised", "acyclic"),
        (np.concatenate([rings[:6], broken(rings[6:])]), "one ring", "sample", "acyclic"),
    )
    made = {"branched": transmuted(dataset), "linear": swap}
    return molecule_transmutation(dataset, made, "rings", seed=3)


def values(tables, model, way):
    wanted = (model, *way)
    return {
        row["metric"]: row["value"]
        for row in tables[0]
        if (row["model"], row["origin"], row["target"]) == wanted
    }


def test_rows_are_tidy_and_of_every_direction(tables):
    rows, molecules = tables
    assert all(tuple(row) == COLUMNS for row in rows)
    assert all(tuple(row) == MOLECULE_COLUMNS for row in molecules)
    ways = dict.fromkeys((row["model"], row["origin"], row["target"]) for row in rows)
    assert list(ways) == [("branched", *THERE), ("branched", *BACK), ("linear", *THERE)]
    assert {(row["time"], row["n"]) for row in rows} == {(TIME, 8)}
    assert [row["index"] for row in molecules] == 3 * list(range(8))


def test_unchanged_and_broken_molecules(tables):
    there, back = values(tables, "branched", THERE), values(tables, "branched", BACK)
    assert (there["valid"], there["connected"], there["changed"]) == (1, 1, 0)
    assert there["groups_kept"] == there["groups_kept_valid"] == 1
    assert there["groups_kept"] > there["groups_baseline"]
    assert there["p"] == there["p_valid"] < 0.01
    assert (there["with_ring_before"], there["with_ring_after"]) == (0, 0)
    assert there["with_halogen_before"] == there["with_halogen_after"]
    assert (back["valid"], back["changed"], back["groups_kept"]) == (0, 0, 0)
    assert (back["with_ring_before"], back["with_ring_after"]) == (8, 8)  # valid or not
    assert np.isnan([back[key] for key in ("novel", "groups_kept_valid", "t_valid")]).all()
    assert back["p"] > 0.99


def test_models_are_judged_by_the_same_unrelated_molecules(tables):
    baseline = [values(tables, model, THERE)["groups_baseline"] for model in ("branched", "linear")]
    assert baseline[0] == baseline[1]
    swapped = values(tables, "linear", THERE)
    assert swapped["changed"] == swapped["valid"] == 6 / 8
    assert swapped["with_ring_after"] == 8
    assert swapped["novel"] == 0  # they are training molecules


def test_means_and_tests_are_those_of_the_molecules(tables, dataset):
    rows, molecules = tables
    chosen = [r for r in molecules if (r["model"], r["origin"]) == ("linear", "acyclic")]
    found = values(tables, "linear", THERE)
    for metric in BY_MOLECULE:
        assert found[metric] == pytest.approx(np.mean([row[metric] for row in chosen]))
    before, after = (valid_molecules(dataset.of(name, "train")[:6]) for name in CLASSES)
    kept = [overlap(a, b) for a, b in zip(before, after, strict=True)]
    assert [row["groups_kept"] for row in chosen] == [*kept, 0, 0]
    t, p = stats.ttest_rel(
        kept, [row["groups_baseline"] for row in chosen[:6]], alternative="greater"
    )
    assert (found["t_valid"], found["p_valid"]) == pytest.approx((t, p))
    (valid,) = (r for r in rows if (r["model"], r["metric"]) == ("linear", "valid"))
    assert 0 <= valid["low"] < valid["value"] < valid["high"] <= 1


def test_a_test_without_differences_is_none():
    assert np.isnan(paired_test(np.array([]), np.array([]))).all()
    assert np.isnan(paired_test(np.array([0.5, 1]), np.array([0.25, 0.75]))).all()
