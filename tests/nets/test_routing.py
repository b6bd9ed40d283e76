"""The two ways of routing: a loop over branches, and a fixed number of calls for GPUs."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bdiff.nets import routing
from bdiff.nets.build import net_from
from bdiff.nets.routing import TILE, Route, Tiles, grouped_product, product, rows_of, tiled_product

BRANCHES = 11
NETS = {
    "dense": ({"name": "dense", "width": 16}, (5,)),
    "unet": ({"name": "unet", "channels": [32, 32], "strides": [1, 2]}, (1, 8, 8)),
    "residual": ({"name": "residual", "width": 16, "rank": 2}, (5,)),
    "residual_unet": ({"name": "residual_unet", "channels": [8, 8], "rank": 2}, (1, 8, 8)),
}
BATCHES = st.lists(st.integers(0, BRANCHES - 1), min_size=1, max_size=40)


@given(BATCHES)
def test_tiles_hold_every_example_once_beside_its_own_branch_only(batch):
    branch = torch.tensor(sorted(batch))
    tiles = Tiles.of(branch)
    used = tiles.bound(BRANCHES)
    assert int(tiles.slot.max()) < used * TILE
    assert torch.equal(tiles.source[tiles.slot], torch.arange(len(batch)))
    assert torch.equal(tiles.branch[tiles.slot // TILE], branch)
    assert int((tiles.source < len(batch)).sum()) == len(batch)
    assert used <= len(batch) // TILE + BRANCHES


@given(BATCHES, st.sampled_from([1, 3]))
def test_both_ways_agree_in_values_and_gradients(batch, pixels):
    branch = torch.tensor(batch)
    rows = torch.randn(len(branch) * pixels, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(BRANCHES, 4, 3, dtype=torch.float64, requires_grad=True)
    vector = torch.randn(BRANCHES, 3, dtype=torch.float64, requires_grad=True)
    found = []
    for vectorised in (False, True):
        route = Route.of(branch, vectorised)
        y, v = product(rows, weight, route), rows_of(vector, route)
        gradients = torch.autograd.grad(y.sin().sum() + v.cos().sum(), [rows, weight, vector])
        found.append((y, v, *gradients))
    for loop, calls in zip(*found, strict=True):
        torch.testing.assert_close(loop, calls)


def vectorised(monkeypatch):
    """Have every route vectorised, as on a GPU."""
    of = Route.of.__func__
    monkeypatch.setattr(Route, "of", classmethod(lambda cls, branch: of(cls, branch, True)))


def outputs_and_gradients(net, *inputs):
    net.zero_grad()
    output = net(*inputs)
    output.square().sum().backward()
    return [output.detach(), *(p.grad.clone() for p in net.parameters())]


@pytest.mark.parametrize("name", NETS)
def test_whole_networks_agree_in_values_and_all_gradients(name, monkeypatch):
    torch.manual_seed(0)
    settings, shape = NETS[name]
    net = net_from(settings, shape, [[branch] for branch in range(BRANCHES)], 0)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    branch = torch.randint(BRANCHES, (20,))
    inputs = (torch.randn(20, *shape), torch.rand(20, dtype=torch.float64), branch, branch)
    loop = outputs_and_gradients(net, *inputs)
    vectorised(monkeypatch)
    # Some gradients are 0 but for rounding: a normalisation takes out what they belong to.
    scale = max(float(tensor.abs().max()) for tensor in loop)
    for a, b in zip(loop, outputs_and_gradients(net, *inputs), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5 * scale, rtol=1e-4)


@pytest.mark.parametrize("name", ["unet", "residual_unet"])  # all routed layers
def test_vectorised_networks_never_wait_for_the_data(name, monkeypatch):
    """A graph captured whole can neither loop over what it finds nor read a number back."""
    vectorised(monkeypatch)
    settings, shape = NETS[name]
    net = net_from(settings, shape, [[branch] for branch in range(BRANCHES)], 0)
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    captured = torch.compile(net, fullgraph=True, backend="eager", dynamic=False)
    for batch in ([3] * 8, range(8)):  # other branches, the same graph
        branch = torch.tensor(batch)
        inputs = (torch.randn(8, *shape), torch.rand(8, dtype=torch.float64), branch, branch)
        torch.testing.assert_close(captured(*inputs), net(*inputs))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


@pytest.mark.skipif(routing._GROUPED is None, reason="this torch has no grouped_mm")
def test_grouped_kernel_agrees_in_bfloat16():
    torch.manual_seed(0)
    branch = torch.tensor([4, 4, 0, 9, 9, 9])
    rows = torch.randn(12, 8, dtype=torch.bfloat16, requires_grad=True)
    weight = torch.randn(BRANCHES, 8, 16, dtype=torch.bfloat16, requires_grad=True)
    route = Route.of(branch, vectorised=True)
    found = []
    for way in (tiled_product, grouped_product):
        y = way(rows, weight, route)
        found.append((y, *torch.autograd.grad(y.float().sin().sum(), [rows, weight])))
    for tiles, grouped in zip(*found, strict=True):
        torch.testing.assert_close(tiles, grouped, atol=0.05, rtol=0.02)
    assert not found[1][2][[1, 2, 3, 5, 6, 7, 8, 10]].any()


def test_sparse_gradients_are_the_rows_of_the_dense_ones():
    torch.manual_seed(0)
    route = Route.of(torch.tensor([4, 4, 0, 9]))
    rows = torch.randn(8, 3)
    weight = torch.randn(BRANCHES, 3, 2, requires_grad=True)
    vector = torch.randn(BRANCHES, 2, requires_grad=True)
    found = {}
    for sparse in (False, True):
        y = product(rows, weight, route, sparse).sum() + rows_of(vector, route, sparse).sum()
        found[sparse] = torch.autograd.grad(y, [weight, vector])
    for dense, sparse in zip(found[False], found[True], strict=True):
        assert sparse.is_sparse
        assert sparse._indices().tolist() == [[0, 4, 9]]
        assert torch.equal(sparse.to_dense(), dense)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("vector", [False, True])
def test_autocast_lowers_the_products_and_keeps_the_gradients(sparse, vector):
    torch.manual_seed(0)
    branch = torch.tensor([4, 4, 0, 9])
    rows = torch.randn(4, 8)
    weight = torch.randn(BRANCHES, 8, 8, requires_grad=True)
    exact = torch.autograd.grad(product(rows, weight, Route.of(branch)).sin().sum(), weight)[0]
    with torch.autocast("cpu", torch.bfloat16):
        y = product(rows, weight, Route.of(branch, vector), sparse)
    assert y.dtype == torch.bfloat16
    gradient = torch.autograd.grad(y.float().sin().sum(), weight)[0]
    assert gradient.dtype == torch.float32
    torch.testing.assert_close(gradient.to_dense(), exact, atol=0.1, rtol=0.1)
