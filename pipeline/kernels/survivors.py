"""The walk that decides which documents of a cluster are kept.

While few are kept, a member is compared with each of them. When more are, they are found through an index of rare shingles:
two sets with Jaccard similarity >= t share at least one of the first |x| - ceil(t |x|) + 1 shingles of each, in any one order of
all shingles (prefix filtering: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant 2007). Rare ones come first in ours, so that
a template that the whole cluster shares makes no candidates. Where a share of the member alone suffices, its prefix is cut for
that share and kept documents are entered with all their shingles. The answer is that of comparing with every kept one.
"""

import numpy as np
from numba import boolean, int64, types, uint32, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.sets import shared_if_alike

VALUES = types.Array(uint32, 1, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)
FLAGS = types.Array(boolean, 1, "C", readonly=True)

DIRECT = 64  # kept documents up to which every one is looked at; most clusters keep one or two
_MAX_BITS = 22  # of the tables that count shingles and find kept documents by them (16 MB each)


@njit(inline="always")
def _table_bits(shingles):
    bits = int64(10)
    while bits < _MAX_BITS and (int64(1) << bits) < shingles:
        bits += 1
    return bits


@njit([types.Tuple((int64[::1], uint32))(VALUES, PLACES, PLACES, PLACES)], cache=True, nogil=True)
def _count_shingles(values, starts, stops, members):
    """How often shingles occur in a cluster, by their top bits, and by how much to shift for those bits.

    Copies count again, which does no harm: any order of the shingles will do.
    """
    total = int64(0)
    for m in members:
        total += stops[m] - starts[m]
    bits = _table_bits(total)
    shift = uint32(32 - bits)
    counts = np.zeros(1 << bits, np.int64)
    for m in members:
        for at in range(starts[m], stops[m]):
            counts[int64(values[at] >> shift)] += 1
    return counts, shift


@njit(inline="always")
def _rarest(values, start, stop, counts, shift, fewest):
    """The prefix of a set: its rarest shingles, as many as a set that shares `fewest` with it must share one of."""
    size = stop - start
    keys = np.empty(size, np.uint64)
    for i in range(size):
        value = values[start + i]
        keys[i] = uint64(counts[int64(value >> shift)]) << uint64(32) | uint64(value)
    keys.sort()
    return keys[: size - fewest + 1]


@njit(inline="always")
def _fewest_shared(size, num, den, part, whole):
    """Shingles that a set of this size shares at least with one that it is alike to."""
    return max(min((num * size + den - 1) // den, (part * size + whole - 1) // whole), 1)


@njit(inline="always")
def _enter(prefix, number, heads, entries, used, shift):
    """Enters a kept document into the index: entries[i] is its number and the next entry under the same top bits."""
    if used + prefix.shape[0] > entries.shape[0]:
        grown = np.empty((2 * (used + prefix.shape[0]), 2), np.int64)
        grown[:used] = entries[:used]
        entries = grown
    for key in prefix:
        slot = int64(uint32(key) >> shift)
        entries[used, 0], entries[used, 1] = number, heads[slot]
        heads[slot] = used
        used += 1
    return entries, used


@njit(inline="always")
def _look_up(prefix, heads, entries, shift, seen, member, room):
    """The numbers of kept documents under any shingle of the prefix, ascending."""
    numbers = np.empty(room, np.int64)
    found = int64(0)
    for key in prefix:
        entry = heads[int64(uint32(key) >> shift)]
        while entry >= 0:
            number = entries[entry, 0]
            if seen[number] != member:
                seen[number] = member
                numbers[found] = number
                found += 1
            entry = entries[entry, 1]
    numbers[:found].sort()
    return numbers[:found]


@njit(
    [
        types.Tuple((int64[::1], int64[:, ::1], int64))(
            VALUES, PLACES, PLACES, PLACES, FLAGS, PLACES, PLACES, int64, int64, int64, int64, int64
        )
    ],
    cache=True,
    nogil=True,
)
def walk_survivors(values, starts, stops, copy_of, fixed, order, cluster_starts, num, den, part, whole, least):
    """The survivor of each member, itself if it is kept; shared, union and own size of the two sets; pairs of sets compared.

    `order` lists the members cluster by cluster, best first; `cluster_starts` says where each cluster begins (one entry more).
    The set of member m is values[starts[m]:stops[m]]; copy_of[m] is a member with the same tokens (itself if it is the first),
    whose set stands for both. A member is dropped if its set is alike to that of one already kept (Jaccard >= num / den, and `least`
    are in common or the sets are equal, or the share of the member's set in it >= part / whole): the first such is its survivor.
    Copies share the fate of the best of them. Members that are `fixed` are kept in any case.
    """
    count = starts.shape[0]
    survivor = np.full(count, -1, np.int64)
    decided = np.full(count, -1, np.int64)  # by copy_of: the member that stands for the group, -1 before the first is met
    proof = np.ones((count, 3), np.int64)
    kept = np.empty(count, np.int64)
    seen = np.full(count, -1, np.int64)  # by number among the kept: the member that it was last proposed to
    compared = int64(0)
    for c in range(cluster_starts.shape[0] - 1):
        members = order[cluster_starts[c] : cluster_starts[c + 1]]
        kept_count, indexed, used, shift = int64(0), int64(0), int64(0), uint32(31)
        counts, heads, entries = np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2), np.int64)
        for m in members:
            group = copy_of[m]
            if fixed[m]:
                survivor[m] = m
                if decided[group] < 0:
                    decided[group] = m
                    kept[kept_count] = m
                    kept_count += 1
                continue
            if decided[group] >= 0:
                survivor[m] = survivor[decided[group]]
                proof[m] = proof[decided[group]]
                continue
            decided[group] = m
            survivor[m] = m
            if kept_count < DIRECT:
                candidates = np.arange(kept_count)
            else:
                if indexed == 0:
                    counts, shift = _count_shingles(values, starts, stops, members)
                    heads = np.full(counts.shape[0], -1, np.int64)
                while indexed < kept_count:  # those that were kept since the last look
                    g = copy_of[kept[indexed]]
                    fewest = int64(1) if part <= whole else _fewest_shared(stops[g] - starts[g], num, den, part, whole)
                    prefix = _rarest(values, starts[g], stops[g], counts, shift, fewest)
                    entries, used = _enter(prefix, indexed, heads, entries, used, shift)
                    indexed += 1
                fewest = _fewest_shared(stops[group] - starts[group], num, den, part, whole)
                prefix = _rarest(values, starts[group], stops[group], counts, shift, fewest)
                candidates = _look_up(prefix, heads, entries, shift, seen, m, kept_count)
            for number in candidates:
                other = copy_of[kept[number]]
                compared += 1
                both = shared_if_alike(
                    values, starts[group], stops[group], starts[other], stops[other], num, den, part, whole, least
                )
                if both >= 0:
                    survivor[m] = kept[number]
                    own, theirs = stops[group] - starts[group], stops[other] - starts[other]
                    proof[m, 0], proof[m, 1], proof[m, 2] = both, own + theirs - both, own
                    break
            if survivor[m] == m:
                kept[kept_count] = m
                kept_count += 1
    return survivor, proof, compared
