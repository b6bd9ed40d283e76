r"""Diffusion models: what training and sampling see of a network.

A model predicts the noise ε in x_t = alpha x_0 + sigma ε. The paper's networks predict the score s
= -ε / sigma and divide each example's squared error by the mean square of its score, which is the
loss

    L = E |ε̂(x_t, t, class) - ε|² / D,          D = number of values of an object,

but for |ε|² in the place of D, and without a network output that grows as 1 / sigma (paper, section
4). The other networks predict the velocity

    v = (alpha ε - sigma x_0) / s,    x̂_0 = (alpha x_t / s - sigma v̂) / s,    s² = alpha² + sigma²

(Salimans and Ho 2022, arXiv 2202.00512, appendix D; for data of unit variance it is the network of
EDM's preconditioning, Karras et al. 2022, arXiv 2206.00364, table 1). Its square error is of the
same size at every time, and x̂_0 is not divided by alpha, which is 0.007 at T: what is decided at
much noise, the rough shape, is learned better. `bdiff.branched` and `bdiff.linear` are the models.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bdiff.data.scaling import unscale
from bdiff.defaults import form_of_shape
from bdiff.nets.build import net_from
from bdiff.process import Process
from bdiff.tree import BranchTree, class_names


class DiffusionModel(nn.Module, ABC):
    """The protocol. `classes` are names; batches hold their codes, positions in `classes`.

    Args:
        process: the forward process.
        classes: class names.
        shape: shape of one object.
        net: settings of the network, see `bdiff.nets.build.net_from`.
        lineage: for every head (parameters of a branch's own), itself and the heads it inherits
            from; what the network is routed by.
        labels: number of class labels of the network; 0 for a branched one.
    """

    kind: str
    tree: BranchTree | None = None
    facts: dict[str, Any] = {}  # noqa: RUF012  of the training data, see `Dataset.facts`
    value_range: Tensor
    sizes: Tensor  # of joint processes alone

    def __init__(
        self,
        process: Process,
        classes: Sequence[str],
        shape: Sequence[int],
        net: dict[str, Any],
        lineage: Sequence[Sequence[int]],
        labels: int,
    ):
        super().__init__()
        self.process = process
        self.classes = class_names(classes)
        self.shape = tuple(shape)
        self.settings = dict(net)
        self.net = net_from(net, self.shape, lineage, labels)
        # Least and largest value of each channel or feature among the objects of a head, (heads, 2,
        # channels), once training has observed them; samplers keep predictions inside. The infinite
        # range has no effect.
        everything = torch.tensor([[-torch.inf], [torch.inf]])
        channels = self.shape[self._channel_axis - 1]
        self.register_buffer("value_range", everything.repeat(len(lineage), 1, channels))
        if process.joint:
            # How many objects have 0, 1, ... nodes, of every head or class; all nodes, until then.
            nodes = self.shape[0]
            sizes = torch.eye(nodes + 1)[-1].repeat(max(len(lineage), labels), 1)
            self.register_buffer("sizes", sizes)

    @property
    def head_count(self) -> int:
        """Number of heads: branches with parameters of their own; 1 for a label-guided model."""
        return len(self.value_range)

    def unscale(self, x: np.ndarray) -> np.ndarray:
        """Objects (N, *shape) in the units of the data that the model learned, float64.

        Raises:
            ValueError: if the model has learned nothing yet.
        """
        return unscale(x, self.facts.get("scaling", {}))

    def observe(self, x_0: Tensor, classes: Tensor, heads: Collection[int] | None = None) -> None:
        """Keep what sampling needs to know of the training objects.

        Args:
            x_0: (N, *shape).
            classes: (N,) codes; every class needs an object.
            heads: those to observe, by default all.
        """
        for head in range(self.head_count) if heads is None else heads:
            inside = torch.isin(classes, torch.tensor(self.codes_of(head), device=classes.device))
            self._observe(head, x_0[inside])

    def _observe(self, head: int, x_0: Tensor) -> None:
        others = [axis for axis in range(x_0.ndim) if axis != self._channel_axis]
        ends = torch.stack([x_0.amin(others), x_0.amax(others)])
        if self.process.joint:
            # One range for all bonds, as those of i to j and of j to i are to stay the same.
            bonds = ends[:, : self.shape[0]]
            bonds[0], bonds[1] = bonds[0].min(), bonds[1].max()
        self.value_range[head] = ends

    @property
    def _channel_axis(self) -> int:
        """The axis of a batch that holds channels or features: that of graphs is the last."""
        return 2 if form_of_shape(self.shape) == "molecules" else 1

    def range_of(self, head: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest values under the heads (N,), to compare with objects (N, *shape)."""
        sizes = [1] * len(self.shape)
        sizes[self._channel_axis - 1] = -1
        least, largest = self.value_range[head].reshape(len(head), 2, *sizes).unbind(dim=1)
        return least, largest

    def _observe_sizes(self, row: int, x_0: Tensor) -> None:
        nodes = x_0.any(dim=-1).sum(dim=-1)
        self.sizes[row] = torch.bincount(nodes, minlength=self.sizes.shape[1])

    def _size_row(self, name: str) -> int:
        """Row of `sizes` that holds those of a class."""
        return self.classes.index(name)

    def prior(self, noise: Tensor, names: Sequence[str], t: float, head: int) -> Tensor:
        """States that sampling of some classes starts from.

        A graph has as many nodes as an object drawn from these classes, which have equal shares.

        Args:
            noise: (N, *shape), standard normal.
            names: of the classes.
            t: the time: the horizon, or for some branched models that of the root.
            head: that is in charge of these classes at t.
        """
        if not self.process.joint:
            return self.process.prior(noise)
        counts = self.sizes[[self._size_row(name) for name in names]]
        shares = (counts / counts.sum(dim=1, keepdim=True)).mean(dim=0)
        # The diagonal of the bonds has no other use for its numbers; each is one of (0, 1).
        fraction = torch.special.ndtr(noise[:, 0, 0].double())
        sizes = torch.searchsorted(shares.double().cumsum(0), fraction).clamp(max=self.shape[0])
        there = torch.arange(self.shape[0], device=noise.device) < sizes[:, None]
        return self.process.prior(self.process.noise(noise, there[..., None].expand_as(noise)))

    def codes_of(self, head: int) -> list[int]:
        """Codes of the classes that run through a head."""
        return list(range(len(self.classes)))

    def tree_for(self, names: Collection[str]) -> BranchTree | None:
        """The tree by which these classes are sampled, or None: they have a single branch."""
        return None

    def cross(self, x_t: Tensor, t: float, parent: int, child: int) -> Tensor:
        """States at time t, on their way from one head into another."""
        return x_t

    @abstractmethod
    def head_of(self, classes: Tensor, t: Tensor) -> Tensor:
        """Head in charge of each (class, time); classes: (N,) int64, t: (N,) float64 -> (N,)."""

    def head_of_branch(self, classes: Collection[str]) -> int:
        """Head of the branch with these classes, in a tree that `tree_for` gave."""
        return 0

    def evaluations(self, t: Tensor) -> int:
        """Evaluations of the network, objects it sees, in predictions at the times t (N,)."""
        return len(t)

    def output(self, x_t: Tensor, t: Tensor, classes: Tensor, head: Tensor | None = None) -> Tensor:
        """What the network predicts: ε or v, as `net.prediction` says.

        Args:
            x_t: (N, *shape).
            t: (N,) float64 in [0, T].
            classes: (N,) codes.
            head: (N,) the heads to use, by default those in charge of (class, t). A solver that
                arrives at a branch time still evaluates the branch that it comes from.

        Returns:
            (N, *shape).
        """
        head = self.head_of(classes, t) if head is None else head
        _, _, scale = self._coefficients(t, x_t)
        return self.net(x_t / scale, t / self.process.horizon, head, classes)

    def denoise(
        self, x_t: Tensor, t: Tensor, classes: Tensor, head: Tensor | None = None
    ) -> Tensor:
        """x̂_0(x_t, t, class), the expected object; arguments and result as those of `output`."""
        output = self.output(x_t, t, classes, head)
        alpha, sigma, scale = self._coefficients(t, x_t)
        if self.net.prediction == "noise":
            return (x_t - sigma * output) / alpha
        return (alpha * x_t / scale - sigma * output) / scale

    def loss(self, x_0: Tensor, classes: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Mean squared error of what the network predicts, per example.

        Args:
            x_0, noise: (N, *shape).
            classes: (N,) codes.
            t: (N,) float64 in (0, T].

        Returns:
            (N,); a network that predicts the noise and outputs 0 would score 1.
        """
        noise = self.process.noise(noise, x_0)
        alpha, sigma, scale = self._coefficients(t, x_0)
        target = noise if self.net.prediction == "noise" else (alpha * noise - sigma * x_0) / scale
        output = self.output(alpha * x_0 + sigma * noise, t, classes)
        return self.process.mean_square(output - target, x_0)

    def _coefficients(self, t: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """alpha, sigma and the scale √(alpha² + sigma²), to multiply objects like x."""
        alpha, sigma = self.process.at(t, x)
        return alpha.to(x), sigma.to(x), torch.hypot(alpha, sigma).to(x)
