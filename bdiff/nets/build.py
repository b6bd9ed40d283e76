"""Networks by name."""

from torch import nn

from bdiff.nets.dense import DenseNet
from bdiff.nets.unet import UNet

NETS = {"dense": DenseNet, "unet": UNet}


def net_from(settings: dict, shape: tuple[int, ...], branches: int, labels: int) -> nn.Module:
    """The network that the settings describe: {"name": ..., then the network's own arguments}.

    Raises:
        ValueError: if the name is unknown.
    """
    settings = dict(settings)
    name = settings.pop("name", None)
    if name not in NETS:
        raise ValueError(f"unknown network {name!r}; known: {', '.join(map(repr, NETS))}")
    return NETS[name](shape=shape, branches=branches, labels=labels, **settings)
