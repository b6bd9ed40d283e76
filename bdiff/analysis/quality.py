"""The quality of samples, class by class, each number beside what real objects score."""

from collections.abc import Iterator

import numpy as np

from bdiff.analysis.classifier import train_classifier
from bdiff.analysis.metrics import frechet_distance, nearest_distance
from bdiff.data.dataset import Dataset
from bdiff.randomness import generator
from bdiff.sample.files import Samples

COLUMNS = ("dataset", "model", "class", "metric", "value", "n", "seed", "split", "space")


def quality(
    dataset: Dataset, samples: dict[str, Samples], *, count: int = 1000, seed: int = 0
) -> list[dict]:
    """Fréchet distance, a classifier's accuracy, and distance to the training objects.

    Args:
        dataset: real objects.
        samples: by name of the model.
        count: objects of a class on each side of a Fréchet distance, where the class has twice as
            many (two disjoint sets of real objects give the floor), else half of what it has.
        seed: of the choice of real objects and of the classifier.

    Returns:
        Tidy rows with `COLUMNS`. Model "real" is the floor: real objects in place of samples.
    """
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
    rows = []

    def add(
        model: str, name: str, metric: str, value: float, n: int, split: str, space: str
    ) -> None:
        values = (dataset.name, model, name, metric, value, n, seed, split, space)
        rows.append(dict(zip(COLUMNS, values, strict=True)))

    for split in sorted(set(dataset.split.tolist()), reverse=True):
        for name in dataset.classes:
            real, others = _disjoint(dataset.of(name, split), count, seed, split, name)
            sets = {"real": others} | {
                model: made.where(label=name, role="sample") for model, made in samples.items()
            }
            n = min(len(real), *(len(x) for x in sets.values() if len(x)))  # the same for all
            for model, x in sets.items():
                if n > 1 and len(x):
                    add(
                        model,
                        name,
                        "frechet_raw",
                        frechet_distance(x[:n], real[:n]),
                        n,
                        split,
                        "raw",
                    )
    train = dataset.select("train")
    predict = train_classifier(train.x, train.labels, len(dataset.classes), seed)
    for model, name, x in _judged(dataset, samples):
        right = predict(x) == dataset.code(name)
        add(
            model,
            name,
            "accuracy",
            float(right.mean()),
            len(x),
            "test" if model == "real" else "train",
            "classifier",
        )
        near = nearest_distance(x, train.of(name))
        add(model, name, "nearest_distance", float(near.mean()), len(x), "train", "raw")
    return rows


def _disjoint(
    x: np.ndarray, count: int, seed: int, split: str, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random sets of at most `count` objects, of the same size."""
    order = generator(seed, "evaluate", split, name).permutation(len(x))
    n = min(count, len(x) // 2)
    return x[order[:n]], x[order[n : 2 * n]]


def _judged(dataset: Dataset, samples: dict[str, Samples]) -> Iterator[tuple[str, str, np.ndarray]]:
    """(model, class, objects) for every model, and for held-out real objects if there are any."""
    for name in dataset.classes:
        held_out = dataset.of(name, "test")
        if len(held_out):
            yield "real", name, held_out
        for model, made in samples.items():
            x = made.where(label=name, role="sample")
            if len(x):
                yield model, name, x
