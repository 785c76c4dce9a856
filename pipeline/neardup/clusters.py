"""Survivors: the clusters of verified pairs are walked in the keep order, a task for some clusters at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.files import open_ipc, write_ipc
from pipeline.kernels.survivors import walk_survivors
from pipeline.neardup.keep import rank
from pipeline.neardup.search import Limits
from pipeline.neardup.verification import SHINGLES_PER_TASK, load_sets, locations

# What a task's members have beside the columns of `members.read_members`.
TASK = [
    pa.field("member", pa.int64(), nullable=False),  # place in the table of members
    pa.field("cluster", pa.int64(), nullable=False),  # any number that the members of a cluster share
    pa.field("copy_of", pa.int64(), nullable=False),  # place in this task of the first member with the same tokens
    pa.field("fixed", pa.bool_(), nullable=False),  # kept in any case
]

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


def write_tasks(folder: Path, members: pa.Table, fixed: np.ndarray, copy_of: np.ndarray, roots: np.ndarray) -> int:
    """Writes `task-N.arrow`, each with whole clusters of two or more members; returns how many.

    `copy_of` (int64) is the place of the first member with the same tokens, `roots` (int64) is equal for members of one cluster. A
    cluster is never cut: one with more shingles than SHINGLES_PER_TASK is a task by itself.
    """
    clustered = np.flatnonzero(np.bincount(roots, minlength=1)[roots] > 1)
    order = clustered[np.argsort(roots[clustered], kind="stable")]
    size = (members["set_stop"].to_numpy() - members["set_start"].to_numpy())[order]
    begins = np.flatnonzero(np.diff(roots[order], prepend=-1))  # where each cluster begins
    task_of_cluster = (np.cumsum(size) - size)[begins] // SHINGLES_PER_TASK
    cuts = np.append(begins[np.flatnonzero(np.diff(task_of_cluster, prepend=-1))], len(order))
    place = np.empty(len(members), np.int64)
    place[order] = np.arange(len(order))
    for task, (start, stop) in enumerate(pairwise(cuts.tolist())):
        here = order[start:stop]
        table = members.take(pa.array(here)).combine_chunks()
        for field, column in zip(TASK, (here, roots[here], place[copy_of[here]] - start, fixed[here])):
            table = table.append_column(field, pa.array(column))
        write_ipc(folder / f"task-{task:05d}.arrow", table.to_batches(), table.schema)
    return max(len(cuts) - 1, 0)


@dataclass(frozen=True)
class WalkClusters:
    """Writes `clustered-N.arrow` (CLUSTERED): the members of a task with their survivors. A picklable function of its number."""

    folder: str
    limits: Limits

    def __call__(self, number: int) -> dict[str, int]:
        folder = storage.place(self.folder)
        task = open_ipc(folder / f"task-{number:05d}.arrow").read_all()
        member, cluster, copy_of, fixed = (task[field.name].combine_chunks().to_numpy(zero_copy_only=False) for field in TASK)
        order = np.lexsort((rank(task, fixed), cluster))
        begins = np.flatnonzero(np.diff(cluster[order], prepend=-1))
        starts = np.append(begins, len(order))
        sets = load_sets(folder, locations(task))
        survivor, proof, walked = walk_survivors(*sets, copy_of, fixed, order, starts, *self.limits)
        sizes = np.diff(starts)
        columns = [
            member[order],
            np.repeat(member[order[begins]], sizes),
            np.repeat(sizes, sizes).astype(np.int32),
            member[survivor[order]],
            *proof[order].T,
        ]
        table = pa.Table.from_arrays([pa.array(np.ascontiguousarray(c)) for c in columns], schema=CLUSTERED)
        write_ipc(folder / f"clustered-{number:05d}.arrow", table.to_batches(), CLUSTERED)
        return {"walked": walked, "clusters": len(sizes)}


def read_clustered(folder: Path, tasks: Sequence[int]) -> pa.Table:
    """CLUSTERED of these tasks, in input order of the members."""
    tables = [open_ipc(folder / f"clustered-{number:05d}.arrow").read_all() for number in tasks]
    return pa.concat_tables([CLUSTERED.empty_table(), *tables]).sort_by("member").combine_chunks()
