"""The rows of CSV and TSV, told apart: where a quote is not closed only the row's first line is given up."""

import csv
from collections import deque
from collections.abc import Container, Iterator
from typing import NamedTuple

from pipeline.readers.decode import UndecodableError, decode
from pipeline.readers.doubled import distinct
from pipeline.readers.lines import KEPT_BYTES, Block, blocks_of, too_long
from pipeline.readers.spec import InputSpec, Piece

# For a name that ends in .csv; the first that gives a header with the column of the text. Excel writes ";" where "," is the decimal sign.
DELIMITERS = {"csv": ",;\t|", "tsv": "\t"}

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


class CsvRow(NamedTuple):
    """A row, from the line where it begins; where `problem` is set there are no fields. One with neither is a blank line."""

    line: int
    fields: list[str]
    raw: bytes
    encoding: str
    problem: str | None


class CsvRows:
    """Iterates over the rows behind the header; blank lines are passed over."""

    def __init__(self, blocks: Iterator[Block], encoding: str, delimiters: str, limit: int) -> None:
        # The csv module knows one limit for the process; it is never lowered, and ours is the one that holds.
        csv.field_size_limit(max(csv.field_size_limit(), limit))
        self.blocks, self.encoding = blocks, encoding
        self.delimiters, self.limit = delimiters, limit
        self.delimiter = delimiters[0]
        self.read_lines = self.read_bytes = 0  # of the file before the next line that is read
        self.line_end = b""  # not known yet
        self.lines = self._lines()
        self.waiting: deque[_Line] = deque()  # lines that were read and given back
        self.taken: list[_Line] = []  # lines of the row that is being read
        self.with_blank = False  # True: blank lines are rows too

    @classmethod
    def of(cls, piece: Piece, spec: InputSpec) -> "CsvRows":
        """Those of a piece."""
        made = cls(*blocks_of(piece, spec), DELIMITERS[piece.format], spec.max_record_bytes)
        made.read_lines = piece.first_line - 1
        return made

    def behind(self, blocks: Iterator[Block], read_bytes: int, read_lines: int) -> "CsvRows":
        """Those of the same file from another place on, given its lines from there."""
        made = CsvRows(blocks, self.encoding, self.delimiters, self.limit)
        made.delimiter, made.line_end = self.delimiter, self.line_end
        made.read_bytes, made.read_lines = read_bytes, read_lines
        return made

    def header(self, wanted: Container[str]) -> list[str] | None:
        """The first row; decides on the delimiter, by which one of the names is wanted. None in a file without a row."""
        found: list[list[str]] = []
        for delimiter in self.delimiters:
            self.delimiter = delimiter
            row = next(iter(self), None)
            if row is None:
                return None
            found.append(row.fields)
            if any(name in wanted for name in distinct(row.fields)):
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

    def _lines(self) -> Iterator[_Line]:
        for block in self.blocks:
            if block.problem:
                self.read_lines, self.read_bytes = self.read_lines + 1, self.read_bytes + block.size
                yield _Line(self.read_lines, "", block.data[:KEPT_BYTES], self.encoding, block.problem)
                continue
            # A file without a line feed is one of the old Macintosh, as Excel writes.
            self.line_end = self.line_end or (b"\n" if b"\n" in block.data else b"\r")
            for raw in _split(block, self.line_end):
                self.read_lines, self.read_bytes = self.read_lines + 1, self.read_bytes + len(raw)
                yield _decoded(self.read_lines, raw, self.encoding)

    def _give_back(self, lines: list[_Line]) -> None:
        self.waiting.extendleft(reversed(lines))


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
