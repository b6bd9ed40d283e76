"""Guidance: away from no class, and away from another one."""

import numpy as np
import pytest
import torch

from bdiff.build import initialised
from bdiff.data.tables import from_arrays
from bdiff.guidance import Guided
from bdiff.process import VP
from bdiff.sampling.sampler import Sampler, sample
from bdiff.sampling.transmutation import UNGUIDED, transmute
from bdiff.training.settings import Training
from bdiff.training.train import train
from tests.test_model import noised


def test_guidance_runs_from_the_untold_model_to_the_told_one_and_beyond(linear):
    _, _, t, classes, x_t = noised(linear, 50)
    told = linear.denoise(x_t, t, classes)
    untold = linear.denoise(x_t, t, torch.full_like(classes, 3))
    assert (told - untold).abs().min() > 0
    for weight in (0.0, 1.0, 2.5):
        expected = untold + weight * (told - untold)
        guided = Guided(linear, weight).denoise(x_t, t, classes)
        # at the horizon x̂_0 is the output divided by 0.007
        torch.testing.assert_close(guided, expected, atol=1e-3, rtol=1e-4)


def test_guidance_counts_two_evaluations(linear):
    request, sampler = {"4": 3, "9": 2}, Sampler.of({"name": "ddim", "steps": 5})
    guided = Guided(linear, 2.0)
    plain, twice = (sample(model, request, sampler) for model in (linear, guided))
    assert twice.meta["nfe_per_object"] == 2 * plain.meta["nfe_per_object"]
    assert sampler.cost(guided, request).evaluations == twice.meta["evaluations"]
    same = sample(Guided(linear, 1.0), request, sampler)
    np.testing.assert_allclose(same.x, plain.x, rtol=1e-3, atol=1e-3)


def test_guidance_needs_a_label_guided_model(branched, linear):
    with pytest.raises(ValueError, match=r"a branched model has no prediction for no class"):
        Guided(branched, 2.0)
    for weight in (-1, float("nan")):
        with pytest.raises(ValueError, match=f"weight of 0 or more, found {weight}"):
            Guided(linear, weight)


@pytest.mark.parametrize("name", ["dense", "residual"])
def test_guidance_needs_label_dropout(name):
    net, x = {"name": name, "width": 32}, np.random.default_rng(0).standard_normal((40, 5))
    data = from_arrays(x, ["a", "b"] * 20, name="toy")
    for dropout in (0.0, 0.5):
        model = initialised("linear", VP(), (5,), net, classes=data.classes)
        train(model, data, Training(3, label_dropout=dropout))
        if dropout:
            assert Guided(model, 2.0).weight == 2.0
        else:
            with pytest.raises(ValueError, match="trained without label_dropout"):
                Guided(model, 2.0)


def test_away_from_a_gaussian_class_is_a_gaussian_further_away(gaussian, tree):
    """Of equal variances, p_1^w p_0^(1 - w) has the mean w m_1 + (1 - w) m_0."""
    means, variances = torch.tensor([[0.0, 1.0], [2.0, 0.5], [1.0, 1.0]]), torch.full((3, 2), 0.7)
    model, weight = gaussian(means, variances, tree), 2.5
    beyond = means.clone()
    beyond[1] = weight * means[1] + (1 - weight) * means[0]
    exact = gaussian(beyond, variances, tree)
    x, t = torch.randn(6, 2, dtype=torch.float64), torch.linspace(0.05, 0.3, 6).double()
    classes = torch.ones(6, dtype=torch.int64)  # 4, alone below 0.35

    # The exact model predicts x̂_0, in which guidance is linear as in what networks predict.
    model.output, model.net = model.denoise, torch.nn.Identity()
    guided = Guided(model, weight, away_from="0").output(x, t, classes)
    torch.testing.assert_close(guided, exact.denoise(x, t, classes))


def test_classes_of_one_branch_are_not_pushed_apart_nor_below_the_limit(branched):
    x, classes = torch.randn(40, 5), torch.full((40,), 1)  # 4
    t = torch.linspace(0.01, 1, 40, dtype=torch.float64)
    plain = branched.output(x, t, classes)
    guided = Guided(branched, 3.0, away_from="9", above=0.2).output(x, t, classes)
    same = (t <= 0.2) | (t > 0.35)  # 4 and 9 part at 0.35
    torch.testing.assert_close(guided[same], plain[same])
    assert (guided[~same] - plain[~same]).abs().amax(dim=1).min() > 1e-3
    other = branched.output(x, t, torch.full((40,), 2))
    expected = other + 3 * (plain - other)
    torch.testing.assert_close(guided[~same], expected[~same], atol=1e-5, rtol=1e-4)


def test_where_two_classes_arrive_by_one_branch_both_are_told_its_prediction(branched):
    """A solver of two calls a step still evaluates the branch above at the time of a branch point,
    where the other class by itself would be on its own branch."""
    x, classes = torch.randn(3, 5), torch.full((3,), 1)
    t = torch.full((3,), 0.35, dtype=torch.float64)
    above = torch.full((3,), branched.head_of_branch("49"))
    assert branched.head_of(torch.tensor([2]), t[:1]) != above[0]
    guided = Guided(branched, 3.0, away_from="9").output(x, t, classes, above)
    torch.testing.assert_close(guided, branched.output(x, t, classes, above))


def test_the_other_class_is_one_of_the_models(branched):
    with pytest.raises(ValueError, match="unknown class '7'; the classes are 0, 4, 9"):
        Guided(branched, 2.0, away_from="7")


@pytest.mark.parametrize("kind", ["branched", "linear"])
def test_transmutation_can_be_guided(request, kind):
    """Row by row as by hand, at twice the cost; weight 1 is the plain one."""
    model = request.getfixturevalue(kind)
    objects = {"4": np.random.default_rng(0).standard_normal((6, 5), dtype=np.float32)}
    sampler = Sampler.of({"name": "ddim", "steps": 12})
    turn = lambda m, **more: transmute(m, objects, [("4", "9")], sampler, 0.3, both=False, **more)  # noqa: E731
    plain, guided = turn(model), turn(model, guidance=2.0)
    by_hand = turn(Guided(model, 2.0, "4", above=UNGUIDED * 0.3).eval())
    assert np.array_equal(guided.x, by_hand.x)
    assert not np.allclose(guided.where(role="sample"), plain.where(role="sample"))
    assert np.array_equal(guided.where(role="noised"), plain.where(role="noised"))
    # only what is guided costs twice: of the steps from 0.3 on, those above 0.2
    _, grid = sampler.schedule(model, ("4", "9"))
    times = {0.3, *(t for t in grid if 0 < t < 0.3)}
    high = sum(t > UNGUIDED * 0.3 for t in times)
    assert guided.meta["evaluations"] - plain.meta["evaluations"] == 6 * high > 0
    assert (plain.meta["guidance"], guided.meta["guidance"]) == (1.0, 2.0)
