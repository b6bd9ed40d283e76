"""Sampling: any mix of classes by name.

A sample's noise depends on (seed, class, sample number, time) alone, so the sample is the same in
any batch. (The class is that which names the leg's lineage: its own, or with shared trunks the
branch's first. The adaptive solver is the exception: its steps, and so the last digits of a sample,
depend on the batch.)
"""

import time
import warnings
from dataclasses import dataclass

import numpy as np

from bdiff.model import DiffusionModel
from bdiff.progress import Progress
from bdiff.sample.files import Samples
from bdiff.sample.plan import Leg, evaluations, separate, shared, time_grid
from bdiff.sample.simulate import simulate
from bdiff.sample.solvers.base import Solver
from bdiff.sample.solvers.build import solver_from


@dataclass(frozen=True)
class Sampler:
    """How to sample: solver, grid and seed.

    Args:
        solver: a solver.
        steps: intervals of the time grid, from T to t_end and to 0 (unused by adaptive solvers).
        seed: of all noise.
        t_end: time of the last network call, whose denoised object is the sample.
        per_class: samples of a class simulated at once; small batches stay in the processor's
            cache.
    """

    solver: Solver
    steps: int = 50
    seed: int = 0
    t_end: float = 1e-3
    per_class: int = 64

    def __post_init__(self):
        if self.per_class < 1:
            raise ValueError(f"per_class must be 1 or more, found {self.per_class}")

    @classmethod
    def of(cls, settings: dict, seed: int = 0, **options) -> "Sampler":
        """From settings {"name": ..., "steps": ..., then the solver's own options}.

        Raises:
            ValueError: if the name or the number of steps is missing, or an option does not fit.
        """
        settings = dict(settings)
        if "name" not in settings:
            raise ValueError(f"the solver's settings need a name, found {settings}")
        steps = settings.pop("steps", None)
        solver = solver_from(settings.pop("name"), **settings)
        if solver.uses_grid and steps is None:
            raise ValueError(f"solver {solver.name!r} needs a number of steps, 2 or more")
        return cls(solver, seed=seed, **({"steps": steps} if solver.uses_grid else {}), **options)

    @property
    def settings(self) -> dict:
        """What `of` would make this solver and grid from."""
        steps = {"steps": self.steps} if self.solver.uses_grid else {}
        return {"name": self.solver.name, **steps, **vars(self.solver)}

    def grid(self, model: DiffusionModel) -> tuple[float, ...]:
        """The time grid; an adaptive solver gets only its ends.

        Raises:
            ValueError: if a branch point of the model lies at or below t_end.
        """
        if (
            model.tree is not None
            and model.tree.points
            and model.tree.points[-1].time <= self.t_end
        ):
            raise ValueError(
                f"{model.tree.points[-1].time:g} is the time of a branch point, but sampling ends "
                f"at t_end = {self.t_end:g}: use a smaller t_end or a larger minimum branch time"
            )
        horizon = model.process.horizon
        if not self.solver.uses_grid:
            return (horizon, self.t_end, 0.0)
        return time_grid(self.steps, horizon, self.t_end)

    def plan(self, model: DiffusionModel, request: dict[str, int], share_trunks: bool) -> list[Leg]:
        """The legs that a request needs; `bdiff.sample.plan.evaluations` tells their cost.

        Raises:
            KeyError: if a class is unknown; the message lists the classes.
            ValueError: if no class is asked for, a count is below 1, or the model has no trunks to
                share.
        """
        _check(model, request, share_trunks)
        if not share_trunks:
            return separate(model.tree, request, self.grid(model))
        return shared(model.tree, request, self.grid(model))


def _check(model: DiffusionModel, request: dict[str, int], share_trunks: bool) -> None:
    """Refuse a request that the model cannot fulfil; warn of a model that starts off the prior."""
    alpha = float(model.process.alpha(model.process.horizon))
    if alpha > 0.05:
        warnings.warn(
            f"{model.process} ends with {alpha:.2f} of the data left, so its end is not the "
            "prior that sampling starts from: samples are biased",
            stacklevel=3,
        )
    if not request:
        raise ValueError(f"no class asked for; the model's classes are {list(model.classes)}")
    for name, count in request.items():
        if name not in model.classes:
            raise KeyError(f"unknown class {name!r}; the model's classes are {list(model.classes)}")
        if count < 1:
            raise ValueError(f"{count} samples of class {name!r} asked for; ask for 1 or more")
    if share_trunks and model.tree is None:
        raise ValueError(
            f"a {model.kind} model has no trunks to share; "
            "use share_trunks=False or a branched model"
        )


def sample(
    model: DiffusionModel, request: dict[str, int], sampler: Sampler, share_trunks: bool = False
) -> Samples:
    """Sample any mix of classes.

    Args:
        model: the model, in evaluation mode.
        request: number of samples by class name.
        sampler: solver, grid and seed.
        share_trunks: simulate a branch once for all classes that run through it. Cheaper, and good
            for each class by itself; samples of the same number in different classes have a common
            past.

    Returns:
        The samples, class by class in the order of the request; `meta` holds how they were made,
        the network evaluations per object and the seconds.
    """
    _check(model, request, share_trunks)
    began = time.perf_counter()
    parts: dict[str, list[np.ndarray]] = {name: [] for name in request}
    spent = 0
    batches = [
        (first, {n: min(c - first, sampler.per_class) for n, c in request.items() if c > first})
        for first in range(0, max(request.values()), sampler.per_class)
    ]
    plans = [(first, sampler.plan(model, batch, share_trunks)) for first, batch in batches]
    calls = sampler.solver.calls
    total = None if calls is None else sum(evaluations(legs, calls) for _, legs in plans)
    with Progress("sampling", total, "evaluations") as progress:
        for first, legs in plans:
            states, made = simulate(
                model, legs, sampler.solver, sampler.seed, first, progress=progress.update
            )
            spent += made
            for leg, state in zip(legs, states, strict=True):
                if leg.nodes[-1] == 0:  # a leaf, which has one class
                    parts[leg.classes[0]].append(state.cpu().numpy())
    x = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return finished(
        x, describe(model, sampler, began, spent, sum(request.values()), share_trunks=share_trunks)
    )


def finished(x: dict[str, np.ndarray], meta: dict) -> Samples:
    """Finished objects by class name as `Samples`, numbered within each class."""
    sizes = {name: len(values) for name, values in x.items()}
    count = sum(sizes.values())
    return Samples(
        x=np.concatenate(list(x.values())),
        label=np.repeat(list(sizes), list(sizes.values())),
        role=np.full(count, "sample"),
        origin=np.full(count, ""),
        time=np.zeros(count),
        index=np.concatenate([np.arange(size) for size in sizes.values()]),
        meta=meta,
    )


def describe(
    model: DiffusionModel, sampler: Sampler, began: float, spent: int, count: int, **more
) -> dict:
    """How samples were made, for their file."""
    return {
        "classes": list(model.classes),
        "model": model.kind,
        "process": model.process.to_dict(),
        "solver": sampler.settings,
        "seed": sampler.seed,
        "evaluations": spent,
        "nfe_per_object": spent / count,
        "seconds": time.perf_counter() - began,
        **more,
    }
