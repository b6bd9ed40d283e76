"""T5 and T8, and the paper's numbers of molecules."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bdiff.analysis.molecule_transmutation import COLUMNS
from bdiff.paper import paper_numbers, paper_transmutations
from bdiff.report.molecule_tables import MEASURED, statistics_table, transmutation_table

PAPER = paper_numbers(Path(__file__).parents[2] / "data/paper/numbers.csv")
WAYS = [("acyclic", "one ring"), ("one ring", "acyclic"), ("aromatic", "not aromatic")]


@pytest.fixture
def measured():
    """value = number of the metric + 100 for the label-guided model; no test for aromatic ones."""
    rows = [
        ("mine", model, *way, 0.4, metric, number + 100 * m, math.nan, math.nan, 40)
        for m, model in enumerate(("branched", "linear"))
        for way in WAYS
        for number, metric in enumerate(MEASURED)
        if (way, metric) != (WAYS[2], "t")
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_transmutation_by_hand(measured):
    table = transmutation_table(measured, PAPER)
    assert len(table) == 6
    assert list(table)[:6] == ["dataset", "model", "origin", "target", "time", "n"]
    assert list(table)[6 : 6 + len(MEASURED)] == list(MEASURED)
    there, back, other, *linear = table.to_dict("records")
    assert (there["origin"], there["time"], there["n"], there["valid"]) == ("acyclic", 0.4, 40, 0)
    assert there["t"] == MEASURED.index("t")
    assert np.isnan(other["t"])
    assert (there["zinc250k_with_ring_after"], there["zinc250k_changed"]) == (186, 0.93)
    assert (back["zinc250k_with_ring_after"], back["zinc250k_changed"]) == (100, 0.5)
    assert (there["zinc250k_time"], there["zinc250k_t"], back["zinc250k_p"]) == (
        0.15,
        7.17,
        1.6e-10,
    )
    assert linear[0]["valid"] == 100
    for row in (other, *linear):  # other classes, and a model that the paper has not got
        assert all(np.isnan(value) for key, value in row.items() if key.startswith("zinc250k"))


def test_the_papers_tests_fit_its_numbers():
    """p is the upper tail of t with n - 1 degrees of freedom, and shares those of the counts."""
    for (_, way), row in paper_transmutations(PAPER).iterrows():
        assert row["p"] == pytest.approx(stats.t.sf(row["t"], row["n"] - 1), rel=0.05)
        what = "halogen" if "halogen" in way else "ring"
        gains = way.endswith(("to one ring", "to halogen"))
        after = row[f"with_{what}_after"]
        assert row["changed"] == (after if gains else row["n"] - after) / row["n"]
        assert row[f"with_{what}_before"] == (0 if gains else row["n"])


def test_statistics_stand_beside_those_of_zinc250k():
    names = ["aromatic", "rings: 1", "non-aromatic ring", "heteroaromatic, of the aromatic", "new"]
    counted = pd.DataFrame({"dataset": "mine", "statistic": names, "count": 1, "of": 4})
    table = statistics_table(counted.assign(share=0.25), PAPER).set_index("statistic")
    assert table.loc["aromatic", "zinc250k_count"] == 232_839
    assert table["zinc250k_share"]["aromatic"] == pytest.approx(0.93339, abs=5e-6)
    assert table["zinc250k_share"]["rings: 1"] == 20_544 / 249_455
    assert table["zinc250k_share"]["heteroaromatic, of the aromatic"] == 0.62184
    assert np.isnan(table["zinc250k_count"]["non-aromatic ring"])
    assert table.loc["new"].filter(like="zinc").isna().all()
    assert (table["share"] == 0.25).all()


def test_the_papers_counts_of_rings_are_of_all_molecules():
    rows = PAPER[PAPER["experiment"] == "class_statistics"].set_index("metric")["value"]
    assert rows[rows.index.str.startswith("rings")].sum() == rows["molecules"] == 249_455
    assert rows["halogen"] / rows["molecules"] == pytest.approx(0.35135, abs=5e-6)
