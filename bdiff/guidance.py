r"""Guidance: predictions of one class, pushed away from those of something else.

    x̂_0 = x̂_0(other) + weight (x̂_0(class) - x̂_0(other))

at fixed x_t. Weight 1 is the model itself. The other is

    no class        classifier-free guidance of a label-guided model (Ho and Salimans 2022, arXiv
                    2207.12598): samples are purer and less varied;
    another class   for objects that are to leave it, as in transmutation. With exact predictions it
                    is the score of p(x_t | class) (p(x_t | class) / p(x_t | other))^{weight - 1}:
                    what the two classes share is left alone, and what tells them apart counts more.

Guidance may be limited to times above one, since what it does at little noise is harm (Kynkäänniemi
et al. 2024, arXiv 2404.07724): where a class is decided, there is noise still.
"""

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from bdiff.data.checks import check_class_names
from bdiff.linear import Linear
from bdiff.model import DiffusionModel
from bdiff.tree import BranchTree


class Guided(DiffusionModel):
    """A model with guidance, see the module; a guided prediction is two evaluations of the network.

    Args:
        model: the model.
        weight: 0 or more; 1 is the model itself.
        away_from: name of the other class; None for no class, which a label-guided model knows that
            was trained with label dropout.
        above: time up to which the model is left as it is.

    Raises:
        ValueError: if the weight is not a number of 0 or more, or the class is unknown; without a
            class, if the model is not label-guided or was trained without label dropout.
    """

    common: Tensor

    def __init__(
        self,
        model: DiffusionModel,
        weight: float,
        away_from: str | None = None,
        above: float = 0.0,
    ):
        nn.Module.__init__(self)
        if not 0 <= weight < math.inf:
            raise ValueError(f"guidance needs a weight of 0 or more, found {weight}")
        if away_from is not None:
            check_class_names([away_from], model.classes)
        elif not isinstance(model, Linear):
            raise ValueError(
                f"a {model.kind} model has no prediction for no class; name the class to be guided "
                "away from, or use a label-guided model"
            )
        elif not model.has_unconditional:
            raise ValueError(
                "the model was trained without label_dropout, so it has no unconditional "
                "prediction; train it with label_dropout=0.1"
            )
        self.model, self.weight, self.above = model, weight, above
        # Behind the classes stands none.
        self.other = len(model.classes) if away_from is None else model.classes.index(away_from)
        self.kind = f"{model.kind}_guided"
        self.process, self.classes, self.shape = model.process, model.classes, model.shape
        self.net, self.facts, self.tree = model.net, model.facts, model.tree
        self.register_buffer("value_range", model.value_range)
        # Heads that the other class runs through, too: a solver that arrives at a branch time still
        # evaluates the branch that it comes from, for both classes.
        common = [self.other in model.codes_of(head) for head in range(model.head_count)]
        self.register_buffer("common", torch.tensor(common))

    def output(self, x_t: Tensor, t: Tensor, classes: Tensor, head: Tensor | None = None) -> Tensor:
        head = self.head_of(classes, t) if head is None else head
        guided = t > self.above
        other, at = torch.full_like(classes, self.other)[guided], t[guided]
        other_head = torch.where(self.common[head[guided]], head[guided], self.head_of(other, at))
        output = self.model.output(
            torch.cat([x_t, x_t[guided]]),
            torch.cat([t, at]),
            torch.cat([classes, other]),
            torch.cat([head, other_head]),
        )
        own, away = output[: len(t)], output[len(t) :]
        # The output is linear in x̂_0 at fixed x_t, so guiding it is guiding x̂_0.
        own[guided] = away + self.weight * (own[guided] - away)
        return own

    def evaluations(self, t: Tensor) -> int:
        return len(t) + int((t > self.above).sum())

    # What sampling asks of the model besides.

    def head_of(self, classes: Tensor, t: Tensor) -> Tensor:
        return self.model.head_of(classes, t)

    def head_of_branch(self, classes: Collection[str]) -> int:
        return self.model.head_of_branch(classes)

    def codes_of(self, head: int) -> list[int]:
        return self.model.codes_of(head)

    def tree_for(self, names: Collection[str]) -> BranchTree | None:
        return self.model.tree_for(names)

    def cross(self, x_t: Tensor, t: float, parent: int, child: int) -> Tensor:
        return self.model.cross(x_t, t, parent, child)

    def prior(self, noise: Tensor, names: Sequence[str], t: float, head: int) -> Tensor:
        return self.model.prior(noise, names, t, head)
