"""Networks by name."""

from typing import Any

from bdiff.expect import kind_of
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
        labels: number of class labels of a label-guided network; 0 for a branched one.

    Raises:
        ValueError: if the name, the prediction or a setting is unknown.
    """
    settings = dict(settings)
    name, prediction = settings.pop("name", None), settings.pop("prediction", None)
    given = {"shape": shape, "lineage": lineage, "labels": labels}
    net = kind_of(NETS, "network", name, settings, given)(**given, **settings)
    net.prediction = prediction or net.prediction
    if net.prediction not in ("noise", "v"):
        raise ValueError(f"a network predicts 'noise' or 'v', found {prediction!r}")
    return net
