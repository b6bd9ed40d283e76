"""The protocol of the models."""

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.process import VP, expand_like
from bdiff.tree import BranchTree
from bdiff.tree_files import convert_tree, load_tree, save_tree


def test_branch_lookup_is_the_trees(branched, tree):
    t = np.concatenate([[0, 0.35, 0.5, 1.0], np.random.default_rng(0).random(200)])
    codes = np.random.default_rng(1).integers(3, size=len(t))
    found = branched.head_of(torch.from_numpy(codes), torch.from_numpy(t))
    assert found.tolist() == tree.branch_of([tree.classes[c] for c in codes], t).tolist()


def test_loss_of_silence_is_one_and_of_truth_is_zero(branched, monkeypatch):
    """A network that outputs 0 has the mean square of the noise as its loss, the truth has none."""
    x_0, noise = torch.randn(4000, 5), torch.randn(4000, 5)
    t, classes = torch.rand(4000, dtype=torch.float64), torch.randint(3, (4000,))
    monkeypatch.setattr(branched.net, "forward", lambda x, *_: torch.zeros_like(x))
    losses = branched.loss(x_0, classes, t, noise)
    torch.testing.assert_close(losses, noise.square().mean(dim=1))
    assert abs(losses.mean() - 1) < 0.05
    monkeypatch.setattr(branched.net, "forward", lambda *_: noise)
    assert branched.loss(x_0, classes, t, noise).abs().max() == 0


def test_denoising_inverts_the_forward_process(branched, monkeypatch):
    x_0, noise = torch.randn(50, 5), torch.randn(50, 5)
    t = torch.linspace(0.01, 0.7, 50, dtype=torch.float64)
    monkeypatch.setattr(branched.net, "forward", lambda *_: noise)
    x_t = branched.process.diffuse(x_0, t, noise)
    torch.testing.assert_close(
        branched.denoise(x_t, t, torch.zeros(50, dtype=torch.int64)), x_0, atol=1e-4, rtol=1e-4
    )


@pytest.fixture
def v_model(tree):
    """An untrained branched model of 5 features that predicts v."""
    net = {"name": "residual", "width": 16, "rank": 2}
    return initialised("branched", VP(), (5,), net, tree=tree, seed=0).eval()


def noised(model, count=200):
    """Objects, noise, times up to the horizon, classes and x_t."""
    x_0, noise = torch.randn(2, count, 5)
    t = torch.linspace(1e-3, 1, count, dtype=torch.float64)
    return x_0, noise, t, torch.arange(count) % 3, model.process.diffuse(x_0, t, noise)


def test_any_velocity_is_that_of_the_denoised_object(v_model, monkeypatch):
    """v = alpha ε̂ - sigma x̂_0, where x_t = alpha x̂_0 + sigma ε̂, for any output."""
    _, _, t, classes, x_t = noised(v_model)
    v = torch.randn_like(x_t)
    monkeypatch.setattr(v_model.net, "forward", lambda *_: v)
    x_0 = v_model.denoise(x_t, t, classes)
    alpha, sigma = (expand_like(f(t), x_t) for f in (v_model.process.alpha, v_model.process.sigma))
    noise = (x_t - alpha * x_0) / sigma
    torch.testing.assert_close(alpha * noise - sigma * x_0, v, atol=1e-4, rtol=1e-4)


def test_the_true_velocity_has_no_loss_and_gives_the_object(v_model, monkeypatch):
    x_0, noise, t, classes, x_t = noised(v_model)
    alpha, sigma = (expand_like(f(t), x_t) for f in (v_model.process.alpha, v_model.process.sigma))
    monkeypatch.setattr(v_model.net, "forward", lambda *_: alpha * noise - sigma * x_0)
    assert v_model.loss(x_0, classes, t, noise).max() < 1e-12
    torch.testing.assert_close(v_model.denoise(x_t, t, classes), x_0, atol=1e-5, rtol=1e-5)


def test_a_silent_velocity_has_the_same_loss_at_every_time(v_model):
    """Objects of unit variance: |v|² is 1 whatever the time; our networks start silent."""
    x_0, noise, t, classes, _ = noised(v_model, 20_000)
    with torch.no_grad():
        losses = v_model.loss(x_0, classes, t, noise)
    assert [part.mean().item() for part in losses.chunk(4)] == pytest.approx([1] * 4, abs=0.03)


@pytest.mark.parametrize("settings", [{"name": "dense"}, {"name": "residual", "width": 16}])
def test_what_a_network_predicts_can_be_chosen(tree, settings):
    usual = {"dense": "noise", "residual": "v"}[settings["name"]]
    for prediction, expected in ((None, usual), ("noise", "noise"), ("v", "v")):
        net = settings | {"prediction": prediction}
        model = initialised("branched", VP(), (5,), net, tree=tree)
        assert model.net.prediction == expected
    with pytest.raises(ValueError, match="a network predicts 'noise' or 'v', found 'score'"):
        initialised("branched", VP(), (5,), settings | {"prediction": "score"}, tree=tree)


