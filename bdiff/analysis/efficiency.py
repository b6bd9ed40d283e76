"""What sharing trunks saves, in seconds and network evaluations (paper)."""

from dataclasses import replace
from typing import Any

import torch

from bdiff.branched import Branched
from bdiff.linear import Linear
from bdiff.sampling.sampler import Sampler, sample

WAYS = ("separate", "shared")
COLUMNS = (
    "dataset", "way", "repeat", "seconds", "evaluations", "predicted_ratio", "classes", "count",
    "steps", "solver", "threads",
)  # fmt: skip


def measure_efficiency(
    model: Branched,
    sampler: Sampler,
    *,
    linear: Linear | None = None,
    count: int = 64,
    repeats: int = 10,
) -> list[dict[str, Any]]:
    """Sample all classes of a branched model with separate chains and with shared trunks, in turns.

    All ways simulate all classes in one batch, so that the difference is the trunks' alone. (The
    paper's separate chains run class after class.) Network evaluations of shared trunks should be
    to those of separate chains as the tree's total length to the number of classes, but for the
    steps at branch points: that is `predicted_ratio`.

    Args:
        model: a branched model.
        linear: a label-guided model of the same classes, which is timed as well.
        sampler: solver, grid and seed; every repeat has a seed of its own.
        count: samples per class, simulated as one batch.
        repeats: times each way is run.

    Returns:
        Rows with `COLUMNS` but the data set.
    """
    rows, request = [], dict.fromkeys(model.classes, count)
    ways = WAYS if linear is None else (*WAYS, "linear")
    for repeat in range(-1, repeats):
        turn = replace(sampler, seed=sampler.seed + repeat, per_class=count)
        for way in ways if repeat % 2 else reversed(ways):
            sampled = linear if linear is not None and way == "linear" else model
            made = sample(sampled, request, turn, share_trunks=way == "shared").meta
            if repeat < 0:  # warming up
                continue
            rows.append(
                {
                    "way": way,
                    "repeat": repeat,
                    "seconds": made["seconds"],
                    "evaluations": made["evaluations"],
                    "predicted_ratio": model.tree.shared_cost,
                    "classes": len(model.classes),
                    "count": count,
                    "steps": sampler.steps,
                    "solver": sampler.solver.name,
                    "threads": torch.get_num_threads(),
                }
            )
    return rows
