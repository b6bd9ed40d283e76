"""The networks: shapes, what they share, and what they can tell apart."""

import pytest
import torch

from bdiff.nets.build import net_from as build_net
from bdiff.nets.conditioning import FourierTime

THREE = [[0], [1], [2]]  # branches without ancestors

CASES = {
    "dense": ({"name": "dense", "width": 32}, (16,)),
    "unet 28": ({"name": "unet"}, (1, 28, 28)),
    "unet 8": ({"name": "unet", "channels": [32, 64, 128], "strides": [1, 1, 2]}, (1, 8, 8)),
    "residual": ({"name": "residual", "width": 32, "rank": 4}, (16,)),
    "residual_unet 8": (
        {"name": "residual_unet", "channels": [16, 24], "blocks": 2, "patch": 1, "rank": 4},
        (1, 8, 8),
    ),
    "residual_unet 14x10 colour": ({"name": "residual_unet", "channels": [8, 8]}, (3, 14, 10)),
    "unet 9x12 colour": ({"name": "unet", "channels": [32, 64], "strides": [1, 2]}, (3, 9, 12)),
}


@pytest.fixture(params=CASES)
def case(request):
    torch.manual_seed(0)
    return CASES[request.param]


def net_from(*description):
    """A network no part of which is zero: what starts at zero is filled with random numbers."""
    net = build_net(*description)
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    return net


def inputs(shape, count=6):
    t = torch.linspace(0, 1, count, dtype=torch.float64)
    return torch.randn(count, *shape), t, torch.arange(count) % 3, torch.arange(count) % 2


def test_output_has_the_shape_of_the_input(case):
    settings, shape = case
    x, t, branch, label = inputs(shape)
    for net in (net_from(settings, shape, THREE, 0), net_from(settings, shape, [[0]], 2)):
        here = branch if net.conditioning.label is None else torch.zeros_like(branch)
        assert net(x, t, here, label).shape == x.shape


def test_an_example_depends_on_its_own_branch_only(case):
    """Neither another branch's weights nor the rest of the batch changes an output."""
    settings, shape = case
    net = net_from(settings, shape, THREE, 0)
    x, t, branch, label = inputs(shape)
    before = net(x, t, branch, label)
    routed = [p for p in net.parameters() if p.shape[0] == 3 and p.ndim > 1 and p.requires_grad]
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if is_routed(net, name):
                parameter[1] += 1
    assert routed
    after = net(x, t, branch, label)
    assert torch.equal(before[branch != 1], after[branch != 1])
    assert not torch.allclose(before[branch == 1], after[branch == 1])
    alone = net(x[:1], t[:1], branch[:1], label[:1])
    torch.testing.assert_close(alone, after[:1], atol=1e-5, rtol=1e-4)


def every_head(net, x, t, branch, label):
    """The reference's way: every branch's layers for every example, then each example's own."""
    heads = [net(x, t, torch.full_like(branch, b), label) for b in range(3)]
    return torch.stack(heads)[branch, torch.arange(len(x))]


def test_routing_equals_evaluating_every_head(case):
    """The whole network: outputs, and the gradients of all weights, to float precision."""
    settings, shape = case
    net = net_from(settings, shape, THREE, 0)
    inputs_ = inputs(shape)
    weight = torch.randn(len(inputs_[0]), *shape)
    outputs, gradients = [], []
    for way in (net, lambda *a: every_head(net, *a)):
        net.zero_grad()
        outputs.append(way(*inputs_))
        (outputs[-1] * weight).sum().backward()
        gradients.append({name: p.grad.clone() for name, p in net.named_parameters()})
    torch.testing.assert_close(*outputs, atol=1e-5, rtol=1e-4)
    for name, gradient in gradients[0].items():
        scale = gradients[1][name].abs().max()
        assert (gradient - gradients[1][name]).abs().max() <= 1e-5 * max(scale, 1), name


def is_routed(net, name):
    """Whether a parameter has one row per branch: it belongs to a Routed* module."""
    module = net.get_submodule(name.rpartition(".")[0])
    return type(module).__name__.startswith("Routed")


def test_label_guided_network_is_told_its_label(case):
    settings, shape = case
    net = net_from(settings, shape, [[0]], 2)
    x, t, _, _ = inputs(shape)
    zeros = torch.zeros(len(x), dtype=torch.int64)
    assert not torch.allclose(net(x, t, zeros, zeros), net(x, t, zeros, zeros + 1))


def test_time_embedding_tells_no_noise_from_pure_noise():
    """The reference's sin 2πt, cos 2πt are equal at t = 0 and t = T; ours differ everywhere."""
    t = torch.linspace(0, 1, 1001, dtype=torch.float64)
    features = FourierTime(32)(t).double()
    distances = torch.cdist(features, features) + 10 * torch.eye(len(t))
    assert distances.min() > 0.05
    assert (features[0] - features[-1]).norm() > 1


def test_too_small_an_image_is_refused():
    with pytest.raises(ValueError, match="8x8 pixels is too small for 4 convolutions"):
        net_from({"name": "unet"}, (1, 8, 8), THREE, 0)


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"name": "dense"}, (1, 8, 8), "for images use 'unet'"),
        ({"name": "dense", "branch_layers": 0}, (16,), "found .* and 0"),
        ({"name": "unet"}, (16,), "for tables use 'dense'"),
        ({"name": "unet", "channels": [32, 64], "strides": [1]}, (1, 8, 8), "as many strides"),
        ({"name": "unet", "channels": [33], "strides": [1]}, (1, 8, 8), "multiples of 32"),
        ({"name": "unet", "channels": [32], "strides": [3]}, (1, 8, 8), r"strides \[3\]"),
        ({"name": "unet", "channels": [32], "strides": [2]}, (1, 8, 8), "do not reach the border"),
        ({"name": "residual_unet", "channels": [8, 8, 8]}, (1, 8, 8), "halved"),
    ],
)
def test_networks_that_do_not_fit_are_refused(settings, shape, message):
    with pytest.raises(ValueError, match=message):
        net_from(settings, shape, THREE, 0)


def test_unknown_network_is_refused():
    with pytest.raises(ValueError, match="unknown network 'transformer'; known: 'dense', 'unet'"):
        net_from({"name": "transformer"}, (16,), THREE, 0)
