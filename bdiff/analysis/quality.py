"""The quality of samples, class by class, each number beside what real objects score."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from bdiff.analysis.classifier import Classifier, train_classifier
from bdiff.analysis.metrics import (
    density_coverage,
    disjoint_halves,
    frechet_distance,
    near_copies,
    nearest_distance,
    precision_recall,
)
from bdiff.data.dataset import Dataset
from bdiff.expect import expect
from bdiff.progress import Progress
from bdiff.sampling.files import Samples

COLUMNS = ("dataset", "model", "class", "metric", "value", "n", "seed", "split", "space")
NEIGHBOURS = 5  # k of the manifolds, as Naeem et al. choose


def quality(
    dataset: Dataset, samples: dict[str, Samples], *, count: int = 1000, seed: int = 0
) -> list[dict[str, Any]]:
    """Every metric of `bdiff.analysis.metrics`, and a classifier's accuracy, for each class::

        frechet_raw                  between samples and real objects of both splits, raw values
        frechet_features             the same between the classifier's features
        precision, recall, density,  in the classifier's features, with the fifth neighbour; where
            coverage                 there are more than five objects
        accuracy                     share of samples that the classifier gives their own class
        nearest_distance             median distance to the nearest training object of the class
        near_copies                  share nearer to one than 99 % of held-out objects are

    Samples of a perfect model look to the classifier like held-out objects, not quite like those it
    was trained on: in its features the split "test" is the one to judge by.

    Args:
        dataset: real objects.
        samples: by name of the model, any number of models.
        count: objects of a class on each side of a comparison, where the class has twice as many
            (two disjoint sets of real objects give the floor), else half of what it has.
        seed: of the choice of real objects and of the classifier.

    Returns:
        Tidy rows with `COLUMNS`. Model "real" is the reference, of real objects in place of
        samples, as many of them, and of held-out ones for accuracy and distances.

    Raises:
        ValueError: if the samples are of another data set, a class has fewer than four training
            objects, or count is below 2.
    """
    expect(dataset, Dataset, "dataset", "the real objects")
    expect(samples, Mapping, "samples", "by model, {'branched': samples}")
    check_count(count)
    check_samples(dataset, samples)
    train = dataset.select("train")
    classifier = train_classifier(train.x, train.labels, len(dataset.classes), seed)
    facts = {"dataset": dataset.name, "seed": seed}
    found: list[dict[str, Any]] = []
    splits = sorted(set(dataset.split.tolist()), reverse=True)
    parts = len(dataset.classes) * (len(splits) + 1)
    with Progress("measuring the quality", parts, "classes") as progress:
        for split, name in product(splits, dataset.classes):
            found += _compared(dataset, samples, classifier, count, seed, split, name)
            progress.update(1)
        for name in dataset.classes:
            found += _judged(dataset, samples, classifier, count, seed, name)
            progress.update(1)
    return [{key: (facts | row)[key] for key in COLUMNS} for row in found]


def check_count(count: int) -> None:
    """Raise ValueError unless sets of so many objects can be compared."""
    if count < 2:
        raise ValueError(f"count is {count}, objects of a class to compare; give 2 or more")


def check_samples(dataset: Dataset, samples: Mapping[str, Samples]) -> None:
    """Raise ValueError if samples are of another data set, or a class has too few objects."""
    for model, made in samples.items():
        strangers = sorted(set(made.label.tolist()) - set(dataset.classes))
        if made.x.shape[1:] != dataset.shape or strangers:
            raise ValueError(
                f"the samples of {model!r} are of another data set: they have the shape "
                f"{made.x.shape[1:]} and the classes {sorted(set(made.label.tolist()))}, "
                f"{dataset.name!r} has {dataset.shape} and {list(dataset.classes)}"
            )
    for name in dataset.classes:
        if len(dataset.of(name, "train")) < 4:
            raise ValueError(
                f"class {name!r} has {len(dataset.of(name, 'train'))} training objects; a Fréchet "
                "distance beside its floor needs 4 or more"
            )


def _compared(
    dataset: Dataset,
    samples: Mapping[str, Samples],
    classifier: Classifier,
    count: int,
    seed: int,
    split: str,
    name: str,
) -> Iterator[dict[str, Any]]:
    """Metrics between two sets: samples of a class and its real objects of a split, as many of
    each."""
    real, others = disjoint_halves(dataset.of(name, split), count, seed, split, name)
    sets = {"real": others} | _samples_of(name, samples)
    n = min([len(real), *(len(x) for x in sets.values() if len(x))])  # the same for all
    if n < 2:
        return
    real_features = classifier.features(real[:n])
    for model, x in sets.items():
        if not len(x):
            continue
        row = {"model": model, "class": name, "n": n, "split": split}
        distance = frechet_distance(x[:n], real[:n])
        yield row | {"metric": "frechet_raw", "value": distance, "space": "raw"}
        values = _between(real_features, classifier.features(x[:n]))
        for metric, value in values.items():
            yield row | {"metric": metric, "value": value, "space": "classifier"}


def _samples_of(name: str, samples: Mapping[str, Samples]) -> dict[str, np.ndarray]:
    """What each model made of a class."""
    return {model: made.where(label=name, role="sample") for model, made in samples.items()}


def _between(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """Metrics between (n, features) arrays of features."""
    values = {"frechet_features": frechet_distance(made, real)}
    if len(real) > NEIGHBOURS:
        pairs = precision_recall(real, made, NEIGHBOURS), density_coverage(real, made, NEIGHBOURS)
        names = ("precision", "recall"), ("density", "coverage")
        for pair, pair_names in zip(pairs, names, strict=True):
            values |= dict(zip(pair_names, pair, strict=True))
    return values


def _judged(
    dataset: Dataset,
    samples: Mapping[str, Samples],
    classifier: Classifier,
    count: int,
    seed: int,
    name: str,
) -> Iterator[dict[str, Any]]:
    """Metrics of one set: every model's samples of a class, and its held-out objects, if any."""
    trained, held_out = dataset.of(name, "train"), dataset.of(name, "test")
    bounds, others = disjoint_halves(held_out, count, seed, "test", name)
    bounds = nearest_distance(bounds, trained) if len(bounds) else bounds
    for model, x in ({"real": held_out} | _samples_of(name, samples)).items():
        if not len(x):
            continue
        row = {"model": model, "class": name, "n": len(x), "split": "train", "space": "raw"}
        right = float((classifier.predict(x) == dataset.code(name)).mean())
        yield row | {
            "metric": "accuracy",
            "value": right,
            "split": "test" if model == "real" else "train",
            "space": "classifier",
        }
        near = nearest_distance(x, trained)
        yield row | {"metric": "nearest_distance", "value": float(np.median(near))}
        if model == "real":  # not those that give the bound
            near = nearest_distance(others, trained) if len(others) else others
        if len(bounds):
            share = near_copies(near, bounds)
            yield row | {"metric": "near_copies", "value": share, "n": len(near)}
