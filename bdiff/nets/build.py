"""Networks by name."""

import inspect
from typing import Any

from bdiff.nets.dense import DenseNet
from bdiff.nets.graph import GraphNet
from bdiff.nets.graph_transformer import GraphTransformer
from bdiff.nets.heads import Lineage
from bdiff.nets.network import Network
from bdiff.nets.residual import ResidualNet
from bdiff.nets.residual_unet import ResidualUNet
from bdiff.nets.unet import UNet

NETS: dict[str, type[Network]] = {
    "dense": DenseNet,
    "unet": UNet,
    "graph": GraphNet,
    "residual": ResidualNet,
    "residual_unet": ResidualUNet,
    "graph_transformer": GraphTransformer,
}


def net_from(
    settings: dict[str, Any], shape: tuple[int, ...], lineage: Lineage, labels: int
) -> Network:
    """The network that the settings describe.

    Args:
        settings: {"name": ..., then the network's own arguments}; "prediction", "noise" or "v",
            says what it predicts, if not what its kind usually does.
        shape: shape of one object.
        lineage: for every branch, itself and the branches it descends from.
        labels: number of classes to be told (label-guided model), or 0.

    Raises:
        ValueError: if the name, the prediction or a setting is unknown.
    """
    settings = dict(settings)
    name = settings.pop("name", None)
    if name not in NETS:
        raise ValueError(f"unknown network {name!r}; known: {', '.join(map(repr, NETS))}")
    prediction = settings.pop("prediction", None) or NETS[name].prediction
    if prediction not in ("noise", "v"):
        raise ValueError(f"a network predicts 'noise' or 'v', found {prediction!r}")
    known = inspect.signature(NETS[name]).parameters.keys() - {"shape", "lineage", "labels"}
    if unknown := settings.keys() - known:
        raise ValueError(
            f"network {name!r} has no setting {', '.join(map(repr, sorted(unknown)))}; it has "
            f"{', '.join(sorted(known))}"
        )
    net = NETS[name](shape=shape, lineage=lineage, labels=labels, **settings)
    net.prediction = prediction
    return net
