"""The examples of every step: which objects, at which times.

Objects come in a new random order in every epoch. In a batch of n there is one time in each of n
equal parts of (0, T], so that branches get their shares of it; at t = 0 there is no noise to
predict.

Then the examples of `WINDOW` batches are dealt out anew, so that those of a branch that are few
meet in one batch. A step pays for every branch that its batch meets, whose weights it reads, moves
and averages for one example as for twenty; of 199 branches a batch of 128 would meet 60, now it
meets 25. All in all the examples are the same. A model with one head, such as the label-guided one,
keeps its batches as they were.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bdiff.model import DiffusionModel
from bdiff.randomness import generator

WINDOW = 16  # batches; fewer meet more branches, more let a rare branch wait longer
PIECE = 1 / 32  # of a batch: examples of a branch that are not parted


class Batches:
    """See the module.

    Args:
        model: the model, on its device.
        labels: (N,) int64 codes of the objects' classes, there, too.
        spans: (classes, 2) float64, the times (low, high] at which each class is seen.
        size: examples in a batch; the last of an epoch may be smaller.
        seed: of orders and times.
    """

    def __init__(self, model: DiffusionModel, labels: Tensor, spans: Tensor, size: int, seed: int):
        self.model, self.labels, self.spans = model, labels, spans
        self.size, self.seed = min(size, len(labels)), seed
        self.per_epoch = -(-len(labels) // self.size)
        self._order = (-1, torch.empty(0, dtype=torch.int64))  # of no epoch
        self._window: tuple[int, list[tuple[Tensor, Tensor]]] = (-1, [])

    def examples_until(self, step: int) -> int:
        """Examples seen in the first steps."""
        epochs, batches = divmod(step, self.per_epoch)
        return epochs * len(self.labels) + batches * self.size

    def of_step(self, step: int) -> tuple[Tensor, Tensor]:
        """Positions of the step's objects, (n,) int64, and the times t that they are seen at, (n,)
        float64, those of a branch side by side."""
        epoch, number = divmod(step, self.per_epoch)
        first = step - number % WINDOW
        if self._window[0] != first:
            self._window = (first, self._draw(epoch, number - number % WINDOW))
        return self._window[1][step - first]

    def _draw(self, epoch: int, first: int) -> list[tuple[Tensor, Tensor]]:
        """The batches of the window that begins with the batch `first` of an epoch."""
        if self._order[0] != epoch:
            order = generator(self.seed, "order", epoch).permutation(len(self.labels))
            self._order = (epoch, torch.from_numpy(order).to(self.labels.device))
        chosen = self._order[1][first * self.size : (first + WINDOW) * self.size]
        sizes = [len(batch) for batch in chosen.split(self.size)]
        random = generator(self.seed, "times", epoch, first)
        parts = np.concatenate([(np.arange(size) + random.random(size)) / size for size in sizes])
        low, high = self.spans[self.labels[chosen]].unbind(dim=1)
        within = low + (high - low) * torch.from_numpy(1 - parts).to(low.device)
        t = self.model.process.times(within / self.model.process.horizon)
        heads = self.model.head_of(self.labels[chosen], t).cpu().numpy()
        dealt = torch.from_numpy(dealt_out(heads, sizes, random)).to(low.device)
        return list(zip(chosen[dealt].split(sizes), t[dealt].split(sizes), strict=True))


def dealt_out(heads: np.ndarray, sizes: Sequence[int], random: np.random.Generator) -> np.ndarray:
    """An order of examples, to be cut into batches of these sizes: (N,) positions.

    Examples of a branch are cut into pieces, for each of the batches one, or where these would be
    smaller, fewer of a `PIECE` of a batch. Pieces go to one batch after the other, from a random
    one on.

    Args:
        heads: (N,) branch of every example.
        sizes: of the batches; N in all.
        random: what decides in which batch the examples of a branch begin.
    """
    _, branch, counts = np.unique(heads, return_inverse=True, return_counts=True)
    if len(counts) == 1:
        return np.arange(len(heads))
    number = np.empty(len(heads), dtype=int)  # of an example among those of its branch
    number[np.argsort(branch, kind="stable")] = np.concatenate([np.arange(n) for n in counts])
    pieces = np.maximum(math.ceil(PIECE * sizes[0]), -(-counts // len(sizes)))
    begin = random.integers(len(sizes), size=len(counts))
    batch = (begin[branch] + number // pieces[branch]) % len(sizes)
    return np.lexsort((branch, batch))
