"""The simulated counts follow their model, and the model its tree."""

from itertools import combinations

import numpy as np
import pytest
import torch

from bdiff.data.classes import SIMULATED_CELLS
from bdiff.data.simulated_cells import (
    BRANCH_POINTS,
    CONDITIONS,
    SIZES,
    SPREAD,
    edge_lengths,
    height,
    simulate_cells,
    truth,
)
from bdiff.process import VP

GENES = 150
MEAN_TOTAL = 1000 * np.exp(0.5**2 / 2)
MEAN_SQUARE = MEAN_TOTAL**2 * np.exp(0.5**2)


@pytest.fixture(scope="module")
def known():
    return truth(GENES, seed=1)


@pytest.fixture(scope="module")
def cells():
    return simulate_cells(20_000, GENES, seed=1)


def groups(cells, known, classes):
    """Counts (n, genes) and expected shares (genes,) of each type under each condition."""
    for code in classes:
        for number, condition in enumerate(CONDITIONS):
            mine = (cells.labels == code) & (cells.covariates["condition"] == condition)
            yield cells.x[mine].astype(np.float64), known.shares[code, number]


def test_same_seed_same_cells_and_another_seed_others():
    one, two, other = (simulate_cells(300, 100, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.covariates["condition"], two.covariates["condition"])
    assert not np.array_equal(one.x, other.x)
    assert not np.allclose(truth(100, 4).log_expression, truth(100, 5).log_expression)


def test_sizes_of_classes_and_conditions():
    cells = simulate_cells(2000, 100)
    sizes = [len(cells.of(name)) for name in cells.classes]
    np.testing.assert_allclose(sizes, 2000 * np.array(SIZES), atol=1)
    assert (sum(sizes), sizes) == (2000, sorted(sizes, reverse=True))
    assert sum(SIZES) == pytest.approx(1)
    found, counts = np.unique(cells.covariates["condition"], return_counts=True)
    assert set(found) == set(CONDITIONS)
    np.testing.assert_allclose(counts, 2000 / 3, atol=4 * np.sqrt(2000 * 2 / 9))
    assert not np.any(cells.x % 1)


def test_branch_points_are_a_binary_tree_of_the_classes():
    sets = [set(below) for below, _ in BRANCH_POINTS]
    assert (len(sets), sets[0]) == (len(SIMULATED_CELLS) - 1, set(SIMULATED_CELLS))
    for (one, early), (two, late) in combinations(
        [(set(below), time) for below, time in BRANCH_POINTS[::-1]], 2
    ):
        assert not one & two or (one < two and early < late)
    assert len(edge_lengths()) == 2 * len(SIMULATED_CELLS) - 2


def test_distances_between_types_are_ways_in_the_tree(known):
    """Exactly: programmes are of genes of their own, and conditions do the same in all types."""
    for (i, one), (j, two) in combinations(enumerate(SIMULATED_CELLS), 2):
        parting = min(time for below, time in BRANCH_POINTS if {one, two} <= set(below))
        way = sum(w for below, w in edge_lengths().items() if (one in below) != (two in below))
        assert way == pytest.approx(2 * height(parting))
        difference = known.log_expression[i] - known.log_expression[j]
        np.testing.assert_allclose((difference**2).sum(-1), SPREAD * way)


def test_height_is_the_noise_level_of_the_papers_process():
    for _, time in BRANCH_POINTS:
        log_snr = float(VP(0.1, 20).log_snr(torch.tensor(time, dtype=torch.float64)))
        assert height(time) == pytest.approx(np.exp(-log_snr))


def test_longer_edges_have_more_genes_and_stronger_ones(known):
    lengths = edge_lengths()
    order = sorted(lengths, key=lengths.get)
    numbers = np.array([len(known.programmes[below]) for below in order])
    squares = SPREAD * np.array([lengths[below] for below in order]) / numbers
    assert np.all(np.diff(numbers) >= -1)  # to within rounding
    assert np.all(np.diff(np.log(squares)) > -0.3)
    assert numbers.min() >= 3


def test_programmes_are_on_in_their_types_alone(known):
    for below, genes in known.programmes.items():
        columns = [known.genes.index(gene) for gene in genes]
        inside = np.array([name in below for name in SIMULATED_CELLS])
        levels = known.log_expression[:, 0][:, columns]
        assert np.ptp(levels[inside], axis=0).max() == 0
        assert np.ptp(levels[~inside], axis=0).max() == 0
        assert np.all(levels[inside].min(0) > levels[~inside].max(0))
    assert known.markers["Naive B cells"][0] == "MS4A1"
    assert set(known.markers) == set(SIMULATED_CELLS)


def test_every_gene_has_one_name_and_one_part(known):
    assert len(set(known.genes)) == len(known.genes) == GENES
    marking = [gene for genes in known.programmes.values() for gene in genes]
    assert len(set(marking)) == len(marking)
    assert not set(marking) & set(known.condition_genes)


def test_condition_effects_are_the_same_in_all_types_and_of_condition_genes_alone(known):
    effects = known.log_expression - known.log_expression[:, :1]
    np.testing.assert_allclose(effects, np.broadcast_to(effects[:1], effects.shape), atol=1e-12)
    responding = np.array([gene in known.condition_genes for gene in known.genes])
    assert np.all(np.abs(effects[..., ~responding]) < 1e-12)
    strong = np.abs(effects[0, 1:, responding]) > 0.6  # genes x diseases
    third = len(known.condition_genes) / 3
    for pattern in ([True, True], [True, False], [False, True]):
        assert abs((strong == pattern).all(1).sum() - third) < 1


def test_shares_sum_to_one_and_conditions_hardly_move_other_genes(known):
    np.testing.assert_allclose(known.shares.sum(-1), 1)
    other = [gene not in known.condition_genes for gene in known.genes]
    shift = np.log(known.shares / known.shares[:, :1])[..., other]
    assert np.abs(shift).max() < 0.15


def test_means_are_those_of_the_truth(cells, known):
    """Var x = E[L] y + (1 + 1/r) E[L²] y² - E[L]² y², of which the totals L make a part that is the
    same in all genes and falls out of shares; 5 standard errors."""
    for x, share in groups(cells, known, [0, 1, 3, 5]):
        own = MEAN_TOTAL * share + MEAN_SQUARE * share**2 / known.dispersion
        error = np.sqrt(own / len(x)) / MEAN_TOTAL + 0.01 * share
        assert np.max(np.abs(x.sum(0) / x.sum() - share) / error) < 5


def test_variances_are_negative_binomial(cells, known):
    ratios, to_poisson = [], []
    for x, share in groups(cells, known, range(4)):
        common = share * MEAN_TOTAL > 2  # of rare genes the variance is a matter of few cells
        poisson = MEAN_TOTAL * share + (MEAN_SQUARE - MEAN_TOTAL**2) * share**2
        expected = poisson + MEAN_SQUARE * share**2 / known.dispersion
        ratios.append((x.var(0) / expected)[common])
        to_poisson.append((x.var(0) / poisson)[common])
    ratios = np.concatenate(ratios)
    assert ratios.mean() == pytest.approx(1, abs=0.03)
    assert np.all(np.abs(ratios - 1) < 0.5)
    assert np.concatenate(to_poisson).mean() > 1.3


def test_totals_are_log_normal_whatever_the_type(cells):
    totals = cells.x.sum(1)
    for code in range(3):
        mine = np.log(totals[cells.labels == code])
        assert mine.mean() == pytest.approx(np.log(1000), abs=0.05)
        assert mine.std() == pytest.approx(0.5, abs=0.05)


def test_default_is_thirty_thousand_cells_of_280_genes():
    cells = simulate_cells()
    assert cells.x.shape == (30_000, 280)
    assert cells.feature_names == truth().genes
    assert min(len(cells.of(name)) for name in cells.classes) == 450


def test_too_few_cells_or_genes_are_refused():
    with pytest.raises(ValueError, match="cells is 100; at least 200"):
        simulate_cells(100)
    with pytest.raises(ValueError, match="genes is 50; at least 100"):
        truth(50)
