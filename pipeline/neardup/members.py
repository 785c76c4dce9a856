"""The documents that are in some candidate pair or have an exact copy: their shingle sets, ids and places in the keep order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import open_ipc, read_batches, write_array, write_ipc
from pipeline.kernels.shingles import shingle_sets
from pipeline.kernels.text import buffers, count_code_points
from pipeline.neardup.rules import SignatureRules, token_table

Keep = Literal["longest", "newest", "oldest", "first"]

MEMBERS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("keep_key", pa.int64(), nullable=False),  # the lowest is kept
        pa.field("set_start", pa.int64(), nullable=False),  # in sets-N.npy; start and stop are equal where no set is needed
        pa.field("set_stop", pa.int64(), nullable=False),
    ]
)
_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class DescribeMembers:
    """Writes `members-N.arrow` (MEMBERS) and `sets-N.npy` (uint32) of a shard.

    A picklable function of (path, number of the shard, its first document, range of its members in `members.npy`).
    `needs_set.npy` says which of the members are in a candidate pair.
    """

    folder: str
    rules: SignatureRules
    keep: Keep

    def __call__(self, item: Sequence[str | int]) -> dict[str, int]:
        path, number, first, start, stop = Path(str(item[0])), *(int(v) for v in item[1:])
        folder = Path(self.folder)
        rows = np.load(folder / "members.npy", mmap_mode="r")[start:stop].astype(np.int64) - first
        needs_set = np.load(folder / "needs_set.npy", mmap_mode="r")[start:stop]
        batches, values, at, used = [], [np.empty(0, np.uint32)], 0, 0
        for batch in read_batches(path):
            a, b = np.searchsorted(rows, [at, at + batch.num_rows])
            if b > a:
                here = rows[a:b] - at
                chosen = np.zeros(batch.num_rows, np.bool_)
                chosen[here[needs_set[a:b]]] = True
                part, starts = shingle_sets(*buffers(batch["text"]), chosen, token_table(), self.rules.shingle_words)
                keys = keep_keys(batch, self.keep, first + at)[here]
                columns = [batch["doc_id"].take(pa.array(here)), keys, used + starts[here], used + starts[here + 1]]
                batches.append(pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=MEMBERS))
                values.append(part)
                used += len(part)
            at += batch.num_rows
        write_array(folder / f"sets-{number:05d}.npy", np.concatenate(values))
        write_ipc(folder / f"members-{number:05d}.arrow", batches, MEMBERS)
        return {"members": len(rows), "shingles": used}


def keep_keys(batch: pa.RecordBatch, keep: Keep, first: int) -> np.ndarray:
    """An integer (int64) for each document, lowest for the one to keep. `first` is the place of the first in the corpus."""
    if keep == "first":
        return np.arange(first, first + batch.num_rows, dtype=np.int64)
    if keep == "longest":
        return -np.asarray(count_code_points(*buffers(batch["text"])))
    published = batch["published"].cast(pa.int64())
    if keep == "newest":
        published = pc.negate(published)
    keys: np.ndarray = pc.fill_null(published, _LAST).to_numpy(zero_copy_only=False)
    return keys


def rank(members: pa.Table) -> np.ndarray:
    """The place of each member in the keep order (uint32): by keep_key, ties by doc_id."""
    order = pc.sort_indices(members, sort_keys=[("keep_key", "ascending"), ("doc_id", "ascending")]).to_numpy()
    places = np.empty(len(order), np.uint32)
    places[order] = np.arange(len(order), dtype=np.uint32)
    return places


def read_members(folder: Path, shards: Sequence[int]) -> pa.Table:
    """MEMBERS of these shards with a column `shard`, in input order."""
    tables = [pa.Table.from_batches([], schema=MEMBERS.append(pa.field("shard", pa.int32())))]
    for number in shards:
        table = open_ipc(folder / f"members-{number:05d}.arrow").read_all()
        tables.append(table.append_column("shard", pa.array(np.full(table.num_rows, number, np.int32))))
    return pa.concat_tables(tables)
