"""Figures and drawings of molecules."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from bdiff.analysis.molecule_transmutation import molecule_transmutation as measure
from bdiff.figures.molecule_drawing import draw_molecule, laid_out
from bdiff.figures.molecule_quality import METRICS, molecule_quality
from bdiff.figures.molecule_transmutation import molecule_transmutation
from bdiff.figures.molecules import SHOWN, molecules, what
from bdiff.figures.style import COLOURS, new_figure
from bdiff.molecule_classes import predicate
from bdiff.paper import paper_numbers
from tests.molecules import CLASSES, broken, generated, real_molecules, transmuted

Chem = pytest.importorskip("rdkit.Chem")
SIZE = (1.4, 1.0)


@pytest.fixture(scope="module")
def dataset():
    return real_molecules()


@pytest.fixture(scope="module")
def measured(dataset):
    """Of a branched model that changes nothing, and a label-guided one that breaks all."""
    made = transmuted(dataset)
    worse = made.x.copy()
    worse[made.role == "sample"] = broken(worse[made.role == "sample"])
    linear = type(made)(worse, made.label, made.role, made.origin, made.time, made.index)
    tables = measure(dataset, {"branched": made, "linear": linear}, "rings")
    return [pd.DataFrame(table) for table in tables]


def drawn(mol, like=None):
    axes = new_figure(2, "").add_subplot()
    draw_molecule(axes, laid_out(mol, like), SIZE)
    return axes


def test_a_drawing_has_every_bond_and_letter_within_its_panel():
    axes = drawn(Chem.MolFromSmiles("CC(=O)NCCSc1ccccc1Cl"))
    lines = [patch for patch in axes.patches if not patch.get_facecolor()[3]]
    letters = [patch for patch in axes.patches if patch.get_facecolor()[3]]
    assert len(lines) >= 13  # bonds
    assert len(letters) == len("ONHSCl")
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    assert (width, height) == (140, 100)
    for patch in axes.patches:
        low, high = patch.get_path().get_extents().get_points()
        assert (low > -0.5).all()
        assert (high < (width + 0.5, height + 0.5)).all()
    colours = {to_hex(patch.get_facecolor()) for patch in letters}
    assert "#ff0000" in colours
    assert "#cccc00" not in colours  # RDKit's sulphur


@pytest.mark.parametrize("text", ["C[N](C)(C)(C)C", "c1cccc1", "C.C.O", "CF=C"])
def test_what_is_not_valid_is_drawn_as_it_is(text):
    assert drawn(Chem.MolFromSmiles(text, sanitize=False)).patches


def test_what_became_of_a_molecule_lies_as_it_does():
    before = laid_out(Chem.MolFromSmiles("CCC(C)CNC(=O)c1ccccc1"))
    turned = Chem.Mol(before)
    places = turned.GetConformer()
    for atom, (x, y, _) in enumerate(places.GetPositions()):
        places.SetAtomPosition(atom, (y, x, 0.0))  # turned and flipped
    assert not np.allclose(places.GetPositions(), before.GetConformer().GetPositions())
    again = laid_out(turned, before)
    same = again.GetConformer().GetPositions()
    assert np.allclose(same, before.GetConformer().GetPositions(), atol=1e-3)


def test_molecules_are_the_first_and_told_what_they_are(dataset):
    figure = molecules(transmuted(dataset), generated(dataset, SHOWN), "rings", "MOSES")
    assert figure.get_suptitle() == "MOSES: before and after, and generated"
    titles = [block.get_suptitle() for block in figure.subfigs]
    assert titles == ["acyclic turned into one ring", "one ring turned into acyclic", "generated"]
    broken_last = [*["acyclic"] * (SHOWN - 1), "not valid"]
    for block, above, below in zip(
        figure.subfigs,
        ([""] * SHOWN, [""] * SHOWN, broken_last),
        (["acyclic"] * SHOWN, ["not valid"] * SHOWN, ["one ring"] * (SHOWN - 1) + ["not valid"]),
        strict=True,
    ):
        assert all(axes.patches for axes in block.axes)
        assert [axes.get_xlabel() for axes in block.axes] == [*above, *below]
    framed = [
        [axes.spines["left"].get_visible() for axes in block.axes] for block in figure.subfigs
    ]
    # unchanged, broken, and the last of the generated ones
    assert framed[0] == framed[1] == [False] * SHOWN + [True] * SHOWN
    assert framed[2] == 2 * ([False] * (SHOWN - 1) + [True])


def test_class_and_pieces():
    class_of = predicate("rings")
    for text, words in (
        ("CC", "acyclic"),
        ("C.C", "several pieces"),
        ("c1ccc2ccccc2c1", "no class"),
    ):
        assert what(Chem.MolFromSmiles(text), class_of) == words


def test_overlaps_have_means_tests_and_what_is_not_valid(measured, texts):
    figure = molecule_transmutation(*measured, paper_numbers(), "MOSES")
    panels = figure.subfigs[0].axes
    titles = [axes.get_title(loc="left").split("\n") for axes in panels]
    assert [title[0] for title in titles] == 2 * ["acyclic to one ring", "one ring to acyclic"]
    models = [axes.get_ylabel().split("\n")[0] for axes in panels[::2]]
    assert models == ["branched", "label-guided"]
    row = measured[0].set_index(["model", "origin", "metric"])["value"]["branched", "acyclic"]
    words = f"unrelated {row['groups_baseline']:.2f}, p = {row['p']:.1g}"
    assert titles[0][1:] == [f"mean 1.00, {words}", f"of the valid 1.00, {words}"]
    assert titles[1][2] == "none is valid"
    for axes, share in zip(panels, (0, 1, 1, 1), strict=True):
        hatched = [patch for patch in axes.patches if patch.get_hatch()]
        assert sum(patch.get_height() for patch in hatched) == pytest.approx(share)
        means = [line.get_xdata()[0] for line in axes.lines]
        assert means[1] == 1 - share
    assert "paper (ZINC250k, valid or not)" in texts(figure)


def test_bars_are_the_shares_and_diamonds_the_papers(measured):
    figure = molecule_transmutation(*measured, paper_numbers(), "MOSES")
    changed, valid, connected = figure.subfigs[1].axes
    assert [axes.get_title(loc="left") for axes in (changed, valid)] == [
        "valid, of the new class",
        "valid",
    ]
    assert heights(changed, "branched") == [0, 0]
    assert heights(valid, "branched") == heights(connected, "branched") == [1, 0]
    assert heights(valid, "linear") == [0, 0]
    assert [line.get_ydata()[0] for line in changed.lines] == [0.93, 0.5]
    assert not valid.lines
    other = [table.replace("acyclic", "bicyclic") for table in measured]
    figure = molecule_transmutation(*other, paper_numbers(), "MOSES")
    assert not figure.subfigs[1].axes[0].lines


def test_quality_has_a_panel_for_each_metric(texts):
    rows = []
    for number, metric in enumerate(METRICS):
        for model, value in (("real", 1.0), ("branched", 0.5), ("linear", 0.25)):
            row = {"model": model, "metric": metric, "value": value, "n": 10 + number}
            rows += [row | {"class": name} for name in CLASSES]
    rows = [row for row in rows if (row["model"], row["metric"]) != ("linear", "fcd")]
    figure = molecule_quality(pd.DataFrame(rows), "MOSES")
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(METRICS.values())
    for axes, metric in zip(figure.axes, METRICS, strict=True):
        assert heights(axes, "branched") == [0.5, 0.5]
        assert np.isnan(heights(axes, "linear")).all() == (metric == "fcd")
        assert bool(axes.collections) == (metric != "novel")
    words = texts(figure)
    assert "acyclic\nn = 15" in words
    assert "label-guided" in words


def heights(axes, model):
    return [
        bar.get_height()
        for bar in axes.patches
        if isinstance(bar, Rectangle) and to_hex(bar.get_facecolor()).upper() == COLOURS[model]
    ]
