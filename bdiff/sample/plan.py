"""The plan of a request: legs, each the part of a reverse process that one branch makes.

A grid of times runs from the horizon T down to t_end and then to 0. A branch (start, end] makes the
steps between its end, the grid nodes inside it, and its start; so every branch time is a node, no
step crosses one, and all classes that share a branch make the same steps in it. A leaf's last step,
from t_end to 0, is the denoised object itself.

With shared trunks a branch is simulated once for all requested classes that run through it;
without, each class has a chain of legs of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bdiff.tree import BranchTree


@dataclass(frozen=True)
class Leg:
    """`count` samples on their way through one branch.

    Args:
        lineage: name of the noise they see: a class name.
        classes: requested classes that need the result; the first of them is told to the model.
        count: number of samples.
        nodes: times, descending; two or more.
        parent: number of the leg that this one continues, or None if it starts from given states.
    """

    lineage: str
    classes: tuple[str, ...]
    count: int
    nodes: tuple[float, ...]
    parent: int | None = None


def time_grid(steps: int, horizon: float = 1.0, t_end: float = 1e-3) -> tuple[float, ...]:
    """Uniform times from the horizon to t_end, then 0: `steps` intervals.

    Raises:
        ValueError: if there are fewer than two steps, or t_end is not inside (0, horizon).
    """
    if steps < 2 or not 0 < t_end < horizon:
        raise ValueError(
            f"a grid needs steps >= 2 and 0 < t_end < {horizon:g}, found {steps} and {t_end:g}"
        )
    return (*np.linspace(horizon, t_end, steps).tolist(), 0.0)


def _nodes(grid: Sequence[float], start: float, end: float) -> tuple[float, ...]:
    """Grid nodes inside a branch, between its ends.

    A node next to an end is left out: steps of next to no length cost an evaluation, and a
    multistep solver would divide by them.
    """
    near = 1e-3 * (grid[0] - grid[1])
    t_end = grid[-2]
    inside = (t for t in grid if start + near < t < end - near or (start < t < end and t == t_end))
    return (end, *inside, start)


def chain(
    tree: BranchTree | None,
    name: str,
    count: int,
    grid: Sequence[float],
    begin: float | None = None,
) -> list[Leg]:
    """The legs of one class on its own, from time `begin` (by default the grid's first) to 0.

    Without a tree, for a label-guided model, that is a single leg.
    """
    begin = grid[0] if begin is None else begin
    if tree is None:
        spans = [(0.0, begin)]
    else:
        branches = [tree.branches[number] for number in reversed(tree.path(name))]
        spans = [(b.start, min(b.end, begin)) for b in branches if b.start < begin]
    return [
        Leg(name, (name,), count, _nodes(grid, start, end), number - 1 if number else None)
        for number, (start, end) in enumerate(spans)
    ]


def separate(tree: BranchTree | None, request: dict[str, int], grid: Sequence[float]) -> list[Leg]:
    """The legs of every requested class, each class on its own."""
    legs = []
    for name, count in request.items():
        offset = len(legs)
        for leg in chain(tree, name, count, grid):
            parent = None if leg.parent is None else leg.parent + offset
            legs.append(Leg(leg.lineage, leg.classes, leg.count, leg.nodes, parent))
    return legs


def shared(tree: BranchTree, request: dict[str, int], grid: Sequence[float]) -> list[Leg]:
    """The legs with trunks shared: one per branch that a requested class runs through.

    A trunk is simulated for as many samples as the class below it that wants most of them; each
    class takes the first of them. Samples of the same number in different classes therefore have a
    common past.
    """
    legs, number_of = [], {}
    # a branch's parent ends later, so it comes first
    for number, branch in sorted(enumerate(tree.branches), key=lambda item: -item[1].end):
        wanted = tuple(name for name in branch.classes if name in request)
        if wanted:
            number_of[number] = len(legs)
            legs.append(
                Leg(
                    branch.classes[0],
                    wanted,
                    max(request[name] for name in wanted),
                    _nodes(grid, branch.start, branch.end),
                    None if branch.parent is None else number_of[branch.parent],
                )
            )
    return legs


def evaluations(legs: Sequence[Leg], per_step: int = 1) -> int:
    """Network evaluations (calls x samples) of legs, with a solver of `per_step` calls."""
    total = 0
    for leg in legs:
        steps = len(leg.nodes) - 1
        last = leg.nodes[-1] == 0.0  # the step to 0 is one call whatever the solver
        total += leg.count * (per_step * (steps - last) + last)
    return total
