"""Sampling: any mix of classes by name.

A sample's noise depends on (seed, class, sample number, time) alone, so the sample is the same in
any batch, up to rounding. (The class is the sample's own, or in a shared trunk the first of its
branch. The adaptive solver is the exception: its steps, and so more of a sample's last digits,
depend on the batch.)
"""

import time
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bdiff.data.checks import check_class_names, normalised
from bdiff.defaults import SOLVERS_BY_FORM, form_of_shape
from bdiff.expect import expect, whole_number
from bdiff.model import DiffusionModel
from bdiff.process import Process
from bdiff.progress import Progress
from bdiff.sampling.files import OF_DATA, Part, Samples, collected
from bdiff.sampling.grids import check_grid, coalesced, time_grid
from bdiff.sampling.plan import Cost, Leg, cost, separate, shared
from bdiff.sampling.simulate import simulate
from bdiff.sampling.solvers.base import Solver
from bdiff.sampling.solvers.build import COMMON, check_solver, solver_from
from bdiff.tree import BranchTree

BEGINS = ("prior", "root")


@dataclass(frozen=True)
class Sampler:
    """How to sample: solver, grid and seed.

    Args:
        solver: a solver.
        steps: intervals of the time grid, from T to t_end and to 0 (unused by adaptive solvers).
        seed: of all noise.
        t_end: time of the last network call, whose denoised object is the sample; None for the
            first time of the model's process.
        per_class: samples of a class simulated at once; small batches stay in the processor's
            cache.
        begin: "prior", at the horizon; or "root": a branched model begins at the root of its tree,
            where its classes part, from the Gaussians that have the means and covariances of the
            noised objects below. Other models, and those of molecules, begin at the horizon.
        grid: where the steps are, a name in `bdiff.sampling.grids.GRIDS`.
        branch_times: "insert" them into the grid, or "coalesce" those nearer than half a step.
        clip: keep every prediction x̂_0 inside the range of the training objects.
    """

    solver: Solver
    steps: int = 50
    seed: int = 0
    t_end: float | None = None
    per_class: int = 64
    begin: str = "prior"
    grid: str = "uniform_t"
    branch_times: str = "insert"
    clip: bool = True

    def __post_init__(self) -> None:
        check_grid(self.grid, self.branch_times)
        for name, least in (("steps", 2), ("per_class", 1), ("seed", None)):
            object.__setattr__(self, name, whole_number(getattr(self, name), name, least))
        if self.begin not in BEGINS:
            raise ValueError(f"unknown begin {self.begin!r}; known: {', '.join(BEGINS)}")
        if not isinstance(self.clip, bool):
            raise ValueError(f"clip must be true or false, found {self.clip!r}")

    @classmethod
    def of(cls, settings: dict[str, Any], seed: int = 0, **options: Any) -> "Sampler":
        """From settings {"name": ..., "steps": ..., "grid": ..., "branch_times": ..., "clip": ...,
        then the solver's own options}; all but the name and the steps have defaults.

        Raises:
            ValueError: if the name or the number of steps is missing, or an option does not fit.
        """
        if not isinstance(settings, Mapping) or "name" not in settings:
            raise ValueError(f"expected settings like {{'name': 'ddim'}}, found {settings!r}")
        settings = dict(settings)
        name = settings.pop("name")
        common = {key: settings.pop(key) for key in COMMON if key in settings}
        solver = solver_from(name, **settings)
        if solver.uses_grid and "steps" not in common:
            raise ValueError(f"solver {name!r} needs a number of steps, 2 or more")
        if unused := [key for key in common if key != "clip" and not solver.uses_grid]:
            raise ValueError(f"solver {name!r} chooses its own steps; take out {unused}")
        return cls(solver, seed=seed, **common, **options)

    @classmethod
    def for_model(
        cls, model: DiffusionModel, settings: dict[str, Any] | None = None, seed: int = 0
    ) -> "Sampler":
        """From settings as in `of`; by default what suits its objects (`bdiff.defaults`)."""
        return cls.of(settings or SOLVERS_BY_FORM[form_of_shape(model.shape)], seed)

    @property
    def settings(self) -> dict[str, Any]:
        """What `of` would make this solver and grid from."""
        common = {key: getattr(self, key) for key in COMMON}
        if not self.solver.uses_grid:
            common = {"clip": self.clip}
        return {"name": self.solver.name, **common, **vars(self.solver)}

    def end(self, model: DiffusionModel) -> float:
        """Time of the last network call."""
        return model.process.first_time if self.t_end is None else self.t_end

    def schedule(
        self, model: DiffusionModel, names: Collection[str] = ()
    ) -> tuple[BranchTree | None, tuple[float, ...]]:
        """The tree whose times these classes (by default all) are sampled by, and the time grid.

        The tree is the model's, but for branch times that are coalesced, and classes that were
        added later. An adaptive solver gets only the ends of the grid.

        Raises:
            ValueError: if a branch point of the model lies below t_end, or the solver cannot go by
                the process.
        """
        tree, process = model.tree_for(names or model.classes), model.process
        t_end = self.end(model)
        check_solver(self.solver, process)
        if tree is not None and tree.points and tree.points[-1].time < t_end:
            raise ValueError(
                f"{tree.points[-1].time:g} is the time of a branch point, but sampling ends "
                f"at t_end = {t_end:g}: use a smaller t_end or a larger minimum branch time"
            )
        if not self.solver.uses_grid:
            return tree, (process.horizon, t_end, 0.0)
        at_root = self.begin == "root" and tree is not None and tree.points and not process.joint
        begin = tree.points[0].time if tree is not None and at_root else process.horizon
        nodes = time_grid(self.steps, process, t_end, self.grid, begin)
        if tree is None or self.branch_times == "insert":
            return tree, nodes
        tree, nodes = coalesced(tree, nodes, process, self.grid)
        # The root may have moved, together with branch times next to it.
        return tree, tuple(t for t in nodes if not at_root or t <= tree.points[0].time)

    def moved(self, model: DiffusionModel) -> dict[str, list[float]]:
        """Branch times that are not sampled by: classes of the branch point -> [time, new time]."""
        tree, _ = self.schedule(model) if model.tree else (None, ())
        if model.tree is None or tree is None:
            return {}
        pairs = {
            "/".join(branch.classes): [branch.start, tree.branch_time(*branch.classes)]
            for branch in model.tree.branches
            if len(branch.classes) > 1
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def plans(
        self, model: DiffusionModel, request: dict[str, int], share_trunks: bool
    ) -> list[tuple[int, list[Leg]]]:
        """Number of the first sample, and legs, of every batch: `per_class` samples of each class.

        Classes that were there before others were added make a batch of their own, the one that
        they made then: the last bits of a product can depend on how many objects share it.
        """
        stages: dict[BranchTree | None, dict[str, int]] = {}
        for name, count in request.items():
            tree = model.tree_for(request if share_trunks else [name])
            stages.setdefault(tree, {})[name] = count
        # by all the classes of a stage, also where batches hold no more of some of them
        schedules = [(stage, *self.schedule(model, stage)) for stage in stages.values()]
        return [
            (first, _legs(tree, part, nodes, share_trunks))
            for first in range(0, max(request.values()), self.per_class)
            for stage, tree, nodes in schedules
            if (part := {n: min(c - first, self.per_class) for n, c in stage.items() if c > first})
        ]

    def cost(
        self, model: DiffusionModel, request: dict[str, int], share_trunks: bool = False
    ) -> Cost:
        """What `sample` would cost, without running the network; arguments and errors as there."""
        request = _checked(model, request, share_trunks)
        return self._cost(model, self.plans(model, request, share_trunks), sum(request.values()))

    def simulate(
        self,
        model: DiffusionModel,
        legs: Sequence[Leg],
        first: int,
        given: dict[int, Tensor] | None = None,
        progress: Callable[[int], object] = lambda made: None,
    ) -> tuple[list[np.ndarray], int]:
        """`bdiff.sampling.simulate.simulate` with this solver and seed; the states as arrays."""
        states, evaluations = simulate(
            model, legs, self.solver, self.seed, first, given, self.clip, progress
        )
        return [state.cpu().numpy() for state in states], evaluations

    def _cost(self, model: DiffusionModel, plans: list[tuple[int, list[Leg]]], count: int) -> Cost:
        at_most = model.evaluations(torch.tensor([model.process.horizon]))
        return cost([legs for _, legs in plans], count, self.solver.calls, at_most)


def _legs(
    tree: BranchTree | None, part: dict[str, int], nodes: tuple[float, ...], share_trunks: bool
) -> list[Leg]:
    if not share_trunks:
        return separate(tree, part, nodes)
    assert tree is not None  # `_checked` refuses a model without trunks
    return shared(tree, part, nodes)


def _checked(model: DiffusionModel, request: dict[str, int], share_trunks: bool) -> dict[str, int]:
    """The request by the model's names; refuses one that the model cannot fulfil."""
    if not isinstance(request, Mapping) or not request:
        raise ValueError(
            f"expected counts by class name, found {request!r}; the model's classes are "
            f"{list(model.classes)}"
        )
    request = {normalised(name): count for name, count in request.items()}
    check_class_names(request, model.classes)
    for name, count in request.items():
        if not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"{count} samples of class {name!r} asked for; ask for 1 or more")
    if share_trunks and model.tree is None:
        raise ValueError(
            f"a {model.kind} model has no trunks to share; "
            "use share_trunks=False or a branched model"
        )
    return request


