"""Hybrids and transmutations with models whose answer is known."""

import numpy as np
import pytest

from bdiff.analysis.analogies import hybrids, transmute
from bdiff.sample.sampler import Sampler

SAMPLER = Sampler.of({"name": "ddim", "steps": 60}, seed=2)


@pytest.fixture
def model(gaussian, tree):
    """Feature 0 tells 4 from 9, feature 1 varies in both alike; 0 lies elsewhere."""
    means = [[0.0, -4.0], [-2.0, 1.0], [2.0, 1.0]]
    return gaussian(means, [[0.1, 0.1], [0.1, 1.0], [0.1, 1.0]], tree)


def test_hybrids_are_the_common_past_of_their_continuations(model):
    made = hybrids(model, [("4", "9"), ("0", "9")], 70, SAMPLER)
    state = made.where("4/9", "hybrid")
    fours, nines = made.where("4", "sample", "4/9"), made.where("9", "sample", "4/9")
    assert len(state) == len(fours) == len(nines) == 70
    assert set(made.time[(made.label == "4/9")]) == {0.35}
    assert set(made.time[(made.label == "0/9")]) == {0.5}
    # below the point both classes keep what they share, and differ in what tells them apart
    assert np.corrcoef(state[:, 1], fours[:, 1])[0, 1] > 0.999
    assert np.corrcoef(fours[:, 1], nines[:, 1])[0, 1] > 0.999
    assert fours[:, 0].mean() < -1 < 1 < nines[:, 0].mean()


def test_transmutation_changes_the_class_and_keeps_the_rest(model):
    rng = np.random.default_rng(0)
    objects = {
        name: (mean + rng.standard_normal((300, 2)) * [0.3, 1.0]).astype(np.float32)
        for name, mean in (("4", [-2.0, 1.0]), ("9", [2.0, 1.0]))
    }
    made = transmute(model, objects, [("4", "9")], SAMPLER)
    process, at = model.process, 0.35
    for origin, target, side in (("4", "9", 1), ("9", "4", -1)):
        before = made.where(label=target, role="original", origin=origin)
        after = made.where(label=target, role="sample", origin=origin)
        assert np.array_equal(before, objects[origin])
        # back along the flow of N(2 side, 0.1): (x - alpha m) / sd is kept, and sd(0)² = 0.1
        sd = float((process.alpha(at) ** 2 * 0.1 + process.sigma(at) ** 2).sqrt())
        expected = 2 * side - 4 * side * float(process.alpha(at)) * 0.1**0.5 / sd
        assert abs(after[:, 0].mean() - expected) < 0.1
        # noised and brought back along the flow, a unit Gaussian feature correlates with itself by
        # alpha
        r = np.corrcoef(before[:, 1], after[:, 1])[0, 1]
        assert abs(r - float(model.process.alpha(0.35))) < 0.1
    assert set(made.time[made.role == "noised"]) == {0.35}


def test_a_label_guided_model_has_no_branch_points(linear):
    with pytest.raises(ValueError, match="a linear model has no branch points"):
        hybrids(linear, [("4", "9")], 2, SAMPLER)


def test_requests_that_make_no_sense_are_refused(branched):
    x = np.zeros((3, 5))
    with pytest.raises(KeyError, match="unknown class '7'"):
        hybrids(branched, [("4", "7")], 2, SAMPLER)
    with pytest.raises(ValueError, match="two different classes, found '4' twice"):
        transmute(branched, {"4": x}, [("4", "4")], SAMPLER)
    with pytest.raises(ValueError, match="0 hybrids asked for"):
        hybrids(branched, [("4", "9")], 0, SAMPLER)
    with pytest.raises(ValueError, match=r"no objects given of the classes \['9'\]"):
        transmute(branched, {"4": x, "9": x[:0]}, [("4", "9")], SAMPLER)
    with pytest.raises(ValueError, match=r"shape \(4,\), the model's have \(5,\)"):
        transmute(branched, {"4": x, "9": x[:, :4]}, [("4", "9")], SAMPLER)
    assert len(transmute(branched, {"4": x, "9": x}, [("4", "9")], SAMPLER)) == 18
