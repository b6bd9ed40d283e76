"""Networks of graphs: what their outputs may depend on, and what belongs to a branch."""

import pytest
import torch

from bdiff.nets.build import net_from
from bdiff.nets.heads import head_parameters
from bdiff.nets.node_pairs import NodePairs
from bdiff.nets.routing import Route

NODES, ATOMS = 7, 4
LINEAGE = [[0], [1, 0], [2, 0]]
NETS = {
    "graph": {"name": "graph", "layers": 3, "width": 8, "channels": 4},
    "graph_transformer": {"name": "graph_transformer", "width": 16, "blocks": 2, "rank": 3},
}


@pytest.fixture(params=NETS)
def settings(request):
    torch.manual_seed(0)
    return NETS[request.param]


def filled_net(settings, lineage=LINEAGE, labels=0, nodes=NODES, dtype=torch.float64):
    """A network no part of which is zero: what starts at zero is filled with random numbers."""
    net = net_from(settings, (nodes, nodes + ATOMS), lineage, labels).to(dtype)
    net.conditioning.float()  # as `FourierTime`
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                parameter.normal_(std=0.3)
    return net


def graphs(sizes=(7, 3, 5, 1, 6, 2), nodes=NODES, dtype=torch.float64):
    """Noisy graphs of these sizes, times, branches and labels."""
    count = len(sizes)
    mask = torch.arange(nodes) < torch.tensor(sizes)[:, None]
    bonds = torch.randn(count, nodes, nodes, dtype=dtype).triu(1)
    bonds = (bonds + bonds.mT) * mask[:, :, None] * mask[:, None, :]
    atoms = torch.randn(count, nodes, ATOMS, dtype=dtype) * mask[:, :, None]
    t = torch.linspace(0.1, 0.9, count, dtype=torch.float64)
    x = torch.cat([bonds, atoms], dim=2)
    return x, t, torch.arange(count) % 3, torch.arange(count) % 2


