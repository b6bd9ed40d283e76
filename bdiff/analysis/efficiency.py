"""What sharing trunks saves, in seconds and network evaluations (paper, section 5.3)."""

from dataclasses import replace

from bdiff.model import DiffusionModel
from bdiff.sample.sampler import Sampler, sample

COLUMNS = (
    "dataset", "way", "repeat", "seconds", "evaluations", "classes", "count", "steps", "solver",
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
    rows = []
    for repeat in range(repeats):
        turn = replace(sampler, seed=sampler.seed + repeat, per_class=count)
        for way in ("separate", "shared"):
            request = dict.fromkeys(model.classes, count)
            made = sample(model, request, turn, share_trunks=way == "shared").meta
            rows.append({
                "way": way, "repeat": repeat, "seconds": made["seconds"],
                "evaluations": made["evaluations"], "classes": len(model.classes), "count": count,
                "steps": sampler.steps, "solver": type(sampler.solver).__name__,
            })  # fmt: skip
    return rows
