"""One task of a plan, in a worker: its records into shards, and into quarantine what cannot be read."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import write_ipc
from pipeline.readers.batches import Parsed
from pipeline.readers.formats import read_pieces
from pipeline.readers.ids import ORIGINS, id_hashes
from pipeline.readers.records import QUARANTINE, Rejected, quarantine_batch
from pipeline.readers.spec import ReadTask
from pipeline.schema import SCHEMA
from pipeline.storage import counted_retries, place

# What a failure takes in memory beside its raw bytes. All those of a shard are held, and one stray quote may make millions of them.
_REJECTED_BYTES = 400

# What a document takes beside its columns where all of a shard are held: near-duplicates keep 256 bytes of signature for each. A shard of
# texts of one byte had 64 million of them.
_DOCUMENT_BYTES = 256


class ReadResult(TypedDict):
    """What a task left in its folder. JSON."""

    shards: list[tuple[str, int, int]]  # file name, documents, bytes of text
    quarantine: list[str]  # file names
    rows: int
    quarantined: int
    reasons: dict[str, int]  # the kind of reason -> records
    encodings: dict[str, int]
    undated: int  # documents with a date that could not be read
    bytes: int  # on disk
    retries: int  # transfers that were tried again


def read_task(task: ReadTask, folder: str) -> ReadResult:
    """Reads a task into `folder`: shards, quarantine files and files of origins, named so that sorting gives input order.

    Holds a batch, and the failures and ids of a shard. The rows do not depend on how the input was cut into tasks and shards.
    """
    result = ReadResult(
        shards=[],
        quarantine=[],
        rows=0,
        quarantined=0,
        reasons={},
        encodings={},
        undated=0,
        bytes=sum(piece.size for piece in task.pieces),
        retries=0,
    )
    with counted_retries() as count:
        for number, run in enumerate(_runs(read_pieces(task), task.spec.shard_bytes)):
            _write_shard(run, place(folder), f"{task.number:06d}-{number:06d}", result)
    result["retries"] = count.total
    return result


def reason_kind(reason: str) -> str:
    """A reason without its particulars, for counting."""
    return reason.partition(" (")[0]


def _runs(parsed: Iterable[Parsed], shard_bytes: int) -> Iterator[Iterator[Parsed]]:
    """Runs of batches with about `shard_bytes` of text and raw bytes; each must be taken before the next is asked for."""

    def numbered() -> Iterator[tuple[int, Parsed]]:
        total = 0
        for part in parsed:
            yield total // shard_bytes, part
            total += _weight(part.batch) + sum(len(rejected.raw) + _REJECTED_BYTES for rejected in part.rejected)

    for _, run in groupby(numbered(), key=itemgetter(0)):
        yield (part for _, part in run)


def _weight(batch: pa.RecordBatch) -> int:
    """Bytes of text; where documents are short, or have much beside their text, half of what they take in memory."""
    return max(_text_bytes(batch), int(batch.nbytes + batch.num_rows * _DOCUMENT_BYTES) // 2)


def _write_shard(run: Iterator[Parsed], folder: Path, name: str, result: ReadResult) -> None:
    """Writes what a run holds, and adds it to the result."""
    origins: list[pa.RecordBatch] = []
    rejected: list[Rejected] = []
    text_bytes = 0

    def documents() -> Iterator[pa.RecordBatch]:
        nonlocal text_bytes
        for part in run:
            rejected.extend(part.rejected)
            result["undated"] += part.undated
            if part.batch.num_rows:
                origins.append(_origins(part))
                text_bytes += _text_bytes(part.batch)
                result["encodings"] = add_counts(result["encodings"], _encodings(part.batch))
                yield part.batch

    shard = folder / f"shard-{name}.arrow"
    rows = write_ipc(shard, documents(), SCHEMA)
    if rows:
        write_ipc(folder / f"ids-{name}.arrow", origins, ORIGINS)
        result["shards"].append((shard.name, rows, text_bytes))
        result["rows"] += rows
    else:
        shard.unlink()
    if rejected:
        quarantine = folder / f"quarantine-{name}.arrow"
        write_ipc(quarantine, [quarantine_batch(rejected)], QUARANTINE)
        result["quarantine"].append(quarantine.name)
        result["quarantined"] += len(rejected)
        result["reasons"] = add_counts(result["reasons"], Counter(reason_kind(failure.reason) for failure in rejected))


def _origins(part: Parsed) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(id_hashes(part.batch["doc_id"])), part.file, part.position], schema=ORIGINS)


def _encodings(batch: pa.RecordBatch) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(batch["encoding"]).to_pylist()}


def add_counts(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """The sums by name, names sorted."""
    total = Counter(counts)
    total.update(more)
    return dict(sorted(total.items()))


def _text_bytes(batch: pa.RecordBatch) -> int:
    return int(pc.sum(pc.binary_length(batch["text"])).as_py() or 0)
