"""How the parts of a configuration fit together: names that must exist, limits between values."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from string import ascii_lowercase

from bdiff.config.base import Pair
from bdiff.config.check_experiments import experiments
from bdiff.config.check_names import known_names, pair, pairs, unique
from bdiff.config.config import Config
from bdiff.config.data import COUNTS
from bdiff.config.dataset import Dataset
from bdiff.config.figures import Examples, Figure, Figures, Hybrids, Needs
from bdiff.config.sampling import DISCRETE, ELEMENTWISE, Metrics, is_discrete
from bdiff.config.trees import BranchPoint

PANELS = len(ascii_lowercase)
FORMS = {"images": "images", "table": "a table", "molecules": "molecules"}
NETS = {
    "images": ("residual_unet", "unet"),
    "table": ("residual", "dense"),
    "molecules": ("graph_transformer", "graph"),
}

NOT_OF_MOLECULES = (
    *("comparison", "metrics", "extension", "leave_one_out", "stability", "epsilon_sweep"),
)


def problems(config: Config) -> list[str]:
    """One line for everything that does not fit."""
    found = [*known_names("run", config.run, config.datasets, "data set")]
    found += unique("run", config.run)
    for name, dataset in config.datasets.items():
        found += _dataset(f"datasets.{name}", dataset)
        if config.process_of(dataset).name == "ddpm":
            found += _discrete(f"datasets.{name}", dataset)
        found += _joint(f"datasets.{name}", dataset, config.process_of(dataset).name)
    for name, field in Figures.model_fields.items():
        figure = getattr(config.figures, name)
        if figure is not None:
            (needs,) = (part for part in field.metadata if isinstance(part, Needs))
            found += _figure(f"figures.{name}", figure, config, needs)
    return found


def _dataset(path: str, dataset: Dataset) -> Iterator[str]:
    yield from _classes(f"{path}.data.classes", dataset)
    yield from _net(f"{path}.net", dataset)
    yield from _autoencoder(path, dataset)
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
        yield from _metrics(path, dataset, dataset.metrics)
    for part in ("hybrids", "transmutation"):
        if section := getattr(dataset, part):
            yield from pairs(f"{path}.{part}.pairs", section.pairs, dataset.classes)
    yield from experiments(path, dataset)


def _autoencoder(path: str, dataset: Dataset) -> Iterator[str]:
    """Counts are encoded, and nothing else is."""
    source = dataset.data.source
    if source in COUNTS and dataset.autoencoder is None:
        yield (
            f"{path}.autoencoder: the data of {source!r} are counts, and the models are in the "
            f"latent space of an autoencoder; add {path}.autoencoder ({{}} for its defaults)"
        )
    if source not in COUNTS and dataset.autoencoder:
        yield (f"{path}.autoencoder: the data of {source!r} are no counts; set autoencoder to null")


def _discrete(path: str, dataset: Dataset) -> Iterator[str]:
    """What a process in discrete time allows."""
    for part in ("samples", "hybrids", "transmutation", "efficiency", "control"):
        section = getattr(dataset, part)
        if section and section.solver and not is_discrete(section.solver):
            name = section.solver.name
            found = f"{name!r} with churn" if name in DISCRETE else repr(name)
            yield (
                f"{path}.{part}.solver: found {found}, which needs times between the steps of the "
                f"process ddpm; use {', '.join(DISCRETE)} (without churn), or the process vp"
            )
    if dataset.control:
        yield (
            f"{path}.control: its times are between 0 and 1, those of the process ddpm are whole "
            f"numbers; use the process vp, or set control to null"
        )


def _joint(path: str, dataset: Dataset, process: str) -> Iterator[str]:
    """Molecules have a process, a tree and solvers for bonds and atoms, and nothing else has."""
    if (dataset.form == "molecules") != (process == "joint"):
        fitting = "joint" if dataset.form == "molecules" else "vp"
        yield (
            f"{path}.process: found {process!r}; the data are {FORMS[dataset.form]}, set "
            f"{path}.process to {{name: {fitting}}}"
        )
    if dataset.form != "molecules":
        return
    if dataset.tree.method != "given":
        yield (
            f"{path}.tree.method: found {dataset.tree.method!r}, which compares objects value by "
            f"value, but molecules have other atoms at the same place; use 'given'"
        )
    for part in NOT_OF_MOLECULES:
        if getattr(dataset, part):
            yield (
                f"{path}.{part}: compares objects value by value, but molecules have other atoms "
                f"at the same place; set {part} to null"
            )
    for part in ("samples", "hybrids", "transmutation", "efficiency", "control"):
        section = getattr(dataset, part)
        if section and section.solver and section.solver.name not in ELEMENTWISE:
            yield (
                f"{path}.{part}.solver: found {section.solver.name!r}, which needs one noise level "
                f"for all of an object; for molecules use {', '.join(ELEMENTWISE)}"
            )


def _net(path: str, dataset: Dataset) -> Iterator[str]:
    """The network fits the form of the objects, and a U-Net the size of the images."""
    net, size = dataset.net, (dataset.shape or ())[1:]
    if net.name not in NETS[dataset.form]:
        form, fitting = FORMS[dataset.form], NETS[dataset.form][0]
        yield f"{path}.name: found {net.name!r}; the data are {form}, use {fitting!r}"
    elif net.name == "residual_unet" and any(length % net.patch for length in size):
        height, width = size
        yield (
            f"{path}.patch: found {net.patch}, but the images are {height}x{width}; height and "
            f"width should be multiples of the patch"
        )
    elif net.name == "unet":
        sizes = [size]
        for stride in net.strides:
            if min(sizes[-1]) < 3:
                yield (
                    f"{path}.strides: found {list(net.strides)}, which make the images "
                    f"{' -> '.join(f'{height}x{width}' for height, width in sizes)}; each 3x3 "
                    f"convolution needs 3 pixels or more, use fewer of them or smaller strides"
                )
                return
            sizes.append(tuple((length - 3) // stride + 1 for length in sizes[-1]))


def _classes(path: str, dataset: Dataset) -> Iterator[str]:
    chosen = dataset.data.classes
    if chosen == "all":
        return
    yield from known_names(path, chosen, dataset.classes_of_source, "class")
    yield from unique(path, chosen)
    if len(set(chosen)) < 2:
        yield f"{path}: found {list(chosen)}; a tree needs two classes or more"


def _branch_points(
    path: str, points: Sequence[BranchPoint], classes: Sequence[str] | None
) -> Iterator[str]:
    """Branch points are nested or disjoint, later towards the root; the root holds all classes."""
    for number, point in enumerate(points):
        yield from known_names(f"{path}.{number}.classes", point.classes, classes, "class")
        yield from unique(f"{path}.{number}.classes", point.classes)
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


def _metrics(path: str, dataset: Dataset, metrics: Metrics) -> Iterator[str]:
    if dataset.samples is None:
        yield f"{path}.metrics: needs samples; add {path}.samples, or set metrics to null"
    elif metrics.count > dataset.samples.count:
        yield (
            f"{path}.metrics.count: found {metrics.count}; should be at most "
            f"samples.count, which is {dataset.samples.count}"
        )


def _figure(path: str, figure: Figure, config: Config, needs: Needs) -> Iterator[str]:
    yield from _made_of(f"{path}.dataset", figure.dataset, config, needs)
    dataset = config.datasets.get(figure.dataset)
    if dataset is None:
        return
    if isinstance(figure, Examples) and figure.discrete:
        yield from _discrete_examples(
            f"{path}.discrete", figure.discrete, figure.dataset, config, needs
        )
    shown = dataset.hybrids.pairs if isinstance(figure, Hybrids) and dataset.hybrids else ()
    if len(shown) > PANELS:
        yield (
            f"{path}.dataset: {figure.dataset!r} has hybrids of {len(shown)} pairs, but the figure "
            f"has at most {PANELS} panels, a to z; give fewer pairs, or set the figure to null"
        )
    if "hybrids" in needs.parts and dataset.hybrids and dataset.transmutation:
        pairs_of = dataset.hybrids.pairs, dataset.transmutation.pairs
        yield from _same_pairs(f"{path}.dataset", figure.dataset, *pairs_of)
    if hasattr(figure, "classes"):
        yield from known_names(f"{path}.classes", figure.classes, dataset.classes, "class")
        yield from unique(f"{path}.classes", figure.classes)
    if hasattr(figure, "pair"):
        yield from pair(f"{path}.pair", figure.pair, dataset.classes)


def _made_of(path: str, name: str, config: Config, needs: Needs) -> Iterator[str]:
    """The data set of a figure has what the figure needs."""
    yield from known_names(path, [name], config.datasets, "data set")
    dataset = config.datasets.get(name)
    if dataset is None:
        return
    for part in needs.parts:
        if getattr(dataset, part) is None:
            yield (
                f"{path}: {name!r} has no {part}, which the figure needs; add "
                f"datasets.{name}.{part}, or set the figure to null"
            )
    if needs.form and dataset.form != needs.form:
        shown = FORMS[needs.form]
        yield f"{path}: {name!r} is {FORMS[dataset.form]}, but the figure shows {shown}"
    elif needs.form == "images" and dataset.shape and dataset.shape[0] > 1:
        yield (
            f"{path}: {name!r} has images of {dataset.shape[0]} channels, but "
            f"the figure draws grey ones; set the figure to null"
        )


def _discrete_examples(
    path: str, name: str, beside: str, config: Config, needs: Needs
) -> Iterator[str]:
    yield from _made_of(path, name, config, needs)
    dataset = config.datasets.get(name)
    if dataset and config.process_of(dataset).name != "ddpm":
        yield (
            f"{path}: {name!r} has continuous time; set datasets.{name}.process to {{name: ddpm}}, "
            f"or discrete to null"
        )
    if dataset and dataset.classes != config.datasets[beside].classes:
        yield (
            f"{path}: {name!r} has other classes than {beside!r}, but the figure shows them side "
            f"by side"
        )


def _same_pairs(
    path: str, name: str, hybrids: Sequence[Pair], transmutation: Sequence[Pair]
) -> Iterator[str]:
    """Whatever the order of the pairs, and of the classes in them."""
    one, other = ({tuple(sorted(pair)) for pair in section} for section in (hybrids, transmutation))
    if one != other:
        found = ", ".join("/".join(pair) for pair in sorted(one ^ other))
        yield (
            f"{path}: the figure shows hybrids beside transmutation, but only one of the two has "
            f"{found}; give datasets.{name}.hybrids.pairs and .transmutation.pairs the same pairs"
        )


def _names(classes: Iterable[str]) -> str:
    return ", ".join(sorted(classes))
