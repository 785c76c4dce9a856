"""Records put together into batches: cut by bytes, with no heed to where files end."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.records import MAX_BATCH_ROWS, Record, Rejected, Rows
from pipeline.readers.spec import InputSpec, Piece
from pipeline.schema import SCHEMA, make_batch


@dataclass(frozen=True)
class Parsed:
    """A batch of documents, where each stands (`file` and `position`, string arrays), and the records between that failed.

    `undated` documents had a date that could not be read.
    """

    batch: pa.RecordBatch
    file: pa.Array
    position: pa.Array
    rejected: Sequence[Rejected]
    undated: int = 0

    @property
    def records(self) -> int:
        """Documents and failures."""
        return int(self.batch.num_rows) + len(self.rejected)


Item = Record | Rejected | Rows
ReadFile = Callable[[Piece, InputSpec], Iterable[Item]]


def read_rows(read_file: ReadFile, pieces: Iterable[Piece], spec: InputSpec, limit: int | None) -> Iterator[Parsed]:
    """The records of these pieces, the first `limit` of them, in batches that pay no heed to where files end."""
    items = chain.from_iterable(read_file(piece, spec) for piece in pieces)
    return make_batches(items if limit is None else _first(items, limit), spec.max_batch_bytes)


def _first(items: Iterable[Item], limit: int) -> Iterator[Item]:
    """The first `limit` records."""
    left = limit
    for item in items if limit else ():
        yield item.part(0, left) if isinstance(item, Rows) else item
        left -= _size(item)[0]
        if left <= 0:
            return


def make_batches(items: Iterable[Item], batch_bytes: int) -> Iterator[Parsed]:
    """Batches of at most so many bytes of text, meta and raw bytes, or of one record that alone has more; MAX_BATCH_ROWS at most."""
    held: list[Record | Rows] = []
    rejected: list[Rejected] = []
    count = size = 0
    for item in _cut(items, batch_bytes):
        item_count, item_bytes = _size(item)
        if (size and size + item_bytes > batch_bytes) or count + item_count > MAX_BATCH_ROWS:
            yield _parsed(held, rejected)
            held, rejected, count, size = [], [], 0, 0
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            held.append(item)
        count, size = count + item_count, size + item_bytes
    if held or rejected:
        yield _parsed(held, rejected)


def _size(item: Item) -> tuple[int, int]:
    """Records, and bytes of text and meta or raw bytes."""
    if isinstance(item, Rows):
        return item.batch.num_rows, int(_lengths(item).sum())
    return 1, len(item.text) + len(item.meta or "") if isinstance(item, Record) else len(item.raw)


def _lengths(rows: Rows) -> np.ndarray:
    """Bytes of text and meta by row: a record may well have its text under another name."""
    lengths: np.ndarray = pc.add(
        pc.binary_length(rows.batch["text"]), pc.fill_null(pc.binary_length(rows.batch["meta"]), 0)
    ).to_numpy()
    return lengths


def _cut(items: Iterable[Item], batch_bytes: int) -> Iterator[Item]:
    """The items, documents in columns cut so that none alone is larger than a batch."""
    for item in items:
        if isinstance(item, Rows):
            yield from (item.part(start, stop) for start, stop in cut_by_bytes(_lengths(item), batch_bytes))
        else:
            yield item


def cut_by_bytes(lengths: np.ndarray, batch_bytes: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that together have at most so many bytes, or are one row that alone has more; MAX_BATCH_ROWS at most."""
    ends = np.cumsum(lengths)
    start, before = 0, 0
    while start < len(lengths):
        stop = max(start + 1, int(np.searchsorted(ends, before + batch_bytes, side="right")))
        stop = min(stop, start + MAX_BATCH_ROWS)
        yield start, stop
        start, before = stop, int(ends[stop - 1])


def rejected_only(*rejected: Rejected) -> Parsed:
    """Failures without a document between them."""
    return _parsed([], rejected)


def _parsed(held: Sequence[Record | Rows], rejected: Sequence[Rejected]) -> Parsed:
    if not held:
        nothing = pa.array([], pa.string())
        return Parsed(pa.RecordBatch.from_pylist([], schema=SCHEMA), nothing, nothing, rejected)
    parts: list[Rows] = []
    for _, run in groupby(held, key=lambda item: isinstance(item, Rows)):
        items = list(run)
        parts += [item for item in items if isinstance(item, Rows)] or [_in_columns(items)]
    undated = sum(item.undated for item in held if isinstance(item, Record))
    batches, files, positions = zip(*parts)
    if len(parts) == 1:
        return Parsed(batches[0], files[0], positions[0], rejected, undated)
    return Parsed(pa.concat_batches(batches), pa.concat_arrays(files), pa.concat_arrays(positions), rejected, undated)


def _in_columns(records: Sequence[Any]) -> Rows:
    columns: dict[str, Any] = dict(zip(Record._fields, zip(*records)))
    file, position = (pa.array(columns.pop(name), pa.string()) for name in ("file", "position"))
    del columns["undated"]
    columns["text"] = _joined(columns["text"])
    return Rows(make_batch(columns), file, position)


def _joined(texts: Sequence[bytes]) -> pa.Array:
    """UTF-8 texts as large_string, in half the time of `pa.array`."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
