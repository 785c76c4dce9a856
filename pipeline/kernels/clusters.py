"""Verification of candidate pairs: which of them are alike."""

import numpy as np
from numba import boolean, int64, types, uint32

from pipeline.kernels.lazy import njit
from pipeline.kernels.sets import shared_if_alike
from pipeline.kernels.union_find import find, union

VALUES = types.Array(uint32, 1, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)


@njit(
    [types.Tuple((boolean[::1], int64))(VALUES, PLACES, PLACES, PLACES, PLACES, int64, int64, int64, int64, int64)],
    cache=True,
    nogil=True,
)
def alike_pairs(values, starts, stops, first, second, num, den, part, whole, least):
    """Which of the pairs (first[i], second[i]) join two components of those before them and are alike; how many were compared.

    The set of member m is values[starts[m]:stops[m]]. A pair is alike as `shared_if_alike` has it: its Jaccard similarity is
    >= num / den, and `least` are in common or the sets are equal, or the share of the smaller set in the larger is >= part / whole. A
    pair whose ends are already in one component is passed over.
    """
    parent = np.empty(starts.shape[0], np.uint32)
    for m in range(starts.shape[0]):
        parent[m] = m
    alike = np.zeros(first.shape[0], np.bool_)
    compared = int64(0)
    for i in range(first.shape[0]):
        a, b = first[i], second[i]
        if find(parent, a) == find(parent, b):
            continue
        compared += 1
        if stops[b] - starts[b] < stops[a] - starts[a]:
            a, b = b, a
        if shared_if_alike(values, starts[a], stops[a], starts[b], stops[b], num, den, part, whole, least) >= 0:
            alike[i] = True
            union(parent, a, b)
    return alike, compared


@njit([types.void(VALUES, PLACES, PLACES, uint32[::1], PLACES)], cache=True, nogil=True)
def copy_slices(source, starts, stops, target, puts):
    """Copies source[starts[i]:stops[i]] to target[puts[i]:] for every i."""
    for i in range(starts.shape[0]):
        put = puts[i]
        for at in range(starts[i], stops[i]):
            target[put] = source[at]
            put += 1
