"""A small table of animals, how it is fitted, and how a command is run."""

import csv
import re
import shlex

import numpy as np
import pytest

from bdiff.branch_points.estimate import estimate_tree
from bdiff.build import initialised
from bdiff.cli import main
from bdiff.data.tables import from_arrays
from bdiff.process import VP
from bdiff.training.settings import Training
from bdiff.training.train import train

FEATURES = ("length", "width", "weight", "age in years")
CENTRES = {"ape": (10.0, 1.0, 5.0, 0.3), "bee": (11.0, 1.2, 5.0, 0.3), "cow": (14.0, 2.0, 9.0, 0.9)}
SMALL = "net.width=16 net.condition=8 net.blocks=1 training.batch_size=32 training.ema=0.9"
FIT = f"fit zoo.csv --label species -o zoo --steps 30 --set {SMALL}"
NET = {"name": "residual", "width": 16, "condition": 8, "blocks": 1}
TRAINING = Training(steps=30, batch_size=32, ema=0.9)


def rows(names, seed=0, count=60):
    """Objects (n, 4) in units of their own, and their classes."""
    random = np.random.default_rng(seed)
    x = [
        CENTRES[n] + np.array([1, 0.2, 1, 0.1]) * random.standard_normal((count, 4)) for n in names
    ]
    return np.concatenate(x), np.repeat(names, count)


def write_csv(path, names, seed=0, columns=(*FEATURES, "species")):
    x, labels = rows(names, seed)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for values, label in zip(x, labels, strict=True):
            values = dict(zip(FEATURES, values.tolist(), strict=True))
            writer.writerow({key: (values | {"species": label})[key] for key in columns})


def bdiff(line):
    main(shlex.split(line))


def fails(line, text, code=1):
    """The command ends with this code; returns what it said, which has to match."""
    with pytest.raises(SystemExit) as ended:
        bdiff(line)
    said = str(ended.value.code)
    assert code == (ended.value.code if isinstance(ended.value.code, int) else 1)
    assert re.search(text, said), said
    return said


def in_python(names=("ape", "bee", "cow"), kind="branched"):
    """What the README does: data set, and trained model."""
    x, labels = rows(names)
    data = from_arrays(
        x, labels, name="zoo", held_out=0.2, standardise=True, feature_names=FEATURES
    )
    tree = estimate_tree(data, VP(), min_time=0.01, min_length=0.001)
    model = initialised(kind, VP(), data.shape, NET, tree=tree, classes=data.classes)
    train(model, data, TRAINING, device="cpu")
    return data, model
