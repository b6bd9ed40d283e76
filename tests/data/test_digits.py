"""The digits of scikit-learn: UCI's file, scaled like MNIST."""

import hashlib

import numpy as np

from bdiff.data import digits
from bdiff.data.sources import sources_of


def test_file_is_ucis_and_scaling_is_that_of_mnist():
    files = digits.from_sklearn()
    digest = hashlib.sha256(files[digits.FILE]).hexdigest()
    assert sources_of("digits")[0].sha256 == {digits.FILE: digest}
    dataset = digits.make_dataset(files)
    assert dataset.x.shape == (1797, 1, 8, 8)
    assert set(np.unique(dataset.unscale(dataset.x))) == set(range(17))
    counts = [len(dataset.of(name)) for name in dataset.classes]
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert list(np.flatnonzero(dataset.split == "test")) == list(range(1438, 1797))
