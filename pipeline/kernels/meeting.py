"""Which documents of an earlier run share a band with a new one: one pass over their signatures."""

import numpy as np
from numba import boolean, int64, types, uint64

from pipeline.kernels.bands import SIGNATURES, band_key
from pipeline.kernels.lazy import njit

KEYS = types.Array(types.uint32, 2, "C", readonly=True)
FILTER = types.Array(uint64, 2, "C", readonly=True)


@njit(inline="always")
def _place(key, words):
    """Word and bit of a key in a filter of so many words: its top bits."""
    bit = uint64(key) * uint64(words) >> uint64(26)
    return int64(bit >> uint64(6)), uint64(1) << (bit & uint64(63))


@njit([uint64[:, ::1](KEYS, int64)], cache=True, nogil=True)
def fill_filter(keys, words):
    """A bitmap of `words` 64-bit words for each band (row of `keys`): bits that no key has set are proof that a key is not there."""
    bits = np.zeros((keys.shape[0], words), np.uint64)
    for band in range(keys.shape[0]):
        for i in range(keys.shape[1]):
            word, bit = _place(keys[band, i], words)
            bits[band, word] |= bit
    return bits


@njit(inline="always")
def _among(keys, band, key):
    """Whether the sorted row of a band holds a key."""
    low, high = int64(0), int64(keys.shape[1])
    while low < high:
        middle = (low + high) // 2
        if keys[band, middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < keys.shape[1] and keys[band, low] == key


@njit([boolean[::1](SIGNATURES, int64, int64, KEYS, FILTER)], cache=True, nogil=True)
def meets(signatures, bands, rows, keys, bits):
    """Which documents have in some band a key that is in that band's row of `keys` (sorted); `bits` is their `fill_filter`."""
    met = np.zeros(signatures.shape[0], np.bool_)
    for document in range(signatures.shape[0]):
        for band in range(bands):
            key = band_key(signatures, document, band, rows)
            word, bit = _place(key, bits.shape[1])
            if bits[band, word] & bit and _among(keys, band, key):
                met[document] = True
                break
    return met
