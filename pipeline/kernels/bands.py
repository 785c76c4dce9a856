"""Bands of signatures: their keys, the buckets of equal keys, and the candidate pairs of a bucket."""

import numpy as np
from numba import int64, types, uint16, uint32, uint64, void

from pipeline.kernels.lazy import njit
from pipeline.kernels.tokens import mix64

KEYS = types.Array(uint64, 1, "C", readonly=True)
SIGNATURES = types.Array(uint16, 2, "C", readonly=True)  # shortened
OFFSETS = types.Array(int64, 1, "C", readonly=True)
ROWS = types.Array(uint32, 1, "C", readonly=True)

# Buckets up to this size yield all their pairs, larger ones are walked leader by leader and have at most so many leaders, which
# costs a document one or two microseconds a band at worst. Measured on 72,644 Senate releases (bands 42 x 3, largest bucket
# 354): of 99,399 near-duplicate pairs that share a bucket the walk parts one, whose ends are not both kept, and it compares 0.4
# million signatures instead of 1.9 million (benchmarks/leader_walk.py).
ALL_PAIRS = 32
LEADERS = 32


@njit(inline="always")
def band_key(signatures, document, band, rows):
    key = uint64(band + 1)
    for r in range(band * rows, band * rows + rows):
        key = mix64(key * np.uint64(0x9E3779B97F4A7C15) + uint64(signatures[document, r]))
    return uint32(key >> np.uint64(32))


@njit([void(SIGNATURES, int64, int64, types.Array(uint32, 2, "A"))], cache=True, nogil=True)
def band_keys(signatures, bands, rows, keys):
    """Writes keys[band, document]: one hash of the `rows` signature values of the band, the band's number mixed in.

    32 bits are enough: ten million documents make 12,000 pairs of equal keys by chance in a band, and the signatures part them.
    """
    for document in range(signatures.shape[0]):
        for band in range(bands):
            keys[band, document] = band_key(signatures, document, band, rows)


@njit([uint32[::1](KEYS)], cache=True, nogil=True)
def may_repeat(keys):
    """The places, ascending, of the keys that may occur more than once: all that do, and a quarter of the others at most.

    Counts in a table of four to eight bytes a key, so only while that stays in the cache it is quicker than to sort them all.
    """
    bits = int64(2)
    while (int64(1) << bits) < 4 * keys.shape[0]:
        bits += 1
    step, shift = np.uint64(0x9E3779B97F4A7C15), uint64(64 - bits)
    seen = np.zeros(int64(1) << bits, np.uint8)
    for i in range(keys.shape[0]):
        slot = int64(keys[i] * step >> shift)
        seen[slot] = seen[slot] << 1 | 1
    places = np.empty(keys.shape[0], np.uint32)
    found = int64(0)
    for i in range(keys.shape[0]):
        places[found] = i
        found += seen[int64(keys[i] * step >> shift)] > 1
    return places[:found].copy()


@njit([uint64[::1](KEYS)], cache=True, nogil=True)
def pack(keys):
    """The keys with their low bits replaced by their place, so that sorting the result sorts places by key."""
    bits = uint64(1)
    while (int64(1) << int64(bits)) < keys.shape[0]:
        bits += uint64(1)
    low = (uint64(1) << bits) - uint64(1)
    packed = np.empty(keys.shape[0], np.uint64)
    for i in range(keys.shape[0]):
        packed[i] = (keys[i] & ~low) | uint64(i)
    return packed


@njit([types.Tuple((uint32[::1], int64[::1]))(KEYS, uint64[::1])], cache=True, nogil=True)
def buckets(keys, packed):
    """Buckets of two or more equal keys: their members' places, ascending within a bucket, and where each bucket begins.

    `packed` is `pack(keys)` sorted. The second array has one entry more than there are buckets. Keys that agree only in the
    bits that packing left are told apart here.
    """
    count = keys.shape[0]
    bits = uint64(1)
    while (int64(1) << int64(bits)) < count:
        bits += uint64(1)
    low = (uint64(1) << bits) - uint64(1)
    total = int64(0)
    runs = int64(0)
    i = int64(0)
    while i < count:
        j = i + 1
        while j < count and packed[j] >> bits == packed[i] >> bits:
            j += 1
        if j - i > 1:
            total += j - i
            runs += (j - i) // 2
        i = j
    members = np.empty(total, np.uint32)
    starts = np.empty(runs + 1, np.int64)
    put, found = int64(0), int64(0)
    i = int64(0)
    while i < count:
        j = i + 1
        while j < count and packed[j] >> bits == packed[i] >> bits:
            j += 1
        if j - i > 1:
            run = np.empty(j - i, np.uint64)
            for t in range(j - i):
                run[t] = keys[packed[i + t] & low]
            same = True
            for t in range(1, j - i):
                same = same and run[t] == run[0]
            order = np.arange(j - i) if same else np.argsort(run, kind="mergesort")
            a = int64(0)
            while a < j - i:
                b = a + 1
                while b < j - i and run[order[b]] == run[order[a]]:
                    b += 1
                if b - a > 1:
                    starts[found] = put
                    found += 1
                    for t in range(a, b):
                        members[put] = uint32(packed[i + order[t]] & low)
                        put += 1
                a = b
        i = j
    starts[found] = put
    return members[:put].copy(), starts[: found + 1].copy()


@njit(inline="always")
def _equal(signatures, a, b):
    found = int64(0)
    for k in range(signatures.shape[1]):
        found += signatures[a, k] == signatures[b, k]
    return found


@njit(inline="always")
def _emit(pairs, put, a, b):
    pairs[put] = uint64(min(a, b)) << uint64(32) | uint64(max(a, b))
    return put + 1


@njit([types.Tuple((uint64[::1], int64))(ROWS, OFFSETS, SIGNATURES, int64, int64)], cache=True, nogil=True)
def candidate_pairs(rows, starts, signatures, least, sure):
    """Candidate pairs of some buckets as `smaller row << 32 | larger row`, and how many signatures were compared.

    `rows` and `signatures` are those of the members, bucket behind bucket; `starts` says where each begins. A pair is a
    candidate if its signatures agree in `least` places. In a large bucket the first member leads: every other is compared
    with it, and those that agree in `sure` places are left to it; the rest goes on under a leader of its own. What the last
    leader leaves is compared neighbour by neighbour, so that a bucket costs linear time.
    """
    room = int64(0)
    for bucket in range(starts.shape[0] - 1):
        size = starts[bucket + 1] - starts[bucket]
        room += size * (size - 1) // 2 if size <= ALL_PAIRS else size * (LEADERS + 1)
    pairs = np.empty(room, np.uint64)
    put, compared = int64(0), int64(0)
    for bucket in range(starts.shape[0] - 1):
        start, size = starts[bucket], starts[bucket + 1] - starts[bucket]
        small = size <= ALL_PAIRS
        left = np.arange(start, start + size)
        leaders = 0
        while left.shape[0] > 1 and (small or leaders < LEADERS):
            leader = left[0]
            stay = int64(0)
            for i in range(1, left.shape[0]):
                agree = _equal(signatures, leader, left[i])
                if agree >= least:
                    put = _emit(pairs, put, rows[leader], rows[left[i]])
                if small or agree < sure:
                    left[stay] = left[i]
                    stay += 1
            compared += left.shape[0] - 1
            left = left[:stay]
            leaders += 1
        for i in range(left.shape[0] - 1):
            compared += 1
            if _equal(signatures, left[i], left[i + 1]) >= least:
                put = _emit(pairs, put, rows[left[i]], rows[left[i + 1]])
    return pairs[:put].copy(), compared
