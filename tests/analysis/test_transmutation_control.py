"""What transmutation keeps, and whether it changes the class, from little noise to much."""

import numpy as np
import pandas as pd
import pytest
import torch

from bdiff.analysis.kept import feature_correlation, interval
from bdiff.analysis.transmutation_control import COLUMNS, by_structure, by_values, control_curve
from bdiff.build import initialised
from bdiff.process import VP
from bdiff.sampling.sampler import Sampler

LITTLE, MUCH = 0.003, 0.99


class Sides:
    """Takes an object for a 9 where its first value is positive, else for a 4."""

    def predict(self, x):
        return np.where(x.reshape(len(x), -1)[:, 0] > 0, 2, 1)


def curve_of(models, objects, tree, times=(LITTLE, MUCH)):
    sampler = Sampler.of({"name": "ddim", "steps": 30}, seed=2)
    measures = by_values(Sides(), tree.classes)
    rows, _ = control_curve(models, objects, [("4", "9")], times, measures, tree, sampler)
    return pd.DataFrame(rows)


@pytest.fixture
def curve(gaussian, tree):
    """Of the exact model: feature 0 tells 4 from 9, feature 1 varies in both alike."""
    means = [[0.0, -4.0], [-2.0, 1.0], [2.0, 1.0]]
    spreads = np.array([[0.3, 0.3], [0.3, 1.0], [0.3, 1.0]])
    rng = np.random.default_rng(0)
    objects = {
        name: (means[code] + rng.standard_normal((300, 2)) * spreads[code]).astype(np.float32)
        for code, name in enumerate(tree.classes)
    }
    return curve_of({"branched": gaussian(means, spreads**2, tree)}, objects, tree)


def test_little_noise_changes_nothing_and_much_keeps_nothing(curve):
    values = curve.set_index(["metric", "time", "origin"])["value"]
    for origin in "49":
        assert values["changed", LITTLE, origin] == 0
        assert values["kept", LITTLE, origin] > 0.99
        assert values["changed", 0.35, origin] == values["changed", MUCH, origin] == 1
        assert abs(values["kept", MUCH, origin]) < 0.15


@pytest.mark.parametrize("time", [LITTLE, 0.35, MUCH])
def test_what_is_kept_of_gaussians_is_known(curve, time):
    """The way down is linear, so it is r(x_0, x_t) = alpha s / sqrt(alpha^2 s^2 + sigma^2)."""
    alpha, sigma = float(VP().alpha(time)), float(VP().sigma(time))
    expected = np.mean([alpha * s / np.hypot(alpha * s, sigma) for s in (0.3, 1.0)])
    kept = curve.loc[(curve["metric"] == "kept") & (curve["time"] == time), "value"]
    np.testing.assert_allclose(kept, [expected] * 2, atol=0.08)


def test_rows_are_tidy(curve, tree):
    assert set(curve) == set(COLUMNS) - {"dataset"}
    assert len(curve) == 2 * 3 * 2  # ways, times with the branch point's, metrics
    assert set(curve["metric"]) == {"changed", "kept"}  # a table has no slant
    assert set(curve["branch_time"]) == {tree.branch_time("4", "9")}
    assert set(curve["n"]) == {300}
    assert (curve["low"] <= curve["value"]).all()
    assert (curve["value"] <= curve["high"]).all()


def test_images_have_a_slant_that_little_noise_keeps(tree):
    """Strokes from upright to leaning, of models that were not trained."""
    net = {"name": "residual_unet", "channels": [8], "rank": 2}
    settings = (VP(), (1, 8, 8), net)
    models = {
        "branched": initialised("branched", *settings, tree=tree).eval(),
        "linear": initialised("linear", *settings, classes=tree.classes).eval(),
    }
    images = np.full((12, 1, 8, 8), -1, np.float32)
    for number, image in enumerate(images):
        for row in range(8):
            image[0, row, 2 + round((7 - row) * number / 24)] = 1
    for model in models.values():  # the range in which predictions stay
        model.observe(torch.from_numpy(images), torch.arange(12) % 3)
    curve = curve_of(models, dict.fromkeys("49", images), tree, [LITTLE])
    slants = curve[(curve["metric"] == "kept_slant") & (curve["time"] == LITTLE)]
    assert set(zip(slants["model"], slants["origin"], strict=True)) == {
        ("branched", "4"), ("branched", "9"), ("linear", "4"), ("linear", "9"),
    }  # fmt: skip
    assert (slants["value"] > 0.95).all()


def test_correlations_are_those_of_numpy_and_constant_features_have_none():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 4)).astype(np.float32) + 100
    y = x + rng.standard_normal((40, 4)).astype(np.float32)
    y[:, 2] = 7
    r = feature_correlation(x, y)
    for k in (0, 1, 3):
        assert r[k] == pytest.approx(np.corrcoef(x[:, k], y[:, k])[0, 1], abs=1e-6)
    assert np.isnan(r[2])
    low, high = interval(lambda chosen: feature_correlation(x[chosen], y[chosen])[0], 40)
    assert low < r[0] < high
    # Fisher: atanh r has the standard deviation 1 / sqrt(n - 3)
    assert np.arctanh(high) - np.arctanh(low) == pytest.approx(2 * 1.96 / 37**0.5, rel=0.3)


def test_molecules_are_judged_by_their_structure():
    """Benzene's ring is opened in one, broken in another and kept in the third."""
    from_smiles = pytest.importorskip("rdkit.Chem").MolFromSmiles
    from bdiff.chemistry import encode, to_graph

    def arrays(*smiles):
        return encode([to_graph(from_smiles(text)) for text in smiles], nodes=8)

    before = arrays("OCc1ccccc1", "OCc1ccccc1", "OCc1ccccc1")
    after = arrays("OCCCCC", "OCCC", "OCc1ccccc1")
    after[1, 2, 3] = after[1, 3, 2] = 3  # in CCCO, an oxygen with three bonds
    metrics = by_structure("rings")(before, after, "acyclic")
    values = {metric: of(np.arange(3)) for metric, of in metrics.items()}
    assert values["changed"] == pytest.approx(1 / 3)
    assert values["valid"] == pytest.approx(2 / 3)
    assert metrics["kept"](np.array([2])) == 1
    assert metrics["kept"](np.array([1])) == 0
    assert 0 < metrics["kept"](np.array([0])) < 1
