"""Verification of candidate pairs, and the walk that decides which documents of a cluster are kept."""

import numpy as np
from numba import int64, njit, types, uint32

from pipeline.kernels.sets import shared_if_alike
from pipeline.kernels.union_find import find, union

VALUES = types.Array(uint32, 1, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)

# A member is compared with so many kept ones at most. Only clusters that keep more than this (chains through a template that
# hundreds of thousands of documents share) may keep two near-duplicates; nothing is ever dropped unverified.
MAX_COMPARED = 20_000


@njit(
    [types.Tuple((uint32[::1], int64, int64))(VALUES, PLACES, PLACES, PLACES, PLACES, PLACES, int64, int64)],
    cache=True,
    nogil=True,
)
def verified_components(values, starts, stops, copy_of, first, second, num, den):
    """The root of each member's cluster, the number of pairs compared, and the number found alike.

    The set of member m is values[starts[m]:stops[m]]; copy_of[m] is a member with the same tokens (itself if it is the first).
    A pair whose ends are already in one cluster is passed over: it could not change the clusters.
    """
    count = starts.shape[0]
    parent = np.empty(count, np.uint32)
    for m in range(count):
        parent[m] = m
    for m in range(count):
        union(parent, int64(m), copy_of[m])
    compared, alike = int64(0), int64(0)
    for i in range(first.shape[0]):
        a, b = first[i], second[i]
        if find(parent, a) == find(parent, b):
            continue
        compared += 1
        if shared_if_alike(values, starts[a], stops[a], starts[b], stops[b], num, den) >= 0:
            alike += 1
            union(parent, a, b)
    for m in range(count):
        parent[m] = find(parent, int64(m))
    return parent, compared, alike


@njit(
    [types.Tuple((int64[::1], int64[:, ::1], int64))(VALUES, PLACES, PLACES, PLACES, PLACES, PLACES, int64, int64)],
    cache=True,
    nogil=True,
)
def walk_survivors(values, starts, stops, copy_of, order, cluster_starts, num, den):
    """The survivor of each member, itself if it is kept; and shared, union and own size of the two sets.

    `order` lists the members cluster by cluster, best first; `cluster_starts` says where each cluster begins (one entry more).
    A member is dropped if its set is alike (Jaccard >= num / den) to that of one already kept: the first such is its survivor.
    Copies share the fate of the best of them. Also returns how many pairs of sets were compared.
    """
    count = starts.shape[0]
    survivor = np.full(count, -1, np.int64)
    decided = np.full(count, -1, np.int64)  # by copy_of: the member that stands for the group, -1 before the first is met
    proof = np.ones((count, 3), np.int64)
    kept = np.empty(count, np.int64)
    compared = int64(0)
    for c in range(cluster_starts.shape[0] - 1):
        kept_count = int64(0)
        for i in range(cluster_starts[c], cluster_starts[c + 1]):
            m = order[i]
            group = copy_of[m]
            if decided[group] >= 0:
                survivor[m] = survivor[decided[group]]
                proof[m] = proof[decided[group]]
                continue
            decided[group] = m
            survivor[m] = m
            a, a_stop = starts[group], stops[group]
            for k in range(min(kept_count, MAX_COMPARED)):
                other = copy_of[kept[k]]
                compared += 1
                found = shared_if_alike(values, a, a_stop, starts[other], stops[other], num, den)
                if found >= 0:
                    survivor[m] = kept[k]
                    own, theirs = a_stop - a, stops[other] - starts[other]
                    proof[m, 0], proof[m, 1], proof[m, 2] = found, own + theirs - found, own
                    break
            if survivor[m] == m:
                kept[kept_count] = m
                kept_count += 1
    return survivor, proof, compared


@njit([types.void(VALUES, PLACES, PLACES, uint32[::1], PLACES)], cache=True, nogil=True)
def copy_slices(source, starts, stops, target, puts):
    """Copies source[starts[i]:stops[i]] to target[puts[i]:] for every i."""
    for i in range(starts.shape[0]):
        put = puts[i]
        for at in range(starts[i], stops[i]):
            target[put] = source[at]
            put += 1
