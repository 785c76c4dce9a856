"""Verification of candidate pairs: the exact similarity of every pair that could join two clusters, some pairs at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.arrays import gather, load_array, map_array, write_array
from pipeline.kernels.clusters import alike_pairs, copy_slices
from pipeline.kernels.union_find import components
from pipeline.neardup.pairs import MOST_RANGES, read_pairs
from pipeline.neardup.search import Limits

# Shingles of the sets that a task holds in memory (64 MB).
SHINGLES_PER_TASK = 16_000_000

Pairs = tuple[np.ndarray, np.ndarray]
Sets = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class VerifyPairs:
    """Writes `edges-R.npy` (uint32, shape (2, edges)): the pairs of a range that are alike, as places of members.

    A picklable function of R; `pairs.MergePairs` left the pairs, `locations.npy` says where the sets of all `members.npy` are. Smaller
    ends are held, sets of some `held` shingles at a time, and the larger ends are taken past them from the first to the last: so files
    of sets are read from their beginning to their end. A pair whose ends are joined by pairs before it is passed over: it could not
    change the clusters.
    """

    folder: str
    held: int
    limits: Limits

    def __call__(self, number: int) -> dict[str, int]:
        folder = storage.place(self.folder)
        documents, smaller, larger = read_pairs(folder, number)
        members = np.searchsorted(map_array(folder / "members.npy"), documents)
        where = map_array(folder / "locations.npy")[:, members]
        edges, compared = [np.empty((2, 0), np.uint32)], 0
        for start, stop in pairwise(cut_by_size(smaller, where[2] - where[1], self.held)):
            for pairs, sets in _past_held(folder, where, smaller[start:stop], larger[start:stop]):
                alike, count = alike_pairs(*sets, *pairs, *self.limits)
                edges.append(members[np.stack(pairs)[:, alike]].astype(np.uint32))
                compared += count
        found = np.concatenate(edges, axis=1)
        write_array(folder / f"edges-{number:05d}.npy", found)
        return {"verified": compared, "edges": found.shape[1]}


def _past_held(folder: Path, where: np.ndarray, smaller: np.ndarray, larger: np.ndarray) -> Iterator[tuple[Pairs, Sets]]:
    """Portions of pairs, by their larger ends, and the sets that they need: those of all smaller ends, and of some larger ones."""
    sizes = where[2] - where[1]
    order = np.lexsort((smaller, larger))
    smaller, larger = smaller[order], larger[order]
    cuts = cut_by_size(larger, sizes, SHINGLES_PER_TASK // 2)
    held = np.unique(smaller)
    others = [np.setdiff1d(larger[start:stop], held) for start, stop in pairwise(cuts)]
    room = int(sizes[held].sum())
    values = np.empty(room + max((int(sizes[other].sum()) for other in others), default=0), np.uint32)
    begins = np.zeros(len(sizes), np.int64)
    begins[held] = np.cumsum(sizes[held]) - sizes[held]
    copy_sets(folder, where[:, held], values, begins[held])
    for other, (start, stop) in zip(others, pairwise(cuts)):
        begins[other] = room + np.cumsum(sizes[other]) - sizes[other]
        copy_sets(folder, where[:, other], values, begins[other])
        yield (smaller[start:stop], larger[start:stop]), (values, begins, begins + sizes)


def cut_by_size(ends: np.ndarray, sizes: np.ndarray, most: int) -> list[int]:
    """Where to cut ascending ends of pairs so that the sets of those in a piece have some `most` shingles, a set more at the most.

    All pairs of one end are in one piece.
    """
    seen = np.cumsum(sizes[ends] * (np.diff(ends, prepend=-1) != 0))
    return [*np.flatnonzero(np.diff(seen // most, prepend=-1)).tolist(), len(ends)]


def locations(members: pa.Table) -> np.ndarray:
    """Where the set of each member is: shard, start and stop in its `sets-N.npy` (int64, shape (3, members))."""
    return np.stack([members[name].to_numpy().astype(np.int64) for name in ("shard", "set_start", "set_stop")])


def held_shingles(where: np.ndarray) -> int:
    """How many shingles of smaller ends a task of `VerifyPairs` is to hold: half of what it may, in a large corpus those of a range.

    So each range reads the sets behind it once: of a billion documents it holds 3.3 bytes a document.
    """
    return max(SHINGLES_PER_TASK // 2, int((where[2] - where[1]).sum()) // MOST_RANGES)


def load_sets(folder: Path, where: np.ndarray) -> Sets:
    """The shingle sets at these `locations` in one array, and where each begins and ends."""
    sizes = where[2] - where[1]
    ends = np.cumsum(sizes)
    values = np.empty(int(ends[-1]) if len(ends) else 0, np.uint32)
    copy_sets(folder, where, values, ends - sizes)
    return values, ends - sizes, ends


def copy_sets(folder: Path, where: np.ndarray, values: np.ndarray, begins: np.ndarray) -> None:
    """Copies the shingle sets at these `locations` to where each is to begin in `values`."""
    shard, start, stop = (np.ascontiguousarray(row) for row in where)
    order = np.lexsort((start, shard))  # so that each file is read from its beginning to its end
    numbers, firsts = np.unique(shard[order], return_index=True)
    for number, here in zip(numbers, np.split(order, firsts[1:])):
        source, at = gather(folder / f"sets-{number:05d}.npy", start[here], stop[here])
        copy_slices(source, at, at + (stop - start)[here], values, begins[here])


def join_edges(folder: Path, parts: int, copy_of: np.ndarray) -> np.ndarray:
    """The root (int64) of each member's cluster: the components of the pairs that are alike and of exact copies."""
    copies = np.flatnonzero(copy_of != np.arange(len(copy_of))).astype(np.uint32)
    edges = [np.stack([copy_of[copies].astype(np.uint32), copies])]
    edges += [load_array(folder / f"edges-{number:05d}.npy") for number in range(parts)]
    first, second = np.concatenate(edges, axis=1)
    roots: np.ndarray = components(len(copy_of), np.ascontiguousarray(first), np.ascontiguousarray(second)).astype(np.int64)
    return roots