def test_observing_keeps_the_range_of_channels_and_the_moments_of_branches(tree):
    net = {"name": "residual_unet", "channels": [8], "rank": 2}
    model = initialised("branched", VP(), (2, 4, 4), net, tree=tree)
    assert model.value_range.tolist() == [[[-torch.inf] * 2, [torch.inf] * 2]] * 5
    x_0 = torch.randn(12, 2, 4, 4)
    classes = torch.tensor([0] * 2 + [1] * 3 + [2] * 7)
    model.observe(x_0, classes)
    for number, branch in enumerate(tree.branches):
        inside = x_0[[tree.classes[code] in branch.classes for code in classes]]
        least, largest = model.value_range[number]
        assert torch.equal(least, inside.amin((0, 2, 3)))
        assert torch.equal(largest, inside.amax((0, 2, 3)))
        inside = inside.flatten(1)
        torch.testing.assert_close(model.means[number], inside.mean(dim=0))
        axes = model.axes[number]
        covariance = torch.cov(inside.T, correction=0)
        torch.testing.assert_close(axes.T @ axes, covariance, atol=1e-5, rtol=1e-4)


def test_crossing_gives_states_of_a_mixture_the_moments_of_the_class(branched, tree):
    """States of the classes 4 and 9, mixed; on crossing into 4 they are as noised 4s, in the first
    two moments."""
    means = torch.tensor([[0.0] * 5, [1.0, -2.0, 0.0, 3.0, 0.5], [-1.0, 0.5, 2.0, 0.0, 0.5]])
    classes = torch.tensor([0] * 1000 + [1] * 20_000 + [2] * 60_000)
    x_0 = means[classes] + 0.3 * torch.randn(81_000, 5)
    branched.observe(x_0, classes)
    numbers = {branch.classes: number for number, branch in enumerate(tree.branches)}
    time = torch.full((81_000,), 0.35, dtype=torch.float64)
    x_t = branched.process.diffuse(x_0, time, torch.randn_like(x_0))
    crossed = branched.cross(x_t[classes > 0], 0.35, numbers["4", "9"], numbers["4",])
    fours = x_t[classes == 1]
    torch.testing.assert_close(crossed.mean(dim=0), fours.mean(dim=0), atol=0.03, rtol=0)
    torch.testing.assert_close(torch.cov(crossed.T), torch.cov(fours.T), atol=0.03, rtol=0)
    assert (torch.cov(x_t[classes > 0].T) - torch.cov(fours.T)).abs().max() > 0.3  # it was not


def test_states_stay_where_nothing_is_known_or_nothing_parts(branched, linear):
    x_t = torch.randn(10, 5)
    torch.testing.assert_close(branched.cross(x_t, 0.35, 0, 1), x_t)  # nothing was observed
    linear.observe(x_t, torch.arange(10) % 3)
    assert linear.cross(x_t, 0.35, 0, 0) is x_t


def test_weights_are_a_function_of_the_seed(tree):
    def weights(seed):
        model = initialised(
            "branched", VP(), (5,), {"name": "dense", "width": 8}, tree=tree, seed=seed
        )
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    state = torch.random.get_rng_state()
    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_tree_that_does_not_fit_the_process_is_refused(tree, tmp_path):
    with pytest.raises(ValueError, match=r"up to 1000, but the model uses VP\(.*\), up to 1: use"):
        initialised(
            "branched", VP(), (5,), {"name": "dense"}, tree=BranchTree(["a"], horizon=1000.0)
        )
    other = BranchTree(tree.classes, tree.points, 1.0, VP(0.1, 10.0).to_dict())
    with pytest.raises(ValueError, match=r"times are those of .*'beta_max': 10.0.* model uses"):
        initialised("branched", VP(), (5,), {"name": "dense"}, tree=other)
    converted = convert_tree(tree, VP(0.1, 10.0), VP())
    assert initialised("branched", VP(), (5,), {"name": "dense"}, tree=converted)
    save_tree(tree, tmp_path / "tree.json", VP(0.1, 20))
    with pytest.raises(
        ValueError, match=r"branch point of 0/4/9.*VP\(beta_min=0.1, beta_max=1\.?0?\)"
    ):
        load_tree(tmp_path / "tree.json", VP(0.1, 1.0))


@pytest.mark.parametrize("kind", ["branched", "linear", "banana"])
def test_a_model_without_what_it_needs_is_refused(kind):
    with pytest.raises(ValueError, match=f"found kind '{kind}', no tree and 0 classes"):
        initialised(kind, VP(), (5,), {"name": "dense"})
