"""Expression: formulas on hand-made numbers, and counts against the truth they were drawn from."""

import numpy as np
import pytest

from bdiff.analysis.expression import (
    decoded,
    fold_change,
    fold_changes,
    gene_statistics,
    known_truth,
    log_normalised,
    recovery,
    share_found,
    shares_of,
    true_shares,
)
from bdiff.data.simulated_cells import simulate_cells
from tests.typed_cells import autoencoder, typed_cells


def test_normalised_expression_does_not_depend_on_the_total():
    counts = np.array([[1, 3, 0], [10, 30, 0]])
    assert np.allclose(log_normalised(shares_of(counts)), np.log([2501, 7501, 1]))


def test_fold_changes_of_known_means():
    """A gene that has 7 counts of 10,000 in a class and 0 elsewhere rises by log2(8) = 3."""
    means = np.array([[7e-4, 0.5], [0.0, 0.5], [0.0, 0.5]])
    assert np.allclose(fold_changes(means, [1, 5, 2])[0], [3, 0])
    assert np.allclose(fold_changes(means, [1, 5, 2])[1], [-np.log2(1 + 7 / 3), 0])
    assert fold_change(3e-4, 0.0) == pytest.approx(2)


def test_all_other_cells_are_pooled():
    rng = np.random.default_rng(0)
    sizes = (5, 40, 15)
    classes = [rng.dirichlet(np.ones(4), n) for n in sizes]
    found = fold_changes(np.array([x.mean(axis=0) for x in classes]), sizes)
    others = np.concatenate([classes[0], classes[2]])
    expected = np.log2(1 + 1e4 * classes[1].mean(axis=0)) - np.log2(1 + 1e4 * others.mean(axis=0))
    assert np.allclose(found[1], expected)


def test_recovery_of_weaker_differences():
    real = np.array([3.0, -1.0, 0.0, 2.0])
    assert recovery(real, 0.5 * real + 7) == pytest.approx((1, 0.5))
    assert recovery(real, -real) == pytest.approx((-1, -1))


def test_share_of_top_genes_found():
    real = np.array([9.0, 8.0, 7.0, 0.0, -5.0])
    assert share_found(real, real * 2, top=3) == 1
    assert share_found(real, np.array([9.0, 0.0, 8.0, 7.0, -20.0]), top=3) == pytest.approx(2 / 3)
    assert share_found(real, -real, top=2) == 0


def test_statistics_of_counts():
    found = gene_statistics(np.array([[0, 2], [0, 4], [3, 6]]))
    assert np.allclose(found["mean"], np.log1p([1, 4]))
    assert np.allclose(found["variance"], np.log1p([3, 4]))
    assert np.allclose(found["zeros"], [2 / 3, 0])


def test_decoding_undoes_the_scaling():
    _, latent = typed_cells(20)
    shares = decoded(autoencoder(), latent, latent.x)
    assert np.allclose(shares, autoencoder().proportions(2 * latent.x.astype(float)))
    assert np.allclose(shares.sum(axis=1), 1)


@pytest.fixture(scope="module")
def simulated():
    return simulate_cells(cells=3000, genes=120, seed=3)


def test_counts_have_the_true_fold_changes(simulated):
    """Before the logarithm, means of shares of counts have no bias, however few the counts are."""
    sizes = [len(simulated.of(name)) for name in simulated.classes]
    means = np.array([shares_of(simulated.of(n)).mean(axis=0) for n in simulated.classes])
    true = true_shares(known_truth(simulated), simulated)
    for found, expected in zip(
        fold_changes(means, sizes)[:5], fold_changes(true, sizes)[:5], strict=True
    ):
        r, slope = recovery(expected, found)
        assert r > 0.99
        assert slope == pytest.approx(1, abs=0.05)


def test_truth_follows_the_classes_and_genes_of_the_data(simulated):
    some = simulated.keep_classes(simulated.classes[3:1:-1])
    known = known_truth(some)
    assert np.allclose(true_shares(known, some), true_shares(known, simulated)[[3, 2]])
    assert known_truth(typed_cells(20)[0]) is None
