"""A model from a data set alone: what is not said is what suits the data."""

import numpy as np
import pytest

from bdiff import DDPM, VP, Dataset, build_model, estimate_tree, extend, from_arrays, given_tree
from bdiff import train as train_model
from bdiff.data.scaling import COUNTS
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
        ((5, 9), "molecules", "graph_transformer", Joint),
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


def test_a_tree_given_by_hand_takes_the_process_of_the_data():
    data = data_of(5, 9)
    model = build_model(data, given_tree([{"classes": "ab", "time": 0.4}], "ab"))
    assert isinstance(model.process, Joint)
    assert model.tree.branch_time("a", "b") == 0.4


def test_what_does_not_fit_is_refused():
    data = data_of(3)
    with pytest.raises(ValueError, match=r"tree has the classes \['a', 'c'\], data set 'toy'"):
        build_model(data, given_tree([{"classes": "ac", "time": 0.4}], "ac"))
    with pytest.raises(ValueError, match=r"counts; a model needs what an autoencoder"):
        build_model(data_of(3, scaling=COUNTS))
    with pytest.raises(ValueError, match=r"molecules, whose branch points cannot be estimated"):
        estimate_tree(data_of(5, 9))


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
