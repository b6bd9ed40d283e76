"""The protocol of the models."""

import numpy as np
import pytest
import torch

from bdiff.model import build_model
from bdiff.process import VP
from bdiff.tree import BranchTree
from bdiff.tree_files import convert_tree, load_tree, save_tree


def test_branch_lookup_is_the_trees(branched, tree):
    t = np.concatenate([[0, 0.35, 0.5, 1.0], np.random.default_rng(0).random(200)])
    codes = np.random.default_rng(1).integers(3, size=len(t))
    found = branched.branch_of(torch.from_numpy(codes), torch.from_numpy(t))
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


def test_weights_are_a_function_of_the_seed(tree):
    def weights(seed):
        model = build_model(
            "branched", VP(), (5,), {"name": "dense", "width": 8}, tree=tree, seed=seed
        )
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    state = torch.random.get_rng_state()
    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_tree_that_does_not_fit_the_process_is_refused(tree, tmp_path):
    with pytest.raises(ValueError, match=r"up to 1000, but the model uses VP\(.*\), up to 1: use"):
        build_model(
            "branched", VP(), (5,), {"name": "dense"}, tree=BranchTree(["a"], horizon=1000.0)
        )
    other = BranchTree(tree.classes, tree.points, 1.0, VP(0.1, 10.0).to_dict())
    with pytest.raises(ValueError, match=r"times are those of .*'beta_max': 10.0.* model uses"):
        build_model("branched", VP(), (5,), {"name": "dense"}, tree=other)
    converted = convert_tree(tree, VP(0.1, 10.0), VP())
    assert build_model("branched", VP(), (5,), {"name": "dense"}, tree=converted)
    save_tree(tree, tmp_path / "tree.json", VP(0.1, 20))
    with pytest.raises(
        ValueError, match=r"branch point of 0/4/9.*VP\(beta_min=0.1, beta_max=1\.?0?\)"
    ):
        load_tree(tmp_path / "tree.json", VP(0.1, 1.0))


@pytest.mark.parametrize("kind", ["branched", "linear", "banana"])
def test_a_model_without_what_it_needs_is_refused(kind):
    with pytest.raises(ValueError, match=f"found kind '{kind}', no tree and 0 classes"):
        build_model(kind, VP(), (5,), {"name": "dense"})
