"""Tables and filters that tell which of many 64-bit keys they hold. No key is 0: that is an empty slot."""

import numpy as np
from numba import int64, types, uint64

from pipeline.kernels.lazy import njit

KEYS = types.Array(uint64, 1, "C", readonly=True)


@njit([int64(KEYS, uint64)], cache=True, nogil=True, inline="always")
def find(slots, key):
    """The place of `key` in a table of `make_slots`, or -1."""
    mask = uint64(slots.shape[0] - 1)
    at = key & mask
    while slots[at] != 0:
        if slots[at] == key:
            return int64(at)
        at = (at + uint64(1)) & mask
    return int64(-1)


@njit([uint64[::1](KEYS)], cache=True, nogil=True)
def make_slots(keys):
    """An open-addressing table of these keys (none is 0), at most a quarter full; `find` looks keys up."""
    size = 64
    while size < 4 * keys.shape[0]:
        size *= 2
    mask = uint64(size - 1)
    slots = np.zeros(size, np.uint64)
    for key in keys:
        at = key & mask
        while slots[at] != 0 and slots[at] != key:
            at = (at + uint64(1)) & mask
        slots[at] = key
    return slots


@njit([types.uint64[::1](KEYS, int64)], cache=True, nogil=True)
def make_filter(keys, places):
    """A set of keys as bits, one a key: `passes` tells most other keys from them. `places` (bits) is a power of two from 64 on."""
    bits = np.zeros(places // 64, np.uint64)
    for key in keys:
        at = (key >> uint64(32)) & uint64(places - 1)
        bits[at >> uint64(6)] |= uint64(1) << (at & uint64(63))
    return bits


@njit([uint64(KEYS, uint64)], cache=True, nogil=True, inline="always")
def passes(bits, key):
    """1 if the key may be in the set of `make_filter`, 0 if it is not."""
    at = (key >> uint64(32)) & uint64(bits.shape[0] * 64 - 1)
    return (bits[at >> uint64(6)] >> (at & uint64(63))) & uint64(1)


def holds(bits: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """For each key whether it passes the filter, as bool."""
    at = (keys >> np.uint64(32)) & np.uint64(len(bits) * 64 - 1)
    passed: np.ndarray = (bits[at >> np.uint64(6)] >> (at & np.uint64(63))) & np.uint64(1) != 0
    return passed


def without(bits: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The filter without these keys (of zeros, empty slots, too), and without what shares their bits."""
    kept, at = bits.copy(), (keys >> np.uint64(32)) & np.uint64(len(bits) * 64 - 1)
    np.bitwise_and.at(kept, at >> np.uint64(6), ~(np.uint64(1) << (at & np.uint64(63))))
    return kept


def filter_places(keys: int) -> int:
    """Bits for a filter of so many keys that lets 1 to 2 % of others pass: 8 kB to 512 kB."""
    return int(min(max(1 << 16, 1 << (64 * keys).bit_length()), 1 << 22))
