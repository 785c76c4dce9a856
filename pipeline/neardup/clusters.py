"""Clusters of verified pairs and their survivors, a task for some connected components of the candidate pairs at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.files import open_ipc, write_array, write_ipc
from pipeline.kernels.clusters import copy_slices, verified_components
from pipeline.kernels.survivors import walk_survivors
from pipeline.kernels.union_find import components

# Shingles of the sets that a task holds in memory (64 MB). A component of candidate pairs is never cut: a larger one is a task
# by itself.
_SHINGLES_PER_TASK = 16_000_000

TASK = pa.schema(
    [
        pa.field("member", pa.int64(), nullable=False),  # place in the table of members
        pa.field("copy_of", pa.int64(), nullable=False),  # place in this task of the first member with the same tokens
        pa.field("fixed", pa.bool_(), nullable=False),  # kept in any case
        pa.field("rank", pa.uint32(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("set_start", pa.int64(), nullable=False),
        pa.field("set_stop", pa.int64(), nullable=False),
    ]
)

CLUSTERED = pa.schema(
    [
        pa.field("member", pa.int64(), nullable=False),
        pa.field("cluster", pa.int64(), nullable=False),  # the member that is best in the keep order
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("survivor", pa.int64(), nullable=False),  # itself if it is kept
        pa.field("shared", pa.int64(), nullable=False),  # shingles
        pa.field("union", pa.int64(), nullable=False),
        pa.field("own", pa.int64(), nullable=False),
    ]
)


def write_tasks(
    folder: Path, members: pa.Table, fixed: np.ndarray, rank: np.ndarray, copy_of: np.ndarray, pairs: np.ndarray
) -> int:
    """Splits members and pairs (int64, shape (pairs, 2), places in the table of members) into tasks; returns how many.

    `copy_of` (int64) is the place of the first member with the same tokens.
    """
    count = len(members)
    ends = np.concatenate([pairs, np.stack([np.arange(count), copy_of], axis=1)]).astype(np.uint32)
    root = components(count, np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])).astype(np.int64)
    order = np.argsort(root, kind="stable")
    size = (members["set_stop"].to_numpy() - members["set_start"].to_numpy())[order]
    begins = np.flatnonzero(np.diff(root[order], prepend=-1))  # where each component begins
    task_of_component = (np.cumsum(size) - size)[begins] // _SHINGLES_PER_TASK
    cuts = np.append(begins[np.flatnonzero(np.diff(task_of_component, prepend=-1))], count)
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    pairs = place[pairs]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    columns = {"member": np.arange(count), "copy_of": place[copy_of], "fixed": fixed, "rank": rank}
    columns |= {name: members[name].to_numpy() for name in ("shard", "set_start", "set_stop")}
    for task, (start, stop) in enumerate(pairwise(cuts.tolist())):
        here = {name: column[order[start:stop]] for name, column in columns.items()}
        here["copy_of"] = here["copy_of"] - start
        table = pa.Table.from_pydict(here, schema=TASK)
        write_ipc(folder / f"task-{task:05d}.arrow", table.to_batches(), TASK)
        a, b = np.searchsorted(pairs[:, 0], [start, stop])
        write_array(folder / f"task-pairs-{task:05d}.npy", np.ascontiguousarray((pairs[a:b] - start).T))
    return max(len(cuts) - 1, 0)


@dataclass(frozen=True)
class ResolveTask:
    """Writes `clustered-N.arrow` (CLUSTERED): the members of a task that are in a cluster. A picklable function of its number."""

    folder: str
    similarity: tuple[int, int]  # numerator and denominator of the least Jaccard similarity
    share: tuple[int, int]  # and of the least share of a set in the larger one; more than 1: similarity alone counts

    def __call__(self, number: int) -> dict[str, int]:
        folder = Path(self.folder)
        task = open_ipc(folder / f"task-{number:05d}.arrow").read_all()
        first, second = np.load(folder / f"task-pairs-{number:05d}.npy")
        copy_of = task["copy_of"].to_numpy()
        sets = load_sets(folder, task)
        roots, verified, alike = verified_components(*sets, copy_of, first, second, *self.similarity, *self.share)
        order, starts = cluster_order(roots, task["rank"].to_numpy())
        survivor, proof, walked = walk_survivors(*sets, copy_of, task["fixed"].to_numpy(), order, starts, *self.similarity, *self.share)
        sizes = np.diff(starts)
        member = task["member"].to_numpy()
        columns = [
            member[order],
            np.repeat(member[order[starts[:-1]]], sizes),
            np.repeat(sizes, sizes).astype(np.int32),
            member[survivor[order]],
            *proof[order].T,
        ]
        table = pa.Table.from_arrays([pa.array(np.ascontiguousarray(c)) for c in columns], schema=CLUSTERED)
        write_ipc(folder / f"clustered-{number:05d}.arrow", table.to_batches(), CLUSTERED)
        return {"verified": verified, "edges": alike, "walked": walked, "clusters": len(sizes)}


def load_sets(folder: Path, task: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The shingle sets of a task in one array, and where each member's begins and ends."""
    shard, start, stop = (task[name].to_numpy() for name in ("shard", "set_start", "set_stop"))
    ends = np.cumsum(stop - start)
    begins = ends - (stop - start)
    values = np.empty(int(ends[-1]) if len(ends) else 0, np.uint32)
    for number in np.unique(shard):
        here = np.flatnonzero(shard == number)
        source = np.load(folder / f"sets-{number:05d}.npy", mmap_mode="r")
        copy_slices(source, start[here], stop[here], values, begins[here])
    return values, begins, ends


def cluster_order(roots: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Members of clusters of two or more, cluster by cluster, best rank first; and where each begins (one entry more)."""
    order = np.lexsort((rank, roots))
    sizes = np.bincount(roots, minlength=len(roots))
    order = order[sizes[roots[order]] > 1]
    begins = np.flatnonzero(np.diff(roots[order].astype(np.int64), prepend=-1))
    return order, np.append(begins, len(order))


def read_clustered(folder: Path, tasks: Sequence[int]) -> pa.Table:
    """CLUSTERED of these tasks, in input order of the members."""
    tables = [open_ipc(folder / f"clustered-{number:05d}.arrow").read_all() for number in tasks]
    return pa.concat_tables([CLUSTERED.empty_table(), *tables]).sort_by("member").combine_chunks()
