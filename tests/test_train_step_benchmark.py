"""The benchmark of training steps: the ways it compares are the same mathematics."""

import json
import sys

import pytest
import torch

from bdiff.paper import paper_tree
from benchmarks import train_step
from benchmarks.reference import Reference
from benchmarks.train_step import CLASSES, main, model_of, synthetic_tree


# The paper's numbers.
@pytest.mark.parametrize(
    ("dataset", "shared", "own"),
    [("fashion_mnist", 526_944, 545_057), ("letters", 267_520, 69_904)],
)
def test_the_reference_has_the_papers_parameters(dataset, shared, own):
    model = Reference(dataset, paper_tree(dataset))
    sizes = [sum(p.numel() for p in head.parameters()) for head in model.net.heads]
    assert sizes == [own] * len(model.branches)
    assert sum(p.numel() for p in model.parameters()) == shared + sum(sizes)


@pytest.mark.parametrize("dataset", ["letters", "fashion_mnist"])
def test_an_example_of_the_reference_meets_the_head_of_its_branch(dataset):
    torch.manual_seed(0)
    tree = paper_tree(dataset)
    model, routed = Reference(dataset, tree), model_of("branched", dataset, "paper")
    x, noise = torch.randn(2, 6, *model.shape)
    classes, t = torch.randint(len(tree.classes), (6,)), torch.rand(6, dtype=torch.float64)
    with torch.no_grad():
        output = model.output(x, t.float(), classes)
        for n, branch in enumerate(routed.head_of(classes, t).tolist()):
            expected = model.net(x, t.float(), branch)[n]
            torch.testing.assert_close(output[n], expected)
    # What knows nothing has the loss of the score itself: the number of features.
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    loss = model.loss(x, classes, t, noise)
    torch.testing.assert_close(loss, torch.full((6,), float(x[0].numel())))


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
