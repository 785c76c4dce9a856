"""Bands for a wanted recall, and the candidate pairs that they give."""

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import bands as kernel
from pipeline.neardup.bands import candidate_probability, choose_bands, exact_fraction, least_agreeing
from pipeline.neardup.candidates import GIANT, _keys_of_range, cut_giants, equal_keys, order_large, split_bands
from pipeline.neardup.pairs import distinct


@pytest.mark.parametrize(
    ("threshold", "target_recall", "num_perm", "bands"),
    [
        (0.5, 0.99, 128, (42, 3)),
        (0.8, 0.99, 128, (21, 6)),
        (1.0, 0.99, 128, (1, 128)),
        (0.3, 0.99, 128, (64, 2)),
        (0.01, 0.99, 128, (128, 1)),
        (0.5, 0.9, 128, (42, 3)),
        (0.9, 0.99, 16, (5, 3)),
    ],
)
def test_bands_are_the_strictest_that_reach_the_recall(
    threshold: float, target_recall: float, num_perm: int, bands: tuple[int, int]
) -> None:
    """As many rows as the recall allows, and single rows where nothing reaches it."""
    assert choose_bands(threshold, target_recall, num_perm) == bands


@given(st.floats(0.01, 1), st.floats(0.01, 0.999), st.integers(1, 256))
def test_bands_fit_and_one_row_more_would_miss(threshold: float, target_recall: float, num_perm: int) -> None:
    """The bands fit into the signature; the recall is reached, and with one row more it would not be."""
    bands, rows = choose_bands(threshold, target_recall, num_perm)
    assert 1 <= bands * rows <= num_perm < (bands + 1) * rows
    assert rows == 1 or candidate_probability(threshold, bands, rows) >= target_recall
    if rows < num_perm:
        assert candidate_probability(threshold, num_perm // (rows + 1), rows + 1) < target_recall


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.01])
def test_refuses_threshold_out_of_range(threshold: float) -> None:
    """The message shows the value."""
    with pytest.raises(ValueError, match=f"threshold is {threshold}"):
        choose_bands(threshold, 0.99, 128)


@pytest.mark.parametrize(("threshold", "fraction"), [(0.5, (1, 2)), (0.7, (7, 10)), (1, (1, 1)), (1e-12, (1, 1_000_000))])
def test_threshold_becomes_the_fraction_a_person_means(threshold: float, fraction: tuple[int, int]) -> None:
    """0.7 is seven tenths, not the nearest binary number; no threshold becomes nothing."""
    assert exact_fraction(threshold) == fraction


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.8, 1.0])
def test_hardly_any_pair_at_the_threshold_agrees_in_fewer_places(threshold: float) -> None:
    """The binomial tail below the bound is under one in a million, and would not be one place further."""
    least = least_agreeing(threshold, 128)
    tail = [sum(comb(128, k) * threshold**k * (1 - threshold) ** (128 - k) for k in range(n)) for n in (least, least + 1)]
    assert tail[0] <= 1e-6 < tail[1]


@given(st.lists(st.integers(0, 6), max_size=60), st.booleans())
def test_buckets_are_the_groups_of_equal_keys(small: list[int], collide: bool) -> None:
    """Also when keys differ only in the low bits, which packing leaves out."""
    keys = np.array([k if collide else k << 40 for k in small], np.uint64)
    places, starts = equal_keys(keys)
    found = sorted(places[a:b].tolist() for a, b in pairwise(starts))
    assert found == sorted(g for k in set(small) if len(g := [i for i, other in enumerate(small) if other == k]) > 1)


@given(st.lists(st.integers(0, 6), max_size=60), st.integers(0, 61))
def test_keys_that_occur_twice_are_among_those_that_may_repeat(small: list[int], shift: int) -> None:
    """Wherever in the key the bits are that part them; places ascend."""
    places = kernel.may_repeat(np.array([k << shift for k in small], np.uint64)).tolist()
    assert places == sorted(set(places))
    assert {i for i, k in enumerate(small) if small.count(k) > 1} <= set(places) <= set(range(len(small)))


def test_most_keys_that_occur_once_are_passed_over() -> None:
    """A quarter of random keys at most is left to be sorted, also where the upper half alone differs, as in bands."""
    keys = np.unique(np.random.default_rng(1).integers(0, 1 << 32, 20_000, np.uint64))
    for some in (keys, keys << np.uint64(32)):
        assert len(kernel.may_repeat(some)) < 0.25 * len(some)


def signatures_of(groups: list[int], seed: int = 1) -> np.ndarray:
    """Random signatures; those of one group agree in three quarters of their places."""
    random = np.random.default_rng(seed)
    bases = random.integers(0, 2**16, (max(groups) + 1, 128), np.uint16)
    made = bases[groups]
    change = random.random(made.shape) < 0.13
    made[change] = random.integers(0, 2**16, int(change.sum()), np.uint16)
    return made


