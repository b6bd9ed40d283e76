"""A model from a data set alone: what is not said is what suits the data."""

import numpy as np
import pytest

from bdiff import (
    DDPM,
    VP,
    Dataset,
    Training,
    build_model,
    estimate_tree,
    extend,
    from_arrays,
    given_tree,
    load_model,
    sample,
    save_model,
)
from bdiff import train as train_model
from bdiff.data.scaling import COUNTS, GRAPHS, UNSCALED
from bdiff.defaults import ADDED, BY_FORM, form_of
from bdiff.process import Joint
from bdiff.tree_files import convert_tree


def data_of(*shape: int, scaling: dict | None = None) -> Dataset:
    """Two classes of twelve objects, three standard deviations apart."""
    x = np.random.default_rng(0).standard_normal((24, *shape)) + 3 * np.repeat([0, 1], 12).reshape(
        -1, *[1] * len(shape)
    )
    data = from_arrays(x, ["a"] * 12 + ["b"] * 12, name="toy")
    return data if scaling is None else Dataset(**(vars(data) | {"scaling": scaling}))


@pytest.mark.parametrize(
    ("shape", "form", "net", "process"),
    [
        ((4,), "table", "residual", VP),
        ((1, 8, 8), "images", "residual_unet", VP),
    ],
)
def test_process_and_network_suit_the_data(shape, form, net, process):
    data = data_of(*shape)
    assert form_of(data) == form
    model = build_model(data)
    assert (model.kind, model.classes, model.shape) == ("linear", ("a", "b"), shape)
    assert model.settings["name"] == net
    assert isinstance(model.process, process)
    assert BY_FORM[form]["net"]["name"] == net


def test_a_tree_makes_it_branched_in_the_time_of_its_process():
    data = data_of(3)
    tree = estimate_tree(data, VP(0.1, 10))
    model = build_model(data, tree)
    assert model.kind == "branched"
    assert model.process == VP(0.1, 10)
    assert model.tree.branch_time("a", "b") == tree.branch_time("a", "b")
    other = build_model(data, tree, process=DDPM(), net="dense")
    assert other.settings["name"] == "dense"
    assert other.process.discrete
    own = convert_tree(tree, VP(0.1, 10), DDPM()).branch_time("a", "b")
    assert other.tree.branch_time("a", "b") == own == int(own)


def test_molecules_take_their_own_process_and_a_tree_given_by_hand():
    data = data_of(5, 9, scaling=GRAPHS)
    model = build_model(data, given_tree([{"classes": "ab", "time": 0.4}], "ab"))
    assert model.settings["name"] == "graph_transformer"
    assert isinstance(model.process, Joint)
    assert model.tree.branch_time("a", "b") == 0.4


def test_what_does_not_fit_is_refused():
    data = data_of(3)
    with pytest.raises(ValueError, match=r"tree has the classes \['a', 'c'\], data set 'toy'"):
        build_model(data, given_tree([{"classes": "ac", "time": 0.4}], "ac"))
    with pytest.raises(ValueError, match=r"counts; a model needs what an autoencoder"):
        build_model(data_of(3, scaling=COUNTS))
    with pytest.raises(ValueError, match=r"molecules, whose branch points cannot be estimated"):
        estimate_tree(data_of(5, 9, scaling=GRAPHS))
    with pytest.raises(ValueError, match=r"VP\(.*\) does not suit 'toy', which has molecules"):
        build_model(data_of(5, 9, scaling=GRAPHS), process=VP())
    with pytest.raises(ValueError, match=r"Joint\(.*\) does not suit 'toy', which has table"):
        build_model(data, process=Joint())
    with pytest.raises(ValueError, match=r"'residual' has no setting 'widht'; it has .*width"):
        build_model(data, net={"name": "residual", "widht": 3})


@pytest.mark.parametrize(
    ("shape", "fix"),
    [
        ((28, 28), r"x\[:, None\]"),
        ((16, 16, 3), r"x\.transpose\(0, 3, 1, 2\)"),
        ((1, 2, 3, 4), r"\(features,\)"),
    ],
)
def test_objects_of_another_form_are_refused_with_the_fix(shape, fix):
    with pytest.raises(ValueError, match=rf"have the shape \({shape[0]}, .*{fix}"):
        build_model(data_of(*shape))


