"""What a training run draws and how fast it learns: rates, times, labels that are dropped."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.process import VP
from bdiff.training.settings import Training, TrainingError
from bdiff.training.train import train
from tests.training.test_train import SETTINGS, UNET, bits, data, new_model, train_until

COSINE = replace(SETTINGS, schedule="cosine")


def test_the_cosine_schedule_rises_and_ends_at_zero():
    cosine = Training(steps=4000, learning_rate=2e-3, schedule="cosine")
    rates = np.array([cosine.rate(step) for step in range(4001)])
    top = int(rates.argmax())
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert top == 199
    assert rates[0] == pytest.approx(2e-3 / 200)
    assert rates[top] == pytest.approx(2e-3, rel=0.01)
    assert rates[2000] == pytest.approx(1e-3)
    assert 0 < rates[3999] < 1e-8
    assert rates[4000] == 0
    short = Training(steps=50, schedule="cosine")  # a tenth of the steps to rise
    assert np.argmax([short.rate(step) for step in range(50)]) == 5
    assert {Training(steps=50, schedule="constant").rate(step) for step in range(50)} == {1e-3}


def test_one_step_of_the_cosine_schedule_is_possible(tree):
    train(new_model(tree), data(), replace(COSINE, steps=1), device="cpu")


def test_a_cosine_run_that_was_interrupted_ends_with_the_same_bits(tree, tmp_path, monkeypatch):
    dataset, whole, resumed = data(), new_model(tree), new_model(tree)
    records = train(whole, dataset, COSINE, device="cpu")
    train_until(13, new_model(tree), dataset, tmp_path, monkeypatch, COSINE)
    assert train(resumed, dataset, COSINE, checkpoints=tmp_path, device="cpu") == records
    assert bits(resumed) == bits(whole)


@pytest.mark.fault("F12")
def test_a_cosine_run_of_another_length_is_another_run(tree, tmp_path, monkeypatch):
    """Its first steps have other learning rates; with a constant one they would be the same."""
    dataset = data()
    train_until(13, new_model(tree), dataset, tmp_path, monkeypatch, COSINE)
    message = r"training\.steps: the checkpoint has 30, this run 60"
    with pytest.raises(TrainingError, match=message):
        train(
            new_model(tree),
            dataset,
            replace(COSINE, steps=60),
            checkpoints=tmp_path,
            device="cpu",
        )


def batches_seen(model, dataset, settings, monkeypatch):
    """What the loss is given in every step: times, and the codes it is told."""
    seen, loss = [], model.loss

    def watched(x_0, classes, t, noise):
        seen.append((t.clone(), classes.clone()))
        return loss(x_0, classes, t, noise)

    monkeypatch.setattr(model, "loss", watched)
    train(model, dataset, settings, device="cpu")
    return seen


def test_label_dropout_tells_some_classes_not(tree, monkeypatch):
    linear = initialised("linear", VP(), (1, 6, 6), UNET, classes=tree.classes)
    settings = replace(SETTINGS, steps=80, label_dropout=0.25)
    told = torch.cat(
        [codes for _, codes in batches_seen(linear, data(), settings, monkeypatch)]
    ).numpy()
    assert abs((told == 3).mean() - 0.25) < 0.06  # 1000 objects: 4 standard deviations
    assert set(told) == {0, 1, 2, 3}
    everything = replace(settings, label_dropout=0.0, steps=3)
    told = torch.cat([c for _, c in batches_seen(linear, data(), everything, monkeypatch)])
    assert set(told.tolist()) == {0, 1, 2}
    message = "label_dropout is 0.25, but a branched model has no labels"
    with pytest.raises(ValueError, match=message):
        train(new_model(tree), data(), settings, device="cpu")
