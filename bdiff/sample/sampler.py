"""Sampling: legs simulated together, one network call per time for all classes.

All legs that have a node at the current time make their step in one batch, whatever class or branch they
belong to. At a branch time a child starts from its parent's final state, its head is the one evaluated
there, and multistep history is dropped.

A sample's noise depends on (seed, class, sample number, time) alone, so it is the same in any batch. (The
class is that which names the leg's lineage: its own, or with shared trunks the branch's first.)
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bdiff.model import DiffusionModel
from bdiff.randomness import sample_noise
from bdiff.sample.files import Samples
from bdiff.sample.plan import Leg, evaluations, separate, shared, time_grid
from bdiff.sample.solvers.base import Memory, Solver, Step
from bdiff.sample.solvers.build import solver_from


@dataclass(frozen=True)
class Sampler:
    """How to sample: solver, grid and seed.

    Args:
        solver: a solver.
        steps: intervals of the time grid, from T to t_end and to 0 (unused by adaptive solvers).
        seed: of all noise.
        t_end: time of the last network call, whose denoised object is the sample.
        per_class: samples of a class simulated at once; small batches stay in the processor's cache.
    """

    solver: Solver
    steps: int = 50
    seed: int = 0
    t_end: float = 1e-3
    per_class: int = 64

    @classmethod
    def of(cls, solver: dict, seed: int = 0, **options) -> "Sampler":
        """From settings {"name": ..., "steps": ..., then the solver's own options}."""
        solver = dict(solver)
        steps = solver.pop("steps", 1)
        return cls(solver_from(solver.pop("name"), **solver), steps, seed, **options)

    def grid(self, model: DiffusionModel) -> tuple[float, ...]:
        """The time grid; an adaptive solver gets only its ends.

        Raises:
            ValueError: if a branch point of the model lies at or below t_end.
        """
        if model.tree is not None and model.tree.points and model.tree.points[-1].time <= self.t_end:
            raise ValueError(
                f"{model.tree.points[-1].time:g} is the time of a branch point, but sampling ends at "
                f"t_end = {self.t_end:g}: use a smaller t_end or a tree with a larger minimum time"
            )
        horizon = model.process.horizon
        grid = time_grid(self.steps, horizon, self.t_end)
        return grid if self.solver.uses_grid else (horizon, *grid[-2:])

    def plan(self, model: DiffusionModel, request: dict[str, int], share_trunks: bool) -> list[Leg]:
        """The legs that a request needs; `bdiff.sample.plan.evaluations` tells their cost.

        Raises:
            KeyError: if a class is unknown; the message lists the classes.
            ValueError: if a count is below 1, or the model has no trunks to share.
        """
        for name, count in request.items():
            if name not in model.classes:
                raise KeyError(f"unknown class {name!r}; the model's classes are {list(model.classes)}")
            if count < 1:
                raise ValueError(f"{count} samples of class {name!r} asked for; ask for 1 or more")
        if not share_trunks:
            return separate(model.tree, request, self.grid(model))
        if model.tree is None:
            raise ValueError(
                f"a {model.kind} model has no trunks to share; use share_trunks=False or a branched model"
            )
        return shared(model.tree, request, self.grid(model))

    def noise(self, *purpose: str | float, first: int, count: int, shape: tuple, device) -> Tensor:
        """Standard normal noise of samples first, ..., first + count - 1 for one purpose."""
        values = sample_noise(self.seed, *purpose, first=first, count=count, shape=shape)
        return torch.from_numpy(values).to(device)


@torch.no_grad()
def simulate(
    model: DiffusionModel,
    legs: Sequence[Leg],
    sampler: Sampler,
    first: int = 0,
    given: dict[int, Tensor] | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> tuple[list[Tensor], int]:
    """Run legs to their ends.

    Args:
        model: the model, in evaluation mode.
        legs: from `bdiff.sample.plan`, parents before children.
        sampler: solver and seed.
        first: number of the first sample, for its noise.
        given: states to start from, by number of the leg; other legs without a parent start from the
            prior.
        progress: called after every step with the network evaluations made.

    Returns:
        The final state of every leg, and the network evaluations (calls x samples).
    """
    device = next(model.parameters()).device
    states: list[Tensor | None] = [None] * len(legs)
    memories: list[Memory] = [{} for _ in legs]
    next_node = [dict(zip(leg.nodes, leg.nodes[1:], strict=False)) for leg in legs]
    spent = 0

    def begin(number: int) -> None:
        leg = legs[number]
        if given and number in given:
            states[number] = given[number].to(device)
        elif leg.parent is not None:
            states[number] = states[leg.parent][: leg.count]
        else:
            states[number] = sampler.noise(
                "prior", leg.lineage, first=first, count=leg.count, shape=model.shape, device=device
            )
        memories[number] = sampler.solver.start(states[number])

    for node in sorted({t for leg in legs for t in leg.nodes[:-1]}, reverse=True):
        active = [number for number in range(len(legs)) if node in next_node[number]]
        for number in active:
            if legs[number].nodes[0] == node:
                begin(number)
        counts = [legs[number].count for number in active]
        draws = iter(range(1_000_000))

        def per_row(values, counts=counts, dtype=torch.float64) -> Tensor:
            return torch.tensor(np.repeat(values, counts), dtype=dtype, device=device)

        def noise(active=active, node=node, draws=draws) -> Tensor:
            draw = next(draws)
            words = [("step", legs[number].lineage, node, draw) for number in active]
            return torch.cat([
                sampler.noise(*w, first=first, count=legs[n].count, shape=model.shape, device=device)
                for w, n in zip(words, active, strict=True)
            ])  # fmt: skip

        x = torch.cat([states[number] for number in active])
        s, t = per_row([node] * len(active)), per_row([next_node[number][node] for number in active])
        codes = per_row([model.classes.index(legs[n].classes[0]) for n in active], dtype=torch.int64)
        branch = model.branch_of(codes, s)

        def denoise(x: Tensor, times: Tensor, codes=codes, branch=branch) -> Tensor:
            nonlocal spent
            spent += len(x)
            return model.denoise(x, times, codes, branch)

        memory = {
            key: torch.cat([memories[number][key] for number in active]) for key in memories[active[0]]
        }
        before = spent
        # Only the last step of leaves ends at 0, and they all make it together, from t_end.
        if bool((t == 0).all()):
            x = denoise(x, s)
        else:
            x, memory = sampler.solver.step(x, Step(model.process, s, t, denoise, noise), memory)
        progress(spent - before)
        for number, state in zip(active, x.split(counts), strict=True):
            states[number] = state
        for key, values in memory.items():
            for number, value in zip(active, values.split(counts), strict=True):
                memories[number][key] = value
    return states, spent


def sample(
    model: DiffusionModel, request: dict[str, int], sampler: Sampler, share_trunks: bool = False
) -> Samples:
    """Sample any mix of classes.

    Args:
        model: the model, in evaluation mode.
        request: number of samples by class name.
        sampler: solver, grid and seed.
        share_trunks: simulate a branch once for all classes that run through it. Cheaper, and good for
            each class by itself; samples of the same number in different classes have a common past.

    Returns:
        The samples, class by class in the order of the request; `meta` holds how they were made, the
        network evaluations per object and the seconds.
    """
    began = time.perf_counter()
    parts: dict[str, list[np.ndarray]] = {name: [] for name in request}
    spent = 0
    batches = [
        (first, {n: min(c - first, sampler.per_class) for n, c in request.items() if c > first})
        for first in range(0, max(request.values(), default=0), sampler.per_class)
    ]
    plans = [(first, sampler.plan(model, batch, share_trunks)) for first, batch in batches]
    calls = sampler.solver.calls
    total = None if calls is None else sum(evaluations(legs, calls) for _, legs in plans)
    with tqdm(total=total, desc="sampling", unit=" evaluations", unit_scale=True, disable=None) as bar:
        for (first, batch), (_, legs) in zip(batches, plans, strict=True):
            states, made = simulate(model, legs, sampler, first, progress=bar.update)
            spent += made
            for leg, state in zip(legs, states, strict=True):
                if leg.nodes[-1] == 0:  # a leaf: one class, as many samples as asked for
                    parts[leg.classes[0]].append(state[: batch[leg.classes[0]]].cpu().numpy())
    x = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return finished(x, describe(model, sampler, began, spent, sum(request.values()), share_trunks=share_trunks))


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
        "solver": {"name": type(sampler.solver).__name__, "steps": sampler.steps, **vars(sampler.solver)},
        "seed": sampler.seed,
        "evaluations": spent,
        "nfe_per_object": spent / count,
        "seconds": time.perf_counter() - began,
        **more,
    }
