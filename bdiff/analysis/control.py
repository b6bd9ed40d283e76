"""Does transmutation need branches? Both models, over noise levels (paper, section 5.5, F14).

At little noise an object stays what it is, at much noise nothing is kept of it. So two numbers
belong together, at every noise level: the share of objects that a classifier takes for the new
class, and the correlation, over objects, of what they were before and what they are after.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bdiff.analysis.analogies import transmute
from bdiff.analysis.classifier import Classifier
from bdiff.analysis.kept import before_and_after, feature_correlation, interval
from bdiff.analysis.slant import slant
from bdiff.model import DiffusionModel
from bdiff.progress import Progress
from bdiff.sampling.files import Samples
from bdiff.sampling.sampler import Sampler
from bdiff.tree import BranchTree

COLUMNS = (
    "dataset", "model", "origin", "target", "time", "branch_time", "metric", "value", "low", "high",
    "n",
)  # fmt: skip


def control_curve(
    models: dict[str, DiffusionModel],
    objects: dict[str, np.ndarray],
    pairs: Sequence[tuple[str, str]],
    times: Sequence[float],
    classifier: Classifier,
    classes: Sequence[str],
    tree: BranchTree,
    sampler: Sampler,
) -> tuple[list[dict], dict[str, Samples]]:
    """How many objects change class, and how much of them is kept, over noise levels.

        changed      share that the classifier takes for the new class
        kept         correlation before and after, mean over features (pixels) that vary
        kept_slant   the same of the slant of a drawn stroke; of grey images

    Args:
        models: by name.
        objects: by class name, (n, *shape), n >= 2.
        pairs: pairs of class names; both directions are made.
        times: t to noise objects to, beside the branch time of each pair.
        classifier: of the classes, in this order.
        classes: class names.
        tree: with the branch times.
        sampler: solver, grid and seed, the same for all.

    Returns:
        Tidy rows with `COLUMNS` but the data set; low and high are the 2.5th and 97.5th percentile
        over resampled objects. And what each model made of the objects at the branch points.
    """
    rows, at_branch_points = [], {}
    total = len(models) * sum(len({*times, tree.branch_time(*pair)}) for pair in pairs)
    with Progress("transmuting at several noise levels", total, "levels") as progress:
        for name, model in models.items():
            known = transmute(model, objects, pairs, sampler, tree=tree)
            at_branch_points[name] = known
            for pair in pairs:
                at = tree.branch_time(*pair)
                for time in sorted({*times, at}):
                    made = known if time == at else transmute(model, objects, [pair], sampler, time)
                    for origin, target in (pair, pair[::-1]):
                        before, after = before_and_after(made, origin, target)
                        right = classifier.predict(after) == classes.index(target)
                        facts = {"model": name, "origin": origin, "target": target, "time": time}
                        facts |= {"branch_time": at, "n": len(before)}
                        rows += [facts | numbers for numbers in _measured(before, after, right)]
                    progress.update(1)
    return rows, at_branch_points


def _measured(before: np.ndarray, after: np.ndarray, right: np.ndarray) -> Iterator[dict]:
    """Metric, value and its interval, for each metric."""
    x, y = (objects.reshape(len(objects), -1) for objects in (before, after))
    metrics: dict[str, Callable[[np.ndarray], float]] = {
        "changed": lambda chosen: right[chosen].mean(),
        "kept": lambda chosen: np.nanmean(feature_correlation(x[chosen], y[chosen])),
    }
    if before.ndim == 4 and before.shape[1] == 1:
        slants = slant(before)[:, None], slant(after)[:, None]
        metrics["kept_slant"] = lambda chosen: feature_correlation(*(s[chosen] for s in slants))[0]
    for metric, of in metrics.items():
        low, high = map(float, interval(of, len(x)))
        yield {"metric": metric, "value": float(of(np.arange(len(x)))), "low": low, "high": high}
