"""An independent classifier, which judges of what class a sample is, and in what space to compare.

It is trained on the training objects and knows nothing of the diffusion model. A small network (a
convolutional one for images, a dense one for tables) gives features: the values of its last hidden
layer. Codes of classes are the same network's for images; for tables they are a random forest's,
which is the better judge there.
"""

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from bdiff.progress import Progress
from bdiff.randomness import generator

FEATURES = 64  # fewer than the objects of a class, so that their covariance has full rank
BATCH = 128


class Classifier:
    """A trained network, and for tables a forest beside it.

    Args:
        net: from objects to logits; its last layer is linear, what stands before gives features.
        forest: gives the codes in the network's place, if there is one.
    """

    def __init__(self, net: nn.Sequential, forest: RandomForestClassifier | None = None):
        self.net, self.forest = net.eval(), forest

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The code of the likeliest class of each object: (N, *shape) to (N,) int64."""
        if self.forest is not None:
            return np.asarray(self.forest.predict(x))
        return np.asarray(_through(self.net, x).argmax(axis=1))

    def features(self, x: np.ndarray) -> np.ndarray:
        """What the last hidden layer makes of each object: (N, *shape) to (N, 64) float32."""
        return _through(self.net[:-1], x)


def train_classifier(x: np.ndarray, labels: np.ndarray, classes: int, seed: int = 0) -> Classifier:
    """Train the classifier that suits the objects.

    Args:
        x: (N, features) tables or (N, channels, height, width) images, float32.
        labels: (N,) codes below `classes`.
        classes: how many there are.
        seed: of the forest, and of the network's weights and batches.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if x.ndim == 2:
            net, longest = _dense(x.shape[1], classes), 5000
        else:
            net, longest = _convolutional(x.shape[1:], classes), 1200
        steps = min(longest, 40 * -(-len(x) // BATCH))
        _train(net, x, labels, steps, generator(seed, "classifier"))
    if x.ndim > 2:
        return Classifier(net)
    threads = torch.get_num_threads()
    forest = RandomForestClassifier(300, random_state=seed, n_jobs=threads)
    return Classifier(net, forest.fit(x, labels))


def _dense(features: int, classes: int) -> nn.Sequential:
    """Two hidden layers. The first normalisation is for tables that are not standardised."""
    return nn.Sequential(
        nn.BatchNorm1d(features, affine=False),
        *(nn.Linear(features, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU()),
        *(nn.Linear(256, FEATURES, bias=False), nn.BatchNorm1d(FEATURES), nn.ReLU()),
        nn.Linear(FEATURES, classes),
    )


def _convolutional(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Two convolutions and a hidden layer. Pooling rounds up, for images of any size."""
    channels, height, width = shape
    pooled = 64 * -(-height // 4) * -(-width // 4)
    net = nn.Sequential(
        # pooled first, so that the rest has a quarter of the values to go through
        *(nn.Conv2d(channels, 32, 3, padding=1, bias=False), nn.MaxPool2d(2, ceil_mode=True)),
        *(nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.MaxPool2d(2, ceil_mode=True)),
        *(nn.BatchNorm2d(64), nn.ReLU()),
        *(nn.Flatten(), nn.Dropout(0.25)),
        *(nn.Linear(pooled, FEATURES, bias=False), nn.BatchNorm1d(FEATURES), nn.ReLU()),
        nn.Linear(FEATURES, classes),
    )
    # a sixth faster on a CPU; torch's annotations do not know this argument
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def _train(
    net: nn.Module, x: np.ndarray, labels: np.ndarray, steps: int, random: np.random.Generator
) -> None:
    """Adam with one cycle of the learning rate (Smith, Topin 2018, arXiv 1708.07120)."""
    rate = 3e-3
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    objects, targets = torch.from_numpy(x), torch.from_numpy(labels)
    net.train()
    with Progress("training the classifier", steps, "steps") as progress:
        for _ in range(steps):
            chosen = torch.from_numpy(random.integers(len(x), size=BATCH))
            loss = nn.functional.cross_entropy(net(objects[chosen]), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            progress.update(1)


@torch.no_grad()
def _through(net: nn.Module, x: np.ndarray) -> np.ndarray:
    """What the network makes of the objects, some at a time, since images take much memory."""
    return torch.cat([net(part) for part in torch.from_numpy(x).split(512)]).numpy()
