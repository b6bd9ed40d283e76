"""Data sets derived from another: the same data with other classes, trees or training.

    <name>-draw-0, -1, ...         its tree from other objects, and a model of it
    <name>-epsilon-0.005, ...      its tree with this epsilon, and a model of it
    <name>-extension-0             models of some of its classes
    <name>-extension-1, -2, ...    the same with one class more each
    <name>-without-<class>         a model of all other classes
    <name>-added-<class>           the same with this class added

So they have the same stages, rules and folders as all others. Characters of class names that a path
cannot have are written as in web addresses.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bdiff.config.base import Section
from bdiff.config.dataset import Dataset
from bdiff.config.experiments import EpsilonSweep, Stability
from bdiff.config.models import LinearTraining, Models, Training
from bdiff.config.sampling import Metrics, Samples


class Extended(Section):
    """A model that is another with classes added."""

    dataset: str
    model: str
    new: tuple[str, ...]
    retrain: bool
    training: Training | LinearTraining


class Derived(Dataset):
    """A data set that is another with changes."""

    of: str
    kept: tuple[str, ...] | None = None  # classes, if not all
    wanted: tuple[str, ...] | None = None  # classes that are sampled, if not all
    draw: int = 0  # of the objects that the tree is estimated from
    extended: dict[str, Extended] = Field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self.extended) or super().models


def derived(name: str, base: Dataset) -> dict[str, Derived]:
    """All data sets derived from one, by name."""
    found = [*_variants(name, base), *_extension(name, base), *_leave_one_out(name, base)]
    return dict(found)


def stages(base: Dataset, name: str) -> list[str]:
    """Names of the stages of a class extension, the start first."""
    assert base.extension is not None
    return [f"{name}-extension-{number}" for number in range(len(base.extension.add) + 1)]


def draws(base: Dataset, name: str) -> list[str]:
    assert base.stability is not None
    return [f"{name}-draw-{number}" for number in range(base.stability.draws)]


def epsilons(base: Dataset, name: str) -> dict[str, str]:
    """Epsilon as it is written -> name."""
    assert base.epsilon_sweep is not None
    return {f"{e:g}": f"{name}-epsilon-{e:g}" for e in base.epsilon_sweep.epsilons}


def left_out(base: Dataset, name: str) -> dict[str, tuple[str, str]]:
    """Class -> names of the data sets without it and with it added."""
    section = base.leave_one_out
    assert section is not None
    classes = _all_classes(base) if section.classes == "all" else section.classes
    slugs = {c: quote(c, safe="") for c in classes}
    return {c: (f"{name}-without-{slug}", f"{name}-added-{slug}") for c, slug in slugs.items()}


def _all_classes(base: Dataset) -> tuple[str, ...]:
    """Those of a data set of which classes are left out: its checks want them to be known."""
    assert base.classes is not None
    return base.classes


def added(base: Dataset, name: str) -> dict[str, str]:
    """Class -> name of the data set with it added to a model of all others."""
    return {c: later for c, (_, later) in left_out(base, name).items()}


def _derive(name: str, base: Dataset, count: int | None = None, **changes: Any) -> Derived:
    """The data, tree and network of a data set, and its samples, so many of a class, if any."""
    parts = {key: getattr(base, key) for key in ("data", "process", "autoencoder", "tree", "net")}
    if count is not None:
        solver = base.samples.solver if base.samples else None
        parts["samples"] = Samples(count=count, solver=solver)
        parts["metrics"] = Metrics(count=count)
    return Derived(**(parts | {"of": name, "training": base.training} | changes))


def _variants(name: str, base: Dataset) -> Iterator[tuple[str, Derived]]:
    if section := base.stability:
        for number, variant in enumerate(draws(base, name)):
            yield variant, _derive(name, base, tree=section.tree, draw=number, **_trained(section))
    if sweep := base.epsilon_sweep:
        for epsilon, variant in zip(sweep.epsilons, epsilons(base, name).values(), strict=True):
            tree = sweep.tree.model_copy(update={"epsilon": epsilon})
            yield variant, _derive(name, base, tree=tree, **_trained(sweep))


def _trained(section: Stability | EpsilonSweep) -> dict[str, Any]:
    """What a variant's section says of its models, which it need not have."""
    if section.training is None:
        return {}
    return {"count": section.count, "training": Models(branched=section.training)}


def _extension(name: str, base: Dataset) -> Iterator[tuple[str, Derived]]:
    section = base.extension
    if section is None:
        return
    first, *later = stages(base, name)
    training = Models(branched=section.training.branched, linear=section.training.linear)
    yield first, _derive(name, base, section.count, kept=section.start, training=training)
    before = {"branched": (first, "branched"), "linear_new": (first, "linear")}
    for number, stage in enumerate(later, 1):
        new = section.add[:number]
        models = {
            model: Extended(
                dataset=of, model=start, new=new[-1:], retrain=False,
                training=getattr(section.added, model),
            )
            for model, (of, start) in before.items()
        }  # fmt: skip
        models["linear_all"] = Extended(
            dataset=first, model="linear", new=new, retrain=True, training=section.added.linear_all
        )
        yield (
            stage,
            _derive(name, base, section.count, kept=(*section.start, *new), extended=models),
        )
        before = {model: (stage, model) for model in before}


def _leave_one_out(name: str, base: Dataset) -> Iterator[tuple[str, Derived]]:
    section = base.leave_one_out
    if section is None:
        return
    for wanted, (without, later) in left_out(base, name).items():
        kept = tuple(other for other in _all_classes(base) if other != wanted)
        yield without, _derive(name, base, kept=kept, training=Models(branched=section.training))
        models = {
            model: Extended(
                dataset=without, model="branched", new=(wanted,), retrain=retrain,
                training=section.added,
            )
            for model, retrain in (("branched", False), ("branched_retrained", True))
        }  # fmt: skip
        # Distances depend on the number of objects, and are compared with the whole model's.
        count = base.metrics.count if base.metrics else None
        yield later, _derive(name, base, count, wanted=(wanted,), extended=models)
