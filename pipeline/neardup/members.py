"""The documents that are in some candidate pair or have an exact copy: their shingle sets, ids and places in the keep order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.arrays import open_array, write_array
from pipeline.files import open_ipc, read_batches, write_ipc
from pipeline.kernels.shingles import shingle_sets
from pipeline.kernels.text import buffers
from pipeline.neardup.keep import Keep, keep_keys, keep_rules
from pipeline.neardup.rules import SignatureRules, token_table
from pipeline.storage import place


def members_schema(keep: Keep) -> pa.Schema:
    """Columns of a member; the lowest by `keep_0`, then `keep_1` and so on is kept."""
    keys = [pa.field(f"keep_{number}", pa.int64(), nullable=False) for number in range(len(keep_rules(keep)))]
    return pa.schema(
        [
            pa.field("doc_id", pa.string(), nullable=False),
            *keys,
            pa.field("set_start", pa.int64(), nullable=False),  # in sets-N.npy; start and stop are equal where no set is needed
            pa.field("set_stop", pa.int64(), nullable=False),
        ]
    )


@dataclass(frozen=True)
class DescribeMembers:
    """Writes `members-N.arrow` (`members_schema`) and `sets-N.npy` (uint32) of a shard.

    A picklable function of (path, number of the shard, its first document, range of its members in `members.npy`).
    `needs_set.npy` says which of the members are in a candidate pair.
    """

    folder: str
    rules: SignatureRules
    keep: Keep

    def __call__(self, item: Sequence[str | int]) -> dict[str, int]:
        path, number, first, start, stop = place(str(item[0])), *(int(v) for v in item[1:])
        folder = place(self.folder)
        rows = open_array(folder / "members.npy")[start:stop].astype(np.int64) - first
        needs_set = open_array(folder / "needs_set.npy")[start:stop]
        schema = members_schema(self.keep)
        batches, values, at, used = [], [np.empty(0, np.uint32)], 0, 0
        for batch in read_batches(path):
            a, b = np.searchsorted(rows, [at, at + batch.num_rows])
            if b > a:
                here = rows[a:b] - at
                chosen = np.zeros(batch.num_rows, np.bool_)
                chosen[here[needs_set[a:b]]] = True
                part, starts = shingle_sets(*buffers(batch["text"]), chosen, token_table(), self.rules.shingle_words)
                keys = [key[here] for key in keep_keys(batch, self.keep, first + at)]
                columns = [batch["doc_id"].take(pa.array(here)), *keys, used + starts[here], used + starts[here + 1]]
                batches.append(pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=schema))
                values.append(part)
                used += len(part)
            at += batch.num_rows
        write_array(folder / f"sets-{number:05d}.npy", np.concatenate(values))
        write_ipc(folder / f"members-{number:05d}.arrow", batches, schema)
        return {"members": len(rows), "shingles": used}


def read_members(folder: Path, shards: Sequence[int], keep: Keep) -> pa.Table:
    """`members_schema` of these shards with a column `shard`, in input order."""
    tables = [pa.Table.from_batches([], schema=members_schema(keep).append(pa.field("shard", pa.int32())))]
    for number in shards:
        table = open_ipc(folder / f"members-{number:05d}.arrow").read_all()
        tables.append(table.append_column("shard", pa.array(np.full(table.num_rows, number, np.int32))))
    return pa.concat_tables(tables)
