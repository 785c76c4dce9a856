"""How candidate pairs are brought together by ranges of their smaller documents, and verified there."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.arrays import load_array, write_array
from pipeline.neardup import pairs, verification
from pipeline.neardup.candidates import fold_copies
from pipeline.neardup.facts import SignatureFiles, SignatureSource
from pipeline.neardup.pairs import MergePairs, merge, range_bounds, write_pairs
from pipeline.neardup.search import MIN_SHARED, Limits
from pipeline.neardup.verification import VerifyPairs, cut_by_size
from pipeline.whole import WORK

DOCUMENTS = 24
Pair = tuple[int, int]
one_pair = st.tuples(st.integers(0, DOCUMENTS - 1), st.integers(0, DOCUMENTS - 1)).filter(lambda pair: pair[0] < pair[1])
pair_lists = st.lists(one_pair, max_size=40)


def packed(found: list[Pair]) -> np.ndarray:
    """As `FindPairs` has them."""
    return np.array(sorted({a << 32 | b for a, b in found}), np.uint64)


def merged(folder: Path, bands: list[list[Pair]], documents: int) -> None:
    """Leaves the pairs of bands as a search does, with ranges of six documents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_DOCUMENTS_PER_RANGE", 6)
        cuts = [write_pairs(folder, number, packed(band), documents) for number, band in enumerate(bands)]
        for number in range(len(range_bounds(documents)) - 1):
            MergePairs(str(folder))((number, [[band, *cut[number : number + 2]] for band, cut in enumerate(cuts)]))


@pytest.mark.parametrize("documents", [0, 1, 8191, 16_384, 100_000, 300_000_000])
def test_ranges_hold_every_document_once(documents: int) -> None:
    """Some 8,192 each, or a 256th of a large corpus."""
    bounds = range_bounds(documents)
    assert bounds[0] == 0
    assert bounds[-1] == documents
    assert len(bounds) - 1 == min(max(1, documents // 8192), 256)
    assert np.ptp(np.diff(bounds)) <= 1


@given(st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=6))
def test_values_are_merged(bands: list[list[int]]) -> None:
    """Each once, ascending."""
    found = merge(np.array(sorted(set(band)), np.uint64) for band in bands)
    assert found.tolist() == sorted({value for band in bands for value in band})


@given(st.lists(pair_lists, max_size=4), st.integers(1, DOCUMENTS))
def test_pairs_of_bands_come_to_the_range_of_the_smaller_end(
    tmp_path_factory: pytest.TempPathFactory, bands: list[list[Pair]], documents: int
) -> None:
    """Each once; not those whose smaller end is an earlier output's, behind the documents of the run."""
    folder = tmp_path_factory.mktemp("pairs") / WORK  # where files are not synced one by one
    merged(folder, bands, documents)
    files = sorted(folder.glob("candidates-*.npy"))
    wanted = packed([pair for band in bands for pair in band if pair[0] < documents])
    assert np.concatenate([load_array(path) for path in files]).tolist() == wanted.tolist()
    for path in files:
        inside = load_array(path)
        ends = load_array(path.with_name(path.name.replace("candidates", "ends")))
        assert ends.tolist() == sorted({end for pair in inside.tolist() for end in (pair >> 32, pair & 0xFFFFFFFF)})


@given(st.lists(st.integers(0, 4), max_size=40).map(sorted), st.integers(1, 60))
def test_pieces_hold_what_they_may_and_a_set_more_at_the_most(ends: list[int], most: int) -> None:
    """And all pairs of one end."""
    sizes = np.array([0, 3, 10, 40, 7], np.int64)
    cuts = cut_by_size(np.array(ends, np.int64), sizes, most)
    pieces = [set(ends[start:stop]) for start, stop in pairwise(cuts)]
    assert sum(map(len, pieces)) == len(set(ends))
    assert set().union(*pieces) == set(ends)
    assert all(sizes[list(piece)].sum() < most + 40 for piece in pieces)


@settings(max_examples=25)
@given(pair_lists, st.integers(1, 1200), st.integers(2, 1200))
def test_edges_join_what_all_alike_pairs_join(
    tmp_path_factory: pytest.TempPathFactory, found: list[Pair], held: int, at_once: int
) -> None:
    """However little is held at a time; every edge is a pair that is alike."""
    folder = tmp_path_factory.mktemp("pairs") / WORK  # where files are not synced one by one
    merged(folder, [found], DOCUMENTS)
    starts = [number // 3 * 2 for number in range(DOCUMENTS)]
    sets = [set(range(MIN_SHARED * at, MIN_SHARED * (at + 1 + number % 5))) for number, at in enumerate(starts)]
    members = sorted({end for pair in found for end in pair})
    sizes = np.array([len(sets[m]) for m in members], np.int64)
    shards = np.arange(len(members)) % 2
    where = np.zeros((3, len(members)), np.int64)
    for shard in (0, 1):
        mine = np.flatnonzero(shards == shard)
        write_array(folder / f"sets-{shard:05d}.npy", np.array([v for m in mine for v in sorted(sets[members[m]])], np.uint32))
        stops = np.cumsum(sizes[mine])
        where[:, mine] = np.full(len(mine), shard), stops - sizes[mine], stops
    write_array(folder / "members.npy", np.array(members, np.uint32))
    write_array(folder / "locations.npy", where)
    edges: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "SHINGLES_PER_TASK", at_once * MIN_SHARED)
        for number in range(len(list(folder.glob("candidates-*.npy")))):
            told = VerifyPairs(str(folder), held * MIN_SHARED, Limits(1, 2, 2, 1, MIN_SHARED))(number)
            edges += load_array(folder / f"edges-{number:05d}.npy").T.tolist()
            assert told["edges"] <= told["verified"]
    alike = {p for p in found if 2 * len(sets[p[0]] & sets[p[1]]) >= len(sets[p[0]] | sets[p[1]])}
    named = {(members[a], members[b]) for a, b in edges}
    assert named <= alike
    assert joined(named) == joined(alike)


def joined(edges: set[Pair]) -> list[int]:
    """The smallest document of each one's component."""
    root = list(range(DOCUMENTS))
    for a, b in [*edges] * DOCUMENTS:
        root[a] = root[b] = min(root[a], root[b])
    return root


@pytest.mark.parametrize("most", [1, 3, 100])
def test_copies_are_folded_however_many_fingerprints_are_sorted_at_a_time(tmp_path: Path, most: int) -> None:
    """Onto the first; not documents without tokens (0), nor one whose signature tells it apart."""
    top = 1 << 63
    fingerprints = np.array([5, top, 0, 5, top | 1, top, 0, 5, top], np.uint64)
    signatures = np.zeros((9, 2), np.uint16)
    signatures[7] = 1
    write_array(tmp_path / "signatures-00000.npy", signatures)
    first = fold_copies(fingerprints, SignatureFiles(SignatureSource(tmp_path, None), [0]), most)
    assert first.tolist() == [0, 1, 2, 0, 4, 1, 6, 7, 1]
