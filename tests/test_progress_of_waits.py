"""What takes longer than a moment says how far it is."""

from functools import partial

import numpy as np
import pytest

from bdiff.analysis import classifier, quality
from bdiff.branch_points import compare
from bdiff.data.dataset import Dataset
from bdiff.process import VP
from bdiff.progress import Progress
from tests.samples import finished


@pytest.fixture
def said(monkeypatch, caplog):
    """Runs a function with a line of the log per step; gives the lines up to the percentage."""
    caplog.set_level("INFO")
    for module in (classifier, compare, quality):
        monkeypatch.setattr(module, "Progress", partial(Progress, every=0.0))

    def lines(function, *arguments, **settings):
        caplog.clear()
        function(*arguments, **settings)
        return [line.split(",")[0] for line in caplog.messages]

    return lines


def clouds():
    """Two classes of three features, 60 training and 20 held-out objects each."""
    labels = np.tile([0, 1], 80)
    x = np.random.default_rng(0).standard_normal((160, 3)) + 8 * labels[:, None]
    split = np.where(np.arange(160) < 120, "train", "test")
    return Dataset(x, labels, ("low", "high"), split, name="clouds")


def test_evaluating_says_how_far_it_is(said):
    made = {"low": np.zeros((9, 3)), "high": np.ones((9, 3))}
    lines = said(quality.quality, clouds(), {"a": finished(made, {})}, count=9)
    training = [line for line in lines if line.startswith("training the classifier: ")]
    assert len(training) == 40
    measured = [f"measuring the quality: {percent} %" for percent in (17, 33, 50, 67, 83, 100)]
    assert lines == training + measured


def test_comparing_estimators_says_how_far_it_is(said):
    lines = said(compare.compare_estimators, clouds(), VP(), objects=9, draws=2, epsilon=2)
    total = 2 * len(compare.METHODS)
    percents = [f"{100 * done / total:.0f} %" for done in range(1, total + 1)]
    assert lines == [f"comparing estimators: {percent}" for percent in percents]
