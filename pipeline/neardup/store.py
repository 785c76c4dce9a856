"""What later runs need of the documents that were kept, beside an output: `signatures/part-N.arrow`, one for each part of documents.

Arrow IPC, not compressed, so that a later run reads one column from end to end and of the others only what it needs. At 128
permutations a document takes 276 bytes, its id, and for its set four bytes and three to four for each shingle.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.files import open_ipc, read_batches, remove_tree, sha256_of, write_batches, write_json
from pipeline.kernels.packed_sets import pack_sets
from pipeline.kernels.shingles import shingle_sets
from pipeline.kernels.text import buffers
from pipeline.neardup.facts import SignatureFiles, SignatureSource, sign_batch
from pipeline.neardup.rules import SignatureRules, token_table
from pipeline.whole import whole

LEFT = "kept_signatures"  # in a run's shared folder: what the search leaves for `WriteSignatures`


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


def leave_signatures(source: SignatureSource, shards: int, rules: SignatureRules, target: Path) -> None:
    """Moves the facts and signatures of all shards to `target`, with a note of what they are. Goes on where it was interrupted.

    What an earlier search has left there gives way.
    """
    note = target / "source.json"
    if note.exists() and json.loads(note.read_text(encoding="utf-8"))["folder"] != str(source.folder):
        remove_tree(target)
    target.mkdir(parents=True, exist_ok=True)
    for number in range(shards):
        for name in (f"facts-{number:05d}.arrow", f"signatures-{number:05d}.npy", f"changed-{number:05d}.npy"):
            if (source.folder / name).exists():
                (source.folder / name).replace(target / name)
    write_json(note, {"folder": str(source.folder), "rules": asdict(rules), "earlier": source.earlier})


@dataclass(frozen=True)
class WriteSignatures:
    """Writes `target/part-N.arrow` for the documents of a part. A picklable function of (N, slices).

    Slices are [shard, first row, end row] in input order, as `writer.cut_parts` makes them; `shards` are the shards as they are at
    the end of the run, `left` what `leave_signatures` left: documents whose text has changed since are signed anew. Returns what
    the manifest lists: file, rows, bytes, sha256.
    """

    left: str
    shards: Sequence[str]
    target: str

    def __call__(self, item: Sequence[Any]) -> dict[str, Any]:
        number, slices = item
        note = json.loads((storage.place(self.left) / "source.json").read_text(encoding="utf-8"))
        source, rules = SignatureSource(storage.place(self.left), note["earlier"]), SignatureRules(**note["rules"])
        batches = [batch for place in slices for batch in self._batches(source, rules, *place)]
        table = pa.Table.from_batches(batches, store_schema(rules)).combine_chunks()
        path = storage.place(self.target) / f"part-{number:05d}.arrow"
        with whole(path) as beside:
            write_batches(beside, table.to_batches(), table.schema)
            told = {"rows": table.num_rows, "bytes": beside.stat().st_size, "sha256": sha256_of(beside)}
        return {"file": f"{path.parent.name}/{path.name}", **told}

    def _batches(
        self, source: SignatureSource, rules: SignatureRules, shard: int, first: int, end: int
    ) -> Iterator[pa.RecordBatch]:
        facts = open_ipc(source.folder / f"facts-{shard:05d}.arrow").read_all()
        signatures, at = SignatureFiles(source, [shard]), 0
        for batch in read_batches(storage.place(self.shards[shard])):
            start, stop = (min(max(row - at, 0), batch.num_rows) for row in (first, end))
            if start < stop:
                row, size = at + start, stop - start
                known = facts.slice(row, size), signatures.take(np.arange(row, row + size))
                yield _stored(batch.select(["doc_id", "text", "drop_reason"]).slice(start, size), known, rules)
            at += batch.num_rows


def _stored(batch: pa.RecordBatch, known: tuple[pa.Table, np.ndarray], rules: SignatureRules) -> pa.RecordBatch:
    """The rows of the store for these documents, those that are marked or without tokens left out."""
    facts, signatures, _ = sign_batch(batch, known, rules)
    fingerprint = facts["fingerprint"].to_numpy()
    chosen = fingerprint != 0
    here = np.flatnonzero(chosen)
    values, starts = shingle_sets(*buffers(batch["text"]), chosen, token_table(), rules.shingle_words)
    offsets, packed = pack_sets(values, starts[here], starts[here + 1])
    columns = [
        batch["doc_id"].take(pa.array(here)),
        pa.array(fingerprint[here]),
        pa.Array.from_buffers(pa.binary(2 * rules.num_perm), len(here), [None, pa.py_buffer(signatures[here])]),
        pa.Array.from_buffers(pa.large_binary(), len(here), [None, pa.py_buffer(offsets), pa.py_buffer(packed)]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=store_schema(rules))
