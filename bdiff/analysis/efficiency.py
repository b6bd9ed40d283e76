"""What sharing trunks saves, in seconds and network evaluations (paper, section 5.3)."""

import time
from dataclasses import replace

from bdiff.model import DiffusionModel
from bdiff.sample.sampler import Sampler, sample

COLUMNS = (
    "dataset", "way", "repeat", "seconds", "evaluations", "classes", "count", "steps", "solver",
)  # fmt: skip


def measure_efficiency(
    model: DiffusionModel, sampler: Sampler, *, count: int = 64, repeats: int = 10
) -> list[dict]:
    """Sample all classes of a branched model class by class and with shared trunks, in turns.

    Args:
        model: a branched model.
        sampler: solver, grid and seed; every repeat has a seed of its own.
        count: samples per class, simulated as one batch.
        repeats: times each way is run.

    Returns:
        Rows with `COLUMNS` but the data set.
    """
    rows = []
    for repeat in range(repeats):
        turn = replace(sampler, seed=sampler.seed + repeat, per_class=count)
        for way in ("separate", "shared"):
            began = time.perf_counter()
            if way == "shared":
                spent = sample(model, dict.fromkeys(model.classes, count), turn, True).meta[
                    "evaluations"
                ]
            else:  # one class after the other, as the paper's "linear" sampling does
                spent = sum(
                    sample(model, {name: count}, turn).meta["evaluations"] for name in model.classes
                )
            rows.append({
                "way": way, "repeat": repeat, "seconds": time.perf_counter() - began,
                "evaluations": spent, "classes": len(model.classes), "count": count,
                "steps": sampler.steps, "solver": type(sampler.solver).__name__,
            })  # fmt: skip
    return rows
