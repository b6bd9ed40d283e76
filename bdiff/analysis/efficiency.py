"""What sharing trunks saves, in seconds and network evaluations (paper, section 5.3)."""

from dataclasses import replace

import torch

from bdiff.model import DiffusionModel
from bdiff.sampling.sampler import Sampler, sample

WAYS = ("separate", "shared")
COLUMNS = (
    "dataset", "way", "repeat", "seconds", "evaluations", "classes", "count", "steps",
    "solver", "threads",
)  # fmt: skip


def measure_efficiency(
    model: DiffusionModel, sampler: Sampler, *, count: int = 64, repeats: int = 10
) -> list[dict]:
    """Sample all classes of a branched model with separate chains and with shared trunks, in turns.

    Both ways simulate all classes in one batch, so that the difference is the trunks' alone. (The
    paper's separate chains run class after class.)

    Args:
        model: a branched model.
        sampler: solver, grid and seed; every repeat has a seed of its own.
        count: samples per class, simulated as one batch.
        repeats: times each way is run.

    Returns:
        Rows with `COLUMNS` but the data set.
    """
    rows, request = [], dict.fromkeys(model.classes, count)
    for repeat in range(-1, repeats):
        turn = replace(sampler, seed=sampler.seed + repeat, per_class=count)
        for way in WAYS if repeat % 2 else reversed(WAYS):
            made = sample(model, request, turn, share_trunks=way == "shared").meta
            if repeat < 0:  # warming up
                continue
            rows.append(
                {
                    "way": way,
                    "repeat": repeat,
                    "seconds": made["seconds"],
                    "evaluations": made["evaluations"],
                    "classes": len(model.classes),
                    "count": count,
                    "steps": sampler.steps,
                    "solver": sampler.solver.name,
                    "threads": torch.get_num_threads(),
                }
            )
    return rows
