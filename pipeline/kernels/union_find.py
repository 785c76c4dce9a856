"""Connected components by union-find. The root of a component is its smallest member, whatever the order of the edges."""

import numpy as np
from numba import int64, types, uint32

from pipeline.kernels.lazy import njit

WORDS = types.Array(uint32, 1, "C", readonly=True)


@njit(inline="always")
def find(parent, node):
    """The root of a node; halves the path on the way."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = int64(parent[node])
    return node


@njit(inline="always")
def union(parent, a, b):
    """Joins two components; the larger root goes under the smaller. Returns whether they were apart."""
    a, b = find(parent, a), find(parent, b)
    if a == b:
        return False
    parent[max(a, b)] = min(a, b)
    return True


@njit([uint32[::1](int64, WORDS, WORDS)], cache=True, nogil=True)
def components(count, first, second):
    """The root of each of `count` nodes, given the two ends of every edge."""
    parent = np.empty(count, np.uint32)
    for node in range(count):
        parent[node] = node
    for i in range(first.shape[0]):
        union(parent, int64(first[i]), int64(second[i]))
    for node in range(count):
        parent[node] = find(parent, int64(node))
    return parent
