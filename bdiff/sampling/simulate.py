"""The simulation of legs: one network call per time for all of them.

All legs that have a node at the current time make their step in one batch, whatever class or branch
they belong to. At a branch time a child starts from its parent's final state, its own branch is the
one evaluated, and multistep history is dropped.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bdiff.model import DiffusionModel
from bdiff.randomness import sample_noise
from bdiff.sampling.plan import Leg
from bdiff.sampling.solvers.base import Memory, Solver, Step


@torch.no_grad()
def simulate(
    model: DiffusionModel,
    legs: Sequence[Leg],
    solver: Solver,
    seed: int = 0,
    first: int = 0,
    given: dict[int, Tensor] | None = None,
    clip: bool = True,
    progress: Callable[[int], object] = lambda made: None,
) -> tuple[list[Tensor], int]:
    """Run legs to their ends.

    Args:
        model: the model, in evaluation mode.
        legs: from `bdiff.sampling.plan`, parents before children.
        solver: makes the steps.
        seed: of all noise.
        first: number of the first sample; noise belongs to the number.
        given: (count, *shape) states to start from, by index of the leg; other legs without a
            parent start from the prior.
        clip: keep every predicted x̂_0 inside the range of the training objects, channel by channel.
        progress: called after every step with the network evaluations it took.

    Returns:
        The final state of every leg, and the network evaluations (objects it saw, call by call).
    """
    run = _Simulation(model, legs, solver, seed, first, given or {}, clip)
    for time in sorted({time for leg in legs for time in leg.nodes[:-1]}, reverse=True):
        before = run.evaluations
        run.advance(time)
        progress(run.evaluations - before)
    return run.states, run.evaluations


class _Simulation:
    """The states of all legs, and how they move."""

    def __init__(
        self,
        model: DiffusionModel,
        legs: Sequence[Leg],
        solver: Solver,
        seed: int,
        first: int,
        given: dict[int, Tensor],
        clip: bool,
    ):
        self.model, self.legs, self.solver = model, legs, solver
        self.seed, self.first, self.given = seed, first, given
        self.device = next(model.parameters()).device
        self.clip = clip
        self.next_time = [dict(zip(leg.nodes, leg.nodes[1:], strict=False)) for leg in legs]
        self.states: list[Tensor] = [torch.empty(0)] * len(legs)
        self.memories: list[Memory] = [{}] * len(legs)
        self.evaluations = 0

    def advance(self, time: float) -> None:
        """Let every leg that has a node at this time make its step from there."""
        active = [number for number, times in enumerate(self.next_time) if time in times]
        for number in active:
            if self.legs[number].nodes[0] == time:
                self.begin(number)
        legs = [self.legs[number] for number in active]
        counts = [leg.count for leg in legs]

        def per_row(values: Sequence[float], dtype: torch.dtype) -> Tensor:
            """One value per leg as one per sample."""
            per_leg = torch.tensor(values, dtype=dtype)
            return per_leg.repeat_interleave(torch.tensor(counts)).to(self.device)

        x = torch.cat([self.states[number] for number in active])
        s = per_row([time] * len(legs), torch.float64)
        t = per_row([self.next_time[number][time] for number in active], torch.float64)
        codes = per_row([self.model.classes.index(leg.classes[0]) for leg in legs], torch.int64)
        # the leg's branch is evaluated on the way to t as well
        head = per_row([self.model.head_of_branch(leg.branch) for leg in legs], torch.int64)
        low, high = self.model.range_of(head)

        def denoise(x: Tensor, times: Tensor) -> Tensor:
            self.evaluations += self.model.evaluations(times)
            made = self.model.denoise(x, times, codes, head)
            return made.clamp(low, high) if self.clip else made

        memory: Memory = {}
        # Only the last step of leaves ends at 0, and they all make it together, from t_end.
        if self.next_time[active[0]][time] == 0:
            x = denoise(x, s)
        else:
            step = Step(self.model.process, s, t, denoise, self.noise_source(legs, time, x))
            x, memory = self.solver.step(x, step, self.joined_memory(active))
        for number, state in zip(active, x.split(counts), strict=True):
            self.states[number] = state
        for key, values in memory.items():
            for number, value in zip(active, values.split(counts), strict=True):
                self.memories[number][key] = value

    def begin(self, number: int) -> None:
        """The state in which a leg starts, and no memory of what came before."""
        leg = self.legs[number]
        if number in self.given:
            state = self.given[number].to(self.device)
        elif leg.parent is not None:
            heads = (self.model.head_of_branch(self.legs[n].branch) for n in (leg.parent, number))
            state = self.states[leg.parent][: leg.count]
            state = self.model.cross(state, leg.nodes[0], *heads)
        else:
            head = self.model.head_of_branch(leg.branch)
            state = self.model.prior(self.noise(leg, "prior"), leg.classes, leg.nodes[0], head)
        self.states[number], self.memories[number] = state, self.solver.start(state)

    def joined_memory(self, active: list[int]) -> Memory:
        keys = self.memories[active[0]].keys()
        return {key: torch.cat([self.memories[number][key] for number in active]) for key in keys}

    def noise(self, leg: Leg, *purpose: str | float) -> Tensor:
        """(count, *shape) standard normal numbers of a leg's samples for one purpose."""
        values = sample_noise(
            self.seed,
            *purpose,
            leg.noise_class,
            first=self.first,
            count=leg.count,
            shape=self.model.shape,
        )
        return torch.from_numpy(values).to(self.device)

    def noise_source(self, legs: list[Leg], time: float, x: Tensor) -> Callable[[], Tensor]:
        """A function that gives new noise for all samples, whose states are x, at every call."""
        draws = 0

        def noise() -> Tensor:
            nonlocal draws
            draws += 1
            noise = torch.cat([self.noise(leg, "step", time, draws) for leg in legs])
            return self.model.process.noise(noise, x)

        return noise
