"""The plan of a request: legs, each the part of a reverse process that one branch makes.

A grid of times runs from the horizon T, or from where sampling begins below it, down to t_end and
then to 0. A branch (start, end] makes the steps between its end, the grid nodes inside it, and its
start; so every branch time is a node, no step crosses one, and all classes that share a branch make
the same steps in it. A leaf's last step, from t_end to 0, is the denoised object itself.

With shared trunks a branch is simulated once for all requested classes that run through it;
without, each class has a chain of legs of its own.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bdiff.tree import BranchTree


@dataclass(frozen=True)
class Leg:
    """`count` samples on their way through one branch.

    Args:
        noise_class: class whose noise they see; samples of one class and number see the same.
        classes: requested classes that need the result; the first of them is told to the model.
        count: number of samples.
        nodes: times, descending; two or more.
        parent: index of the leg that this one continues, or None if it starts from given states
            or from noise.
        branch: all classes of the branch that is evaluated, in the tree that is sampled by; empty
            where there is no tree.
    """

    noise_class: str
    classes: tuple[str, ...]
    count: int
    nodes: tuple[float, ...]
    parent: int | None = None
    branch: tuple[str, ...] = ()


def _nodes(grid: Sequence[float], start: float, end: float) -> tuple[float, ...]:
    """Grid nodes inside a branch, between its ends.

    A node next to an end is left out: steps of next to no length cost an evaluation, and a
    multistep solver would divide by them.
    """
    t_end, inside = grid[-2], []
    for above, t, below in zip(grid, grid[1:], grid[2:], strict=False):
        near = 0.0 if t == t_end else 1e-3 * min(above - t, t - below)
        if start + near < t < end - near:
            inside.append(t)
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
        return [Leg(name, (name,), count, _nodes(grid, 0.0, begin))]
    branches = [tree.branches[number] for number in reversed(tree.path(name))]
    below = [branch for branch in branches if branch.start < begin]
    return [
        Leg(
            name,
            (name,),
            count,
            _nodes(grid, branch.start, min(branch.end, begin)),
            number - 1 if number else None,
            branch.classes,
        )
        for number, branch in enumerate(below)
    ]


def separate(tree: BranchTree | None, request: dict[str, int], grid: Sequence[float]) -> list[Leg]:
    """The legs of every requested class, each class on its own."""
    return joined(chain(tree, name, count, grid) for name, count in request.items())


def joined(plans: Iterable[Sequence[Leg]]) -> list[Leg]:
    """The legs of several plans as one plan."""
    legs: list[Leg] = []
    for plan in plans:
        offset = len(legs)
        for leg in plan:
            parent = None if leg.parent is None else leg.parent + offset
            legs.append(replace(leg, parent=parent))
    return legs


def shared(tree: BranchTree, request: dict[str, int], grid: Sequence[float]) -> list[Leg]:
    """The legs with trunks shared: one per branch that a requested class runs through.

    A trunk is simulated for as many samples as the class below it that wants most of them; each
    class takes the first of them. Samples of the same number in different classes therefore have a
    common past.
    """
    legs: list[Leg] = []
    number_of: dict[int, int] = {}
    # a branch's parent ends later, so it comes first
    for number, branch in sorted(enumerate(tree.branches), key=lambda item: -item[1].end):
        wanted = tuple(name for name in branch.classes if name in request)
        if wanted and branch.start < grid[0]:
            number_of[number] = len(legs)
            legs.append(
                Leg(
                    branch.classes[0],
                    wanted,
                    max(request[name] for name in wanted),
                    _nodes(grid, branch.start, min(branch.end, grid[0])),
                    None if branch.parent is None else number_of.get(branch.parent),
                    branch.classes,
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


class Cost(NamedTuple):
    """What a request will cost; None where the solver chooses its own steps.

    Args:
        evaluations: of the network, objects it sees in all calls.
        per_object: evaluations per requested object.
        calls: of the network, each for a batch.
        largest_batch: objects in the largest of them.
    """

    evaluations: int | None
    per_object: float | None
    calls: int | None
    largest_batch: int

    def __str__(self) -> str:
        batches = f"batches of up to {self.largest_batch:,}"
        if self.evaluations is None:
            return f"network evaluations vary with the tolerance, in {batches}"
        return (
            f"{self.evaluations:,} network evaluations, {self.per_object:.1f} per object, in "
            f"{self.calls:,} calls with {batches}"
        )


def cost(
    plans: Sequence[Sequence[Leg]], objects: int, per_step: int | None, per_prediction: int = 1
) -> Cost:
    """The cost of plans for so many objects, simulated one after the other.

    All legs of a plan that have a node at the same time are one batch.

    Args:
        plans: legs of each.
        objects: samples asked for.
        per_step: calls of the solver in a step, or None if they vary.
        per_prediction: evaluations of the model's network for one prediction.
    """
    calls, largest = 0, 0
    for legs in plans:
        batches: Counter[float] = Counter()
        for leg in legs:
            batches.update(dict.fromkeys(leg.nodes[:-1], leg.count))
        largest = max(largest, *(per_prediction * size for size in batches.values()))
        calls += (per_step or 0) * (len(batches) - 1) + 1  # all leaves make the step to 0 at once
    if per_step is None:
        return Cost(None, None, None, largest)
    spent = per_prediction * sum(evaluations(legs, per_step) for legs in plans)
    return Cost(spent, spent / objects, calls, largest)
