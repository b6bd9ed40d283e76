"""How the parts of a configuration fit together: names that must exist, limits between values."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from bdiff.config.config import Config
from bdiff.config.data import BranchPoint
from bdiff.config.dataset import Dataset
from bdiff.config.errors import nearest
from bdiff.config.figures import NEEDS, Figure


def problems(config: Config) -> list[str]:
    """One line for everything that does not fit."""
    found = [*_known("run", config.run, config.datasets, "data set"), *_unique("run", config.run)]
    for name, dataset in config.datasets.items():
        found += _dataset(f"datasets.{name}", dataset)
    for name in NEEDS:
        figure = getattr(config.figures, name)
        if figure is not None:
            found += _figure(f"figures.{name}", figure, config, *NEEDS[name])
    return found


def _known(
    path: str, names: Iterable[str], known: Iterable[str] | None, what: str
) -> Iterator[str]:
    """Names that should be among the known ones; `known` is None where only the data can tell."""
    if known is None:
        return
    for name in names:
        if name not in known:
            yield f"{path}: no {what} {name!r}; there are {', '.join(known)}{nearest(name, known)}"


def _unique(path: str, names: Sequence[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{path}: {name!r} stands there {names.count(name)} times; once is enough"


def _dataset(path: str, dataset: Dataset) -> Iterator[str]:
    yield from _classes(f"{path}.data.classes", dataset)
    yield from _net(f"{path}.net", dataset)
    if dataset.tree.method == "given":
        yield from _branch_points(
            f"{path}.tree.branch_points", dataset.tree.branch_points, dataset.classes
        )
        if dataset.comparison:
            yield (
                f"{path}.comparison: compares estimators, but the tree's method is 'given'; "
                f"estimate the tree (sharing_cost), or set comparison to null"
            )
    if dataset.samples and dataset.samples.guidance is not None:
        linear = dataset.training.linear
        if linear is None or not linear.label_dropout:
            yield (
                f"{path}.samples.guidance: needs a label-guided model that was trained with label "
                f"dropout; set {path}.training.linear.label_dropout (0.1 is usual), or guidance to "
                f"null"
            )
    if dataset.metrics:
        yield from _metrics(path, dataset)
    for part in ("hybrids", "transmutation"):
        if section := getattr(dataset, part):
            yield from _pairs(f"{path}.{part}.pairs", section.pairs, dataset)


def _net(path: str, dataset: Dataset) -> Iterator[str]:
    """Images have a U-Net that their size can bear, tables a dense network."""
    net = dataset.net
    if dataset.is_table != (net.name in ("residual", "dense")):
        kind, fitting = ("a table", "residual") if dataset.is_table else ("images", "residual_unet")
        yield f"{path}.name: found {net.name!r}; the data are {kind}, use {fitting!r}"
    elif net.name == "residual_unet" and any(size % net.patch for size in dataset.shape[1:]):
        height, width = dataset.shape[1:]
        yield (
            f"{path}.patch: found {net.patch}, but the images are {height}x{width}; height and "
            f"width should be multiples of the patch"
        )
    elif net.name == "unet":
        sizes = [dataset.shape[1:]]
        for stride in net.strides:
            if min(sizes[-1]) < 3:
                yield (
                    f"{path}.strides: found {list(net.strides)}, which make the images "
                    f"{' -> '.join(f'{height}x{width}' for height, width in sizes)}; each 3x3 "
                    f"convolution needs 3 pixels or more, use fewer of them or smaller strides"
                )
                return
            sizes.append(tuple((size - 3) // stride + 1 for size in sizes[-1]))


def _classes(path: str, dataset: Dataset) -> Iterator[str]:
    chosen = dataset.data.classes
    if chosen == "all":
        return
    yield from _known(path, chosen, dataset.classes_of_source, "class")
    yield from _unique(path, chosen)
    if len(set(chosen)) < 2:
        yield f"{path}: found {list(chosen)}; a tree needs two classes or more"


def _branch_points(
    path: str, points: Sequence[BranchPoint], classes: Sequence[str] | None
) -> Iterator[str]:
    """Branch points are nested or disjoint, later towards the root; the root holds all classes."""
    for number, point in enumerate(points):
        yield from _known(f"{path}.{number}.classes", point.classes, classes, "class")
        yield from _unique(f"{path}.{number}.classes", point.classes)
    for (i, one), (j, other) in combinations(enumerate(points), 2):
        low, high = sorted([one, other], key=lambda point: len(set(point.classes)))
        inner, outer = set(low.classes), set(high.classes)
        if inner == outer:
            yield f"{path}: {i} and {j} are of the same classes ({_names(inner)}); give one of them"
        elif inner & outer and not inner < outer:
            yield (
                f"{path}: {i} ({_names(one.classes)}) and {j} ({_names(other.classes)}) overlap; "
                f"the classes of two branch points should be nested or have none in common"
            )
        elif inner < outer and low.time >= high.time:
            yield (
                f"{path}: {_names(inner)} part at t = {low.time}, which should be below t = "
                f"{high.time}, where all of {_names(outer)} part"
            )
    together = set().union(*(point.classes for point in points))
    lacking = set(classes or together) - set(max(points, key=lambda p: len(set(p.classes))).classes)
    if lacking:
        yield (
            f"{path}: no branch point holds all classes, {_names(lacking)} are outside; add "
            f"the root, with every class"
        )


def _metrics(path: str, dataset: Dataset) -> Iterator[str]:
    if dataset.samples is None:
        yield f"{path}.metrics: needs samples; add {path}.samples, or set metrics to null"
    elif dataset.metrics.count > dataset.samples.count:
        yield (
            f"{path}.metrics.count: found {dataset.metrics.count}; should be at most "
            f"samples.count, which is {dataset.samples.count}"
        )


def _pair(path: str, pair: Sequence[str], dataset: Dataset) -> Iterator[str]:
    yield from _known(path, pair, dataset.classes, "class")
    if pair[0] == pair[1]:
        yield f"{path}: found {list(pair)}; a pair is of two different classes"


def _pairs(path: str, pairs: Sequence[Sequence[str]], dataset: Dataset) -> Iterator[str]:
    for pair in pairs:
        yield from _pair(path, pair, dataset)
    sorted_pairs = [sorted(pair) for pair in pairs]
    for number, pair in enumerate(sorted_pairs):
        if pair in sorted_pairs[:number]:
            yield f"{path}: {list(pairs[number])} stands there twice, in this or the other order"


def _figure(
    path: str, figure, config: Config, needs: Sequence[str], form: str | None
) -> Iterator[str]:
    yield from _known(f"{path}.dataset", [figure.dataset], config.datasets, "data set")
    dataset = config.datasets.get(figure.dataset)
    if dataset is None:
        return
    for part in needs:
        if getattr(dataset, part) is None:
            yield (
                f"{path}.dataset: {figure.dataset!r} has no {part}, which the figure needs; add "
                f"datasets.{figure.dataset}.{part}, or set the figure to null"
            )
    if form and dataset.is_table != (form == "table"):
        found = "a table" if dataset.is_table else "images"
        yield f"{path}.dataset: {figure.dataset!r} is {found}, but the figure shows {form}"
    elif form == "images" and dataset.shape[0] > 1:
        yield (
            f"{path}.dataset: {figure.dataset!r} has images of {dataset.shape[0]} channels, but "
            f"the figure draws grey ones; set the figure to null"
        )
    if getattr(figure, "discrete", None):
        yield from _figure(f"{path}.discrete", Figure(dataset=figure.discrete), config, needs, form)
    if "hybrids" in needs and dataset.hybrids and dataset.transmutation:
        yield from _same_pairs(f"{path}.dataset", figure.dataset, dataset)
    if hasattr(figure, "classes"):
        yield from _known(f"{path}.classes", figure.classes, dataset.classes, "class")
        yield from _unique(f"{path}.classes", figure.classes)
    if hasattr(figure, "pair"):
        yield from _pair(f"{path}.pair", figure.pair, dataset)


def _same_pairs(path: str, name: str, dataset: Dataset) -> Iterator[str]:
    """Whatever the order of the pairs, and of the classes in them."""
    one, other = (
        {tuple(sorted(pair)) for pair in section.pairs}
        for section in (dataset.hybrids, dataset.transmutation)
    )
    if one != other:
        found = ", ".join("/".join(pair) for pair in sorted(one ^ other))
        yield (
            f"{path}: the figure shows hybrids beside transmutation, but only one of the two has "
            f"{found}; give datasets.{name}.hybrids.pairs and .transmutation.pairs the same pairs"
        )


def _names(classes: Iterable[str]) -> str:
    return ", ".join(sorted(classes))
