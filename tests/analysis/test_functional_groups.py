"""Functional groups before and after, and the paired test."""

import numpy as np
import pytest
from scipy import stats

from bdiff.analysis.functional_groups import functional_groups, groups_kept, overlap

Chem = pytest.importorskip("rdkit.Chem")


def mol(text):
    return Chem.MolFromSmiles(text)


def test_groups_are_rdkits():
    assert functional_groups(mol("CCO")) == {"fr_Al_OH", "fr_Al_OH_noTert"}
    assert {"fr_COO", "fr_COO2", "fr_C_O"} <= functional_groups(mol("CC(=O)O"))
    assert functional_groups(mol("CC")) == frozenset()


def test_overlap_by_hand():
    alcohol, acid, nothing = mol("CCO"), mol("CC(=O)O"), mol("CC")
    assert overlap(alcohol, mol("CCCO")) == 1
    assert overlap(alcohol, acid) == 0
    both = mol("OCCCC(=O)O")
    assert overlap(alcohol, both) == 2 / len(functional_groups(both))
    assert overlap(both, alcohol) == overlap(alcohol, both)
    assert overlap(nothing, nothing) == 1
    assert overlap(nothing, None) == overlap(None, alcohol) == 0


def test_paired_test_is_the_textbooks():
    """t = mean(d) / (sd(d) / √n) with n - 1 degrees of freedom; p is the upper tail."""
    before = [mol(text) for text in ("CCO", "CC(=O)O", "CCN", "CCF", "CCCO")]
    after = [mol("CCCO"), mol("CCC(=O)O"), mol("CCCN"), None, mol("CCO")]
    unrelated = [mol(text) for text in ("CCN", "CCO", "CCNC", "CCF", "OCCCC(=O)O")]
    found = groups_kept(before, after, unrelated)
    assert found.kept.tolist() == [1, 1, 1, 0, 1]
    assert found.baseline[0] == 0
    assert found.baseline[3] == 1
    d = found.kept - found.baseline
    t = d.mean() / (d.std(ddof=1) / np.sqrt(5))
    assert found.t == pytest.approx(t)
    assert found.p == pytest.approx(stats.t.sf(t, 4))
    reverse = groups_kept(before, unrelated, after)
    assert (reverse.t, reverse.p) == pytest.approx((-t, 1 - found.p))


def test_no_difference_gives_no_test_and_pairs_are_needed():
    same = [mol("CCO"), mol("CCO")]
    assert np.isnan(groups_kept(same, same, same)[2:]).all()
    with pytest.raises(ValueError, match="found 2 before, 1 after and 2 unrelated"):
        groups_kept(same, same[:1], same)
