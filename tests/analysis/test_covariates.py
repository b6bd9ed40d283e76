"""Covariates: found again by the objects themselves, read by a classifier, and their effects."""

import numpy as np
import pytest

from bdiff.analysis.covariates import (
    Reader,
    balanced_accuracy,
    common_values,
    covariate_effects,
    covariate_of,
    effect_slope,
    rows_of,
)
from tests.typed_cells import typed_cells


def test_objects_are_found_by_exact_equality():
    _, latent = typed_cells(50)
    rows = np.array([40, 3, 3, 17])
    assert rows_of(latent.x[rows].astype(np.float64), latent).tolist() == rows.tolist()
    assert np.array_equal(
        covariate_of(latent.x[rows], latent, "condition"), latent.covariates["condition"][rows]
    )
    with pytest.raises(ValueError, match="1 of 2 objects are none of the 50"):
        rows_of(latent.x[:2] + np.array([[1e-6], [0]]), latent)
    with pytest.raises(ValueError, match="no covariate 'donor', only \\['condition'\\]"):
        covariate_of(latent.x, latent, "donor")


def test_of_equal_rows_it_is_the_first():
    _, latent = typed_cells(10)
    latent.x[7] = latent.x[2]
    assert rows_of(latent.x[7:8], latent).tolist() == [2]


def test_accuracy_counts_every_value_alike():
    values = np.array(["a"] * 8 + ["b"] * 2)
    right = np.array([True] * 8 + [False] * 2)
    assert balanced_accuracy(right, values) == 0.5


def test_a_reader_reads_what_can_be_read():
    rng = np.random.default_rng(0)
    values = np.repeat(["a", "b"], 40)
    x = np.where(values == "a", -3, 3)[:, None] + rng.standard_normal((80, 2))
    reader = Reader(x, values)
    assert reader.right(x, values).mean() > 0.95
    assert reader.right(-x, values).mean() < 0.05
    assert reader.right_of_real().mean() > 0.95
    # Noise can be learnt by heart, but not be read in what was left out.
    noise = Reader(rng.standard_normal((80, 60)), values)
    assert noise.right(noise.x, values).mean() > 0.9
    assert noise.right_of_real().mean() < 0.7


def test_values_of_single_objects_cannot_be_read():
    assert common_values(np.array(["b", "a", "b", "c", "a"])).tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"found \{'a': 5, 'b': 1\}"):
        common_values(np.array(["a"] * 5 + ["b"]))


def test_effects_are_around_the_mean_of_all_values():
    x = np.array([[1.0, 0.0], [3.0, 0.0], [6.0, 4.0]])
    values = np.array(["a", "a", "b"])
    names = np.array(["a", "b"])
    effects = covariate_effects(x, values, names)
    assert np.allclose(effects, [[-2, -2], [2, 2]])
    assert effect_slope(effects, covariate_effects(0.5 * x + 9, values, names)) == 0.5
    missing = covariate_effects(x[:2], values[:2], names)
    assert np.isnan(missing[1]).all()
    assert np.isnan(effect_slope(effects, missing))  # of one value nothing can be said


def test_what_is_kept_is_kept_whichever_values_there_are():
    x, values = np.array([[0.0], [3.0], [0.0]]), np.array(["a", "b", "c"])
    effects = covariate_effects(x, values, values)
    for chosen in ([0, 1, 2], [0, 1], [1, 2]):
        made = covariate_effects(x[chosen], values[chosen], values)
        assert effect_slope(effects, made) == pytest.approx(1)
