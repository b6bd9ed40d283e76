"""The benchmark of training steps: the ways it compares are the same mathematics."""

import copy
import json
import sys

import pytest
import torch

from benchmarks import train_step
from benchmarks.train_step import CLASSES, EveryHead, main, model_of, synthetic_tree


@pytest.mark.parametrize("dataset", ["letters", "fashion_mnist"])
def test_every_head_has_the_loss_and_gradients_of_the_branched_model(dataset):
    model = model_of("branched", dataset, "paper")
    slow = EveryHead(copy.deepcopy(model))
    torch.manual_seed(0)
    x_0, noise = torch.randn(2, 8, *model.shape)
    classes, t = torch.randint(10, (8,)), torch.rand(8, dtype=torch.float64)
    losses = [way.loss(x_0, classes, t, noise) for way in (model, slow)]
    torch.testing.assert_close(*losses)
    for loss in losses:
        loss.sum().backward()
    for name, parameter in model.net.named_parameters():
        if name in slow.shared:
            found = slow.shared[name].grad
        else:
            found = torch.cat([head[name].grad for head in slow.heads])
        torch.testing.assert_close(found, parameter.grad, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("count", CLASSES)
def test_synthetic_trees_are_binary(count):
    tree = synthetic_tree(count)
    assert len(tree.branches) == 2 * count - 1
    times = [point.time for point in tree.points]
    assert 0.3 <= min(times) < max(times) == 0.6


@pytest.mark.parametrize("net", ["paper", "residual"])
def test_all_numbers_are_printed(net, monkeypatch, capsys):
    monkeypatch.setattr(train_step, "BATCH", 8)
    main(["--dataset", "letters", "--net", net, "--rounds", "1", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert set(result["growth"]) == {"19", "49", "99", "199"}
    assert result["ratio_linear"] == result["branched_ms"] / result["linear_ms"]
    assert ("every_head_ms" in result) == ("1/" in train_step.text_of(result)) == (net == "paper")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_peak_is_that_of_a_step():
    assert 0 < train_step.peak_of_child("branched", "letters", "residual") < 500