def pairs_of(signatures: np.ndarray, starts: list[int]) -> tuple[set[tuple[int, int]], int]:
    """Candidate pairs as tuples, and how many were compared."""
    rows = np.arange(len(signatures), dtype=np.uint32)
    pairs, compared = kernel.candidate_pairs(rows, np.array(starts), signatures, 37, 87)
    return {(int(p) >> 32, int(p) & 0xFFFFFFFF) for p in pairs}, compared


def test_small_bucket_yields_every_pair_that_agrees_enough() -> None:
    """Pairs of a group, none between groups, none between buckets."""
    groups = [0, 1, 0, 1, 0, 2, 0, 0]
    pairs, _ = pairs_of(signatures_of(groups), [0, 6, 8])
    assert pairs == {(0, 2), (0, 4), (2, 4), (1, 3), (6, 7)}


@pytest.mark.parametrize("size", [200, 2000])
def test_large_bucket_connects_its_groups_in_linear_time(size: int) -> None:
    """Every member of three groups is reached from every other of its group, by few comparisons."""
    groups = [i % 3 for i in range(size)]
    pairs, compared = pairs_of(signatures_of(groups), [0, size])
    assert compared < size * (kernel.LEADERS + 1)
    assert all(groups[a] == groups[b] for a, b in pairs)
    group_of = list(range(size))
    for a, b in sorted(pairs):
        group_of[b] = min(group_of[a], group_of[b])
    assert sum(group_of[i] == i for i in range(size)) == 3


def test_bucket_of_strangers_costs_linear_time() -> None:
    """When nobody agrees with anybody, the leaders run out and neighbours are compared."""
    pairs, compared = pairs_of(signatures_of(list(range(3000))), [0, 3000])
    assert not pairs
    assert compared < 3000 * (kernel.LEADERS + 1)


def test_giant_bucket_is_cut_into_pieces_led_by_its_first() -> None:
    """Each piece begins with the first member of the whole; every other member is in one piece; small buckets stay."""
    sizes = [3, 2 * GIANT + 5, 2, GIANT + 1, GIANT]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    rows = np.arange(starts[-1], dtype=np.uint32)
    cut, cut_starts = cut_giants(rows, starts)
    pieces = [cut[a:b].tolist() for a, b in pairwise(cut_starts)]
    assert max(map(len, pieces)) == GIANT
    assert [piece[0] for piece in pieces] == [0, 3, 3, 3, starts[2], starts[3], starts[3], starts[4]]
    assert sorted({row for piece in pieces for row in piece}) == rows.tolist()
    assert sum(map(len, pieces)) == len(rows) + 3


def test_members_of_large_buckets_are_ordered_by_content() -> None:
    """Who leads does not depend on the order of the input; small buckets are left alone."""
    fingerprints = np.random.default_rng(2).integers(1, 2**64, 100, np.uint64)
    rows = np.arange(100, dtype=np.uint32)
    ordered = order_large(rows, np.array([0, 3, 60, 100]), fingerprints)
    assert ordered[:3].tolist() == [0, 1, 2]
    assert (np.diff(fingerprints[ordered[3:60]].astype(object)) > 0).all()
    assert sorted(ordered[60:].tolist()) == list(range(60, 100))


@given(st.integers(1, 128), st.integers(0, 10**10))
def test_tasks_cover_every_band_once(bands: int, documents: int) -> None:
    """Whatever the size of the corpus; of a large one in ranges of keys, of no more documents than a task may sort."""
    tasks = split_bands(bands, documents, most=10**8)
    assert [number for number, *_ in tasks] == list(range(len(tasks)))
    parts = tasks[0][4]
    covered = [(band, part) for _, first, stop, part, _ in tasks for band in range(first, stop)]
    assert sorted(covered) == [(band, part) for band in range(bands) for part in range(parts)]
    assert documents / parts <= 10**8
    assert parts == 1 or documents / parts > 10**8 / 2


@given(st.lists(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.booleans()))), st.integers(0, 4))
def test_key_ranges_part_a_band(shards: list[list[tuple[int, bool]]], bits: int) -> None:
    """Each active document is in one range with its key, and those of one key are together, in their order."""
    keys = [np.array([key for key, _ in shard], np.uint32) for shard in shards]
    active = np.flatnonzero(np.array([takes_part for shard in shards for _, takes_part in shard], np.bool_)).astype(np.uint32)
    whole = list(zip(*(part.tolist() for part in _keys_of_range(keys, active, 0, 1))))
    parts = [list(zip(*(p.tolist() for p in _keys_of_range(keys, active, part, 2**bits)))) for part in range(2**bits)]
    assert [entry for part in parts for entry in part] == sorted(whole, key=lambda entry: entry[0] >> (32 - bits))


@given(st.lists(st.integers(0, 20)))
def test_distinct_is_sorted_set(values: list[int]) -> None:
    """Like np.unique."""
    assert distinct(np.array(values, np.uint64)).tolist() == sorted(set(values))
