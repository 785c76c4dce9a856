"""Documents out of Arrow tables, for formats that come in columns: the text goes through without becoming Python strings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import UserError, listed
from pipeline.readers.arrow_errors import ARROW_ERRORS, first_line
from pipeline.readers.batches import Parsed, cut_by_bytes, make_batches, rejected_only
from pipeline.readers.columns import (
    beginning,
    holds_nothing,
    is_binary,
    is_text,
    plain_column,
    row_bytes,
    string_values,
    timestamps,
    utf8_or_none,
    values,
)
from pipeline.readers.decode import UndecodableError, decode
from pipeline.readers.doubled import distinct, refuse_doubled
from pipeline.readers.lines import KEPT_BYTES, too_long
from pipeline.readers.pages import make_page_record
from pipeline.readers.records import Record, Rejected, numbered_id, reason_for_no_text
from pipeline.readers.spec import InputColumns, InputSpec, Piece
from pipeline.readers.values import to_json
from pipeline.schema import make_batch
from pipeline.storage import shown

ReadBatches = Callable[[Piece, InputSpec], Iterator[tuple[pa.RecordBatch | Rejected, int]]]


def read_tables(read_batches: ReadBatches, pieces: Iterable[Piece], spec: InputSpec, limit: int | None) -> Iterator[Parsed]:
    """The rows of these pieces, the first `limit` of them, in batches cut by bytes.

    `read_batches` yields a piece's rows as its format has them, or the failure that stands for some, with the first row's number.
    """
    left = limit
    for piece in pieces:
        for rows, first_row in read_batches(piece, spec):
            if isinstance(rows, Rejected):
                yield rejected_only(rows)
                left = None if left is None else left - 1
            else:
                taken = rows if left is None else rows.slice(0, left)
                yield from parse_rows(taken, spec, file=piece.name, first_row=first_row)
                left = None if left is None else left - taken.num_rows
            if left is not None and left <= 0:
                return


def check_columns(schema: pa.Schema, path: str, columns: InputColumns) -> None:
    """Raises UserError unless the column of the text is there and holds text, and of no column that is taken there are two."""
    names = distinct(schema.names)
    if columns.text not in names:
        raise UserError(f"{shown(path)}: no column {columns.text!r}; it has {listed(names)}; set input.columns.text")
    refuse_doubled(schema.names, path, columns)
    kind = schema.field(names.index(columns.text)).type
    if not (is_text(kind) or holds_nothing(kind)):
        raise UserError(f"{shown(path)}: column {columns.text!r} holds {kind}; strings were expected; set input.columns.text")


def parse_rows(rows: pa.RecordBatch, spec: InputSpec, *, file: str, first_row: int) -> Iterator[Parsed]:
    """Batches from rows of an input's columns, cut by bytes of their strings. Rows are numbered from `first_row` in their file.

    The column of the text must be there and hold strings or bytes.
    """
    columns, names = spec.input_columns(), distinct(rows.schema.names)
    if names != rows.schema.names:
        rows = rows.rename_columns(names)
    lengths = row_bytes(rows)
    for start, stop in cut_by_bytes(lengths, spec.max_batch_bytes):
        part, first = rows.slice(start, stop - start), first_row + start
        if columns.html:
            yield from make_batches(_pages(part, spec, file, first), spec.max_batch_bytes)
        else:
            yield from _parse_or_reject(part, lengths[start:stop], spec, file, first)


def _parse_or_reject(rows: pa.RecordBatch, lengths: np.ndarray, spec: InputSpec, file: str, first_row: int) -> Iterator[Parsed]:
    """`_parse`; where Arrow finds only now that something is broken, the rows by halves, down to the one that it is in."""
    try:
        yield _parse(rows, lengths, spec, file, first_row)
    except ARROW_ERRORS as error:
        half = rows.num_rows // 2
        if half == 0:
            yield rejected_only(Rejected(file, f"row {first_row}", f"broken row ({first_line(error)})", b""))
            return
        yield from _parse_or_reject(rows.slice(0, half), lengths[:half], spec, file, first_row)
        yield from _parse_or_reject(rows.slice(half), lengths[half:], spec, file, first_row + half)


def _pages(rows: pa.RecordBatch, spec: InputSpec, file: str, first_row: int) -> Iterator[Record | Rejected]:
    """The records of rows that hold web pages, one by one: extraction takes a thousand times as long as what columns save."""
    columns = spec.input_columns()
    values_of = {name: values(plain_column(rows, name)) for name in rows.schema.names}
    for row in range(rows.num_rows):
        position = f"row {first_row + row}"
        record = {name: column[row] for name, column in values_of.items()}
        made = make_page_record(record, columns, file=file, position=position, number=first_row + row, encoding="utf-8")
        yield made if isinstance(made, Record) else Rejected(file, position, made, _raw(rows, row, spec.max_record_bytes))


def _parse(rows: pa.RecordBatch, lengths: np.ndarray, spec: InputSpec, file: str, first_row: int) -> Parsed:
    columns = spec.input_columns()
    text, encodings, problems = _read_text(plain_column(rows, columns.text), columns.text, lengths, spec.max_record_bytes)
    fields: dict[str, Any] = {
        name: string_values(column)
        for name in ("doc_id", "source", "url", "title")
        if (column := plain_column(rows, getattr(columns, name))) is not None
    }
    ids = fields.get("doc_id", [None] * rows.num_rows)
    fields["doc_id"] = [value or numbered_id(file, number) for number, value in enumerate(ids, start=first_row)]
    fields["published"], unparsed = timestamps(plain_column(rows, columns.published))
    fields["meta"] = _meta(rows, set(columns[:-1]), columns.published, unparsed)
    batch = make_batch({**fields, "text": text, "encoding": encodings})
    position = pa.array([f"row {number}" for number in range(first_row, first_row + rows.num_rows)], pa.string())
    files = pa.array([file] * rows.num_rows, pa.string())
    if not problems:
        return Parsed(batch, files, position, [], len(unparsed))
    kept = pa.array([row not in problems for row in range(rows.num_rows)])
    rejected = [
        Rejected(file, f"row {first_row + row}", reason, _raw(rows, row, spec.max_record_bytes))
        for row, reason in sorted(problems.items())
    ]
    undated = sum(row not in problems for row in unparsed)
    return Parsed(batch.filter(kept), files.filter(kept), position.filter(kept), rejected, undated)


def _read_text(
    column: pa.Array, name: str, lengths: np.ndarray, max_bytes: int
) -> tuple[pa.Array, Sequence[str], dict[int, str]]:
    """The text column as large_string without nulls, the encoding of each row, and by row the reasons why some cannot be read.

    `lengths` are the bytes of whole rows.
    """
    problems = {row: reason_for_no_text(name, {name: None}) for row in np.flatnonzero(column.is_null().to_numpy(False)).tolist()}
    problems |= {row: too_long(int(lengths[row]), max_bytes) for row in np.flatnonzero(lengths > max_bytes).tolist()}
    text = None if is_binary(column.type) else utf8_or_none(column)
    return _decode_rows(column, problems) if text is None else (text.fill_null(""), ["utf-8"] * len(column), problems)


def _decode_rows(column: pa.Array, problems: dict[int, str]) -> tuple[pa.Array, Sequence[str], dict[int, str]]:
    """`_read_text` for bytes, and for strings that are not the UTF-8 they should be: row by row."""
    texts, encodings = [""] * len(column), ["utf-8"] * len(column)
    for row, raw in enumerate(column.cast(pa.large_binary())):
        if row in problems:
            continue
        try:
            decoded = decode(raw.as_py())
        except UndecodableError as error:
            problems[row] = f"not text ({error})"
            continue
        texts[row], encodings[row] = decoded.text, decoded.encoding
    return pa.array(texts, pa.large_string()), encodings, problems


def _meta(rows: pa.RecordBatch, named: set[str], published: str, unparsed: Mapping[int, Any]) -> list[str | None] | None:
    """The columns that are not named as JSON by row, with the values of the column of dates that are none."""
    names = [name for name in rows.schema.names if name not in named]
    if not names and not unparsed:
        return None
    rest = zip(*(values(plain_column(rows, name)) for name in names)) if names else [()] * rows.num_rows
    objects = ({**dict(zip(names, row)), **({published: unparsed[i]} if i in unparsed else {})} for i, row in enumerate(rest))
    return [to_json(value) if value else None for value in objects]


def _raw(rows: pa.RecordBatch, row: int, max_bytes: int) -> bytes:
    """A row as JSON, which is as near as a column format comes to raw bytes; its beginning when the row is over the limit."""
    one = rows.slice(row, 1)
    columns = {name: plain_column(one, name) for name in one.schema.names}
    if int(row_bytes(one)[0]) > max_bytes:
        columns = {name: beginning(column, KEPT_BYTES) for name, column in columns.items()}
        return to_json({name: values(column)[0] for name, column in columns.items()}).encode()[:KEPT_BYTES]
    return to_json({name: values(column)[0] for name, column in columns.items()}).encode()
