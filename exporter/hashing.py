"""64-bit hashes of texts, a column at a time: the same in every process, and after a restart.

They tell texts apart that nobody chose so that they collide. Whoever can choose a request id can
choose one that is taken already; there is nothing to win by a collision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_SEED = 0x6D6F64656C7461696C
_HALF = np.uint64(32)
_CHARACTER_BYTES = 4
_LONGEST = 256


def mixed(values: Hashes) -> Hashes:
    """Return uint64[n], each number with its bits stirred: a bijection.

    Source: the finalizer of SplitMix64 (Steele, Lea, Flood 2014, Fast splittable pseudorandom
    number generators, OOPSLA).
    """
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = values ^ (values >> np.uint64(31))
    return mixed


def of_texts(texts: Sequence[str]) -> Hashes:
    """Return uint64[n], a number for each text; two texts share one with probability 2^-64.

    Two multilinear hashes of the characters with fixed random factors give 32 bits each.
    Source: Lemire, Kaser (2014), Strongly universal string hashing is fast, The Computer Journal
    57(11). Texts that differ in trailing NULs alone are the same. Long ones go by their BLAKE2b.
    """
    if not texts:
        return np.empty(0, dtype=np.uint64)
    # All are padded to the length of the longest: a single long one would cost gigabytes.
    padded = np.array(
        [text if len(text) <= _LONGEST else _digest(text) for text in texts], dtype=np.str_
    )
    width = padded.itemsize // _CHARACTER_BYTES
    if not width:
        return np.zeros(len(texts), dtype=np.uint64)
    characters = padded.view(np.uint32).reshape(len(texts), width)
    factors = _factors(width)
    sums = np.zeros((2, len(texts)), dtype=np.uint64)
    for position in range(width):
        # A character beyond the end is 0 and adds nothing, however wide the others are.
        character = characters[:, position].astype(np.uint64)
        sums[0] += character * factors[2 * position]
        sums[1] += character * factors[2 * position + 1]
    joined: Hashes = (sums[0] & ~np.uint64(0xFFFFFFFF)) | (sums[1] >> _HALF)
    return joined


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _factors(width: int) -> Hashes:
    # Any fixed numbers without a pattern will do, the same for ever since hashes are stored.
    steps = np.arange(1, 2 * width + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed(steps + np.uint64(_SEED & 0xFFFFFFFFFFFFFFFF))
