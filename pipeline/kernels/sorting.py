"""Radix sort of 64-bit integers."""

import numpy as np
from numba import int64, uint64, void

from pipeline.kernels.lazy import njit

_MAX_BITS = 11  # 2,048 buckets of a pass: their heads stay in the first-level cache
_SMALL = 24  # up to here insertion sort is fastest


@njit(inline="always")
def _insertion_sort(values, start, stop):
    for i in range(start + 1, stop):
        value, j = values[i], i - 1
        while j >= start and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


@njit(inline="always")
def _bits_for(count):
    """Bits that leave about four values in a bucket."""
    bits = int64(1)
    while bits < _MAX_BITS and (int64(8) << bits) <= count:
        bits += 1
    return bits


@njit([void(uint64[::1], uint64[::1], int64, int64, int64, int64[:, ::1])], cache=True, nogil=True)
def _partition(values, spare, start, stop, shift, heads):
    """Puts values[start:stop] in order by the next bits below `shift`; heads[0] says where each bucket begins."""
    bits = _bits_for(stop - start)
    low = shift - bits if shift > bits else int64(0)
    mask = (uint64(1) << uint64(shift - low)) - uint64(1)
    buckets = int64(mask) + 1
    heads[0, : buckets + 1] = 0
    for i in range(start, stop):
        heads[0, int64(values[i] >> uint64(low) & mask) + 1] += 1
    for b in range(buckets):
        heads[0, b + 1] += heads[0, b]
        heads[1, b] = heads[0, b]
    for i in range(start, stop):
        b = int64(values[i] >> uint64(low) & mask)
        spare[start + heads[1, b]] = values[i]
        heads[1, b] += 1
    values[start:stop] = spare[start:stop]


@njit([void(uint64[::1])], cache=True, nogil=True)
def sort(values):
    """Sorts in place, ascending. Linear for random values and for many equal ones; needs as much scratch again.

    Most significant bits first, as many at a time as the values of a bucket call for. numpy's sort is as fast only where it
    has vector code: on AMD processors it takes 45 to 60 ns a value.
    """
    count = values.shape[0]
    most = uint64(0)
    for i in range(count):
        most = max(most, values[i])
    top = int64(0)
    while top < 64 and most >> uint64(top) != 0:
        top += 1
    spare = np.empty(count, np.uint64)
    levels = 66  # a pass takes one bit at least
    heads = np.empty((2, (1 << _MAX_BITS) + 1), np.int64)
    # Buckets that still have to be sorted: start, stop, and the bit below which they are not yet in order.
    todo = np.empty((levels * (1 << _MAX_BITS), 3), np.int64)
    todo[0, 0], todo[0, 1], todo[0, 2] = 0, count, top
    waiting = 1
    while waiting > 0:
        waiting -= 1
        start, stop, shift = todo[waiting, 0], todo[waiting, 1], todo[waiting, 2]
        if stop - start <= _SMALL:
            _insertion_sort(values, start, stop)
            continue
        if shift == 0:
            continue
        _partition(values, spare, start, stop, shift, heads)
        bits = min(_bits_for(stop - start), shift)
        for b in range(int64(1) << bits):
            a, z = start + heads[0, b], start + heads[0, b + 1]
            if z - a > 1:
                todo[waiting, 0], todo[waiting, 1], todo[waiting, 2] = a, z, shift - bits
                waiting += 1
