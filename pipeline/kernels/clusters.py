"""Verification of candidate pairs: the clusters are the components of the pairs that are alike."""

import numpy as np
from numba import int64, njit, types, uint32

from pipeline.kernels.sets import shared_if_alike
from pipeline.kernels.union_find import find, union

VALUES = types.Array(uint32, 1, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)


@njit(
    [types.Tuple((uint32[::1], int64, int64))(VALUES, PLACES, PLACES, PLACES, PLACES, PLACES, int64, int64, int64, int64)],
    cache=True,
    nogil=True,
)
def verified_components(values, starts, stops, copy_of, first, second, num, den, part, whole):
    """The root of each member's cluster, the number of pairs compared, and the number found alike.

    The set of member m is values[starts[m]:stops[m]]; copy_of[m] is a member with the same tokens (itself if it is the first).
    A pair is alike if its Jaccard similarity is >= num / den, or the share of the smaller set in the larger >= part / whole.
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
        if stops[b] - starts[b] < stops[a] - starts[a]:
            a, b = b, a
        if shared_if_alike(values, starts[a], stops[a], starts[b], stops[b], num, den, part, whole) >= 0:
            alike += 1
            union(parent, a, b)
    for m in range(count):
        parent[m] = find(parent, int64(m))
    return parent, compared, alike


@njit([types.void(VALUES, PLACES, PLACES, uint32[::1], PLACES)], cache=True, nogil=True)
def copy_slices(source, starts, stops, target, puts):
    """Copies source[starts[i]:stops[i]] to target[puts[i]:] for every i."""
    for i in range(starts.shape[0]):
        put = puts[i]
        for at in range(starts[i], stops[i]):
            target[put] = source[at]
            put += 1
