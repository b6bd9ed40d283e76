"""A few real molecules, what could be made of them, and both as files of samples."""

import numpy as np

from bdiff.data import moses
from bdiff.data.sources import ROOT
from bdiff.sampling.files import Samples

CLASSES = ("acyclic", "one ring")
TIME = 0.4


def real_molecules():
    """Every 40th of the embedded molecules."""
    lines = moses.from_embedded(ROOT / "data/embedded/molecules.csv.gz")[moses.FILE].splitlines()
    return moses.make_dataset({moses.FILE: b"\n".join([lines[0], *lines[1::40]])})


def broken(x):
    """Every bond triple: no real molecule stays valid."""
    x, nodes = x.copy(), x.shape[1]
    x[:, :, :nodes] *= 3
    return x


def samples(*rows):
    """(x, label, role, origin) of whole groups as Samples."""
    x, label, role, origin = zip(*rows, strict=True)
    lengths = [len(part) for part in x]
    return Samples(
        x=np.concatenate(x),
        label=np.repeat(label, lengths),
        role=np.repeat(role, lengths),
        origin=np.repeat(origin, lengths),
        time=np.repeat([TIME if name == "noised" else 0.0 for name in role], lengths),
        index=np.concatenate([np.arange(length) for length in lengths]),
    )


def transmuted(dataset, count=8):
    """All acyclic molecules stay as they are, and those with a ring break."""
    acyclic, rings = (dataset.of(name, "train")[:count] for name in CLASSES)
    ways = ((acyclic, acyclic, CLASSES), (rings, broken(rings), CLASSES[::-1]))
    return samples(*[
        (x, target, role, origin)
        for before, after, (origin, target) in ways
        for x, role in ((before, "original"), (before + 0.1, "noised"), (after, "sample"))
    ])  # fmt: skip


def generated(dataset, count=8):
    """Of each class real molecules of the split "test", the last one broken."""
    return samples(*[
        (np.concatenate([x[: count - 1], broken(x[count - 1 : count])]), name, "sample", "")
        for name in dataset.classes
        for x in [dataset.of(name)]
    ])  # fmt: skip
