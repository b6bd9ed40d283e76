"""Small stand-ins for downloads: no test here needs the network."""

import csv
import hashlib
import json

import numpy as np
import pytest

from bdiff.data import mnist
from bdiff.data.sources import COLUMNS


@pytest.fixture
def idx_files():
    """MNIST-like files: 40 training and 20 test images, four and two of each class."""
    rng = np.random.default_rng(0)
    files = {}
    for (images, labels), count in ((mnist.TRAIN, 40), (mnist.TEST, 20)):
        files[images] = mnist.to_idx(rng.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        files[labels] = mnist.to_idx(np.arange(count) % 10)
    return files


@pytest.fixture
def raw_folder(tmp_path):
    """Write files as a verified raw folder and return it."""

    def write(dataset, files, version="full"):
        folder = tmp_path / "raw" / dataset
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        facts = {"dataset": dataset, "version": version, "licence": "", "sha256": sha256}
        (folder / "source.json").write_text(json.dumps(facts))
        return folder

    return write


@pytest.fixture
def write_table(tmp_path):
    """Write a table of sources from (dataset, order, kind, locator, file, sha256) and return it."""

    def write(*rows):
        path = tmp_path / "sources.csv"
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for dataset, order, kind, locator, file, sha256 in rows:
                writer.writerow([dataset, "v1", order, kind, locator, file, sha256, "CC0"])
        return path

    return write
