"""The process on graphs: marginals, what noise must respect, and its exact reverse."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import nn

from bdiff.build import initialised
from bdiff.model import DiffusionModel
from bdiff.process import VE, VP, Joint, process_from
from bdiff.process.joint import mirrored, present, split
from bdiff.sampling.sampler import Sampler, sample
from bdiff.sampling.transmutation import transmute
from bdiff.tree import BranchPoint, BranchTree

NODES, TYPES = 5, 3
SHAPE = (NODES, NODES + TYPES)
PROCESS = Joint(VE(0.05, 50.0), VP(0.1, 20.0))


def graphs(sizes, seed=0):
    """Random graphs with values of no special form, and so many nodes each."""
    x = torch.randn(len(sizes), *SHAPE, generator=torch.Generator().manual_seed(seed))
    there = torch.arange(NODES) < torch.as_tensor(sizes)[:, None]
    return mirrored(x) * present(there[..., None].expand_as(x))


@pytest.mark.parametrize("process", [PROCESS, Joint(), Joint(VE(0.2, 1.0), VP(0.1, 1.0))], ids=str)
def test_marginals_solve_the_moment_equations_of_drift_and_diffusion(process):
    """For each entry, with drift f x: d mean/dt = f mean and d var/dt = 2 f var + g²."""
    one = torch.ones(1, *SHAPE, dtype=torch.float64)
    size = one.numel()

    def slopes(t, moments):
        time = torch.tensor([t], dtype=torch.float64)
        f = process.drift(one, time).flatten().numpy()
        g = (process.diffusion_at(time, one) * one).flatten().numpy()
        mean, variance = moments[:size], moments[size:]
        return np.concatenate([f * mean, 2 * f * variance + g**2])

    start = np.concatenate([np.ones(size), np.zeros(size)])
    times = np.linspace(0, 1, 6)
    solved = solve_ivp(slopes, (0, 1), start, t_eval=times, rtol=1e-9, atol=1e-12).y
    for column, t in enumerate(times):
        alpha, sigma = process.at(torch.tensor([t], dtype=torch.float64), one)
        mean, variance = (alpha * one).flatten(), (sigma**2 * one).flatten()
        np.testing.assert_allclose(solved[:size, column], mean, rtol=1e-6)
        np.testing.assert_allclose(solved[size:, column], variance, rtol=1e-6, atol=1e-9)


def test_bonds_and_atoms_have_their_own_process():
    t = torch.tensor([0.3], dtype=torch.float64)
    alpha, sigma = PROCESS.at(t, torch.zeros(1, *SHAPE))
    assert alpha.shape == sigma.shape == (1, 1, NODES + TYPES)
    assert (alpha[..., :NODES] == 1).all()
    assert (sigma[..., :NODES] == PROCESS.bonds.sigma(0.3)).all()
    assert (alpha[..., NODES:] == PROCESS.atoms.alpha(0.3)).all()
    assert (sigma[..., NODES:] == PROCESS.atoms.sigma(0.3)).all()
    assert float(PROCESS.log_snr(0.3)) == float(PROCESS.atoms.log_snr(0.3))


def test_noise_is_symmetric_of_variance_one_and_only_where_nodes_are():
    x = graphs([5, 3, 1, 0])
    noise = PROCESS.noise(torch.randn(20_000, 4, *SHAPE), x)
    bonds, _ = split(noise)
    assert torch.equal(bonds, bonds.mT)
    assert not bonds.diagonal(dim1=-2, dim2=-1).any()
    assert torch.equal(noise.any(dim=0), present(x).bool() & ~_diagonal())
    spread = noise.std(dim=0)[noise.any(dim=0)]
    torch.testing.assert_close(spread, torch.ones_like(spread), atol=0.03, rtol=0)
    x_t = PROCESS.diffuse(x, torch.full((4,), 0.5), torch.randn(4, *SHAPE))
    assert torch.equal(x_t.any(dim=-1), x.any(dim=-1))


def _diagonal():
    return torch.cat([torch.eye(NODES), torch.zeros(NODES, TYPES)], dim=1).bool()


def test_the_error_is_a_mean_over_what_is_there():
    x = graphs([4, 2])
    error = present(x) * ~_diagonal()
    torch.testing.assert_close(PROCESS.mean_square(3 * error, x), torch.tensor([9.0, 9.0]))
    # of a single node there are no bonds
    x = graphs([1])
    torch.testing.assert_close(PROCESS.mean_square(present(x), x), torch.tensor([0.5 + 0.5]))


def test_description_round_trip_and_refusals():
    assert process_from(PROCESS.to_dict()) == PROCESS
    with pytest.raises(ValueError, match="sigma_min=2, sigma_max=1"):
        VE(2, 1)


class GaussianGraphs(DiffusionModel):
    """The exact model of graphs with independent bonds N(m, v) and atom types N(m, v), 4 nodes.

    E[x_0 | x_t] = m + alpha v / (alpha² v + sigma²) (x_t - alpha m), entry by entry.
    """

    kind = "exact"
    mean = torch.tensor([0.8] * NODES + [-0.5, 0.1, 1.5], dtype=torch.float64)
    variance = torch.tensor([0.2] * NODES + [0.04, 0.3, 1.2], dtype=torch.float64)

    def __init__(self):
        nn.Module.__init__(self)
        self.process, self.shape, self.classes = PROCESS, SHAPE, ("only",)
        self.unused = nn.Parameter(torch.zeros(1))
        self.register_buffer("value_range", torch.tensor([[[-torch.inf], [torch.inf]]]))
        self.register_buffer("sizes", torch.tensor([[0.0, 0, 0, 0, 1, 0]]))

    def head_of(self, classes, t):
        return torch.zeros_like(classes)

    def denoise(self, x, t, classes, head=None):
        alpha, sigma = self.process.at(t, x)
        m, v = self.mean, self.variance
        x_0 = m + alpha * v / (alpha**2 * v + sigma**2) * (x - alpha * m)
        return (present(x) * ~_diagonal() * x_0).to(x)


@pytest.mark.parametrize(
    ("solver", "steps", "options"),
    [
        ("ddim", 500, {"eta": 1}),
        ("ddim", 150, {"eta": 0}),
        ("euler_maruyama", 250, {}),
        ("predictor_corrector", 150, {}),
        ("probability_flow", None, {"rtol": 1e-4, "atol": 1e-4}),
    ],
)
def test_the_reverse_of_a_gaussian_recovers_it(solver, steps, options):
    model = GaussianGraphs()
    settings = {"name": solver, **options} | ({"steps": steps} if steps else {})
    x = torch.from_numpy(sample(model, {"only": 1000}, Sampler.of(settings)).x).double()
    assert not x[:, 4].any()
    bonds, atoms = (part[:, :4] for part in split(x))
    assert torch.equal(bonds[..., :4], bonds[..., :4].mT)
    upper = bonds[:, *torch.triu_indices(4, 4, offset=1)].flatten()
    found = [upper, *atoms.flatten(0, 1).unbind(dim=1)]
    for values, m, v in zip(
        found, model.mean[NODES - 1 :], model.variance[NODES - 1 :], strict=True
    ):
        assert values.mean() == pytest.approx(float(m), abs=0.06 * float(v.sqrt()) + 0.01)
        assert values.var() == pytest.approx(float(v), rel=0.1)


@pytest.fixture(params=["branched", "linear"])
def model(request):
    tree = BranchTree(["a", "b"], [BranchPoint(("a", "b"), 0.4)])
    net = {"name": "graph_transformer"}
    options = {"tree": tree} if request.param == "branched" else {"classes": tree.classes}
    return initialised(request.param, PROCESS, SHAPE, net, seed=0, **options).eval()


def test_samples_have_the_sizes_of_their_own_class(model):
    sizes = torch.cat([torch.tensor([2, 3]).repeat(50), torch.tensor([5, 4, 4, 4]).repeat(25)])
    x = graphs(sizes)
    model.observe(x, torch.arange(2).repeat_interleave(100))
    made = sample(model, {"a": 300, "b": 300}, Sampler.of({"name": "ddim", "eta": 1, "steps": 3}))
    found = {c: np.bincount(made.x[made.label == c].any(-1).sum(-1), minlength=6) for c in "ab"}
    assert found["a"][[0, 1, 4, 5]].sum() == 0
    assert found["b"][[0, 1, 2, 3]].sum() == 0
    assert found["a"][3] / 300 == pytest.approx(0.5, abs=0.09)
    assert found["b"][4] / 300 == pytest.approx(0.75, abs=0.08)


def test_bonds_stay_symmetric_where_predictions_are_kept_in_range(model):
    """Also those of molecules that are larger than any of the class."""
    x = graphs(torch.tensor([3, 3, 5, 4]))
    model.observe(x, torch.tensor([0, 0, 1, 1]))
    sampler = Sampler.of({"name": "ddim", "eta": 1, "steps": 5})
    objects = {"b": graphs(torch.tensor([5, 5, 5])).numpy()}
    made = transmute(model, objects, [("b", "a")], sampler, time=0.3, both=False)
    bonds, _ = split(torch.from_numpy(made.where(role="sample")))
    assert bonds[:, 4, :4].any()
    assert torch.equal(bonds, bonds.mT)


def test_solvers_that_need_one_log_snr_are_refused(model):
    with pytest.raises(ValueError, match=r"bonds and atoms .* use 'ddim', 'euler_maruyama'"):
        sample(model, {"a": 1}, Sampler.of({"name": "unipc", "steps": 3}))
