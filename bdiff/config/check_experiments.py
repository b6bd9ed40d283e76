"""How the experiments of a data set fit it: classes that are added or left out, trees that vary."""

from collections.abc import Iterator

from bdiff.config.check_names import known_names, pairs, unique
from bdiff.config.dataset import Dataset
from bdiff.config.experiments import Extension, LeaveOneOut


def experiments(path: str, dataset: Dataset) -> Iterator[str]:
    """One line for everything about the experiments of a data set that does not fit."""
    if dataset.extension:
        yield from _extension(f"{path}.extension", dataset.extension, dataset.classes)
    if dataset.leave_one_out:
        yield from _leave_one_out(path, dataset.leave_one_out, dataset.classes)
    if dataset.control:
        yield from pairs(f"{path}.control.pairs", dataset.control.pairs, dataset.classes)
        if dataset.training.linear is None:
            yield (
                f"{path}.control: compares with a label-guided model; add {path}.training.linear, "
                f"or set control to null"
            )
    if dataset.stability and dataset.stability.tree.objects is None:
        yield (
            f"{path}.stability.tree.objects: found None, which is all objects; independent draws "
            f"need a number of them"
        )
    if dataset.epsilon_sweep:
        written = [f"{epsilon:g}" for epsilon in dataset.epsilon_sweep.epsilons]
        yield from unique(f"{path}.epsilon_sweep.epsilons", written)


def _extension(path: str, section: Extension, classes: tuple[str, ...] | None) -> Iterator[str]:
    for key, names in (("start", section.start), ("add", section.add)):
        yield from known_names(f"{path}.{key}", names, classes, "class")
        yield from unique(f"{path}.{key}", names)
    for name in dict.fromkeys(section.add):
        if name in section.start:
            yield (
                f"{path}.add: {name!r} stands in start as well; a class is added to a model that "
                f"does not know it"
            )


def _leave_one_out(
    path: str, section: LeaveOneOut, classes: tuple[str, ...] | None
) -> Iterator[str]:
    if classes is None:
        yield (
            f"{path}.leave_one_out: which classes the others are, only the file knows; list all of "
            f"them under {path}.data.classes"
        )
        return
    if len(classes) < 3:
        yield (
            f"{path}.leave_one_out: the data have the classes {', '.join(classes)}; "
            f"without one of them there should still be two"
        )
    chosen = section.classes
    if chosen != "all":
        yield from known_names(f"{path}.leave_one_out.classes", chosen, classes, "class")
        yield from unique(f"{path}.leave_one_out.classes", chosen)
