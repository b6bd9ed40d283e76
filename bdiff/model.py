r"""Diffusion models: what training and sampling see of a network.

A model predicts the noise ε in x_t = alpha x_0 + sigma ε. The paper's networks predict the score s
= -ε / sigma and divide each example's squared error by the mean square of its score, which is the
loss

    L = E |ε̂(x_t, t, class) - ε|² / D,          D = number of values of an object,

but for |ε|² in the place of D, and without a network output that grows as 1 / sigma (paper, section
4). The other networks predict the velocity

    v = alpha ε - sigma x_0,          x̂_0 = alpha x_t - sigma v̂,          ε̂ = sigma x_t + alpha v̂

(Salimans and Ho 2022, arXiv 2202.00512, appendix D; for data of unit variance it is the network of
EDM's preconditioning, Karras et al. 2022, arXiv 2206.00364, table 1). Its square error is of the
same size at every time, and x̂_0 is not divided by alpha, which is 0.007 at T: what is decided at
much noise, the rough shape, is learned better. Two models share this protocol:

    Branched   the branch of (class, t) is a routed part of the network, and all that tells the
    class Linear     the paper's baseline: one reverse process, told the class by an embedded label
"""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bdiff.nets.build import net_from
from bdiff.process import VP, expand_like
from bdiff.transport import RANK, Moments, moments, transport
from bdiff.tree import BranchTree, class_names


