"""Does transmutation need branches? Both models, over noise levels (paper, F14).

At little noise an object stays what it is, at much noise nothing is kept of it. So two numbers
belong together, at every noise level: the share of objects that have become of the new class, and
how much is kept of what they were before. Of images and tables a classifier tells the class, and
correlations over objects are what is kept; of molecules their structure tells it, and functional
groups are kept.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from bdiff.analysis.classifier import Classifier
from bdiff.analysis.functional_groups import overlap
from bdiff.analysis.kept import before_and_after, feature_correlation, with_interval
from bdiff.analysis.slant import slant
from bdiff.chemistry import valid_molecules
from bdiff.model import DiffusionModel
from bdiff.molecule_classes import predicate
from bdiff.progress import Progress
from bdiff.sampling.files import Samples
from bdiff.sampling.sampler import Sampler
from bdiff.sampling.transmutation import transmute
from bdiff.tree import BranchTree

COLUMNS = (
    "dataset", "model", "origin", "target", "time", "branch_time", "metric", "value", "low", "high",
    "n",
)  # fmt: skip
# A metric's value in some objects, whose indices are given.
Metric = Callable[[np.ndarray], float]
# Metrics by name, of objects before and after and of the class they should have.
Measures = Callable[[np.ndarray, np.ndarray, str], dict[str, Metric]]


def control_curve(
    models: dict[str, DiffusionModel],
    objects: dict[str, np.ndarray],
    pairs: Sequence[tuple[str, str]],
    times: Sequence[float],
    measures: Measures,
    tree: BranchTree,
    sampler: Sampler,
    guidance: float = 1.0,
) -> tuple[list[dict[str, Any]], dict[str, Samples]]:
    """How many objects change class, and how much of them is kept, over noise levels.

    Args:
        models: by name.
        objects: by class name, (n, *shape), n >= 2.
        pairs: pairs of class names; both directions are made.
        times: t to noise objects to, beside the branch time of each pair.
        measures: `by_values` or `by_structure`.
        tree: with the branch times.
        sampler: solver, grid and seed, the same for all.
        guidance: weight, as in `bdiff.sampling.transmutation.transmute`.

    Returns:
        Tidy rows with `COLUMNS` but the data set; low and high are the 2.5th and 97.5th percentile
        over resampled objects. And what each model made of the objects at the branch points.
    """
    rows, at_branch_points = [], {}
    total = len(models) * sum(len({*times, tree.branch_time(*pair)}) for pair in pairs)
    with Progress("transmuting at several noise levels", total, "levels") as progress:
        for name, model in models.items():
            turn = partial(transmute, model, objects, sampler=sampler, guidance=guidance)
            known = turn(pairs, tree=tree)
            at_branch_points[name] = known
            for pair in pairs:
                at = tree.branch_time(*pair)
                for time in sorted({*times, at}):
                    made = known if time == at else turn([pair], time=time)
                    for origin, target in (pair, pair[::-1]):
                        before, after = before_and_after(made, origin, target)
                        facts = {"model": name, "origin": origin, "target": target, "time": time}
                        facts |= {"branch_time": at, "n": len(before)}
                        metrics = measures(before, after, target)
                        for metric, statistic in metrics.items():
                            numbers = with_interval(statistic, len(before))
                            rows.append(facts | {"metric": metric} | numbers)
                    progress.update(1)
    return rows, at_branch_points


def by_values(classifier: Classifier, classes: Sequence[str]) -> Measures:
    """Measures of images and tables.

        changed      share that the classifier takes for the new class
        kept         correlation before and after, mean over features (pixels) that vary
        kept_slant   the same of the slant of a drawn stroke; of grey images

    Args:
        classifier: of the classes, in this order.
        classes: class names.
    """

    def measures(before: np.ndarray, after: np.ndarray, target: str) -> dict[str, Metric]:
        right = classifier.predict(after) == classes.index(target)
        x, y = (objects.reshape(len(objects), -1) for objects in (before, after))
        metrics = {
            "changed": lambda chosen: right[chosen].mean(),
            "kept": lambda chosen: np.nanmean(feature_correlation(x[chosen], y[chosen])),
        }
        if before.ndim == 4 and before.shape[1] == 1:
            slants = slant(before)[:, None], slant(after)[:, None]
            metrics["kept_slant"] = lambda chosen: feature_correlation(
                *(s[chosen] for s in slants)
            )[0]
        return metrics

    return measures


def by_structure(classes_by: str) -> Measures:
    """Measures of molecules.

        changed   share that is valid and has become of the new class
        kept      mean overlap of functional groups before and after, 0 for what is not valid
        valid     share that is valid

    Args:
        classes_by: what decided the classes, as in `bdiff.data.molecules.from_smiles`.
    """
    class_of = predicate(classes_by)

    def measures(before: np.ndarray, after: np.ndarray, target: str) -> dict[str, Metric]:
        mols, made = valid_molecules(before), valid_molecules(after)
        values = {
            "changed": [mol is not None and class_of(mol) == target for mol in made],
            "kept": [overlap(one, other) for one, other in zip(mols, made, strict=True)],
            "valid": [mol is not None for mol in made],
        }
        return {metric: _mean_of(np.array(found, float)) for metric, found in values.items()}

    return measures


def _mean_of(values: np.ndarray) -> Metric:
    return lambda chosen: values[chosen].mean()
