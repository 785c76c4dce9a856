"""JSON Lines: an object a line, one record each. Blank lines are passed over.

Lines are first read by a kernel, a block at a time, into columns; those that are not plain to it are read one by one. Arrow's reader
was not taken: it guesses types by the block (a date string becomes a timestamp), refuses mixed types, and stops at the first broken line.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from pipeline.kernels.json_values import PADDING
from pipeline.readers.batches import Item
from pipeline.readers.compression import Limits
from pipeline.readers.doubled import doubled
from pipeline.readers.json_line import BadLineError, DoubledKeys, parse_line
from pipeline.readers.lines import LOOKED_BYTES, Block, blocks_of, is_blank, line_blocks
from pipeline.readers.pages import make_page_record
from pipeline.readers.plain_lines import PlainLines, read_plain_lines
from pipeline.readers.records import Record, Rejected, Rows, make_record
from pipeline.readers.spec import InputColumns, InputSpec, Piece
from pipeline.readers.streams import sniff, text_chunks

_FIRST_BYTES = 2**20  # longer lines are not looked at for the names of columns

# To set up columns takes a third of a millisecond a block, as long as twenty records take one by one: with blocks of half the size
# reading takes a seventh longer, with those of twice the size no less.
BLOCK_BYTES = 2**21
_LEAST_BYTES = 2**14  # a block that has less goes line by line


def read_jsonl(piece: Piece, spec: InputSpec) -> Iterator[Item]:
    """The records of a piece, in order. Each line is UTF-8 or, failing that, in whatever encoding `decode` finds for it."""
    columns = spec.input_columns()
    blocks, encoding = blocks_of(piece, spec)
    line, number = piece.first_line, piece.first_record
    for block in _gathered(blocks):
        if block.problem:
            yield Rejected(piece.name, f"line {line}", block.problem, block.data)
            line, number = line + 1, number + 1
            continue
        here = _Place(piece.name, columns, encoding, line, number)
        plain = None if columns.html or block.size < _LEAST_BYTES else read_plain_lines(block.data, block.size, columns)
        if plain is not None and plain.most:
            items, lines = _read_mixed(block, plain, here), len(plain.starts) - 1
        else:
            raws = _split(block.data[: block.size])
            items, lines = _read_lines(raws, here), len(raws)
        for item in items:
            yield item
            number += item.batch.num_rows if isinstance(item, Rows) else 1
        line += lines


class _Place(NamedTuple):
    """What records need besides their lines: the file, how to read it, and the numbers of the first line and record."""

    file: str
    columns: InputColumns
    encoding: str
    line: int
    number: int


def _gathered(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, those that can be read put together to BLOCK_BYTES or a little more, with PADDING zeros behind their lines."""
    held: list[bytes] = []
    size = 0
    for block in blocks:
        if not block.problem:
            held.append(block.data)
            size += len(block.data)
        if held and (block.problem or size >= BLOCK_BYTES):
            yield Block(b"".join([*held, bytes(PADDING)]), size)
            held, size = [], 0
        if block.problem:
            yield block
    if held:
        yield Block(b"".join([*held, bytes(PADDING)]), size)


def _read_lines(raws: Iterable[bytes], here: _Place) -> Iterator[Item]:
    """The records of lines, one by one."""
    number = here.number
    for line, raw in enumerate(raws, start=here.line):
        record = _read_line(raw, here, line, number)
        if record is not None:
            yield record
            number += 1


def _read_mixed(block: Block, plain: PlainLines, here: _Place) -> Iterator[Item]:
    """The records of a block: plain lines in columns, and those between them one by one."""
    starts, others = plain.starts, np.setdiff1d(np.arange(len(plain.starts) - 1), plain.lines)
    stops = np.minimum(starts[1:], block.size)  # the last line may lack its line feed
    raws = [block.data[starts[other] : stops[other]].removesuffix(b"\n") for other in others]
    is_record = np.ones(len(starts) - 1, np.int64)
    is_record[[other for other, raw in zip(others, raws) if is_blank(raw)]] = 0
    numbers = here.number + np.cumsum(is_record) - is_record
    rows = plain.rows(here.file, here.line + plain.lines, numbers[plain.lines], here.encoding)
    done = 0
    for other, raw, before in zip(others.tolist(), raws, np.searchsorted(plain.lines, others).tolist()):
        if before > done:
            yield rows.part(done, before)
        done = before
        record = _read_line(raw, here, here.line + other, int(numbers[other]))
        if record is not None:
            yield record
    yield rows.part(done, len(plain.lines))


def _read_line(raw: bytes, here: _Place, line: int, number: int) -> Record | Rejected | None:
    """The record of a line; None for a blank one, which is none."""
    position = f"line {line}"
    try:
        values, label = parse_line(raw, here.encoding)
    except BadLineError as error:
        return None if is_blank(raw) else Rejected(here.file, position, str(error), raw)
    twice = doubled(values.written, here.columns[:-1]) if isinstance(values, DoubledKeys) else None
    if twice is not None:
        return Rejected(here.file, position, f"a key twice ({twice!r})", raw)
    make = make_page_record if here.columns.html else make_record
    record = make(values, here.columns, file=here.file, position=position, number=number, encoding=label)
    return record if isinstance(record, Record) else Rejected(here.file, position, record, raw)


def first_columns(path: str, records: int, limits: Limits) -> set[str]:
    """The names that the first records of a file have between them; lines that hold no object add none."""
    names: set[str] = set()
    blocks = (
        block for block in line_blocks(text_chunks(path, sniff(path), LOOKED_BYTES, limits), _FIRST_BYTES) if not block.problem
    )
    for line in islice((line for block in blocks for line in _split(block.data)), records):
        try:
            names.update(parse_line(line, "utf-8")[0])
        except BadLineError:
            continue
    return names


def _split(data: bytes) -> list[bytes]:
    return data.removesuffix(b"\n").split(b"\n")
