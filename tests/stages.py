"""Stages of class extension for tests: made up, and on disk."""

import numpy as np
import pandas as pd

from bdiff.analysis.class_extension import stages_of
from bdiff.files import write_rows
from bdiff.sampling.files import Samples, write_samples

IMAGE, TABLE = (1, 14, 14), (4,)
LATER = ("branched", "linear_new", "linear_all", "real")
VALUES = {"branched": 20.0, "linear": 40.0, "linear_new": 300.0, "linear_all": 50.0, "real": 5.0}


def table(name, models, classes):
    """quality.csv: a model's value and 0.1 more for each class; split test must not be drawn."""
    rows = []
    for model in models:
        for number, label in enumerate(classes):
            row = {"dataset": name, "model": model, "class": label, "n": 9, "seed": 0}
            row |= {"metric": "frechet_raw", "space": "raw"}
            rows.append({**row, "value": VALUES[model] + 0.1 * number, "split": "train"})
            rows.append({**row, "value": 1e6, "split": "test"})
            rows.append({**row, "metric": "accuracy", "value": 1 - number / 100, "split": "train"})
    return pd.DataFrame(rows)


def generated(classes, shape, seed=0):
    """Twelve samples of each class; those of a class do not depend on the others."""
    x = [
        np.random.default_rng([seed, ord(name[0])]).uniform(-1, 1, (12, *shape)) for name in classes
    ]
    label = np.repeat(list(classes), 12)
    n = len(label)
    return Samples(
        np.concatenate(x), label, ["sample"] * n, [""] * n, np.zeros(n), np.tile(range(12), n // 12)
    )


def make_stages(added="7", shape=IMAGE, start="049", dataset="mine"):
    qualities, samples = [], []
    for number in range(len(added) + 1):
        classes = sorted([*start, *added[:number]])
        models = LATER if number else ("branched", "linear", "real")
        qualities.append(table(f"{dataset}-extension-{number}", models, classes))
        made = {"branched": generated(classes, shape)}
        made |= {m: generated(classes, shape, 1) for m in models if m.startswith("linear")}
        samples.append(made)
    return stages_of(qualities, samples)


def write_stages(stages, root, changed=()):
    """Folders of results as the workflow leaves them; in stages `changed`, old parameters have."""
    folders = []
    for number, stage in enumerate(stages):
        folder = root / f"mine-extension-{number}"
        rows = stage.quality.to_dict("records")
        write_rows(folder / "metrics/quality.csv", rows, list(stage.quality))
        if number:
            hashes = {"before": "a1", "after": "b2" if number in changed else "a1"}
            hashes = {"classes": stage.added, **hashes}
            write_rows(folder / "metrics/kept_branched.csv", [hashes], list(hashes))
        for model, made in stage.samples.items():
            write_samples(made, folder / f"samples/{model}.parquet")
        folders.append(folder)
    return folders
