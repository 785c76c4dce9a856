"""What later runs need of the documents that were kept, beside an output: `signatures/part-N.arrow`, one for each part of documents.

Arrow IPC, not compressed, so that a later run reads one column from end to end and of the others only what it needs. At 128
permutations a document takes 268 bytes and its id, and three to four bytes for each shingle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import open_ipc, read_batches, sha256_of, write_ipc
from pipeline.kernels.packed_sets import pack_sets
from pipeline.kernels.shingles import shingle_sets
from pipeline.kernels.text import buffers
from pipeline.neardup.facts import SignatureFiles, SignatureSource
from pipeline.neardup.rules import SignatureRules, token_table
from pipeline.neardup.verdicts import VERDICTS


def store_schema(rules: SignatureRules) -> pa.Schema:
    """Columns of the store, a row for each kept document with tokens, in the order of documents/. Its metadata names the rules."""
    return pa.schema(
        [
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("fingerprint", pa.uint64(), nullable=False),  # of the tokens
            pa.field("signature", pa.binary(2 * rules.num_perm), nullable=False),  # shortened, little-endian
            pa.field("shingles", pa.large_binary(), nullable=False),  # packed, see kernels/packed_sets.py
        ],
        metadata={"rules": rules.name},
    )


def _left_schema(rules: SignatureRules) -> pa.Schema:
    """What a shard leaves: the columns of the store with the row in the shard for the id."""
    schema = store_schema(rules)
    return schema.set(0, pa.field("row", pa.int32(), nullable=False))


@dataclass(frozen=True)
class LeaveSignatures:
    """Writes `left-N.arrow` under `target`: signatures and sets of the documents of a shard that were not dropped as near-duplicates.

    A picklable function of (path, number of the shard). They describe the text that the stage saw, whatever later stages do.
    """

    folder: str
    source: SignatureSource
    target: str
    rules: SignatureRules

    def __call__(self, item: Sequence[str | int]) -> int:
        path, number = Path(str(item[0])), int(item[1])
        fingerprint = open_ipc(self.source.folder / f"facts-{number:05d}.arrow").read_all()["fingerprint"].to_numpy()
        kept = fingerprint != 0
        verdicts = pa.Table.from_batches(read_batches(Path(self.folder) / f"verdicts-{number:05d}.arrow"), VERDICTS)
        kept[verdicts["row"].to_numpy()[verdicts["survivor_id"].is_valid().to_numpy()]] = False
        signatures = SignatureFiles(self.source, [number])
        schema, batches, at = _left_schema(self.rules), [], 0
        for batch in read_batches(path):
            chosen = kept[at : at + batch.num_rows]
            here = np.flatnonzero(chosen)
            values, starts = shingle_sets(*buffers(batch["text"]), chosen, token_table(), self.rules.shingle_words)
            offsets, packed = pack_sets(values, starts[here], starts[here + 1])
            signature = [None, pa.py_buffer(signatures.take(at + here))]
            columns = [
                pa.array((at + here).astype(np.int32)),
                pa.array(fingerprint[at + here]),
                pa.Array.from_buffers(schema.field("signature").type, len(here), signature),
                pa.Array.from_buffers(pa.large_binary(), len(here), [None, pa.py_buffer(offsets), pa.py_buffer(packed)]),
            ]
            batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
            at += batch.num_rows
        write_ipc(Path(self.target) / f"left-{number:05d}.arrow", batches, schema)
        return int(kept.sum())


@dataclass(frozen=True)
class WriteSignatures:
    """Writes `target/part-N.arrow`: of what shards left, the documents that were kept to the end. A picklable function of (N, slices).

    Slices are [shard, first row, end row] in input order, as `writer.cut_parts` makes them; `shards` are the shards as they are at
    the end. Returns what the manifest lists: file, rows, bytes, sha256.
    """

    left: str
    shards: Sequence[str]
    target: str

    def __call__(self, item: Sequence[Any]) -> dict[str, Any]:
        number, slices = item
        tables = [self._rows(*place) for place in slices] or [self._rows(0, 0, 0)]
        table = pa.concat_tables(tables).combine_chunks()
        path = Path(self.target) / f"part-{number:05d}.arrow"
        write_ipc(path, table.to_batches(), table.schema)
        size = path.stat().st_size
        return {"file": f"{path.parent.name}/{path.name}", "rows": table.num_rows, "bytes": size, "sha256": sha256_of(path)}

    def _rows(self, shard: int, first: int, end: int) -> pa.Table:
        left = open_ipc(Path(self.left) / f"left-{shard:05d}.arrow").read_all()
        documents = open_ipc(Path(self.shards[shard])).read_all()
        rows = left["row"].to_numpy()
        a, b = np.searchsorted(rows, [first, end])
        alive = pc.is_null(documents["drop_reason"]).to_numpy()[rows[a:b]]
        here = pa.array(a + np.flatnonzero(alive))
        table = left.take(here)
        ids = documents["doc_id"].take(table["row"])
        return table.set_column(0, pa.field("doc_id", pa.string(), nullable=False), ids)
