"""Lines of a byte stream, many at a time: blocks that end where a line ends."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.spec import InputSpec, Piece
from pipeline.readers.streams import range_chunks, sniff, text_chunks
from pipeline.storage import read_range

KEPT_BYTES = 2**20  # of a line or file over the limit, for the quarantine
LOOKED_BYTES = 2**25  # of a file, for the names of its columns: 20 GB without a line feed are not read for them

_LINE_FEED, _SPACE, _MARK = 0x0A, 0x20, 0xEF  # the last begins a byte order mark


class Block(NamedTuple):
    """Whole lines with their line feeds (the last of a stream may lack it), and their length in bytes.

    Where `problem` is set, the block is one line that cannot be read for that reason; `data` is its beginning, `size` its length.
    """

    data: bytes
    size: int
    problem: str | None = None


def blocks_of(piece: Piece, spec: InputSpec) -> tuple[Iterator[Block], str]:
    """The lines of a piece, and the encoding that they were in."""
    if piece.stop is not None:
        return line_blocks(range_chunks(piece.path, piece.start, piece.stop), spec.max_record_bytes), "utf-8"
    if piece.encoding is None:
        head = sniff(piece.path)
        return line_blocks(text_chunks(piece.path, head, None, spec.limits), spec.max_record_bytes), head.label
    chunks = read_range(piece.path)
    if piece.problem is not None:
        data = b"".join(chunks)
        return iter([Block(data, len(data), piece.problem)]), piece.encoding
    return line_blocks(chunks, spec.max_record_bytes), piece.encoding


def line_blocks(chunks: Iterator[bytes], max_line_bytes: int) -> Iterator[Block]:
    """The stream in blocks of whole lines; holds no more than a chunk and `max_line_bytes`, or KEPT_BYTES where that is more.

    A longer line has a block of its own, with its problem. A stream that breaks ends in a block with the reason and what there is
    of the line in which it broke.
    """
    held: list[bytes] = []
    size = 0  # of the line at the end of what was read; past the limit it is not held any more
    most = max(max_line_bytes, KEPT_BYTES)
    try:
        for chunk in chunks:
            end = chunk.rfind(b"\n") + 1
            if end and size > max_line_bytes:
                first = chunk.index(b"\n") + 1
                yield _too_long(b"".join([*held, chunk[: first - 1]]), size + first - 1, max_line_bytes)
                yield from _limited(chunk[first:end], max_line_bytes)
            elif end:
                yield from _limited(b"".join([*held, memoryview(chunk)[:end]]), max_line_bytes)
            if end:
                held, size = [], 0
            if size <= most:
                held.append(chunk[end:])
            size += len(chunk) - end
    except BrokenStreamError as error:
        yield Block(b"".join(held)[:KEPT_BYTES] if size > max_line_bytes else b"".join(held), size, str(error))
        return
    if size > max_line_bytes:
        yield _too_long(b"".join(held), size, max_line_bytes)
    elif size:
        yield Block(b"".join(held), size)


def count_lines(data: bytes) -> tuple[int, int]:
    """Lines of a block, and records: those of its lines that are not blank."""
    codes = np.frombuffer(data, np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(codes == _LINE_FEED) + 1])
    starts = starts[starts < len(codes)]
    first = codes[starts]
    doubtful = starts[(first <= _SPACE) | (first == _MARK)].tolist()
    blank = sum(is_blank(data[start : end if (end := data.find(b"\n", start)) >= 0 else len(data)]) for start in doubtful)
    return len(starts), len(starts) - blank


def is_blank(line: bytes) -> bool:
    """True for a line without anything but white space (of ASCII) after a byte order mark."""
    return not line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")


def _limited(data: bytes, max_line_bytes: int) -> Iterator[Block]:
    """The lines as one block, or, when one may be too long, each as its own."""
    if len(data) <= max_line_bytes:
        if data:
            yield Block(data, len(data))
        return
    for line in data.removesuffix(b"\n").split(b"\n"):
        yield _too_long(line, len(line), max_line_bytes) if len(line) > max_line_bytes else Block(line + b"\n", len(line) + 1)


def _too_long(data: bytes, length: int, max_line_bytes: int) -> Block:
    """The block of a line of this length that is followed by a line feed or by the end."""
    return Block(data[:KEPT_BYTES], length + 1, too_long(length, max_line_bytes))


def too_long(length: int, max_bytes: int) -> str:
    """The reason for a line or file over the limit."""
    return f"too long ({length} bytes, the limit is {max_bytes}; the raw bytes are its first {min(length, KEPT_BYTES)})"
