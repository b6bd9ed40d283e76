"""Training on several GPUs or machines: every rank takes its share of the same batches.

    torchrun --nproc-per-node 2 scripts/train.py ...

starts two ranks, on GPUs if there are any, each with its own, else on the CPU; the gradients are
averaged by torch's DistributedDataParallel. The batch size is that of all ranks together. All draw
the times and the noise of the whole batch, which depend on (seed, step) alone, and take every
count-th example; so the ranks make the run that one process would make, to rounding, and a run may
go on with another number of them. On several machines all need to see the same folders.

Rank 0 alone writes. A rank that fails has its message in the log; torchrun then ends the others.
"""

import atexit
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bdiff.device import choose_device
from bdiff.model import DiffusionModel
from bdiff.training.settings import TrainingError

FAILED = -2  # in place of what rank 0 found


def join(device: str) -> "Ranks":
    """The ranks that torchrun started together with this process, or this process alone.

    Args:
        device: "auto", "cpu" or "cuda"; of several GPUs a rank takes that of its LOCAL_RANK.

    Raises:
        ValueError: if the device is unknown or missing, or there are more ranks than GPUs.
    """
    kind = choose_device(device).type
    launched = dist.is_available() and (dist.is_initialized() or dist.is_torchelastic_launched())
    if not launched:
        return Ranks()
    if kind == "cuda":
        local, gpus = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if local >= gpus:
            raise ValueError(
                f"this is rank {local + 1} of a machine that has {gpus} GPUs; start one per GPU: "
                f"torchrun --nproc-per-node {gpus}"
            )
        torch.cuda.set_device(local)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if kind == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    ranks = Ranks(dist.get_rank(), dist.get_world_size(), kind)
    if not ranks.first:
        logging.getLogger("bdiff").setLevel(logging.ERROR)
    return ranks


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes that train together this one is; by default the only one.

    Args:
        number: of this rank, from 0 on.
        count: of all ranks.
        device: kind of device on which they exchange numbers.
    """

    number: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes."""
        return self.number == 0

    def share(self, size: int) -> tuple[slice, float]:
        """Which examples of a batch are this rank's, and what the mean of their losses counts for.

        Neighbours in a batch are of one branch, so every rank takes some of all branches. A rank
        for which there is no example takes the first, which then counts for nothing: all must
        take part in every step.

        Returns:
            The examples, and n_rank count / size, as the ranks' gradients are averaged.
        """
        own = len(range(self.number, size, self.count))
        part = slice(self.number, None, self.count) if own else slice(0, 1)
        return part, own * self.count / size

    def gather(self, values: Tensor, size: int) -> Tensor:
        """The numbers of all examples of a batch, (size,), of this rank's, as in `share`."""
        if self.count == 1:
            return values
        part, weight = self.share(size)
        whole = values.new_zeros(size)
        if weight:
            whole[part] = values
        dist.all_reduce(whole)
        return whole

    def largest(self, number: int) -> int:
        """The largest of the ranks' numbers."""
        if self.count == 1:
            return number
        found = torch.tensor(number, device=self.device)
        dist.all_reduce(found, dist.ReduceOp.MAX)
        return int(found)

    def on_first(self, work: Callable[[], int | None]) -> int:
        """What `work` returns on rank 0, which alone does it; the others wait.

        Args:
            work: returns a number from 0 on, or None, for which -1 is returned.

        Raises:
            TrainingError: on the others, if it fails on rank 0, which raises its own error.
        """
        error: Exception | None = None
        result = -1
        if self.first:
            try:
                found = work()
                result = -1 if found is None else found
            except Exception as caught:
                error, result = caught, FAILED
        if self.count > 1:
            number = torch.tensor(result, device=self.device)
            dist.broadcast(number, 0)
            result = int(number)
        if error is not None:
            raise error
        if result == FAILED:
            raise TrainingError(f"rank {self.number} stops, since rank 0 failed: see its message")
        return result

    def averaging(self, model: DiffusionModel) -> Callable[..., Tensor]:
        """The model's loss, with gradients that are the mean over the ranks."""
        if self.count == 1:
            return model.loss
        # Which parameters take part is the same in every step: those of a branch that a batch
        # misses do, with gradients of zero.
        return DistributedDataParallel(_Loss(model), static_graph=True)


class _Loss(nn.Module):
    """A model's loss as the output of a module, which is what DistributedDataParallel wraps.

    It has the model's parameters alone: buffers, which do not change, would be sent at every step.
    """

    def __init__(self, model: DiffusionModel):
        super().__init__()
        self.weights = nn.ParameterList(model.parameters())
        self.loss = model.loss

    def forward(self, x_0: Tensor, classes: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """As `bdiff.model.DiffusionModel.loss`."""
        return self.loss(x_0, classes, t, noise)
