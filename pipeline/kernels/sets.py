"""Sets of 32-bit hashes as sorted arrays: sorting, intersection, and the Jaccard test in integers."""

import numpy as np
from numba import int64, njit

MAX_BUCKETS = 1 << 16
_MAX_IN_BUCKET = 256  # a fuller bucket is left to a comparison sort; hashes of text stay below 10


@njit(inline="always")
def _bucket_bits(count):
    bits = 1
    while (1 << bits) < count and (1 << bits) < MAX_BUCKETS:
        bits += 1
    return bits


@njit(inline="always")
def _place_by_top_bits(source, count, counts, target, put):
    """Writes source[:count] to target[put:] in the order of its top bits; returns the size of the largest bucket."""
    bits = _bucket_bits(count)
    shift, buckets = np.uint32(32 - bits), 1 << bits
    counts[: buckets + 1] = 0
    for i in range(count):
        counts[int64(source[i] >> shift) + 1] += 1
    fullest = int64(0)
    for b in range(1, buckets + 1):
        fullest = max(fullest, counts[b])
        counts[b] += counts[b - 1]
    for i in range(count):
        bucket = int64(source[i] >> shift)
        target[put + counts[bucket]] = source[i]
        counts[bucket] += 1
    return fullest


@njit(inline="always")
def _swap_neighbours(target, put, stop):
    """Carries the larger of two neighbours on through target[put:stop], without a branch: few values are out of order behind it."""
    largest = target[put]
    for i in range(put + 1, stop):
        value = target[i]
        target[i - 1] = min(largest, value)
        largest = max(largest, value)
    target[stop - 1] = largest


@njit(inline="always")
def _insert(target, put, stop, value):
    """Puts the value into the ascending, distinct target[put:stop], if it is not there; returns the new stop."""
    at = stop
    while at > put and target[at - 1] > value:
        at -= 1
    if at > put and target[at - 1] == value:
        return stop
    for i in range(stop, at, -1):
        target[i] = target[i - 1]
    target[at] = value
    return stop + 1


@njit(inline="always")
def sort_unique(source, count, counts, target, put):
    """Writes the distinct values of source[:count] in ascending order to target[put:]; returns how many.

    The values are hashes, so their top bits spread them evenly over as many buckets as there are values: one pass to count,
    one to place, one that swaps neighbours, and an insertion for the one value in a hundred that is not in order then. `counts` is
    scratch of MAX_BUCKETS + 1.
    """
    if count == 0:
        return int64(0)
    if _place_by_top_bits(source, count, counts, target, put) > _MAX_IN_BUCKET:
        target[put : put + count] = np.sort(target[put : put + count])
    else:
        _swap_neighbours(target, put, put + count)
    stop, last = put + 1, target[put]
    for i in range(put + 1, put + count):
        value = target[i]
        if value >= last:
            target[stop] = value
            stop += value != last
            last = value
        else:
            stop = _insert(target, put, stop, value)
    return stop - put


@njit(inline="always")
def shared(values, a, a_stop, b, b_stop, wanted):
    """How many values the sorted sets values[a:a_stop] and values[b:b_stop] share; -1 once `wanted` is out of reach."""
    found = int64(0)
    while a < a_stop and b < b_stop:
        if found + min(a_stop - a, b_stop - b) < wanted:
            return int64(-1)
        for _ in range(min(a_stop - a, b_stop - b, 64)):  # so many steps cannot run past an end
            x, y = values[a], values[b]
            found += x == y
            a += x <= y
            b += y <= x
    return found if found >= wanted else int64(-1)


@njit(inline="always")
def shared_if_alike(values, a, a_stop, b, b_stop, num, den, part, whole, least):
    """The size of the intersection if Jaccard similarity >= num / den or the first set's share in it >= part / whole, else -1.

    Exact: only integers are compared. s / (a + b - s) >= num / den is the same as s * (num + den) >= num * (a + b).
    A part greater than the whole means that the share does not count. Similar sets have `least` in common besides, or are equal.
    """
    first, second = a_stop - a, b_stop - b
    if first == 0 or second == 0:
        return int64(-1)
    wanted = (num * (first + second) + num + den - 1) // (num + den)
    if wanted < least:
        wanted = min(least, max(first, second))
    wanted = min(wanted, (part * first + whole - 1) // whole)
    if wanted > min(first, second):
        return int64(-1)
    return shared(values, a, a_stop, b, b_stop, wanted)
