"""Trees on disk: exact round trips, other processes, and files that are no tree."""

import json
import re

import numpy as np
import pytest
from hypothesis import given

from bdiff.process import VP
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import load_tree, save_tree, tree_from_dict, tree_to_dict
from tests.trees import tree_of, trees


@given(trees(most=12))
def test_description_round_trip_is_exact(tree):
    process = VP(0.1, 20.0)
    assert tree_from_dict(json.loads(json.dumps(tree_to_dict(tree, process))), process) == tree


def test_files_round_trip(tmp_path):
    process = VP(0.1, 20.0)
    tree = BranchTree(
        ["a", "Größe", "x'y"], [BranchPoint(frozenset(["a", "Größe", "x'y"]), 0.3, 0.9)]
    )
    save_tree(tree, tmp_path / "new" / "tree.json", process)
    assert load_tree(tmp_path / "new" / "tree.json", process) == tree
    text = (tmp_path / "new" / "tree.nwk").read_text(encoding="utf-8")
    assert text == "('a':0.300000,'Größe':0.300000,'x''y':0.300000)0.90:0.700000;\n"
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"tree.json", "tree.nwk"}


def test_another_process_gets_the_same_noise_levels():
    tree = tree_of("abc", ab=0.35, abc=0.4855)
    one, other = VP(0.1, 20.0), VP(0.1, 15.0)
    moved = tree_from_dict(tree_to_dict(tree, one), other)
    for point, match in zip(tree.points, moved.points, strict=True):
        assert match.classes == point.classes
        assert match.time > point.time
        assert float(other.log_snr(match.time)) == pytest.approx(float(one.log_snr(point.time)))


def test_a_tree_that_the_process_cannot_carry_is_refused(tmp_path):
    save_tree(tree_of("ab", ab=523 / 999), tmp_path / "tree.json", VP(0.1, 20.0))
    message = (
        r"tree.json: the branch point of a/b has log-SNR -2\.\d+, but VP\(beta_min=0.1, "
        r"beta_max=1.0\) ends at log-SNR 0\.3\d+: its classes are still apart"
    )
    with pytest.raises(ValueError, match=message):
        load_tree(tmp_path / "tree.json", VP(0.1, 1.0))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": "bdiff.tree/1"', "tree.json is empty or no tree"),
        (
            '{"format": "other"}',
            "tree.json: expected a tree of format 'bdiff.tree/1', found 'other'",
        ),
        ('{"format": "bdiff.tree/1"}', "tree.json is no tree: process is missing"),
    ],
)
def test_files_that_are_no_tree_are_named(tmp_path, content, message):
    (tmp_path / "tree.json").write_text(content)
    with pytest.raises(ValueError, match=re.escape(message)):
        load_tree(tmp_path / "tree.json", VP())


def parse_newick(text):
    """Leaf -> distance from the noise, by a reader that shares nothing with the writer."""
    tokens = re.findall(r"'(?:[^']|'')*'|[(),;]|[^(),;']+", text)
    heights, stack, leaf = {}, [[]], None
    for token in tokens:
        if token == "(":
            stack.append([])
        elif token == ")":
            leaf = stack.pop()
        elif token.startswith("'"):
            leaf = [token[1:-1].replace("''", "'")]
        elif ":" in token:
            for name in leaf:
                heights[name] = heights.get(name, 0.0) + float(token.split(":")[1])
            stack[-1] += leaf
    assert len(stack) == 1
    return heights


@given(trees(most=20))
def test_newick_has_every_class_at_distance_t_from_the_noise(tree):
    heights = parse_newick(tree.newick())
    assert set(heights) == set(tree.classes)
    np.testing.assert_allclose(list(heights.values()), tree.horizon, atol=2e-5)
