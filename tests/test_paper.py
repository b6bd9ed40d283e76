"""The paper's branch lists and numbers."""

import csv

import pandas as pd
import pytest

from bdiff.data.classes import GARMENTS
from bdiff.paper import FOLDER, paper_numbers, paper_tree

# Classes, branches and total length; a total of None is not known from elsewhere.
LISTS = {
    "mnist": (10, 19, 4.4975),
    "mnist_discrete": (10, 19, 7169),
    "mnist_049": (3, 5, 1.85),
    "mnist_0497": (4, 7, 2.23),
    "mnist_extension_start": (3, 5, None),
    "mnist_extension_7": (4, 7, None),
    "mnist_extension_1": (5, 9, None),
    "mnist_extension_2_corrected": (6, 11, None),
    "fashion_mnist": (10, 19, 4.6766),
    "letters": (26, 51, 10.7137),
    "letters_avy": (3, 5, 2.0),
    "scrna": (9, 17, 4.2933),
    "scrna_extension_before": (2, 3, 1.57958),
    "scrna_extension_after": (3, 5, None),
    "scrna_15": (15, 29, None),
    "zinc": (2, 3, 1.15),
    "cifar100": (100, 118, 20.848),
    "mnist_timing": (10, 19, None),
    "mnist_distribution": (10, 19, None),
}
REFUSED = {"mnist_extension_2", "fashion_mnist_zero_length"}


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


def test_every_list_of_the_file_is_tested():
    with open(FOLDER / "branches.csv", newline="") as file:
        assert {row["tree"] for row in csv.DictReader(file)} == set(LISTS) | REFUSED


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_trees_of_the_stated_length(name):
    classes, branches, total = LISTS[name]
    tree = paper_tree(name)
    assert len(tree.classes) == classes
    assert len(tree.branches) == branches
    area = sum((b.end - b.start) * len(b.classes) for b in tree.branches)
    assert area == pytest.approx(classes * tree.horizon)
    if total is not None:
        digits = len(str(total).partition(".")[2])
        assert tree.total_length == pytest.approx(total, abs=0.6 * 10**-digits)


def test_lists_give_back_their_own_rows():
    """Nothing of a list is lost: the tree has exactly its branches."""
    with open(FOLDER / "branches.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in set(LISTS) - {"fashion_mnist"}:
        listed = {frozenset(row["classes"].split()) for row in rows if row["tree"] == name}
        assert {frozenset(branch.classes) for branch in paper_tree(name).branches} == listed


def test_horizons_and_known_branch_times():
    assert paper_tree("mnist_discrete").horizon == 1000
    assert paper_tree("mnist").horizon == 1
    assert paper_tree("mnist").branch_time("4", "9") == 352 / 999
    assert paper_tree("mnist").branch_time("3", "5") == 271 / 999
    assert paper_tree("letters").branch_time("V", "Y") == 402 / 999
    assert paper_tree("scrna").branch_time("0", "10") == 450 / 999
    assert paper_tree("fashion_mnist").branch_time("Sandal", "Sneaker") == 429 / 999
    assert paper_tree("mnist_extension_2_corrected").branch_time("7", "9") == 0.4


def test_classes_have_names_and_are_in_the_order_of_the_labels():
    assert paper_tree("mnist").classes == tuple("0123456789")
    assert paper_tree("fashion_mnist").classes == GARMENTS
    assert paper_tree("scrna").classes[-2:] == ("10", "12")


def test_the_overlapping_list_is_refused_and_names_the_overlap():
    with pytest.raises(
        ValueError, match=r"mnist_extension_2: .* '4' overlap between 0\.416416 and 0\.447447"
    ):
        paper_tree("mnist_extension_2")


def test_the_list_with_branches_of_no_length_is_refused():
    with pytest.raises(
        ValueError, match=r"Coat/Pullover at t = 0: .* a branch would have no length"
    ):
        paper_tree("fashion_mnist_zero_length")


def test_restricting_the_tree_of_all_digits_gives_the_papers_start_of_the_extension():
    assert paper_tree("mnist").restrict("049") == paper_tree("mnist_extension_start")


def test_an_unknown_tree_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no tree 'mnits'; it has mnist, mnist_discrete"):
        paper_tree("mnits")


def rows_with(**wanted):
    """The paper's numbers with these values."""
    table = paper_numbers()
    return table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]


def test_step_ratios_follow_from_the_trees():
    """Shared trunks take floor(1000 length) steps a branch; the paper's step counts are those."""
    numbers = rows_with(experiment="efficiency", metric="steps", model="shared")
    for dataset, steps in zip(numbers["dataset"], numbers["value"], strict=True):
        branches = paper_tree(dataset).branches
        counted = sum(int(1000 * (branch.end - branch.start) + 1e-9) for branch in branches)
        assert counted == pytest.approx(steps, abs=10)


@pytest.mark.parametrize(
    ("dataset", "classes", "branched", "linear"),
    [
        ("mnist", 10, 42.85, 74.49),
        ("fashion_mnist", 10, 48.34, 146.61),
        ("letters", 26, 1.240, 5.359),
    ],
)
def test_stated_means_are_the_means_of_the_classes(dataset, classes, branched, linear):
    numbers = rows_with(experiment="quality", dataset=dataset)
    for model, stated in (("branched", branched), ("linear", linear)):
        rows = numbers[numbers["model"] == model].set_index("class")["value"]
        assert len(rows) == classes + 1
        assert rows["mean"] == stated
        digits = 3 if dataset == "letters" else 2
        assert rows.drop("mean").mean() == pytest.approx(stated, abs=0.6 * 10**-digits)


def test_numbers_have_class_names_and_errors():
    garments = rows_with(experiment="quality", dataset="fashion_mnist", model="linear")
    assert list(garments["class"]) == [*GARMENTS, "mean"]
    boots = garments.set_index("class")["value"]["Ankle boot"]
    assert boots == 70.84
    seconds = rows_with(experiment="efficiency", dataset="mnist", metric="seconds")
    assert list(seconds["error"]) == [0.11, 0.03]
