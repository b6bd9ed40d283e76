"""Routed layers against evaluating every branch for every example and selecting afterwards."""

import pytest
import torch
from torch import nn

from bdiff.nets.routed_layers import RoutedConvTranspose, RoutedGroupNorm, RoutedLinear
from bdiff.nets.routing import Route

BRANCHES = 5


@pytest.fixture
def branch():
    """A batch in which branch 3 is absent."""
    torch.manual_seed(1)
    return torch.tensor([4, 0, 2, 0, 1, 4, 4, 2])


def every_head(heads, x, branch):
    """The slow way: all heads see all examples."""
    outputs = torch.stack([head(x) for head in heads])  # (branches, N, ...)
    return outputs[branch, torch.arange(len(x))]


def assert_same(routed, heads, transfer, x, branch):
    """Outputs, input gradients and weight gradients agree to float precision."""
    fast_x, slow_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    route = Route.of(branch)
    fast = routed(fast_x[route.order], route)[route.inverse]
    slow = every_head(heads, slow_x, branch)
    torch.testing.assert_close(fast, slow)
    weight = torch.randn_like(fast)
    (fast * weight).sum().backward()
    (slow * weight).sum().backward()
    torch.testing.assert_close(fast_x.grad, slow_x.grad)
    for number, head in enumerate(heads):
        for name, parameter in head.named_parameters():
            grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.testing.assert_close(transfer(getattr(routed, name).grad[number], name), grad)


def test_route_sorts_and_restores(branch):
    route = Route.of(branch)
    assert route.branch.tolist() == sorted(branch.tolist())
    assert torch.equal(route.branch[route.inverse], branch)
    assert route.segments == ((0, 0, 2), (1, 2, 3), (2, 3, 5), (4, 5, 8))


def test_linear_equals_every_head(branch):
    routed = RoutedLinear(BRANCHES, 6, 3).double()
    heads = [nn.Linear(6, 3).double() for _ in range(BRANCHES)]
    for number, head in enumerate(heads):
        head.weight.data = routed.weight.data[number].T.clone()
        head.bias.data = routed.bias.data[number].clone()
    x = torch.randn(len(branch), 6, dtype=torch.float64)
    assert_same(routed, heads, lambda g, name: g.T if name == "weight" else g, x, branch)


@pytest.mark.parametrize(
    ("stride", "size", "padding"), [(1, (7, 6), 0), (2, (11, 9), 0), (2, (12, 10), 1)]
)
def test_transposed_convolution_equals_every_head(branch, stride, size, padding):
    routed = RoutedConvTranspose(BRANCHES, 4, 3, stride, size, bias=True).double()
    heads = [
        nn.ConvTranspose2d(4, 3, 3, stride, output_padding=padding).double()
        for _ in range(BRANCHES)
    ]

    def as_kernel(matrix):
        """(inputs, 9 outputs) -> torch's (inputs, outputs, 3, 3)."""
        return matrix.view(4, 3, 3, 3).permute(0, 3, 1, 2)

    for number, head in enumerate(heads):
        head.weight.data = as_kernel(routed.weight.data[number]).clone()
        head.bias.data = routed.bias.data[number].normal_().clone()
    x = torch.randn(len(branch), 4, 5, 4, dtype=torch.float64)
    assert_same(routed, heads, lambda g, name: as_kernel(g) if name == "weight" else g, x, branch)


def test_group_norm_equals_every_head(branch):
    routed = RoutedGroupNorm(BRANCHES, 2, 4).double()
    heads = [nn.GroupNorm(2, 4).double() for _ in range(BRANCHES)]
    for number, head in enumerate(heads):
        head.weight.data = routed.weight.data[number].normal_().clone()
        head.bias.data = routed.bias.data[number].normal_().clone()
    x = torch.randn(len(branch), 4, 3, 3, dtype=torch.float64)
    assert_same(routed, heads, lambda g, _: g, x, branch)


def test_absent_branches_get_no_gradient(branch):
    routed = RoutedLinear(BRANCHES, 6, 3)
    route = Route.of(branch)
    routed(torch.randn(len(branch), 6), route).sum().backward()
    assert not routed.weight.grad[3].any()
    assert not routed.bias.grad[3].any()
    assert routed.weight.grad[4].any()
