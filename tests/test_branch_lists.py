"""Trees from lists of branches, as the paper prints them."""

import re

import pytest
from hypothesis import given

from bdiff.paper import tree_from_branches
from tests.trees import trees

GOOD = [("abc", 0.5, 1), ("ab", 0.3, 0.5), ("a", 0, 0.3), ("b", 0, 0.3), ("c", 0, 0.5)]


@given(trees(most=15))
def test_a_tree_is_what_its_branches_say(tree):
    rows = [(branch.classes, branch.start, branch.end) for branch in tree.branches]
    assert tree_from_branches(reversed(rows), tree.classes) == tree


def test_classes_are_in_the_order_given():
    assert tree_from_branches(GOOD, "bca").classes == ("b", "c", "a")


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ({1: ("ab", 0.2, 0.5)}, "branches of class 'a' overlap between 0.2 and 0.3: a/b starts"),
        (
            {1: ("ab", 0.4, 0.5)},
            "branches of class 'a' leave a gap between 0.3 and 0.4: a/b starts",
        ),
        ({0: ("abc", 0.5, 0.9)}, "branches of class 'a' end at 0.9, not at 1"),
        ({4: ("c", 0, 0.4)}, "branches of class 'c' leave a gap between 0.4 and 0.5"),
        ({4: ("c", 0.1, 0.5)}, "branches of class 'c' leave a gap between 0 and 0.1"),
        ({0: ("ac", 0.5, 1)}, "gain classes with time, found a/c above a/b"),
        ({2: ("ab", 0, 0.3), 3: ("d", 0, 1)}, "start with one of its own"),
    ],
)
def test_lists_that_are_no_tree_are_named(replaced, message):
    rows = [replaced.get(number, row) for number, row in enumerate(GOOD)]
    with pytest.raises(ValueError, match=re.escape(message)):
        tree_from_branches(rows, "abc")


def test_two_roots_are_refused():
    with pytest.raises(ValueError, match="no root"):
        tree_from_branches([("a", 0, 1), ("b", 0, 1)], "ab")


def test_classes_that_part_again_are_refused():
    rows = [("a", 0, 0.3), ("b", 0, 0.3), ("ab", 0.3, 0.6), ("a", 0.6, 1), ("b", 0.6, 1)]
    with pytest.raises(ValueError, match="gain classes with time, found a above a/b"):
        tree_from_branches(rows, "ab")


def test_zero_length_leaves_are_refused():
    rows = [("abc", 0.5, 1), ("ab", 0, 0.5), ("a", 0, 0), ("b", 0, 0), ("c", 0, 0.5)]
    with pytest.raises(ValueError, match="a branch would have no length"):
        tree_from_branches(rows, "abc")
