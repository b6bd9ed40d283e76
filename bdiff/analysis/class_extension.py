"""The stages of class extension: a start, and one more class at each stage after it.

A series is one model at one stage: the branched model at every stage; the label-guided model at the
start, after training on each new class alone, and in the end on all classes. Numbers of the paper
belong to series that have the same data and the same classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bdiff.analysis.rows import of_metric
from bdiff.files import read_rows
from bdiff.sampling.files import Samples, read_samples


@dataclass(frozen=True)
class Stage:
    """A step of class extension.

    Args:
        added: the class that this stage added; None for the start.
        quality: rows of the stage's quality.csv: models "branched", "real", and "linear" of the
            start, "linear_new" (trained further on the new class) and "linear_all" (on all classes)
            of later stages.
        samples: the samples of these models; None for a model without.
        kept: whether all parameters that the branched model had before are the same, by their hash;
            None if that is not known.
    """

    added: str | None
    quality: pd.DataFrame
    samples: Mapping[str, Samples | None]
    kept: bool | None = None

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the table."""
        return list(dict.fromkeys(self.quality["class"].astype(str)))

    def distances(self, model: str) -> dict[str, float]:
        """frechet_raw to training objects, the paper's protocol, by class.

        Raises:
            ValueError: if there is none of this model.
        """
        rows = of_metric(self.quality, "frechet_raw")
        own = rows[rows["model"] == model]
        if own.empty:
            stage = "at the start" if self.added is None else f"after {self.added!r} was added"
            raise ValueError(
                f"no frechet_raw on split 'train' of the model {model!r} {stage}, only of "
                f"{sorted(set(rows['model']))}; judge its samples, too"
            )
        return dict(zip(own["class"].astype(str), own["value"], strict=True))


class Series(NamedTuple):
    """A model ("branched", "linear", "linear_new", "linear_all") at a stage, by its number."""

    model: str
    stage: int

    @property
    def kind(self) -> str:
        """The kind of the model, "branched" or "linear"."""
        return self.model.partition("_")[0]


def stages_of(
    qualities: Sequence[pd.DataFrame], samples: Sequence[Mapping[str, Samples | None]]
) -> list[Stage]:
    """Stages from their tables and samples, in their order; what is new in a stage it has added.

    Raises:
        ValueError: if a stage has not exactly the classes of the one before and one more.
    """
    stages: list[Stage] = []
    for quality, made in zip(qualities, samples, strict=True):
        stage = Stage(None, quality, made)
        if stages:
            old, new = set(stages[-1].classes), set(stage.classes)
            if len(new - old) != 1 or old - new:
                raise ValueError(
                    f"a stage has the classes of the one before, {sorted(old)}, and one more, "
                    f"found {sorted(new)}; give the stages in their order"
                )
            (added,) = new - old
            stage = Stage(added, quality, made)
        stages.append(stage)
    return stages


def read_stages(folders: Sequence[Path]) -> list[Stage]:
    """Stages from their folders of results, in order.

    Args:
        folders: of each stage, with metrics/quality.csv, samples/MODEL.parquet of every model in
            it, and, of a stage that added a class, metrics/kept_branched.csv.
    """
    qualities = [read_rows(folder / "metrics/quality.csv") for folder in folders]
    samples = [
        {model: read_samples(folder / f"samples/{model}.parquet") for model in models - {"real"}}
        for folder, models in zip(folders, (set(q["model"]) for q in qualities), strict=True)
    ]
    stages = stages_of(qualities, samples)
    return [stages[0], *(_with_kept(*both) for both in zip(stages[1:], folders[1:], strict=True))]


def _with_kept(stage: Stage, folder: Path) -> Stage:
    hashes = read_rows(folder / "metrics/kept_branched.csv")
    return replace(stage, kept=bool((hashes["before"] == hashes["after"]).all()))


def series_of(stages: Sequence[Stage]) -> list[Series]:
    """The branched series and then the label-guided ones, each in the order of the stages."""
    later = range(1, len(stages))
    return [
        *(Series("branched", stage) for stage in range(len(stages))),
        Series("linear", 0),
        *(Series("linear_new", stage) for stage in later),
        Series("linear_all", later[-1]),
    ]


def same_samples(stages: Sequence[Stage], number: int, model: str, name: str) -> bool | None:
    """Whether a class's samples are those of the stage before, bit by bit; None if it had none."""
    if number == 0:
        return None
    old, new = (stage.samples.get(model) for stage in stages[number - 1 : number + 1])
    if old is None or new is None or name not in old.label:
        return None
    before, after = (made.where(label=name, role="sample") for made in (old, new))
    return np.array_equal(before, after)


def compare_old_classes(stages: Sequence[Stage]) -> str:
    """One sentence: whether the branched samples of old classes are equal, bit by bit.

    Every class is compared at each stage with the stage before; equal are arrays of the same shape
    with the same values.
    """
    sizes: dict[str, int] = {}
    differing: dict[str | None, list[str]] = {}
    for number, (before, after) in enumerate(pairwise(stages), 1):
        old, new = (stage.samples.get("branched") for stage in (before, after))
        if old is None or new is None or not set(before.classes) <= set(old.label.tolist()):
            return "Branched model: samples before and after have not been compared."
        for name in before.classes:
            sizes[name] = len(old.where(label=name, role="sample"))
            if not same_samples(stages, number, "branched", name):
                differing.setdefault(after.added, []).append(name)
    if differing:
        words = "; ".join(f"{', '.join(names)} after {new}" for new, names in differing.items())
        return f"Branched model: samples of old classes are NOT the same as before: {words}."
    kept = {stage.kept for stage in stages[1:]}
    what = "every old parameter and the samples" if kept == {True} else "samples"
    if False in kept:
        what = "old parameters have CHANGED, but samples"
    each = " to ".join(f"{size:,}" for size in sorted({min(sizes.values()), max(sizes.values())}))
    return (
        f"Branched model: {what} of old classes ({', '.join(sizes)}; {each} each) "
        "are bit-identical before and after."
    )


def of_paper(paper: pd.DataFrame | None, stages: Sequence[Stage]) -> dict[Series, dict[str, float]]:
    """The paper's distances by series and class, of stages with the paper's data and classes."""
    if paper is None:
        return {}
    experiment = "class_extension" if len(stages) == 2 else "class_extension_steps"
    dataset = str(stages[0].quality["dataset"].iloc[0]).partition("-extension-")[0]
    rows = paper[
        paper["experiment"].str.startswith(f"{experiment}/")
        & (paper["dataset"] == dataset)
        & (paper["metric"] == "frechet_raw")
    ]
    # In the file, phases stand in the order in which classes were added.
    phases = {
        phase: {
            m: dict(zip(r["class"], r["value"], strict=True)) for m, r in group.groupby("model")
        }
        for phase, group in rows.groupby("experiment", sort=False)
    }
    in_the_end = phases.pop(f"{experiment}/after_all", {})
    found = {}
    for number, (stage, phase) in enumerate(zip(stages, phases.values(), strict=False)):
        if set(phase["branched"]) == set(stage.classes):
            found[Series("branched", number)] = phase["branched"]
            found[Series("linear_new" if number else "linear", number)] = phase["linear"]
    if in_the_end and set(in_the_end["linear"]) == set(stages[-1].classes):
        found[Series("linear_all", len(stages) - 1)] = in_the_end["linear"]
    return found
