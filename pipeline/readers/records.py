"""Records on their way to batches: what every format's reader makes of its input."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.readers.dates import to_milliseconds
from pipeline.readers.spec import InputColumns, InputSpec, Piece
from pipeline.readers.values import as_string, is_encodable, to_json
from pipeline.schema import SCHEMA, make_batch

QUARANTINE = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("position", pa.string(), nullable=False),  # "line 17", "row 17", "file"
        pa.field("reason", pa.string(), nullable=False),  # its kind, and after " (" the particulars
        pa.field("raw", pa.large_binary(), nullable=False),
    ]
)


class Record(NamedTuple):
    """A document and where it stands in the input. Fields from `doc_id` on are columns of the schema; `text` is UTF-8."""

    file: str
    position: str
    undated: bool  # there was something in the column of dates, and it could not be read; it is in `meta`
    doc_id: str
    source: str | None
    url: str | None
    title: str | None
    published: int | None  # milliseconds since 1970, UTC
    encoding: str
    text: bytes
    meta: str | None
    lang: str | None = None  # as a web page declares it


class Rejected(NamedTuple):
    """A record that cannot be read, as QUARANTINE has it."""

    file: str
    position: str
    reason: str
    raw: bytes


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


# A row takes 500 to 700 bytes beside its text while it is made: three million of one byte in a batch took 2 GB.
MAX_BATCH_ROWS = 2**16

ReadFile = Callable[[Piece, InputSpec], Iterable[Record | Rejected]]


def read_rows(read_file: ReadFile, pieces: Iterable[Piece], spec: InputSpec, limit: int | None) -> Iterator[Parsed]:
    """The records of these pieces, the first `limit` of them, in batches that pay no heed to where files end."""
    items = chain.from_iterable(read_file(piece, spec) for piece in pieces)
    return make_batches(islice(items, limit), spec.max_batch_bytes)


def make_batches(items: Iterable[Record | Rejected], batch_bytes: int) -> Iterator[Parsed]:
    """Batches of at most so many bytes of text and raw bytes, or of one record that alone has more; MAX_BATCH_ROWS at most."""
    rows: list[Record] = []
    rejected: list[Rejected] = []
    size = 0
    for item in items:
        item_bytes = len(item.text) if isinstance(item, Record) else len(item.raw)
        if (size and size + item_bytes > batch_bytes) or len(rows) + len(rejected) == MAX_BATCH_ROWS:
            yield _parsed(rows, rejected)
            rows, rejected, size = [], [], 0
        if isinstance(item, Record):
            rows.append(item)
        else:
            rejected.append(item)
        size += item_bytes
    if rows or rejected:
        yield _parsed(rows, rejected)


def make_record(
    values: Mapping[str, Any], columns: InputColumns, *, file: str, position: str, number: int, encoding: str
) -> Record | str:
    """The record that these values (JSON types, by input column) are, or the reason why they are none.

    An id that is null or empty is made from the file and the record's number.
    """
    text = values.get(columns.text)
    if not isinstance(text, str):
        return reason_for_no_text(columns.text, values)
    rest = {key: value for key, value in values.items() if key not in columns}
    raw_published = values.get(columns.published)
    published = to_milliseconds(raw_published)
    if published is None and raw_published is not None:
        rest[columns.published] = raw_published
    try:
        return Record(
            file=file,
            position=position,
            undated=columns.published in rest,
            doc_id=_encodable(as_string(values.get(columns.doc_id))) or numbered_id(file, number),
            source=_encodable(as_string(values.get(columns.source))),
            url=_encodable(as_string(values.get(columns.url))),
            title=_encodable(as_string(values.get(columns.title))),
            published=published,
            encoding=encoding,
            text=text.encode(),
            meta=to_json(rest) if rest else None,
        )
    except UnicodeEncodeError:
        strings = (name for name in columns[:-1] if name != columns.published)
        broken = next(name for name in strings if not is_encodable(as_string(values.get(name)) or ""))
        return f"lone surrogate (column {broken!r})"


def _encodable(value: str | None) -> str | None:
    """The value itself. Raises UnicodeEncodeError for a lone surrogate, which no UTF-8 can hold."""
    if value is not None and not value.isascii():
        value.encode()
    return value


def numbered_id(file: str, number: int) -> str:
    """The id of a record without one."""
    return f"{file}#{number}"


def reason_for_no_text(column: str, values: Mapping[str, Any]) -> str:
    """Why a record has no text, its values being JSON types."""
    if column not in values:
        return f"no text (column {column!r} is missing)"
    if values[column] is None:
        return f"no text (column {column!r} is null)"
    return f"text is no string (column {column!r} holds {to_json(values[column])[:40]})"


def quarantine_batch(rejected: Sequence[Rejected]) -> pa.RecordBatch:
    """The failures as a batch of QUARANTINE."""
    columns: Sequence[Sequence[Any]] = list(zip(*rejected)) or [[], [], [], []]
    return pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in zip(columns, QUARANTINE)], schema=QUARANTINE)


def rejected_only(*rejected: Rejected) -> Parsed:
    """Failures without a document between them."""
    return _parsed([], rejected)


def _parsed(rows: Sequence[Record], rejected: Sequence[Rejected]) -> Parsed:
    if not rows:
        nothing = pa.array([], pa.string())
        return Parsed(pa.RecordBatch.from_pylist([], schema=SCHEMA), nothing, nothing, rejected)
    columns: dict[str, Any] = dict(zip(Record._fields, zip(*rows)))
    file, position = (pa.array(columns.pop(name), pa.string()) for name in ("file", "position"))
    undated = sum(columns.pop("undated"))
    columns["text"] = _joined(columns["text"])
    return Parsed(make_batch(columns), file, position, rejected, undated)


def _joined(texts: Sequence[bytes]) -> pa.Array:
    """UTF-8 texts as large_string, in half the time of `pa.array`."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
