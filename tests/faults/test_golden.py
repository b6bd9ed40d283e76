"""Files of earlier versions are read, and models made then sample as they did."""

import json
from importlib.metadata import version

import numpy as np
import pytest

from bdiff.checkpoint import CheckpointError, load_folder, save_folder
from bdiff.model_files import load_model
from bdiff.tree_files import load_tree
from tests.faults.make_golden import GOLDEN, samples
from tests.faults.runs import TREE

VERSIONS = sorted(folder.name for folder in GOLDEN.iterdir())


def test_this_version_has_files():
    """Where it has not: the command in make_golden.py makes them."""
    assert version("bdiff") in VERSIONS


@pytest.mark.fault("F20")
@pytest.mark.parametrize("made_by", VERSIONS)
def test_files_of_a_version_are_read_and_models_sample_as_they_did(made_by, reached):
    folder = GOLDEN / made_by
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    assert load_tree(folder / "tree.json") == TREE
    expected = json.loads((folder / "samples.json").read_text())
    errors = []
    for kind, x in expected.items():
        model = load_model(folder / kind)
        assert model.kind == ("linear" if kind == "linear" else "branched")
        errors.append(np.abs(np.array(samples(model)) - x).max())
    reached(1, 1, f"{made_by}, samples within {max(errors):.1g}")
    # Other processors add up in another order.
    assert max(errors) < 1e-3


@pytest.mark.fault("F20")
def test_a_file_that_cannot_be_read_any_more_says_who_can(tmp_path):
    manifest, tensors = load_folder(GOLDEN / VERSIONS[0] / "residual")
    save_folder(tmp_path / "m", manifest | {"format": "bdiff.model/3"}, tensors)
    message = rf"holds 'bdiff.model/3', made by bdiff {version('bdiff')}, not a 'bdiff.model/4'"
    with pytest.raises(CheckpointError, match=message):
        load_model(tmp_path / "m")
