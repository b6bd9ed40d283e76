"""Tables of molecules: real ones as samples score as real ones do, broken ones are counted."""

import numpy as np
import pytest

from bdiff.analysis.molecule_quality import molecule_quality
from bdiff.analysis.quality import COLUMNS
from tests.molecules import CLASSES, broken, real_molecules, samples

pytest.importorskip("rdkit")
pytest.importorskip("fcd")


@pytest.fixture(scope="module")
def dataset():
    return real_molecules()


def test_real_molecules_and_broken_ones(dataset):
    acyclic, rings = (dataset.of(name, "train") for name in CLASSES)
    made = samples(
        (np.concatenate([acyclic[:6], broken(acyclic[6:8])]), "acyclic", "sample", ""),
        (np.concatenate([acyclic[:3], rings[:5]]), "one ring", "sample", ""),
    )
    rows = molecule_quality(dataset, {"copied": made}, "rings")
    assert all(tuple(row) == COLUMNS for row in rows)
    found = {(row["model"], row["class"], row["metric"]): row["value"] for row in rows}
    for metric in ("valid", "connected", "in_class"):
        assert found["copied", "acyclic", metric] == 6 / 8
        assert found["real", "acyclic", metric] == 1
    assert found["copied", "one ring", "valid"] == 1
    assert found["copied", "one ring", "in_class"] == found["copied", "one ring", "rings"] == 5 / 8
    assert found["copied", "acyclic", "novel"] == found["real", "acyclic", "novel"] == 0
    assert found["copied", "acyclic", "unique"] == 1
    sizes = {row["n"] for row in rows if row["metric"] == "fcd" and row["class"] == "acyclic"}
    assert sizes == {len(acyclic) // 2}
