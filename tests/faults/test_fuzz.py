"""Any tree divides times and classes; any manifest is read again; anything else is refused."""

import json
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bdiff.checkpoint import CheckpointError, load_folder, save_folder
from bdiff.process import VP
from bdiff.tree_files import load_tree, tree_from_dict, tree_to_dict
from tests.trees import trees

PROCESS = VP()
SETTINGS = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
OWN = {"bdiff", "files", "sha256"}  # keys that a manifest is given


def tried(check, strategy, number):
    """Check so many examples; what passed are all, or the test has failed."""
    settings(max_examples=number, **SETTINGS)(given(strategy)(check))()
    return number, number


@pytest.mark.fault("F21")
def test_trees_divide_times_and_classes(count, reached):
    """Every class has at every time one branch: the intervals of its path meet, from 0 to T."""

    def check(tree):
        covered = np.zeros(len(tree.classes))
        for branch in tree.branches:
            for name in branch.classes:
                covered[tree.index(name)] += branch.end - branch.start
        np.testing.assert_allclose(covered, tree.horizon, rtol=1e-12)
        for name in tree.classes:
            path = [tree.branches[number] for number in tree.path(name)]
            assert path[0].start == 0
            assert path[-1].end == tree.horizon
            assert all(low.end == high.start for low, high in pairwise(path))
            assert all(name in branch.classes for branch in path)
        assert tree_from_dict(json.loads(json.dumps(tree_to_dict(tree, PROCESS))), PROCESS) == tree

    reached(*tried(check, trees(most=100, least=2), count(100, 10_000)), "trees")


@pytest.mark.fault("F21")
def test_manifests_are_read_again(tmp_path, count, reached):
    def check(manifest):
        manifest = {key: value for key, value in manifest.items() if key not in OWN}
        save_folder(tmp_path / "c", manifest, {})
        found = load_folder(tmp_path / "c")[0]
        assert {key: value for key, value in found.items() if key not in OWN} == manifest

    reached(*tried(check, st.dictionaries(st.text(), JSON), count(20, 500)), "manifests")


@pytest.mark.fault("F21")
def test_anything_else_is_refused(tmp_path, count, reached):
    """As a manifest and as a tree: any JSON and any bytes."""
    (tmp_path / "c").mkdir()

    def check(content):
        (tmp_path / "c" / "manifest.json").write_bytes(content)
        with pytest.raises(CheckpointError):
            load_folder(tmp_path / "c")
        (tmp_path / "tree.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"tree\.json"):
            load_tree(tmp_path / "tree.json")

    anything = JSON.map(lambda value: json.dumps(value).encode()) | st.binary()
    reached(*tried(check, anything, count(100, 2000)), "texts")


@st.composite
def wrong_trees(draw):
    """The description of a tree of five classes, with one of its parts replaced."""
    described = tree_to_dict(draw(trees(most=5, least=5)), PROCESS)
    place, key = described, draw(st.sampled_from(sorted(described)))
    while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
        place = place[key]
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys))
    place[key] = draw(JSON)
    return described


@pytest.mark.fault("F21")
def test_a_tree_with_a_wrong_part_is_refused_or_a_tree(tmp_path, count, reached):
    path = tmp_path / "tree.json"

    def check(described):
        path.write_text(json.dumps(described))
        with suppress(ValueError):
            assert all(branch.start < branch.end for branch in load_tree(path).branches)

    reached(*tried(check, wrong_trees(), count(100, 2000)), "wrong trees")
