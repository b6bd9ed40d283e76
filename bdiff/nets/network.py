"""What networks and their layers have in common."""

from collections.abc import Callable

from torch import Tensor, nn


class Layer(nn.Module):
    """A module that returns one tensor; torch's own may return anything."""

    __call__: Callable[..., Tensor]


class Network(Layer):
    """Predicts ε or v, as `prediction` ("noise" or "v") says; see `bdiff.model`.

    It is called with objects x_t (N, *shape), their times (N,) as shares of the horizon, and their
    branches and labels (N,). Where there are labels, `conditioning.label` embeds them.
    `large_products` says that its time goes into large matrix products, which some processors make
    faster in bfloat16.
    """

    prediction: str
    large_products = False
