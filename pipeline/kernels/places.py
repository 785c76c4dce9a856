"""Places of the ones of a mask, and of flagged items, written one after another."""

from numba import int64, types, uint8, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, count_ones, nonzero_mask, trailing_zeros

PLACES_AT_ONCE = 8  # so many are written behind the last at most: a loop of a known length has no branch to guess


@njit(inline="always")
def list_places(mask, at, out, count):
    """Writes the places of the ones of a mask, its lowest bit being place `at`, to `out` behind the `count` that it holds.

    Returns how many it holds then. `out` has room for PLACES_AT_ONCE more.
    """
    put = count
    count += count_ones(mask)
    while put < count:
        for i in range(PLACES_AT_ONCE):
            out[put + i] = at + trailing_zeros(mask)
            mask &= mask - uint64(1)
        put += PLACES_AT_ONCE
    return count


@njit([int64(types.Array(uint8, 1, "C"), int64, types.Array(int64, 1, "C"))], cache=True, nogil=True)
def list_flagged(flags, size, out):
    """Writes the numbers of those of so many items whose flag is not 0 to `out`, and returns how many they are.

    `flags` has room for BLOCK more, `out` for PLACES_AT_ONCE.
    """
    flags[size : size + BLOCK] = 0
    count = int64(0)
    for at in range(0, size, BLOCK):
        count = list_places(nonzero_mask(flags, at), at, out, count)
    return count
