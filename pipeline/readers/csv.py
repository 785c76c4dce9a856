"""CSV and TSV: a header, then a record a row; fields in double quotes may hold delimiters, quotes and line feeds.

Every field is a string; an empty one is null, but for the text. Rows that have not as many fields as the header go to quarantine.
Where a quote is not closed the row's first line alone is given up and reading goes on with the next, so that one slip costs one row and
not the rest of the file.
"""

import csv
from collections import deque
from collections.abc import Container, Iterator
from typing import NamedTuple

from pipeline.readers.decode import UndecodableError, decode
from pipeline.readers.lines import KEPT_BYTES, Block, blocks_of, too_long
from pipeline.readers.pages import make_page_record
from pipeline.readers.records import Record, Rejected, make_record
from pipeline.readers.spec import InputSpec, Piece

# For a name that ends in .csv; the first that gives a header with the column of the text. Excel writes ";" where "," is the decimal sign.
_DELIMITERS = {"csv": ",;\t|", "tsv": "\t"}

# Of one row. A long novel has 65,000; a quote that is not closed takes all lines of the file, at some 300 bytes beside their own.
_MAX_ROW_LINES = 2**18


class _Line(NamedTuple):
    """A line with its line feed. Where `problem` is set it could not be read, and `raw` is its beginning."""

    number: int
    text: str
    raw: bytes
    encoding: str
    problem: str | None


class _BadLineError(Exception):
    """A line within a row could not be read, or the row is too long."""


def read_csv(piece: Piece, spec: InputSpec) -> Iterator[Record | Rejected]:
    """The records of a file, in order."""
    # The csv module knows one limit for the process; it is never lowered, and ours is the one that holds.
    csv.field_size_limit(max(csv.field_size_limit(), spec.max_record_bytes))
    columns, rows = spec.input_columns(), CsvRows(piece, spec)
    make = make_page_record if columns.html else make_record
    header = rows.header({columns.text})
    if header is None:
        return
    if not header:
        yield Rejected(piece.name, "line 1", "no header that can be read", rows.taken[0].raw)
    for number, row in enumerate(rows, piece.first_record):
        position = f"line {row.line}"
        problem = row.problem
        if problem is None and len(row.fields) != len(header):
            problem = f"ragged row ({_fields(len(row.fields))}, the header has {len(header)})"
        if problem is None:
            values = {name: field if field or name == columns.text else None for name, field in zip(header, row.fields)}
            record = make(values, columns, file=piece.name, position=position, number=number, encoding=row.encoding)
            if isinstance(record, Record):
                yield record
                continue
            problem = record
        yield Rejected(piece.name, position, problem, row.raw)


def header_of(path: str, kind: str, wanted: Container[str]) -> list[str]:
    """The names in the header, one of which is wanted; none in an empty file."""
    piece = Piece(path, path, "tsv" if kind == "tsv" else "csv", 0)
    return CsvRows(piece, InputSpec(path)).header(wanted) or []


class CsvRow(NamedTuple):
    """A row, from the line where it begins; where `problem` is set there are no fields. One with neither is a blank line."""

    line: int
    fields: list[str]
    raw: bytes
    encoding: str
    problem: str | None


class CsvRows:
    """Iterates over the rows behind the header; blank lines are passed over."""

    def __init__(self, piece: Piece, spec: InputSpec) -> None:
        self.limit = spec.max_record_bytes
        self.delimiters = _DELIMITERS[piece.format]
        self.delimiter = self.delimiters[0]
        blocks, self.encoding = blocks_of(piece, spec)
        self.lines = _lines(blocks, self.encoding, piece.first_line)
        self.waiting: deque[_Line] = deque()  # lines that were read and given back
        self.taken: list[_Line] = []  # lines of the row that is being read
        self.with_blank = False  # True: blank lines are rows too

    def header(self, wanted: Container[str]) -> list[str] | None:
        """The first row; decides on the delimiter, by which one of the names is wanted. None in a file without a row."""
        found: list[list[str]] = []
        for delimiter in self.delimiters:
            self.delimiter = delimiter
            row = next(iter(self), None)
            if row is None:
                return None
            found.append(row.fields)
            if any(name in wanted for name in row.fields):
                return row.fields
            self._give_back(self.taken)
        self.delimiter = self.delimiters[0]
        next(iter(self))
        return found[0]

    def __iter__(self) -> Iterator[CsvRow]:
        reader = csv.reader(self._texts(), delimiter=self.delimiter, strict=True)
        while True:
            self.taken = []
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, _BadLineError) as error:
                first, *rest = self.taken
                reason = first.problem or (str(error) if isinstance(error, _BadLineError) else f"not CSV ({error})")
                self._give_back(rest)
                self.taken = [first]
                reader = csv.reader(self._texts(), delimiter=self.delimiter, strict=True)
                if first.problem is not None or first.text.strip():
                    yield CsvRow(first.number, [], first.raw, first.encoding, reason)
                elif self.with_blank:
                    yield CsvRow(first.number, [], first.raw, first.encoding, None)
                continue
            if not fields or (len(self.taken) == 1 and not self.taken[0].text.strip()):
                if self.with_blank:
                    yield CsvRow(self.taken[0].number, [], self.taken[0].raw, "utf-8", None)
            else:
                encoding = next((line.encoding for line in self.taken if line.encoding != "utf-8"), "utf-8")
                yield CsvRow(self.taken[0].number, fields, b"".join(line.raw for line in self.taken), encoding, None)

    def _texts(self) -> Iterator[str]:
        size = sum(len(line.raw) for line in self.taken)
        while (line := self.waiting.popleft() if self.waiting else next(self.lines, None)) is not None:
            size = len(line.raw) + (size if self.taken else 0)
            self.taken.append(line)
            if line.problem is not None:
                raise _BadLineError("a line of the row cannot be read")
            if size > self.limit:
                raise _BadLineError(too_long(size, self.limit))
            if len(self.taken) > _MAX_ROW_LINES:
                raise _BadLineError(f"too long (more than {_MAX_ROW_LINES} lines; is a quote not closed?)")
            yield line.text

    def _give_back(self, lines: list[_Line]) -> None:
        self.waiting.extendleft(reversed(lines))


def _lines(blocks: Iterator[Block], encoding: str, first: int) -> Iterator[_Line]:
    number, end = first - 1, b""
    for block in blocks:
        if block.problem:
            number += 1
            yield _Line(number, "", block.data[:KEPT_BYTES], encoding, block.problem)
            continue
        end = end or (b"\n" if b"\n" in block.data else b"\r")  # a file without a line feed is one of the old Macintosh, as Excel writes
        for raw in _split(block, end):
            number += 1
            yield _decoded(number, raw, encoding)


def _split(block: Block, end: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(block.data):
        stop = block.data.find(end, start) + 1 or len(block.data)
        yield block.data[start:stop]
        start = stop


def _decoded(number: int, raw: bytes, encoding: str) -> _Line:
    try:
        return _Line(number, raw.decode(), raw, encoding, None)
    except UnicodeDecodeError:
        pass
    try:
        decoded = decode(raw)
    except UndecodableError as error:
        return _Line(number, "", raw, encoding, f"not text ({error})")
    return _Line(number, decoded.text, raw, decoded.encoding, None)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
