"""Randomness as a function of (seed, purpose, index), and of nothing else.

`generator(seed, "noise", step)` is a fresh generator for one use. Two calls with the same words
give the same numbers, whatever was drawn before; so a resumed run, another batch size or another
number of workers changes nothing.
"""

import hashlib
from numbers import Integral, Real

import numpy as np

# Noise of neighbouring samples comes from one generator: a generator per sample would cost more
# than the numbers it makes, and one per batch would tie a sample to its batch.
BLOCK = 64


def generator(seed: int, *purpose: str | int | float) -> np.random.Generator:
    """The generator that belongs to these words. Integers of any type count by their value, and so
    do real numbers; 1 and 1.0 differ."""
    words = "\x1f".join(map(_written, (seed, *purpose)))
    digest = hashlib.sha256(words.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def _written(word: str | int | float) -> str:
    if isinstance(word, Integral):
        return f"int:{int(word)}"
    return f"float:{float(word)!r}" if isinstance(word, Real) else f"str:{word!r}"


def sample_noise(
    seed: int, *purpose: str | int | float, first: int, count: int, shape: tuple[int, ...]
) -> np.ndarray:
    """Standard normal noise of the samples first, ..., first + count - 1.

    Sample i gets the same numbers whichever range asks for it.

    Returns:
        Array of shape (count, *shape), float32.
    """
    blocks = range(first // BLOCK, (first + count - 1) // BLOCK + 1) if count else range(0)
    noise = [
        generator(seed, *purpose, block).standard_normal((BLOCK, *shape), dtype=np.float32)
        for block in blocks
    ]
    if not noise:
        return np.empty((0, *shape), dtype=np.float32)
    offset = first % BLOCK
    return np.concatenate(noise)[offset : offset + count]
