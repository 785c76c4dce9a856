"""JSON Lines: an object a line, one record each. Blank lines are passed over.

orjson takes 3 microseconds for a record of 3.4 kB, Python's own parser 9; that one takes over where the two may differ. Arrow's whole
reader is faster than ours and was not taken: it guesses types by the block (a date string becomes a timestamp), refuses mixed types,
and stops at the first broken line.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from pipeline.readers.decode import UndecodableError, decode
from pipeline.readers.lines import is_blank, line_blocks
from pipeline.readers.pages import make_page_record
from pipeline.readers.records import Record, Rejected, make_record
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.streams import sniff, text_chunks
from pipeline.readers.values import is_plain

# Not strict: raw control characters in strings (a tab, a NUL) are common in dumps and do no harm.
_JSON = json.JSONDecoder(strict=False)
_FIRST_BYTES = 2**20  # longer lines are not looked at for the names of columns


class BadLineError(Exception):
    """A line that holds no object; the message is the reason, for the quarantine."""


def read_jsonl(piece: Piece, spec: InputSpec) -> Iterator[Record | Rejected]:
    """The records of a piece, in order. Each line is UTF-8 or, failing that, in whatever encoding `decode` finds for it."""
    head = sniff(piece.path)
    columns = spec.input_columns()
    make = make_page_record if columns.html else make_record
    encoding = "utf-8" if head.encoding == "utf-8-sig" else head.encoding
    line, number = piece.first_line - 1, piece.first_record - 1
    for block in line_blocks(text_chunks(piece.path, head, piece.start, piece.stop), spec.max_record_bytes):
        if block.problem:
            line, number = line + 1, number + 1
            yield Rejected(piece.name, f"line {line}", block.problem, block.data)
            continue
        for raw in _split(block.data):
            line += 1
            position = f"line {line}"
            try:
                values, label = _parse(raw, encoding)
            except BadLineError as error:
                if not is_blank(raw):
                    number += 1
                    yield Rejected(piece.name, position, str(error), raw)
                continue
            number += 1
            record = make(values, columns, file=piece.name, position=position, number=number, encoding=label)
            yield record if isinstance(record, Record) else Rejected(piece.name, position, record, raw)


def first_columns(path: str, records: int) -> set[str]:
    """The names that the first records of a file have between them; lines that hold no object add none."""
    names: set[str] = set()
    blocks = (block for block in line_blocks(text_chunks(path, sniff(path)), _FIRST_BYTES) if not block.problem)
    for line in islice((line for block in blocks for line in _split(block.data)), records):
        try:
            names.update(_parse(line, "utf-8")[0])
        except BadLineError:
            continue
    return names


def _split(data: bytes) -> list[bytes]:
    return data.removesuffix(b"\n").split(b"\n")


def _parse(line: bytes, encoding: str) -> tuple[dict[str, Any], str]:
    """The object of a line and the encoding it was read in: the one given unless the line says otherwise. Raises BadLineError.

    Floats and what is nested are left to Python's parser: orjson makes floats of integers past 64 bits, and it goes deeper.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _parse_exactly(line, encoding)
    return (value, encoding) if isinstance(value, dict) and is_plain(value) else _parse_exactly(line, encoding)


def _parse_exactly(line: bytes, encoding: str) -> tuple[dict[str, Any], str]:
    """The same by Python's own parser, which says what is wrong with a broken line."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text, encoding = _decoded(line)
    try:
        value = _JSON.decode(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise BadLineError(f"not JSON ({error.msg[:1].lower()}{error.msg[1:]} at column {error.colno})") from None
    except ValueError:
        raise BadLineError("not JSON (a number of more than 4300 digits)") from None
    except RecursionError:
        raise BadLineError("not JSON (nested too deeply)") from None
    if not isinstance(value, dict):
        raise BadLineError(f"not an object ({_KINDS[type(value)]})")
    return value, encoding


def _decoded(line: bytes) -> tuple[str, str]:
    try:
        decoded = decode(line)
    except UndecodableError as error:
        raise BadLineError(f"not text ({error})") from None
    return decoded.text, decoded.encoding


_KINDS = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a truth value", type(None): "null"}
