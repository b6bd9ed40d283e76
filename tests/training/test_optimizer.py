"""Adam by branch against torch's Adam, and the average against its definition."""

import pytest
import torch

from bdiff.nets.build import net_from
from bdiff.nets.routed_layers import sparse_gradients
from bdiff.training.optimizer import BranchAdam

STEPS = [[0, 1, 2], [0, 2], [2], [0, 1], [1, 2], [0]]  # branches of each batch


def network():
    torch.manual_seed(0)
    return net_from({"name": "dense", "width": 8}, (3,), [[0], [1], [2]], 0)


def train(net, step, sparse=True, batches=STEPS):
    """Gradients of the batches, each followed by a step of the branches in it."""
    sparse_gradients(net, sparse)
    for number, present in enumerate(batches):
        generator = torch.Generator().manual_seed(number)
        x = torch.randn(6, 3, generator=generator)
        branch = torch.tensor(present * 6)[:6]
        for parameter in net.parameters():
            parameter.grad = None
        t = torch.linspace(0, 1, 6, dtype=torch.float64)
        (net(x, t, branch, branch) - 1).square().mean().backward()
        step(sorted(present))


def by_branch(net, optimizer, clip=1e9):
    return lambda present: optimizer.step(0.01, clip, present)


@pytest.mark.parametrize("sparse", [False, True])
def test_with_every_branch_in_every_batch_it_is_adam(sparse):
    ours, theirs = network(), network()
    train(ours, by_branch(ours, BranchAdam(ours), clip=0.5), sparse, [[0, 1, 2]] * 5)
    adam = torch.optim.Adam(theirs.parameters(), lr=0.01)

    def step(_):
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        adam.step()

    train(theirs, step, False, [[0, 1, 2]] * 5)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_a_branch_is_trained_by_an_adam_of_its_own():
    """torch's Adam over separate rows, which skips a row without a gradient."""
    ours, theirs = network(), network()
    optimizer = BranchAdam(ours)
    train(ours, by_branch(ours, optimizer))
    routed = {name for name, t in optimizer.tensors.items() if t.routed}
    rows = {
        name: [row.detach().clone() for row in p] if name in routed else [p.detach().clone()]
        for name, p in theirs.named_parameters()
    }
    adam = torch.optim.Adam([row for part in rows.values() for row in part], lr=0.01)

    def step(present):
        for name, parameter in theirs.named_parameters():
            for number, row in enumerate(rows[name]):
                used = name not in routed or number in present
                grad = parameter.grad[number] if name in routed else parameter.grad
                row.grad = grad if used else None
        adam.step()
        with torch.no_grad():
            for name, parameter in theirs.named_parameters():
                parameter.copy_(torch.stack(rows[name]) if name in routed else rows[name][0])

    train(theirs, step, sparse=False)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_a_resting_branch_keeps_every_bit():
    net = network()
    optimizer = BranchAdam(net)
    train(net, by_branch(net, optimizer), batches=STEPS[:2])
    before = {key: value.clone() for key, value in optimizer.state()["optimizer"].items()}
    weight = net.routed[0].weight.detach().clone()
    train(net, by_branch(net, optimizer), batches=[[0, 2]])
    for key, value in optimizer.state()["optimizer"].items():
        if key.startswith("routed"):
            assert torch.equal(value[1], before[key][1])
            assert not torch.equal(value[0], before[key][0])
    assert torch.equal(net.routed[0].weight[1], weight[1])


def test_the_average_is_that_of_all_steps_at_rest_too():
    net = network()
    optimizer = BranchAdam(net, ema=0.3)
    average = [p.detach().clone() for p in net.parameters()]
    done = 0

    def step(present):
        nonlocal done
        optimizer.step(0.01, 1.0, present)
        decay = min(0.3, (1 + done) / (10 + done))
        for mean, parameter in zip(average, net.parameters(), strict=True):
            mean.lerp_(parameter.detach(), 1 - decay)
        done += 1

    train(net, step)
    optimizer.use_average()
    for mean, parameter in zip(average, net.parameters(), strict=True):
        torch.testing.assert_close(parameter, mean)


def test_a_gradient_that_is_not_finite_moves_nothing():
    net = network()
    optimizer = BranchAdam(net)
    before = [p.detach().clone() for p in net.parameters()]

    def step(present):
        net.input.weight.grad[0, 0] = torch.nan
        assert torch.tensor(optimizer.step(0.01, 1.0, present)).isnan()

    train(net, step, batches=STEPS[:1])
    assert all(map(torch.equal, before, net.parameters()))


def test_gradients_of_other_branches_are_refused():
    net = network()
    optimizer = BranchAdam(net)
    with pytest.raises(ValueError, match=r"branches \[0, 2\], expected those of \[0, 1\]"):
        train(net, lambda _: optimizer.step(0.01, 1.0, [0, 1]), batches=[[0, 2]])


@pytest.mark.parametrize("name", ["residual", "residual_unet"])
@pytest.mark.parametrize("labels", [0, 3])
def test_branches_without_weights_of_their_own_are_trained(name, labels):
    """Rank 0: what belongs to a branch is a vector, and that is under plain Adam."""
    shape = (5,) if name == "residual" else (1, 8, 8)
    net = net_from({"name": name, "rank": 0}, shape, [[0], [0, 1], [0, 2]], labels)
    optimizer = BranchAdam(net, ema=0.9)
    before = [p.detach().clone() for p in net.parameters()]
    for present in STEPS:
        branch = torch.tensor(present)
        x, t = torch.randn(len(present), *shape), torch.rand(len(present))
        (net(x, t, branch, branch) - 1).square().mean().backward()
        optimizer.step(0.01, 1.0, sorted(present))
        optimizer.zero_grad()
    assert all((p != old).any() for p, old in zip(net.parameters(), before, strict=True))
    optimizer.use_average()
