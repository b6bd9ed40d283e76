"""Random numbers depend on seed, purpose and index, and on nothing else."""

import numpy as np
import pytest
from scipy.stats import kstest

from bdiff.randomness import BLOCK, generator, sample_noise


def test_generators_depend_on_every_word_and_its_type():
    words = [
        (0,),
        (1,),
        (0, "a"),
        (0, "a", 1),
        (0, "a", "1"),
        (0, "a", 1.0),
        (0, "a1"),
        (0, 1, "a"),
    ]
    draws = [generator(*word).integers(2**62) for word in words]
    assert len(set(draws)) == len(draws)
    assert draws == [generator(*word).integers(2**62) for word in words]


def test_a_generator_is_the_same_in_every_version():
    """Results of old runs can be made again: the first numbers of a seed are fixed."""
    assert generator(0, "noise", 3).integers(1000, size=4).tolist() == [68, 88, 728, 633]


@pytest.mark.parametrize(("first", "count"), [(0, 1), (5, 130), (BLOCK - 1, 2), (BLOCK, BLOCK)])
def test_a_sample_has_the_same_noise_whichever_range_asks(first, count):
    every = sample_noise(7, "prior", first=0, count=200, shape=(3, 2))
    part = sample_noise(7, "prior", first=first, count=count, shape=(3, 2))
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, every[first : first + count])


def test_no_samples_are_an_empty_array():
    assert sample_noise(7, "prior", first=9, count=0, shape=(3, 2)).shape == (0, 3, 2)


def test_noise_is_standard_normal_and_independent_between_seeds_and_samples():
    noise = sample_noise(0, "prior", first=0, count=400, shape=(100,))
    assert kstest(noise.ravel(), "norm").pvalue > 1e-3
    other = sample_noise(1, "prior", first=0, count=400, shape=(100,))
    for a, b in ((noise, other), (noise[:-1], noise[1:]), (noise[:-BLOCK], noise[BLOCK:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.02


def test_numbers_count_by_value_not_by_type():
    first = generator(0, "x", 3, 0.5).random()
    assert generator(np.int64(0), "x", np.int32(3), np.float64(0.5)).random() == first
    assert generator(0, "x", 3, 0.25).random() != first
    assert generator(0, "x", "3", 0.5).random() != first
