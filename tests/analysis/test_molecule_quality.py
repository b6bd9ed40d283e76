"""Tables of molecules: real ones as samples score as real ones do, broken ones are counted."""

import numpy as np
import pytest

from bdiff.analysis.molecule_quality import molecule_quality, transmuted_molecules
from bdiff.analysis.quality import COLUMNS
from bdiff.data import moses
from bdiff.data.sources import ROOT
from bdiff.sampling.files import Samples

pytest.importorskip("rdkit")
pytest.importorskip("fcd")
CLASSES = ("acyclic", "one ring")


@pytest.fixture(scope="module")
def dataset():
    lines = moses.from_embedded(ROOT / "data/embedded/molecules.csv.gz")[moses.FILE].splitlines()
    return moses.make_dataset({moses.FILE: b"\n".join([lines[0], *lines[1::40]])})


def samples(*rows):
    x, label, role, origin = zip(*rows, strict=True)
    lengths = [len(part) for part in x]
    return Samples(
        x=np.concatenate(x),
        label=np.repeat(label, lengths),
        role=np.repeat(role, lengths),
        origin=np.repeat(origin, lengths),
        time=np.zeros(sum(lengths)),
        index=np.concatenate([np.arange(length) for length in lengths]),
    )


def broken(x):
    """Every bond triple: no real molecule stays valid."""
    x, nodes = x.copy(), x.shape[1]
    x[:, :, :nodes] *= 3
    return x


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


def test_transmuted_molecules(dataset):
    """Unchanged molecules keep all groups and no class; broken ones keep nothing."""
    acyclic, rings = (dataset.of(name, "train")[:8] for name in CLASSES)
    made = samples(
        (acyclic, "one ring", "original", "acyclic"),
        (acyclic, "one ring", "sample", "acyclic"),
        (rings, "acyclic", "original", "one ring"),
        (broken(rings), "acyclic", "sample", "one ring"),
    )
    there, back = transmuted_molecules(dataset, made, [CLASSES], "rings")
    assert (there["origin"], there["target"], there["n"]) == ("acyclic", "one ring", 8)
    assert (there["valid"], there["changed"], there["groups_kept"]) == (1, 0, 1)
    assert there["groups_kept"] > there["groups_baseline"]
    assert there["p"] < 0.01
    assert (there["with_ring_before"], there["with_ring_after"]) == (0, 0)
    assert (back["valid"], back["changed"], back["groups_kept"]) == (0, 0, 0)
    assert (back["with_ring_before"], back["with_ring_after"]) == (8, 0)
    assert np.isnan(back["novel"])
    assert back["p"] > 0.99