def sample(
    model: DiffusionModel,
    request: dict[str, int],
    sampler: Sampler | None = None,
    share_trunks: bool = False,
) -> Samples:
    """Sample any mix of classes.

    Args:
        model: the model, in evaluation mode.
        request: number of samples by class name.
        sampler: solver, grid and seed; by default those of `Sampler.for_model`.
        share_trunks: simulate a branch once for all classes that run through it. Cheaper, and good
            for each class by itself; samples of the same number in different classes have a common
            past.

    Returns:
        The samples, class by class in the order of the request; `meta` holds how they were made,
        the network evaluations per object and the seconds.

    Raises:
        ValueError: if a class is unknown, none is asked for, a count is below 1, or the model has
            no trunks to share; if samples are not finite, naming their classes.
    """
    expect(model, DiffusionModel, "model", "bdiff.load_model(folder)")
    expect(sampler, (Sampler, type(None)), "sampler", "Sampler.of({'name': 'ddim', 'steps': 50})")
    request = _checked(model, request, share_trunks)
    sampler = sampler or Sampler.for_model(model)
    began = time.perf_counter()
    plans = sampler.plans(model, request, share_trunks)
    if any(legs[0].nodes[0] == model.process.horizon for _, legs in plans):
        warn_of_remainder(model.process)
    parts: list[Part] = []
    count, spent = sum(request.values()), 0
    total = sampler._cost(model, plans, count).evaluations
    with Progress("sampling", total, "evaluations") as progress:
        for first, legs in plans:
            states, made = sampler.simulate(model, legs, first, progress=progress.update)
            spent += made
            for leg, state in zip(legs, states, strict=True):
                if leg.nodes[-1] == 0:  # a leaf, which has one class
                    parts.append(Part(state, leg.classes[0], first=first))
    parts.sort(key=lambda part: list(request).index(part.label))
    meta = describe(model, sampler, began, spent, count, share_trunks=share_trunks)
    return collected(parts, meta)


def warn_of_remainder(process: Process) -> None:
    """Warn where the end of a process, which sampling starts from, is not its prior."""
    if (remainder := process.remainder) > 0.05:
        warnings.warn(
            f"{process} ends with {remainder:.2f} of the data left, so its end is not the prior "
            "that sampling starts from: samples are biased",
            stacklevel=3,
        )


def describe(
    model: DiffusionModel, sampler: Sampler, began: float, spent: int, count: int, **more: Any
) -> dict[str, Any]:
    """How samples were made, for their file."""
    return {
        "classes": list(model.classes),
        "model": model.kind,
        "process": model.process.to_dict(),
        "solver": sampler.settings,
        "t_end": sampler.end(model),
        "seed": sampler.seed,
        "evaluations": spent,
        "nfe_per_object": spent / count,
        "seconds": time.perf_counter() - began,
        "moved_branch_times": sampler.moved(model),
        **{key: model.facts[key] for key in OF_DATA if key in model.facts},
        **more,
    }
