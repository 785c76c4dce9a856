"""Records on their way to batches: what every format's reader makes of its input."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.dates import to_milliseconds
from pipeline.readers.spec import InputColumns
from pipeline.readers.values import as_string, is_encodable, to_json

QUARANTINE = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("position", pa.string(), nullable=False),  # "line 17", "row 17", "file"
        pa.field("reason", pa.string(), nullable=False),  # its kind, and after " (" the particulars
        pa.field("raw", pa.large_binary(), nullable=False),
    ]
)


# A row takes 500 to 700 bytes beside its text while it is made: three million of one byte in a batch took 2 GB.
MAX_BATCH_ROWS = 2**16


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


class Rows(NamedTuple):
    """Documents in columns: a batch of the schema, and where each stands (string arrays). Their dates could all be read."""

    batch: pa.RecordBatch
    file: pa.Array
    position: pa.Array

    def part(self, start: int, stop: int) -> "Rows":
        return Rows(*(column.slice(start, stop - start) for column in self))


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


def numbered_ids(ids: pa.Array, file: str, numbers: np.ndarray) -> pa.Array:
    """The ids (strings), in place of null and "" those that records with these numbers get without one."""
    missing = pc.equal(pc.fill_null(ids, ""), "")
    if not pc.any(missing).as_py():
        return ids
    made = pa.array([numbered_id(file, number) for number in numbers[missing.to_numpy(zero_copy_only=False)].tolist()], ids.type)
    return pc.replace_with_mask(ids, missing, made)


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
