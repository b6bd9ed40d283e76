"""Branch stability (F20) and the sweep of ε (F21), and their scripts."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from bdiff.data.dataset import Dataset, write_dataset
from bdiff.figures.dendrogram import common_order, leaf_order
from bdiff.figures.style import COLOURS
from bdiff.figures.tree_variation import branch_stability, epsilon_sweep
from bdiff.files import read_rows, write_rows
from bdiff.process import VP
from bdiff.tree import BranchTree
from bdiff.tree_distance import agreement, random_tree
from bdiff.tree_files import save_tree
from tests.trees import tree_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trees():
    """Three trees of four classes; two of them have the same clades."""
    return [
        tree_of("0123", **times)
        for times in (
            {"03": 0.2, "12": 0.3, "0123": 0.5},
            {"03": 0.25, "12": 0.3, "0123": 0.55},
            {"03": 0.25, "031": 0.35, "0123": 0.5},
        )
    ]


def quality_of(classes, level=0.0):
    """quality.csv: distances of 10 c + level for class c of the branched model, 5 for real ones."""
    rows = []
    for number, name in enumerate(classes):
        distances = {"branched": 10 * number + level, "linear": 10 * number + 7, "real": 5.0}
        for model, value in distances.items():
            row = {"dataset": "mine", "model": model, "class": name, "n": 50, "seed": 0}
            row |= {"metric": "frechet_raw", "space": "raw"}
            rows.append({**row, "value": value, "split": "train"})
            rows.append({**row, "value": 999.0, "split": "test"})
            accuracy = {"metric": "accuracy", "split": "test" if model == "real" else "train"}
            rows.append({**row, **accuracy, "value": 0.9 - level / 100 + number / 100})
    return pd.DataFrame(rows)


def panel(figure, letter):
    (axes,) = (axes for axes in figure.axes if axes.get_title("left").startswith(f"({letter})"))
    return axes


def overlaid(figure):
    """The trees of panel (a), as arrays of points (x, y)."""
    return [np.transpose(line.get_data()) for line in panel(figure, "a").lines]


def test_classes_that_part_late_are_neighbours(trees):
    order = common_order(trees)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset("03"), frozenset("12")}
    assert common_order([BranchTree("a")]) == ["a"]
    for tree in trees:
        own = leaf_order(tree, order)
        for branch in tree.branches:
            places = sorted(map(own.index, branch.classes))
            assert places[-1] - places[0] == len(places) - 1


def test_every_tree_lies_over_the_others(trees):
    figure = branch_stability(trees, agreement(trees), None, None, "My data")
    drawn = overlaid(figure)
    assert len(drawn) == 3
    order = common_order(trees)
    rows = [label.get_text() for label in panel(figure, "a").get_yticklabels()]
    assert rows == order
    for tree, points in zip(trees, drawn, strict=True):
        ways = {tuple(map(tuple, way)) for way in points.reshape(-1, 4, 2)[:, :2].round(9)}
        for branch in tree.branches:
            row = np.mean([order.index(name) for name in branch.classes])
            assert ((branch.start, row), (branch.end, row)) in ways
    assert panel(figure, "a").get_xlim() == (0, 1)


def test_lines_of_a_tree_end_where_those_above_begin(trees):
    for tree, points in zip(
        trees, overlaid(branch_stability(trees, agreement(trees), None, None, "")), strict=True
    ):
        ways = points.reshape(-1, 4, 2)
        for way, branch in zip(ways, tree.branches, strict=True):
            if branch.parent is not None:
                np.testing.assert_array_equal(way[2], ways[branch.parent][0])


def test_trees_stand_one_by_one_without_crossing(trees):
    figure = branch_stability(trees, agreement(trees), None, None, "My data")
    titles = [axes.get_title("left") for axes in figure.axes]
    assert [title for title in titles if title.startswith("draw")] == ["draw 0", "draw 1", "draw 2"]
    third = next(axes for axes in figure.axes if axes.get_title("left") == "draw 2")
    names = [label.get_text() for label in third.get_yticklabels()]
    assert names == leaf_order(trees[2], common_order(trees))


def test_at_most_fifteen_trees_stand_one_by_one(texts):
    rng = np.random.default_rng(0)
    many = [random_tree("abc", rng) for _ in range(20)]
    words = texts(branch_stability(many, agreement(many), None, None, "My data"))
    assert "draw 14" in words
    assert "draw 15" not in words
    assert "the first 15 of 20" in words


def test_quality_stands_in_the_rows_of_the_classes(trees):
    quality = [quality_of("0123", level) for level in (1, 2, 4)]
    figure = branch_stability(trees, agreement(trees), quality, quality_of("0123"), "My data")
    axes = panel(figure, "c")
    order = list(map(int, common_order(trees)))
    models, guided, floor = axes.lines
    values = np.reshape(models.get_xdata(), (3, 4))
    np.testing.assert_allclose(values, [[10 * c + level for c in order] for level in (1, 2, 4)])
    assert np.reshape(models.get_ydata(), (3, 4)).tolist() == [[0, 1, 2, 3]] * 3
    np.testing.assert_allclose(guided.get_xdata(), [10 * c + 7 for c in order])
    assert guided.get_color() == COLOURS["linear"]
    assert floor.get_xdata().tolist() == [5] * 4
    assert axes.get_ylim() == panel(figure, "a").get_ylim()
    assert not axes.collections  # too few models for a shape


def test_five_models_have_a_shape_and_a_wild_one_a_logarithmic_scale(trees):
    five = [*trees, *trees[:2]]
    quality = [quality_of("0123", level) for level in (1, 2, 3, 4, 1000)]
    axes = panel(branch_stability(five, agreement(five), quality, None, "My data"), "c")
    assert len(axes.collections) == 4
    assert axes.get_xscale() == "log"


def test_quality_without_the_model_is_refused(trees):
    quality = [quality_of("0123"), quality_of("0123"), quality_of("013")]
    with pytest.raises(ValueError, match=r"no frechet_raw of model 'branched' for \['2'\]"):
        branch_stability(trees, agreement(trees), quality, None, "My data")


def test_the_distances_are_put_into_words(trees, texts):
    near = [trees[0], trees[1], trees[0], trees[1]]
    found = agreement(near)
    figure = branch_stability(near, found, None, None, "My data")
    words = texts(figure)
    assert "estimated trees are nearer to each other" in words
    assert f"p = {found.p_value:.2g}" in words
    assert f"estimated trees, mean {found.distances('estimated').mean():.2f}" in words
    worse = found._replace(p_value=0.3)
    assert "not significantly nearer" in texts(branch_stability(near, worse, None, None, ""))


@pytest.fixture
def sweep(trees):
    return {1e-2: trees[2], 1e-4: trees[0], 1e-3: trees[1]}


def test_branch_times_and_cost_go_against_epsilon(sweep):
    figure = epsilon_sweep(sweep, {}, "My data")
    *dots, root = panel(figure, "c").lines
    assert root.get_xdata().tolist() == [1e-4, 1e-3, 1e-2]
    assert root.get_ydata().tolist() == [0.5, 0.55, 0.5]
    assert [line.get_ydata().tolist() for line in dots] == [
        *([0.5, 0.3, 0.2], [0.55, 0.3, 0.25], [0.5, 0.35, 0.25])
    ]
    (cost,) = panel(figure, "d").lines
    assert cost.get_ydata().tolist() == [sweep[e].shared_cost for e in (1e-4, 1e-3, 1e-2)]
    assert panel(figure, "d").get_xscale() == "log"
    assert not any(axes.get_title("left").startswith(("(e)", "(f)")) for axes in figure.axes)


def test_quality_goes_against_the_epsilons_that_have_any(sweep):
    quality = {1e-2: quality_of("0123", 3), 1e-4: quality_of("0123", 1)}
    figure = epsilon_sweep(sweep, quality, "My data")
    made, floor = panel(figure, "e").lines
    assert made.get_xdata().tolist() == [1e-4, 1e-2]
    np.testing.assert_allclose(made.get_ydata(), [16, 18])
    assert floor.get_ydata().tolist() == [5, 5]
    assert floor.get_color() == COLOURS["real"]
    made, _ = panel(figure, "f").lines
    np.testing.assert_allclose(made.get_ydata(), [0.905, 0.885])


def test_every_epsilon_has_its_colour_in_all_panels(sweep, texts):
    figure = epsilon_sweep(sweep, {}, "My data")
    colours = [to_rgba(line.get_color()) for line in panel(figure, "a").lines]
    assert len(set(colours)) == 3
    small = [axes for axes in figure.axes if axes.get_title("left").startswith("ε =")]
    assert [axes.get_title("left") for axes in small] == ["ε = 0.0001", "ε = 0.001", "ε = 0.01"]
    # small ε are drawn last, over the others
    assert [to_rgba(axes.lines[0].get_color()) for axes in small] == colours[::-1]
    assert "My data" in texts(figure)


def test_sweeps_that_cannot_be_drawn_are_refused(sweep, trees):
    with pytest.raises(ValueError, match=r"above 0, found \[0, 0.01\]"):
        epsilon_sweep({0: trees[0], 0.01: trees[1]}, {}, "My data")
    with pytest.raises(ValueError, match=r"two or more epsilons.* found \[0.01\]"):
        epsilon_sweep({0.01: trees[0]}, {}, "My data")
    with pytest.raises(ValueError, match=r"no tree, for the epsilons \[0.5\]"):
        epsilon_sweep(sweep, {0.5: quality_of("0123")}, "My data")


@pytest.mark.parametrize("draw", ["stability", "sweep"])
@pytest.mark.parametrize("count", [2, 26])
def test_names_of_classes_do_not_overlap(draw, count):
    letters = [chr(ord("A") + number) for number in range(count)]
    names = letters if count > 20 else ["Long name of a class", "Another long name"]
    rng = np.random.default_rng(0)
    made = [random_tree(names, rng) for _ in range(10)]
    if draw == "stability":
        figure = branch_stability(made, agreement(made), None, None, "My data")
    else:
        figure = epsilon_sweep({10.0**-n: tree for n, tree in enumerate(made)}, {}, "My data")
    figure.draw_without_rendering()
    for axes in figure.axes[:11]:
        labels = axes.get_yticklabels() + axes.get_yticklabels(minor=True)
        boxes = [label.get_window_extent() for label in labels if label.get_text() in names]
        # letters are lower than their boxes, which have room for accents and for tails
        boxes = [box.expanded(1, 0.7) for box in boxes]
        assert not any(
            one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[n + 1 :]
        )
        assert all(box.x0 >= 0 for box in boxes)


@pytest.fixture
def files(tmp_path, trees):
    """Options of a script: data, trees and quality of three draws."""
    x = np.zeros((8, 3), dtype=np.float32)
    dataset = Dataset(x, np.arange(8) % 4, tuple("0123"), ["train"] * 8, "mine", "My data", "abc")
    write_dataset(dataset, tmp_path / "data.parquet")
    for number, tree in enumerate(trees):
        save_tree(tree, tmp_path / f"tree-{number}.json", VP())
        rows = quality_of("0123", number)
        write_rows(tmp_path / f"quality-{number}.csv", rows.to_dict("records"), list(rows))
    return tmp_path


def run_script(name, folder, *arguments):
    common = ["--data", folder / "data.parquet", "--output", folder / "figures" / "F.svg"]
    main = runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))["main"]
    main(list(map(str, [*common, *arguments])))
    assert {path.name for path in (folder / "figures").iterdir()} == {"F.svg", "F.png"}


@pytest.mark.parametrize("with_quality", [False, True])
def test_the_script_of_branch_stability_writes_figure_and_distances(files, trees, with_quality):
    paths = [files / f"tree-{number}.json" for number in range(3)]
    more = ["--quality", *(files / f"quality-{n}.csv" for n in range(3))] if with_quality else []
    more += ["--linear", files / "quality-0.csv"] if with_quality else []
    distances = files / "distances.csv"
    run_script("plot_branch_stability", files, "--tree", *paths, *more, "--distances", distances)
    rows, found = read_rows(distances), agreement(trees)
    assert rows["kind"].value_counts().to_dict() == {"random": 45, "estimated": 3}
    np.testing.assert_allclose(rows["distance"], [row["distance"] for row in found.rows])
    assert rows["p_value"].unique().tolist() == pytest.approx([found.p_value])


@pytest.mark.parametrize("with_quality", [False, True])
def test_the_script_of_the_sweep_makes_its_figure(files, with_quality):
    pairs = [f"1e-0{n + 1}={files / f'tree-{n}.json'}" for n in range(3)]
    more = ["--quality", f"1e-01={files / 'quality-0.csv'}"] if with_quality else []
    run_script("plot_epsilon_sweep", files, "--tree", *pairs, *more)


def test_an_epsilon_that_is_no_number_is_refused(files, capsys):
    with pytest.raises(SystemExit):
        run_script("plot_epsilon_sweep", files, "--tree", "small=tree.json")
    assert "small=tree.json" in capsys.readouterr().err