class DiffusionModel(nn.Module, ABC):
    """The protocol. `classes` are names; batches hold their codes, positions in `classes`.

    Args:
        process: the forward process.
        classes: class names.
        shape: shape of one object.
        net: settings of the network, see `bdiff.nets.build.net_from`.
        lineage: for every branch, itself and the branches it descends from; what the network is
            routed by.
        labels: number of classes the network is told.
    """

    kind: str
    tree: BranchTree | None = None
    evaluations = 1  # of the network, in one prediction

    def __init__(
        self,
        process: VP,
        classes: Sequence[str],
        shape: Sequence[int],
        net: dict,
        lineage: Sequence[Sequence[int]],
        labels: int,
    ):
        super().__init__()
        self.process = process
        self.classes = class_names(classes)
        self.shape = tuple(shape)
        self.settings = dict(net)
        self.net = net_from(net, self.shape, lineage, labels)
        # Least and largest value of each channel or feature, (2, channels), once training has
        # observed them; samplers keep predictions inside. The infinite range has no effect.
        everything = torch.tensor([[-torch.inf], [torch.inf]]).repeat(1, self.shape[0])
        self.register_buffer("value_range", everything)

    def observe(self, x_0: Tensor, classes: Tensor) -> None:
        """Keep what sampling needs to know of the training objects.

        Args:
            x_0: (N, *shape).
            classes: (N,) codes.
        """
        others = (0, *range(2, x_0.ndim))  # all dimensions but the channels'
        self.value_range.copy_(torch.stack([x_0.amin(others), x_0.amax(others)]))

    def cross(self, x_t: Tensor, t: float, parent: int, child: int) -> Tensor:
        """States at a branch point, on their way from one branch into another."""
        return x_t

    @abstractmethod
    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        """Branch in charge of each (class, time); classes: (N,) int64, t: (N,) float64."""

    def output(
        self, x_t: Tensor, t: Tensor, classes: Tensor, branch: Tensor | None = None
    ) -> Tensor:
        """What the network predicts: ε or v, as `net.prediction` says.

        Args:
            x_t: (N, *shape).
            t: (N,) float64 in [0, T].
            classes: (N,) codes.
            branch: (N,) the branches to use, by default those in charge of (class, t). A solver
                that arrives at a branch time still evaluates the branch that it comes from.

        Returns:
            (N, *shape).
        """
        branch = self.branch_of(classes, t) if branch is None else branch
        return self.net(x_t, t / self.process.horizon, branch, classes)

    def denoise(
        self, x_t: Tensor, t: Tensor, classes: Tensor, branch: Tensor | None = None
    ) -> Tensor:
        """x̂_0(x_t, t, class), the expected object; arguments and result as those of `output`."""
        output = self.output(x_t, t, classes, branch)
        alpha, sigma = self._alpha_sigma(t, x_t)
        if self.net.prediction == "noise":
            return (x_t - sigma * output) / alpha
        return alpha * x_t - sigma * output

    def loss(self, x_0: Tensor, classes: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Mean squared error of what the network predicts, per example.

        Args:
            x_0, noise: (N, *shape).
            classes: (N,) codes.
            t: (N,) float64 in (0, T].

        Returns:
            (N,); a network that predicts the noise and outputs 0 would score 1.
        """
        alpha, sigma = self._alpha_sigma(t, x_0)
        target = noise if self.net.prediction == "noise" else alpha * noise - sigma * x_0
        output = self.output(alpha * x_0 + sigma * noise, t, classes)
        return (output - target).square().flatten(1).mean(dim=1)

    def _alpha_sigma(self, t: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        return expand_like(self.process.alpha(t), x), expand_like(self.process.sigma(t), x)


class Branched(DiffusionModel):
    """One reverse process per branch of a tree, most layers shared (Tseng et al. 2024).

    Args:
        process: the forward process.
        tree: the branch tree, in the time of the process.
        shape: shape of one object.
        net: settings of the network.

    Raises:
        ValueError: if the tree's times are those of another process.
    """

    kind = "branched"

    def __init__(self, process: VP, tree: BranchTree, shape: Sequence[int], net: dict):
        if tree.horizon != process.horizon or tree.process not in (None, process.to_dict()):
            raise ValueError(
                f"the tree's times are those of {tree.process or 'another process'}, up to "
                f"{tree.horizon:g}, but the model uses {process}, up to {process.horizon:g}: use "
                "`convert_tree`, or `load_tree(path, process)`"
            )
        super().__init__(process, tree.classes, shape, net, tree.lineage, labels=0)
        self.tree = tree
        bounds, paths = tree.table
        # The tree travels with the model's description, not with its weights.
        self.register_buffer("bounds", torch.from_numpy(bounds), persistent=False)
        self.register_buffer("paths", torch.from_numpy(paths), persistent=False)
        # Moments of the training objects of every branch, once training has observed them.
        values = math.prod(self.shape)
        rank = min(RANK, values)
        self.register_buffer("means", torch.zeros(len(tree.branches), values))
        self.register_buffer("axes", torch.zeros(len(tree.branches), rank, values))

    def observe(self, x_0: Tensor, classes: Tensor) -> None:
        """As there; every class needs an object."""
        super().observe(x_0, classes)
        for number, branch in enumerate(self.tree.branches):
            codes = torch.tensor([self.classes.index(name) for name in branch.classes])
            inside = torch.isin(classes, codes.to(classes.device))
            found = moments(x_0[inside].flatten(1), self.axes.shape[1])
            self.means[number], self.axes[number] = found

    def cross(self, x_t: Tensor, t: float, parent: int, child: int) -> Tensor:
        """States at a branch point, on their way from one branch into another.

        They are given the mean and the covariance of the child's noised objects, see
        `bdiff.transport`, without which samples of the child would keep much of the parent's.

        Args:
            x_t: (N, *shape) at the end of the parent.
            t: the branch time.
            parent, child: numbers of the branches.
        """
        alpha, sigma = float(self.process.alpha(t)), float(self.process.sigma(t))
        of_parent, of_child = (Moments(self.means[n], self.axes[n]) for n in (parent, child))
        return transport(x_t.flatten(1), alpha, sigma, of_parent, of_child).view_as(x_t)

    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        above = (self.bounds[classes] < t[:, None]).sum(dim=1)
        return self.paths[classes, above]


class Linear(DiffusionModel):
    """The label-guided baseline: one chain for all classes, told the class.

    Code len(classes) says that the class is not told; see `Guided`.

    Args:
        process: the forward process.
        classes: class names.
        shape: shape of one object.
        net: settings of the network.
    """

    kind = "linear"

    def __init__(self, process: VP, classes: Sequence[str], shape: Sequence[int], net: dict):
        super().__init__(process, classes, shape, net, [[0]], labels=len(classes) + 1)

    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        return torch.zeros_like(classes)

    @property
    def knows_untold(self) -> bool:
        """Whether it was trained with label dropout, which alone moves the embedding of "not told"
        away from zero."""
        return bool(self.net.conditioning.label.weight[-1].any())


class Guided(DiffusionModel):
    """A label-guided model with classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598).

        x̂_0 = x̂_0(none) + weight (x̂_0(class) - x̂_0(none))

    Args:
        model: trained with label dropout.
        weight: 1 is the model itself; more brings samples nearer to what is typical of their class,
            at the cost of variety.

    Raises:
        ValueError: if the model is not label-guided or was trained without label dropout, or the
            weight is not a number of 0 or more.
    """

    kind = "linear_guided"
    evaluations = 2

    def __init__(self, model: Linear, weight: float):
        nn.Module.__init__(self)
        if not isinstance(model, Linear) or not 0 <= weight < math.inf:
            raise ValueError(
                f"guidance needs a label-guided model and a weight of 0 or more, found a "
                f"{model.kind} model and {weight}"
            )
        if not model.knows_untold:
            raise ValueError(
                "the model was trained without label_dropout, so it does not know what to predict "
                "where the class is not told; train it with label_dropout=0.1"
            )
        self.model, self.weight = model, weight
        self.process, self.classes, self.shape = model.process, model.classes, model.shape
        self.net = model.net
        self.register_buffer("value_range", model.value_range)

    def branch_of(self, classes: Tensor, t: Tensor) -> Tensor:
        return self.model.branch_of(classes, t)

    def output(
        self, x_t: Tensor, t: Tensor, classes: Tensor, branch: Tensor | None = None
    ) -> Tensor:
        untold = torch.full_like(classes, len(self.classes))
        both = self.model.output(
            torch.cat([x_t, x_t]), torch.cat([t, t]), torch.cat([classes, untold])
        )
        told, untold = both.chunk(2)
        # The output is linear in x̂_0 at fixed x_t, so guiding it is guiding x̂_0.
        return untold + self.weight * (told - untold)


def build_model(
    kind: str,
    process: VP,
    shape: Sequence[int],
    net: dict,
    *,
    classes: Sequence[str] = (),
    tree: BranchTree | None = None,
    seed: int = 0,
) -> DiffusionModel:
    """A model with weights drawn from the seed (and torch's own random state left as it was).

    Args:
        kind: "branched" (needs the tree) or "linear" (needs the classes).
        process, shape, net, classes, tree: as in `Branched` and `Linear`.
        seed: of the weights.

    Raises:
        ValueError: if the kind is unknown or what it needs is missing.
    """
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        digest = hashlib.sha256(f"weights {seed}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:7], "little"))
        if kind == "branched" and tree is not None:
            return Branched(process, tree, shape, net)
        if kind == "linear" and classes:
            return Linear(process, classes, shape, net)
    raise ValueError(
        f"found kind {kind!r}, {'a' if tree else 'no'} tree and {len(classes)} classes; "
        "'branched' needs a tree, 'linear' needs class names"
    )
