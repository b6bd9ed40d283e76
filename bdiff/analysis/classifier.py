"""An independent classifier, which judges of what class a sample is.

It is trained on the training objects and knows nothing of the diffusion model: a random forest for
tables, a small convolutional network for images.
"""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from bdiff.randomness import generator

Predict = Callable[[np.ndarray], np.ndarray]


def train_classifier(x: np.ndarray, labels: np.ndarray, classes: int, seed: int = 0) -> Predict:
    """Train the classifier that suits the objects.

    Args:
        x: (N, features) tables or (N, channels, height, width) images, float32.
        labels: (N,) codes below `classes`.
        seed: of the forest, or of the network's weights and batches.

    Returns:
        A function from objects to codes.
    """
    if x.ndim == 2:
        forest = RandomForestClassifier(300, random_state=seed, n_jobs=torch.get_num_threads()).fit(
            x, labels
        )
        return forest.predict
    return _train_network(x, labels, classes, seed)


def _train_network(x: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Predict:
    """Two convolutions with pooling, two dense layers; 40 epochs or 1500 steps of 128 images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(x.shape[1], 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(64 * -(-x.shape[2] // 4) * -(-x.shape[3] // 4), 128),
            nn.ReLU(),
            nn.Linear(128, classes),
        )
    steps = min(1500, 40 * -(-len(x) // 128))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    images, targets = torch.from_numpy(x), torch.from_numpy(labels)
    random = generator(seed, "classifier")
    for _ in range(steps):
        chosen = torch.from_numpy(random.integers(len(x), size=128))
        loss = nn.functional.cross_entropy(net(images[chosen]), targets[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

    @torch.no_grad()
    def predict(x: np.ndarray) -> np.ndarray:
        return torch.cat(
            [net(part).argmax(dim=1) for part in torch.from_numpy(x).split(512)]
        ).numpy()

    return predict