def test_arguments_of_another_type_are_refused_with_the_fix():
    data = data_of(3)
    with pytest.raises(TypeError, match=r"dataset is 'branched', expected Dataset: bdiff\.from_"):
        build_model("branched", data)
    with pytest.raises(TypeError, match=r"tree is 'tree.json', expected BranchTree or None"):
        build_model(data, "tree.json")
    with pytest.raises(TypeError, match=r"process is the class VP itself, expected Process"):
        estimate_tree(data, VP)
    with pytest.raises(TypeError, match=r"settings is 100, expected Training or None"):
        train_model(build_model(data), data, 100)
    with pytest.raises(TypeError, match=r"sampler is 'ddim', expected Sampler or None"):
        sample(build_model(data), {"a": 1}, "ddim")
    with pytest.raises(TypeError, match=r"data is of type ndarray, expected Dataset or Mapping"):
        estimate_tree(data.x)
    with pytest.raises(ValueError, match=r"a branch point has classes and time, found"):
        given_tree([{"classes": "ab"}], "ab")


def test_the_model_keeps_the_units_of_its_data(tmp_path):
    x = 50 + 10 * data_of(3).x
    data = from_arrays(x, ["a"] * 12 + ["b"] * 12, name="toy", standardise=True)
    model = build_model(data)
    train_model(model, data, Training(steps=2))
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_allclose(loaded.unscale(data.x), x, rtol=1e-5)
    table = sample(loaded, {"a": 4}).to_pandas()
    assert table.shape == (4, 5 + 3)
    assert table["label"].tolist() == ["a"] * 4
    assert table.iloc[:, -3:].to_numpy().mean() > 20  # the model's own units are about one
    more = from_arrays(x + 5, ["a"] * 12 + ["b"] * 12, scaling=model.facts["scaling"])
    np.testing.assert_allclose(more.unscale(more.x), x + 5, rtol=1e-5)
    train_model(loaded, more, Training(steps=2))
    other = from_arrays(x + 5, ["a"] * 12 + ["b"] * 12, name="other", standardise=True)
    with pytest.raises(ValueError, match=r"'other' has other scaling than 'data', which the model"):
        train_model(loaded, other, Training(steps=2))


def test_discrete_time_has_a_tree_too():
    data = data_of(3)
    tree = estimate_tree(data, DDPM())
    assert tree.process == DDPM().to_dict()
    assert tree.branch_time("a", "b") == int(tree.branch_time("a", "b")) > 1


def test_training_that_suits_is_the_default(monkeypatch):
    monkeypatch.setitem(BY_FORM["table"]["training"], "steps", 200)
    monkeypatch.setitem(ADDED, "steps", 100)
    data = data_of(3)
    known = data.keep_classes(["a"])
    model = build_model(known, estimate_tree(known))
    records = train_model(model, known)
    assert [record["step"] for record in records] == [100, 200]
    larger = extend(model, "b", data)
    assert larger.classes == ("a", "b")


def test_standardise_and_a_scaling_exclude_each_other():
    x, labels = data_of(3).x, ["a"] * 12 + ["b"] * 12
    with pytest.raises(ValueError, match="not both"):
        from_arrays(x, labels, standardise=True, scaling=dict(UNSCALED))


@pytest.mark.parametrize(
    ("net", "message"),
    [
        ({"name": "residual_unet", "channels": 16}, "channels must be a list of whole numbers"),
        ({"name": "residual_unet", "channels": [16.5]}, r"channels must be .*, found \[16\.5\]"),
        ({"name": "residual_unet", "blocks": "2"}, "blocks must be a whole number, found '2'"),
    ],
)
def test_settings_of_another_type_are_refused(net, message):
    with pytest.raises(ValueError, match=f"network 'residual_unet': {message}"):
        build_model(data_of(1, 8, 8), net=net)


def test_numbers_of_numpy_can_be_written(tmp_path):
    net = {"name": "residual", "width": np.int64(8), "blocks": np.int32(1)}
    model = build_model(data_of(3), net=net, process=VP(np.float64(0.5), 20))
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.settings == {"name": "residual", "width": 8, "blocks": 1}
    assert loaded.process == VP(0.5, 20)
