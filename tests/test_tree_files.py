"""Trees on disk: exact round trips, other processes, and files that are no tree."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bdiff.process import DDPM, VP
from bdiff.tree import BranchPoint, BranchTree
from bdiff.tree_files import (
    convert_tree,
    load_tree,
    save_tree,
    to_newick,
    tree_from_dict,
    tree_to_dict,
)
from tests.trees import tree_of, trees


@given(trees(most=12))
@pytest.mark.fault("F21")
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


PAPERS = DDPM(1000, 1e-4, 0.01009)


@given(trees(most=12), st.sampled_from([PAPERS, DDPM(), DDPM(10, 0.01, 0.9)]))
def test_a_chain_gets_whole_times_in_the_same_order(tree, chain):
    """Every two classes part at the first step that is as noisy as where they parted."""
    process = VP()
    # at t = 0.6 there is less noise than at the ends of these chains
    points = [BranchPoint(point.classes, 0.6 * point.time) for point in tree.points]
    tree = BranchTree(tree.classes, points)
    moved = convert_tree(tree, process, chain)
    assert (moved.classes, moved.horizon) == (tree.classes, chain.horizon)
    assert {point.classes for point in moved.points} <= {point.classes for point in tree.points}
    for a in tree.classes[:6]:
        for b in tree.classes[:6]:
            if a == b:
                continue
            level = float(process.log_snr(tree.branch_time(a, b)))
            step = moved.branch_time(a, b)
            assert step == int(step) > 0
            assert chain.log_snr(step) <= level + 1e-6
            assert step == 1 or chain.log_snr(step - 1) > level - 1e-6
    assert convert_tree(moved, chain, chain) == moved
    assert tree_from_dict(json.loads(json.dumps(tree_to_dict(moved, chain))), chain) == moved


def test_nested_branch_points_of_one_step_become_one():
    """Of ten steps: ab and abc fall on the fourth, where the three classes then part at once."""
    process, chain = VP(), DDPM(10, 0.02, 0.9)
    shared = [float(process.time_of(chain.log_snr(t) + add)) for t, add in ((4, 0.2), (4, 0.1))]
    root = float(process.time_of(chain.log_snr(6)))
    tree = tree_of("abcde", ab=shared[0], abc=shared[1], de=shared[1], abcde=root)
    moved = convert_tree(tree, process, chain)
    assert moved == tree_of("abcde", 10.0, abc=4, de=4, abcde=6)
    assert [branch.parent for branch in moved.branches] == [None, 0, 0, 1, 1, 1, 2, 2]


def test_a_branch_point_before_the_first_step_moves_there():
    moved = convert_tree(tree_of("abc", ab=1e-4, abc=0.5), VP(), PAPERS)
    assert moved.branch_time("a", "b") == 1


def test_a_branch_point_needs_a_step_above_it():
    last = float(VP().time_of(PAPERS.log_snr(999)))
    assert convert_tree(tree_of("ab", ab=last), VP(), PAPERS).branch_time("a", "b") == 999
    message = (
        r"a/b has log-SNR -5\.09\d, but DDPM\(steps=1000, beta_min=0.0001, beta_max=0.01009\) ends "
        r"at log-SNR -5\.10\d: its classes are still apart at the terminal noise or one step before"
    )
    with pytest.raises(ValueError, match=message):
        convert_tree(tree_of("ab", ab=last + 1e-4), VP(), PAPERS)


def test_a_chains_tree_survives_the_way_to_continuous_time_and_back(tmp_path):
    """The paper's discrete branch points of six digits."""
    times = {"034579": 760, "34579": 709, "479": 685, "35": 656, "49": 527}
    tree = tree_of("034579", 1000.0, **times)
    save_tree(tree, tmp_path / "tree.json", PAPERS)
    assert load_tree(tmp_path / "tree.json") == tree
    continuous = load_tree(tmp_path / "tree.json", VP())
    assert 0 < continuous.branch_time("4", "9") < continuous.branch_time("4", "7") < 1
    assert convert_tree(continuous, VP(), PAPERS) == tree


def test_an_edited_time_of_a_chain_is_refused(tmp_path):
    save_tree(tree_of("ab", 1000.0, ab=500), tmp_path / "tree.json", PAPERS)
    text = (tmp_path / "tree.json").read_text().replace('"time": 500.0', '"time": 500.5')
    (tmp_path / "tree.json").write_text(text)
    with pytest.raises(ValueError, match=r"tree.json: DDPM.* has the times .* t = 500.5 is asked"):
        load_tree(tmp_path / "tree.json")


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
@pytest.mark.fault("F21")
def test_newick_has_every_class_at_distance_t_from_the_noise(tree):
    heights = parse_newick(to_newick(tree))
    assert set(heights) == set(tree.classes)
    np.testing.assert_allclose(list(heights.values()), tree.horizon, atol=2e-5)
