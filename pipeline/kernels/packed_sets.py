"""Sets of 32-bit hashes in few bytes: the gaps between ascending values in Rice code (Rice 1979).

A set of n hashes is a uint32 with n, then for each gap its low k bits and, as so many zeros before a one, what is above them: about
34 - log2(n) bits a hash, within a tenth of a bit of the least possible. k follows from n. Bits fill bytes from the lowest on.
"""

import numpy as np
from numba import int64, types, uint8, uint32, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import store_word

VALUES = types.Array(uint32, 1, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)
BYTES = types.Array(uint8, 1, "C", readonly=True)
_ZEROS = 24  # zeros that are written at once, at most


@njit(inline="always")
def _low_bits(count):
    bits = int64(32)
    while bits > 0 and (count << bits) > (int64(1) << int64(32)):
        bits -= 1
    return bits


@njit(inline="always")
def _flush(held, filled, out, put):
    """Writes the whole bytes of `held`; what is written behind them is written over later."""
    store_word(out, put, held)
    return held >> uint64(filled & ~int64(7)), filled & int64(7), put + (filled >> int64(3))


@njit([types.Tuple((int64[::1], uint8[::1]))(VALUES, PLACES, PLACES)], cache=True, nogil=True)
def pack_sets(values, starts, stops):
    """The sets values[starts[i]:stops[i]] (ascending, unique), packed: offsets (one more than sets) and bytes."""
    total = int64(0)
    for i in range(starts.shape[0]):
        total += 8 + (stops[i] - starts[i]) * 5  # at most 32 low bits, a one, and two zeros a hash in all
    out = np.empty(total + 8, np.uint8)
    offsets = np.zeros(starts.shape[0] + 1, np.int64)
    put = int64(0)
    for i in range(starts.shape[0]):
        count = stops[i] - starts[i]
        bits = _low_bits(count)
        low = (uint64(1) << uint64(bits)) - uint64(1)
        held, filled, before = uint64(count), int64(32), uint64(0)
        held, filled, put = _flush(held, filled, out, put)
        for at in range(starts[i], stops[i]):
            gap = uint64(values[at]) - before
            before = uint64(values[at])
            held |= (gap & low) << uint64(filled)
            above, length = int64(gap >> uint64(bits)), bits
            while above > _ZEROS:
                held, filled, put = _flush(held, filled + length, out, put)
                above, length = above - _ZEROS, int64(_ZEROS)
            # At most 7 bits that are held, 32 low ones, the zeros and the one: they fit in a word, and are written at once.
            held |= uint64(1) << uint64(filled + length + above)
            held, filled, put = _flush(held, filled + length + above + 1, out, put)
        if filled > 0:
            out[put] = uint8(held & uint64(255))
            put += 1
        offsets[i + 1] = put
    return offsets, out[:put].copy()


@njit([types.Tuple((uint32[::1], int64[::1]))(PLACES, BYTES)], cache=True, nogil=True)
def unpack_sets(offsets, data):
    """The values of all sets in one array, and where each begins (one entry more)."""
    starts = np.zeros(offsets.shape[0], np.int64)
    for i in range(offsets.shape[0] - 1):
        count = int64(0)
        for k in range(4):
            count |= int64(data[offsets[i] + k]) << int64(8 * k)
        starts[i + 1] = starts[i] + count
    values = np.empty(starts[-1], np.uint32)
    for i in range(offsets.shape[0] - 1):
        bits = _low_bits(starts[i + 1] - starts[i])
        low = (uint64(1) << uint64(bits)) - uint64(1)
        at, held, filled, value = offsets[i] + 4, uint64(0), int64(0), uint64(0)
        for put in range(starts[i], starts[i + 1]):
            while filled < bits:
                held |= uint64(data[at]) << uint64(filled)
                at += 1
                filled += 8
            value += held & low
            held >>= uint64(bits)
            filled -= bits
            while True:
                if filled == 0:
                    held = uint64(data[at])
                    at += 1
                    filled = 8
                if held & uint64(1):
                    break
                value += uint64(1) << uint64(bits)
                held >>= uint64(1)
                filled -= 1
            held >>= uint64(1)
            filled -= 1
            values[put] = uint32(value)
    return values, starts
