"""Heads that are small changes of shared layers: where they start, and whom they change."""

import pytest
import torch

from bdiff.nets.build import net_from
from bdiff.nets.heads import Adapted, Adapter, InheritedVector
from bdiff.nets.routing import Route

# A root, two branches below it, and two leaves below the first of them.
LINEAGE = [[0], [1, 0], [2, 0], [3, 1, 0], [4, 1, 0]]
NETS = {
    "residual": ({"name": "residual", "width": 16, "blocks": 2, "rank": 3}, (5,)),
    "residual_unet": ({"name": "residual_unet", "channels": [8, 16], "rank": 3}, (1, 8, 8)),
}


@pytest.fixture(params=NETS)
def case(request):
    torch.manual_seed(0)
    return NETS[request.param]


def belongs_to_branches(net, name):
    """Whether a parameter has a row per branch."""
    module = net.get_submodule(name.rpartition(".")[0])
    return isinstance(module, InheritedVector) or type(module).__name__.startswith("Routed")


def filled(net):
    """The network with random numbers in place of zeros, so that every part has an effect."""
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                parameter.normal_(std=0.3)
    return net


def inputs(shape):
    """Two examples of every branch."""
    branch = torch.arange(len(LINEAGE)).repeat(2)
    t = torch.linspace(0.1, 0.9, len(branch), dtype=torch.float64)
    return torch.randn(len(branch), *shape), t, branch, torch.zeros_like(branch)


def test_a_vector_is_the_sum_along_the_lineage():
    vectors = InheritedVector(LINEAGE, 4)
    branch = torch.tensor([3, 0, 4, 2, 3])
    route = Route.of(branch)
    assert not vectors(route).any()
    own = torch.randn(5, 4)
    vectors.weight.data.copy_(own)
    expected = torch.stack([own[LINEAGE[b]].sum(dim=0) for b in branch])
    torch.testing.assert_close(vectors(route)[route.inverse], expected)
    vectors(route).sum().backward()
    # how many examples have the branch in their lineage
    assert vectors.weight.grad[:, 0].tolist() == [5, 3, 1, 2, 1]


def test_an_adapter_starts_at_zero_and_learns_from_there():
    adapter = Adapter(5, 6, 4, rank=2)
    x, route = torch.randn(8, 6), Route.of(torch.arange(8) % 5)
    assert not adapter(x, route).any()
    adapter(x, route).sum().backward()
    assert adapter.up.weight.grad.any()  # the other factor follows once this one has left zero
    images = torch.randn(8, 6, 3, 2)
    filled(adapter)
    by_pixel = adapter(images, route)
    assert by_pixel.shape == (8, 4, 3, 2)
    torch.testing.assert_close(by_pixel[:, :, 1, 0], adapter(images[:, :, 1, 0], route))


def test_rank_zero_leaves_the_layer_alone():
    layer = Adapted(torch.nn.Linear(6, 4), 5, 6, 4, rank=0)
    assert layer.adapter is None
    assert len(list(layer.parameters())) == 2


def test_a_fresh_branched_network_is_the_linear_one_with_the_same_shared_weights(case):
    settings, shape = case
    linear = net_from(settings, shape, [[0]], labels=3)
    branched = net_from(settings, shape, LINEAGE, labels=0)
    shared = dict(linear.named_parameters())
    with torch.no_grad():
        for name, parameter in branched.named_parameters():
            if not belongs_to_branches(branched, name):
                if not shared[name].any():
                    shared[name].normal_(std=0.3)  # or both would output 0
                parameter.copy_(shared[name])
    x, t, branch, label = inputs(shape)
    expected = linear(x, t, torch.zeros_like(branch), label)
    assert expected.std() > 0.01
    torch.testing.assert_close(branched(x, t, branch, label), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("changed", [1, 3])
def test_parameters_of_a_branch_reach_it_and_its_descendants_only(case, changed):
    settings, shape = case
    net = filled(net_from(settings, shape, LINEAGE, labels=0))
    batch = inputs(shape)
    before = net(*batch)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if belongs_to_branches(net, name):
                parameter[changed] += 0.5
    after = net(*batch)
    below = torch.tensor([changed in LINEAGE[b] for b in batch[2]])
    assert torch.equal(before[~below], after[~below])
    assert (before[below] - after[below]).flatten(1).abs().amax(dim=1).min() > 1e-4


def test_a_new_leaf_leaves_old_branches_as_they_are(case):
    """A leaf more, with parameters of its own: old outputs stay, and only its own rows learn."""
    settings, shape = case
    old = filled(net_from(settings, shape, LINEAGE, labels=0))
    new = filled(net_from(settings, shape, [*LINEAGE, [5, 2, 0]], labels=0))
    weights = dict(old.named_parameters())
    with torch.no_grad():
        for name, parameter in new.named_parameters():
            rows = len(LINEAGE) if belongs_to_branches(new, name) else len(parameter)
            parameter[:rows] = weights[name]
    x, t, branch, label = inputs(shape)
    torch.testing.assert_close(new(x, t, branch, label), old(x, t, branch, label))
    fresh = torch.full_like(branch, 5)
    new(x, t, fresh, label).square().sum().backward()
    for name, parameter in new.named_parameters():
        if belongs_to_branches(new, name):
            trained = [b for b in range(6) if parameter.grad[b].any()]
            inherits = name == "conditioning.branch.weight"
            assert trained == ([0, 2, 5] if inherits else [5]), name
