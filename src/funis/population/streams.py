"""Keyed random numbers: every number is a function of its key, never of what was drawn before.

A key is (seed, purpose, patient, up to three counters). The same key gives the same bits in any
array shape, order, chunk, thread and process, so adding a patient or an arm moves nobody else.

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, SC'11,
doi:10.1145/2063384.2063405).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Counter", "Stream", "exponential", "normal", "philox4x32", "uniform"]

Counter = int | str | Sequence[int] | Sequence[str] | NDArray[np.integer] | NDArray[np.str_]

MULTIPLIER = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
WORD_BITS = np.uint64(32)
WORD_MASK = np.uint64(0xFFFFFFFF)
WORD_RANGE = 2**32
COUNTERS = 3
CHUNK = 16384


def philox4x32(
    counter: tuple[NDArray[np.uint64], ...], key: tuple[int, int]
) -> tuple[NDArray[np.uint64], ...]:
    """Return the four 32-bit output words of Philox4x32-10.

    Parameters
    ----------
    counter
        Four arrays of one shape with values below 2**32.
    key
        Two integers below 2**32.

    Returns
    -------
    tuple of four uint64 arrays, each value below 2**32.
    """
    first, second, third, fourth = (np.array(word, dtype=np.uint64) for word in counter)
    for turn in range(ROUNDS):
        left = third * MULTIPLIER[1]
        right = first * MULTIPLIER[0]
        first = left >> WORD_BITS
        first ^= second
        first ^= np.uint64((key[0] + turn * WEYL[0]) % WORD_RANGE)
        second = left & WORD_MASK
        third = right >> WORD_BITS
        third ^= fourth
        third ^= np.uint64((key[1] + turn * WEYL[1]) % WORD_RANGE)
        fourth = right & WORD_MASK
    return first, second, third, fourth


def uniform(seed: int, purpose: str, patient: Counter, *counters: Counter) -> NDArray[np.float64]:
    """Return numbers uniform on the open interval (0, 1), one for each key.

    Parameters
    ----------
    seed
        Any integer.
    purpose
        What the number is for; different purposes never share numbers.
    patient
        Patient index, 0 to 2**32 - 1.
    counters
        Up to three more parts of the key: integers from -2**31 to 2**32 - 1 (a negative visit
        minute is taken as two's complement) or strings (hashed to 32 bits).
        All parts are broadcast against each other.

    Returns
    -------
    float64 array of the broadcast shape: odd multiples of 2**-53.

    Raises
    ------
    TypeError
        A part is neither integer nor string.
    ValueError
        A part is out of range, or there are more than three counters.
    """
    if len(counters) > COUNTERS:
        raise ValueError(f"a key has at most {COUNTERS} counters; got {len(counters)}")
    parts = [_words(patient, low=0), *(_words(part, low=-(2**31)) for part in counters)]
    parts += [np.zeros((), dtype=np.uint64)] * (COUNTERS - len(counters))
    spread = np.broadcast_arrays(*parts)
    key = _key(seed, purpose, len(counters))
    flat = [np.ravel(part) for part in spread]
    result = np.empty(flat[0].size)
    for start in range(0, result.size, CHUNK):
        piece = slice(start, start + CHUNK)
        result[piece] = _unit_interval(philox4x32(tuple(part[piece] for part in flat), key))
    return result.reshape(spread[0].shape)


def normal(seed: int, purpose: str, patient: Counter, *counters: Counter) -> NDArray[np.float64]:
    """Return standard normal numbers (inverse distribution function of `uniform`)."""
    return np.asarray(ndtri(uniform(seed, purpose, patient, *counters)))


def exponential(
    seed: int, purpose: str, patient: Counter, *counters: Counter
) -> NDArray[np.float64]:
    """Return exponential numbers of mean 1 (minus the logarithm of `uniform`)."""
    return np.asarray(-np.log(uniform(seed, purpose, patient, *counters)))


@dataclass(frozen=True, slots=True)
class Stream:
    """One purpose of one seed: the part of the key that a caller holds fixed."""

    seed: int
    purpose: str

    def uniform(self, patient: Counter, *counters: Counter) -> NDArray[np.float64]:
        """Return numbers uniform on (0, 1)."""
        return uniform(self.seed, self.purpose, patient, *counters)

    def normal(self, patient: Counter, *counters: Counter) -> NDArray[np.float64]:
        """Return standard normal numbers."""
        return normal(self.seed, self.purpose, patient, *counters)

    def exponential(self, patient: Counter, *counters: Counter) -> NDArray[np.float64]:
        """Return exponential numbers of mean 1."""
        return exponential(self.seed, self.purpose, patient, *counters)


def _key(seed: int, purpose: str, counters: int) -> tuple[int, int]:
    """Hash seed, purpose and the number of counters to the two key words."""
    text = f"{int(seed)}|{counters}|{purpose}".encode()
    whole = int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
    return whole % WORD_RANGE, whole // WORD_RANGE


def _unit_interval(words: tuple[NDArray[np.uint64], ...]) -> NDArray[np.float64]:
    # 52 bits and a half: exact in float64, symmetric about 1/2, never 0 and never 1.
    bits = (words[0] << np.uint64(20)) | (words[1] >> np.uint64(12))
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def _words(part: Counter, low: int) -> NDArray[np.uint64]:
    """Return one part of a key as 32-bit words."""
    values = np.asarray(part)
    if values.dtype.kind in "UT":
        return _hashed(values)
    if values.size == 0:
        return np.zeros(values.shape, dtype=np.uint64)
    if values.dtype.kind not in "iu":
        raise TypeError(f"a key is made of integers and strings; got {values.dtype}")
    if int(values.min()) < low or int(values.max()) >= WORD_RANGE:
        raise ValueError(f"a part of a key lies outside {low} to {WORD_RANGE - 1}")
    return values.astype(np.int64).astype(np.uint64) & WORD_MASK


def _hashed(values: NDArray[np.generic]) -> NDArray[np.uint64]:
    names, places = np.unique(values, return_inverse=True)
    digests = (blake2b(str(name).encode(), digest_size=4).digest() for name in names)
    words = np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)
    return words[places].reshape(values.shape)
