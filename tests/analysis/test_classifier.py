"""The judge: it tells classes apart, gives features of them, and is the same for the same seed."""

import numpy as np
import pytest
import torch

from bdiff.analysis.classifier import FEATURES, train_classifier


@pytest.fixture(params=["table", "image"])
def objects(request):
    """300 objects of three classes that differ in one feature, or in the bright corner."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    if request.param == "table":
        # Of very different size, as a table's features are before they are standardised.
        x = rng.standard_normal((300, 4)) * [1, 1000, 1, 1] + [0, 1e5, 0, 0]
        x[:, 0] += 6 * labels
        return x.astype(np.float32), labels
    x = 0.3 * rng.standard_normal((300, 1, 7, 5))
    for label, corner in enumerate([np.s_[:3, :2], np.s_[:3, 3:], np.s_[4:, :2]]):
        x[(labels == label, 0, *corner)] += 1
    return x.astype(np.float32), labels


def test_codes_and_features_tell_classes_apart(objects):
    x, labels = objects
    judge = train_classifier(x[:200], labels[:200], 3)
    unseen, codes = x[200:], labels[200:]
    assert (judge.predict(unseen) == codes).mean() > 0.95
    features = judge.features(unseen)
    assert features.shape == (100, FEATURES)
    assert features.dtype == np.float32
    means = np.stack([features[codes == c].mean(axis=0) for c in range(3)])
    nearest = np.linalg.norm(features[:, None] - means, axis=2).argmin(axis=1)
    assert (nearest == codes).mean() > 0.95


def test_an_object_is_judged_by_itself(objects):
    """No statistics of the batch: alone or among others, an object has the same features."""
    x, labels = objects
    judge = train_classifier(x, labels, 3)
    assert judge.features(x[:1]) == pytest.approx(judge.features(x)[:1], abs=1e-4)
    assert judge.predict(x[:1]).tolist() == judge.predict(x)[:1].tolist()


def test_the_seed_is_all_that_chance_depends_on(objects):
    x, labels = objects
    state = torch.get_rng_state()
    first = train_classifier(x, labels, 3, seed=5).features(x)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert np.array_equal(train_classifier(x, labels, 3, seed=5).features(x), first)
    assert not np.array_equal(train_classifier(x, labels, 3, seed=6).features(x), first)
