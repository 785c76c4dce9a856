"""The walk through a cluster against the plain rule: look at every kept one, in order."""

import numpy as np
import pytest

from pipeline.kernels.clusters import alike_pairs
from pipeline.kernels.survivors import DIRECT, walk_survivors
from pipeline.neardup.search import MIN_SHARED

Sets = list[set[int]]


def flat(sets: Sets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, starts and stops as the kernels take them."""
    ends = np.cumsum([len(s) for s in sets])
    return np.array([v for s in sets for v in sorted(s)], np.uint32), ends - [len(s) for s in sets], ends


def wide(sets: Sets) -> Sets:
    """Eight members for each, so that those that share two of them share enough."""
    return [{8 * value + k for value in s for k in range(8)} for s in sets]


ALIKE_ONLY = (2, 1, MIN_SHARED)  # no share of a set is twice as much as it has


def plain_walk(sets: Sets, order: list[int], num: int, den: int, part: int, whole: int, least: int) -> list[int]:
    """The survivor of each member by comparing it with every kept one."""
    survivor, kept = list(range(len(sets))), []
    for m in order:
        for other in kept:
            both = len(sets[m] & sets[other])
            enough = both >= least or sets[m] == sets[other]
            if (enough and both * den >= num * len(sets[m] | sets[other])) or both * whole >= part * len(sets[m]):
                survivor[m] = other
                break
        else:
            kept.append(m)
    return survivor


def chain(count: int, step: int = 10, size: int = 40) -> Sets:
    """Windows that slide over random hashes: neighbours are alike, others are not."""
    values = np.random.default_rng(1).integers(0, 2**32, count * step + size).tolist()
    return [set(values[i * step : i * step + size]) for i in range(count)]


def template(count: int, shared: int, own: int) -> Sets:
    """Sets that share most of what they have."""
    random = np.random.default_rng(2)
    common = random.integers(0, 2**32, shared).tolist()
    return [set(common) | set(random.integers(0, 2**32, own + i % 7).tolist()) for i in range(count)]


def growing(count: int) -> Sets:
    """Sets of which each third is held, all but a few, by a much larger one."""
    random = np.random.default_rng(4)
    large = [set(random.integers(0, 2**32, 200 + i % 9).tolist()) for i in range(count)]
    return large + [set(sorted(s)[: 40 + i % 30]) | {i, i + 1} for i, s in enumerate(large) if i % 3 == 0]


@pytest.mark.parametrize(
    "share", [ALIKE_ONLY, (9, 10, MIN_SHARED), (2, 1, 1), (2, 1, 35)], ids=["similarity", "share", "few", "many"]
)
@pytest.mark.parametrize(("num", "den"), [(1, 2), (7, 10), (3, 10), (1, 1)])
@pytest.mark.parametrize(
    "sets", [chain(400), template(300, 20, 30), chain(500) + template(200, 30, 25) + chain(90), growing(150)], ids=len
)
def test_large_clusters_are_walked_as_small_ones(sets: Sets, num: int, den: int, share: tuple[int, int, int]) -> None:
    """With more kept than are looked at one by one, the index gives the same survivors and the same proof."""
    order = np.random.default_rng(3).permutation(len(sets)).astype(np.int64)
    everyone = np.array([0, len(sets)])
    survivor, proof, _ = walk_survivors(
        *flat(sets), np.arange(len(sets)), np.zeros(len(sets), np.bool_), order, everyone, num, den, *share
    )
    expected = plain_walk(sets, order.tolist(), num, den, *share)
    assert survivor.tolist() == expected
    assert sum(survivor == np.arange(len(sets))) > DIRECT
    for m, other in enumerate(expected):
        if m != other:
            assert proof[m].tolist() == [len(sets[m] & sets[other]), len(sets[m] | sets[other]), len(sets[m])]


def test_index_looks_at_few() -> None:
    """In a long chain a member is compared with its neighbours, not with thousands."""
    sets = chain(5000)
    free, everyone = np.zeros(5000, np.bool_), np.array([0, 5000])
    _, _, compared = walk_survivors(*flat(sets), np.arange(5000), free, np.arange(5000), everyone, 1, 2, *ALIKE_ONLY)
    assert compared < 5000 * 8


def test_copies_share_the_fate_of_the_best() -> None:
    """Copies have one set between them: all but the best are dropped for it, or all for what dropped it."""
    sets = wide([{1, 2, 3, 4}, set(), {1, 2, 3}, set(), {9}])
    copy_of = np.array([0, 0, 2, 2, 4])
    order = np.array([1, 3, 0, 2, 4])
    survivor, proof, _ = walk_survivors(
        *flat(sets), copy_of, np.zeros(5, np.bool_), order, np.array([0, 4, 5]), 1, 2, *ALIKE_ONLY
    )
    assert survivor.tolist() == [1, 1, 1, 1, 4]
    assert proof.tolist() == [[1, 1, 1], [1, 1, 1], [24, 32, 24], [24, 32, 24], [1, 1, 1]]


def test_fixed_members_are_kept() -> None:
    """Also one that resembles a better one; later members may go for either, copies for the best."""
    sets = wide([{1, 2, 3, 4}, {1, 2, 3, 5}, {2, 3, 5, 6}, {1, 2, 3, 4}])
    fixed = np.array([True, True, False, False])
    everyone = np.array([0, 4])
    survivor, _, _ = walk_survivors(*flat(sets), np.array([0, 1, 2, 0]), fixed, np.arange(4), everyone, 3, 5, *ALIKE_ONLY)
    assert survivor.tolist() == [0, 1, 1, 0]


def test_pair_within_a_cluster_is_not_compared_again() -> None:
    """Components need no pair whose ends they already join."""
    sets = wide([{1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 5}, {7}])
    first, second = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3])
    alike, compared = alike_pairs(*flat(sets), first, second, 1, 2, *ALIKE_ONLY)
    assert alike.tolist() == [True, True, False, False]
    assert compared == 3
