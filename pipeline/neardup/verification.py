"""Verification of candidate pairs: the exact similarity of every pair that could join two clusters, some pairs at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.arrays import gather, load_array, map_array, open_array
from pipeline.files import write_array
from pipeline.kernels.clusters import alike_pairs, copy_slices
from pipeline.kernels.union_find import components

# Shingles of the sets that a task holds in memory (64 MB).
SHINGLES_PER_TASK = 16_000_000
_PAIRS_AT_ONCE = 1 << 20

Sets = tuple[np.ndarray, np.ndarray, np.ndarray]


def split_pairs(pairs: np.ndarray, sizes: np.ndarray) -> list[list[int]]:
    """[number, first, stop]: ranges of pairs (places of members, shape (2, pairs)) with so many shingles as a task may hold.

    Candidate pairs hang together: in a large corpus most members are in one connected component of them. So the ranges are cut
    by size alone, and what the components of the pairs that are alike are is found behind.
    """
    cuts, held, task = [], 0, -1
    for at in range(0, pairs.shape[1], _PAIRS_AT_ONCE):  # so that the driver holds little beside the pairs
        smaller, larger = pairs[:, at : at + _PAIRS_AT_ONCE]
        ends = held + np.cumsum(sizes[smaller] + sizes[larger])
        tasks = ends // SHINGLES_PER_TASK
        cuts += (at + np.flatnonzero(np.diff(tasks, prepend=task))).tolist()
        held, task = int(ends[-1]), int(tasks[-1])
    return [[number, first, stop] for number, (first, stop) in enumerate(pairwise([*cuts, pairs.shape[1]]))]


@dataclass(frozen=True)
class VerifyPairs:
    """Writes `edges-N.npy` (uint32, shape (2, edges)): the pairs of a range that are alike. A picklable function of (N, first, stop).

    `candidates_by_place.npy` holds the pairs, `locations.npy` where the sets of all members are (see `locations`). A pair whose ends
    are joined by pairs before it in the range is passed over: it could not change the clusters.
    """

    folder: str
    similarity: tuple[int, int]  # numerator and denominator of the least Jaccard similarity
    share: tuple[int, int]  # and of the least share of a set in the larger one; more than 1: similarity alone counts

    def __call__(self, item: Sequence[int]) -> dict[str, int]:
        number, start, stop = item
        folder = storage.place(self.folder)
        pairs = open_array(folder / "candidates_by_place.npy")[:, start:stop]
        where = map_array(folder / "locations.npy")
        named = np.zeros(where.shape[1], np.bool_)
        named[pairs[0]] = named[pairs[1]] = True
        members = np.flatnonzero(named)
        place = np.empty(where.shape[1], np.int64)
        place[members] = np.arange(len(members))
        sets = load_sets(folder, where[:, members])
        alike, compared = alike_pairs(*sets, place[pairs[0]], place[pairs[1]], *self.similarity, *self.share)
        edges = np.ascontiguousarray(pairs[:, alike])
        write_array(folder / f"edges-{number:05d}.npy", edges)
        return {"verified": compared, "edges": edges.shape[1]}


def locations(members: pa.Table) -> np.ndarray:
    """Where the set of each member is: shard, start and stop in its `sets-N.npy` (int64, shape (3, members))."""
    return np.stack([members[name].to_numpy().astype(np.int64) for name in ("shard", "set_start", "set_stop")])


def load_sets(folder: Path, where: np.ndarray) -> Sets:
    """The shingle sets at these `locations` in one array, and where each begins and ends."""
    shard, start, stop = (np.ascontiguousarray(row) for row in where)
    ends = np.cumsum(stop - start)
    begins = ends - (stop - start)
    values = np.empty(int(ends[-1]) if len(ends) else 0, np.uint32)
    order = np.lexsort((start, shard))  # so that each file is read from its beginning to its end
    numbers, firsts = np.unique(shard[order], return_index=True)
    for number, here in zip(numbers, np.split(order, firsts[1:])):
        source, at = gather(folder / f"sets-{number:05d}.npy", start[here], stop[here])
        copy_slices(source, at, at + (stop - start)[here], values, begins[here])
    return values, begins, ends


def join_edges(folder: Path, parts: int, copy_of: np.ndarray) -> np.ndarray:
    """The root (int64) of each member's cluster: the components of the pairs that are alike and of exact copies."""
    copies = np.flatnonzero(copy_of != np.arange(len(copy_of))).astype(np.uint32)
    edges = [np.stack([copy_of[copies].astype(np.uint32), copies])]
    edges += [load_array(folder / f"edges-{number:05d}.npy") for number in range(parts)]
    first, second = np.concatenate(edges, axis=1)
    roots: np.ndarray = components(len(copy_of), np.ascontiguousarray(first), np.ascontiguousarray(second)).astype(np.int64)
    return roots
