"""Set kernels against Python's sets: sorting, intersection, the Jaccard test, components."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.packed_sets import pack_sets, unpack_sets
from pipeline.kernels.sets import MAX_BUCKETS, shared_if_alike, sort_unique
from pipeline.kernels.sorting import sort
from pipeline.kernels.union_find import components

HASHES = st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(2**32 - 5, 2**32 - 1))
LISTS = st.lists(HASHES, max_size=300)


@njit
def sorted_set(source, counts, target):  # type: ignore[no-untyped-def]
    return sort_unique(source, source.shape[0], counts, target, 2)


@njit
def alike(values, cut, num, den, part, whole, least):  # type: ignore[no-untyped-def]
    return shared_if_alike(values, 0, cut, cut, values.shape[0], num, den, part, whole, least)


@given(LISTS)
@example([7] * 1000 + [9] * 1000)
@example(list(range(1000, 0, -1)))
@example([5, 3, 5, 1, 3] * 40 + list(range(50, 0, -1)))
def test_sorts_and_drops_repetitions(values: list[int]) -> None:
    """Also values that crowd in one bucket."""
    target = np.zeros(len(values) + 2, np.uint32)
    count = sorted_set(np.array(values, np.uint32), np.empty(MAX_BUCKETS + 1, np.int64), target)
    assert target[2 : 2 + count].tolist() == sorted(set(values))


@settings(max_examples=300)
@given(
    LISTS,
    LISTS,
    LISTS,
    st.sampled_from([(1, 2), (7, 10), (1, 1), (1, 10), (1, 1_000_000)]),
    st.sampled_from([(2, 1), (9, 10), (1, 1), (1, 3)]),
    st.sampled_from([1, 15, 200]),
)
def test_comparison_is_exact(
    both: list[int], one: list[int], two: list[int], threshold: tuple[int, int], share: tuple[int, int], least: int
) -> None:
    """The size of the intersection exactly when it is enough of the union or of the first set, as fractions say. Similar sets that
    are not equal share a few besides."""
    a, b = set(both) | set(one), set(both) | set(two)
    values = np.array(sorted(a) + sorted(b), np.uint32)
    passes = bool(a) and bool(b) and Fraction(len(a & b), len(a | b)) >= Fraction(*threshold)
    passes &= len(a & b) >= least or a == b
    passes = passes or (bool(a) and bool(b) and Fraction(len(a & b), len(a)) >= Fraction(*share))
    assert alike(values, len(a), *threshold, *share, least) == (len(a & b) if passes else -1)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_components_have_their_smallest_member_as_root(edges: list[tuple[int, int]]) -> None:
    """Whatever the order of the edges."""
    ends = np.array(edges, np.uint32).reshape(-1, 2)
    roots = components(31, np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1]))
    back = components(31, np.ascontiguousarray(ends[::-1, 1]), np.ascontiguousarray(ends[::-1, 0]))
    group = {node: {node} for node in range(31)}
    for a, b in edges:
        merged = group[a] | group[b]
        for node in merged:
            group[node] = merged
    assert roots.tolist() == back.tolist() == [min(group[node]) for node in range(31)]


@given(st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 99)), max_size=400), st.integers(0, 40))
@example([5] * 3000, 0)
@example(list(range(5000, 0, -1)), 30)
def test_radix_sort_sorts(values: list[int], shift: int) -> None:
    """Values of every width, skewed ones, many equal ones."""
    made = np.array(values, np.uint64) >> np.uint64(shift)
    expected = np.sort(made)
    sort(made)
    assert made.tolist() == expected.tolist()


@pytest.mark.parametrize("count", [100_000, 1_000_000])
def test_radix_sort_sorts_many(count: int) -> None:
    """Random values with a third of them equal in their top bits."""
    made = np.random.default_rng(count).integers(0, 2**64, count, np.uint64)
    made[::3] &= np.uint64(0xFFFFFF)
    expected = np.sort(made)
    sort(made)
    assert np.array_equal(made, expected)


@settings(max_examples=200)
@given(st.lists(LISTS, max_size=8))
@example([[0], [2**32 - 1], [], [0, 2**32 - 1], list(range(2**32 - 300, 2**32))])
@example([list(range(5000))])
def test_packed_sets_come_back(lists: list[list[int]]) -> None:
    """Sets of every size, crowded at either end or spread."""
    sets = [sorted(set(values)) for values in lists]
    sizes = np.array([len(s) for s in sets], np.int64)
    ends = np.cumsum(sizes)
    values = np.array([v for s in sets for v in s], np.uint32)
    offsets, packed = pack_sets(values, ends - sizes, ends)
    back, starts = unpack_sets(offsets, packed)
    assert [back[a:b].tolist() for a, b in pairwise(starts)] == sets


def test_packed_sets_are_small() -> None:
    """34 - log2(n) bits a hash and four bytes a set, for sets of n random hashes."""
    for size in (70, 500, 5000):
        values = np.unique(np.random.default_rng(size).integers(0, 2**32, size, np.uint32))
        _, packed = pack_sets(values, np.array([0]), np.array([len(values)]))
        assert 8 * (len(packed) - 5) < size * (34 - np.log2(size))