def same(found, expected):
    """Equal up to rounding; what tells the time is in float32."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def permuted(x, order):
    """The same graphs with their nodes in another order."""
    nodes = x.shape[1]
    columns = torch.cat([order, torch.arange(nodes, x.shape[2])])
    return x[:, order][:, :, columns]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_permuting_the_nodes_permutes_the_output_of_the_papers_network(dtype, tolerance):
    net = filled_net(NETS["graph"], dtype=dtype)
    x, t, branch, label = graphs(dtype=dtype)
    order = torch.randperm(NODES)
    for head in range(len(LINEAGE)):
        there = torch.full_like(branch, head)
        expected = permuted(net(x, t, there, label), order)
        assert expected.dtype == dtype
        assert expected.abs().amax() > 0.01
        found = net(permuted(x, order), t, there, label)
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


def test_bonds_are_symmetric_and_absent_nodes_zero(settings):
    x, t, branch, label = graphs()
    output = filled_net(settings)(x, t, branch, label)
    assert output.shape == x.shape
    bonds, there = output[..., :NODES], x.any(dim=2)
    assert torch.equal(bonds, bonds.mT)
    assert torch.equal(output.any(dim=2), there)
    off_diagonal = there[:, :, None] & there[:, None, :] & ~torch.eye(NODES, dtype=torch.bool)
    assert torch.equal(bonds != 0, off_diagonal)


def test_a_graph_depends_neither_on_the_batch_nor_on_absent_nodes(settings):
    net = filled_net(settings)
    x, t, branch, label = graphs()
    together = net(x, t, branch, label)
    for i in range(len(x)):
        same(net(*(part[i : i + 1] for part in (x, t, branch, label))), together[i : i + 1])
    if settings["name"] == "graph_transformer":
        return  # it has a vector for every node that there can be
    wider = filled_net(settings, nodes=NODES + 3)
    wider.load_state_dict(net.state_dict())

    def padded(x):
        bonds = torch.nn.functional.pad(x[..., :NODES], (0, 3, 0, 3))
        return torch.cat([bonds, torch.nn.functional.pad(x[..., NODES:], (0, 0, 0, 3))], dim=2)

    same(wider(padded(x), t, branch, label), padded(together))


def test_all_bonds_and_atoms_reach_each_other(settings):
    """A change of one bond is felt everywhere in its graph, also where no bond is near."""
    net = filled_net(settings)
    x, t, branch, label = graphs()
    changed = x.clone()
    changed[0, 0, 1] += 1
    changed[0, 1, 0] += 1
    difference = (net(changed, t, branch, label) - net(x, t, branch, label)).abs()
    off_diagonal = torch.cat([1 - torch.eye(NODES), torch.ones(NODES, ATOMS)], dim=1).bool()
    assert difference[0][off_diagonal].min() > 1e-9
    assert not difference[1:].any()


def gradients(net):
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in net.named_parameters()
    }


def every_head(net, x, t, branch, label):
    """The slow way: all heads see all examples."""
    heads = [net(x, t, torch.full_like(branch, head), label) for head in range(len(LINEAGE))]
    return torch.stack(heads)[branch, torch.arange(len(x))]


def test_routing_equals_evaluating_every_head(settings):
    net = filled_net(settings)
    batch = graphs()
    weight = torch.randn_like(batch[0])
    found = []
    for way in (net, lambda *batch: every_head(net, *batch)):
        net.zero_grad()
        output = way(*batch)
        (output * weight).sum().backward()
        found.append((output.detach(), gradients(net)))
    same(found[0][0], found[1][0])
    for name, gradient in found[0][1].items():
        same(gradient, found[1][1][name])


def test_a_branch_trains_what_is_shared_and_its_own(settings):
    net = filled_net(settings)
    x, t, branch, label = graphs()
    net(x, t, torch.full_like(branch, 2), label).square().sum().backward()
    own = head_parameters(net)
    last = f"attention.{settings.get('layers', 0) - 1}.nodes"  # reaches no output
    for name, gradient in gradients(net).items():
        if name.startswith(last):
            assert not gradient.any()
        elif name in own:
            inherits = name == "conditioning.branch.weight"
            trained = [head for head in range(3) if gradient[head].any()]
            assert trained == ([0, 2] if inherits else [2]), name
        else:
            assert gradient.any(), name


def test_vectorised_routes_give_the_same(settings, monkeypatch):
    """As on a GPU, where no pair is left out."""
    net = filled_net(settings)
    batch = graphs()
    expected = net(*batch)
    of = Route.of.__func__
    monkeypatch.setattr(Route, "of", classmethod(lambda cls, branch: of(cls, branch, True)))
    same(net(*batch), expected)


def test_the_label_changes_the_output_of_the_label_guided_network(settings):
    net = filled_net(settings, [[0]], labels=3)
    x, t, branch, _ = graphs()
    here = torch.zeros_like(branch)
    outputs = torch.stack([net(x, t, here, here + label) for label in range(3)])
    there = x.any(dim=2)
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        assert (outputs[a] - outputs[b])[there].flatten(1).abs().amax(dim=1).min() > 1e-5


def test_parameters_of_the_papers_network_are_as_many_as_in_the_paper():
    """For ZINC250K; the counts follow from the reference's layers."""
    counts = {}
    for branches in (1, 3):
        net = net_from({"name": "graph"}, (38, 47), [[b] for b in range(branches)], 0)
        counts[branches] = sum(parameter.numel() for parameter in net.parameters())
        own = sum(parameter.numel() for parameter in head_parameters(net).values())
        assert own == 33_446 * branches
        assert counts[branches] - own == 41_113
    assert counts[3] == 141_451


@pytest.mark.parametrize(("vectorised", "count"), [(False, 6 + 0 + 1), (True, 3 * 10)])
def test_matrices_hold_the_values_of_present_pairs_only(vectorised, count):
    mask = torch.arange(5) < torch.tensor([4, 1, 2])[:, None]
    full = torch.randn(3, 5, 5, 2)
    full = full + full.transpose(1, 2)
    pairs = NodePairs.of(mask, Route.of(torch.tensor([0, 0, 1]), vectorised))
    values = pairs.values(full)
    assert values.shape == (count, 2)
    there = mask[:, :, None] & mask[:, None, :] & ~torch.eye(5, dtype=torch.bool)
    assert torch.equal(pairs.matrices(values), full * there[..., None])


def test_graphs_without_any_pair_have_no_bonds(settings):
    x, t, branch, label = graphs(sizes=(1, 1, 0))
    output = filled_net(settings)(x, t, branch, label)
    assert not output[..., :NODES].any()
    assert output[:2, 0, NODES:].all()
    assert not output[2].any()


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"name": "graph"}, (16,), r"\(nodes, nodes \+ atoms\).*found \(16,\); for tables"),
        ({"name": "graph_transformer"}, (1, 28, 28), "for images 'residual_unet'"),
        ({"name": "graph_transformer"}, (7, 7), "one atom type or more"),
        ({"name": "graph", "width": 6}, (7, 11), "multiple of 4 .*found 6 and 8"),
        ({"name": "graph", "channels": 3}, (7, 11), "even number of channels, found 16 and 3"),
        ({"name": "graph_transformer", "width": 10}, (7, 11), "found 10 and 4"),
    ],
)
def test_networks_that_do_not_fit_are_refused(settings, shape, message):
    with pytest.raises(ValueError, match=message):
        net_from(settings, shape, LINEAGE, 0)
