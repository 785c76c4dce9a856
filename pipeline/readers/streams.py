"""Bytes of a file in portions: a range of it, decompressed, without byte order mark, UTF-16 and UTF-32 turned into UTF-8."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from pipeline.errors import UserError
from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.compression import LIMITS, MAGIC_BYTES, Compression, Limits, WindowError, compression_of, decompress
from pipeline.readers.restart import RestartPoint, RestartPoints
from pipeline.storage import CHUNK_BYTES, first_bytes, read_range, shown

# The longer mark first: the one of UTF-32 LE begins with the one of UTF-16 LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Head:
    """What the first bytes of a file tell. Names are not trusted with that: many a plain file is called .gz."""

    compression: Compression | None
    encoding: str  # of the bytes inside, by their mark: "utf-8-sig", "utf-16-le" and its like; without one "utf-8"

    @property
    def splittable(self) -> bool:
        """True when reading may begin at any line."""
        return self.compression is None and self.label == "utf-8"

    @property
    def label(self) -> str:
        """The encoding as documents name it."""
        return "utf-8" if self.encoding == "utf-8-sig" else self.encoding

    @property
    def mark_bytes(self) -> int:
        """Of a UTF-8 file: those of its byte order mark."""
        return len(codecs.BOM_UTF8) if self.encoding == "utf-8-sig" else 0


def sniff(path: str) -> Head:
    """The head of a file; an empty file is plain. Raises UserError when it cannot be read."""
    first = first_bytes(path, MAGIC_BYTES)
    compression = compression_of(first)
    if compression is not None:
        first = _first_bytes(decompress(read_range(path), compression), 4)
    return Head(compression, next((encoding for mark, encoding in _MARKS if first.startswith(mark)), "utf-8"))


def text_chunks(path: str, head: Head, stop: int | None = None, limits: Limits = LIMITS) -> Iterator[bytes]:
    """The first `stop` bytes of a file as UTF-8 (if they are what the head says), without a byte order mark at the beginning.

    Raises BrokenStreamError where the stream breaks, after all that could be read, and UserError where its window is past the limit.
    """
    chunks = read_range(path, 0, stop)
    if head.compression is not None:
        chunks = _told(path, decompress(chunks, head.compression, limits))
    if head.label != "utf-8":
        chunks = _recode(chunks, head.encoding)
    return _without_mark(chunks)


def later_chunks(path: str, head: Head, skip: int, limits: Limits, begin: RestartPoint, points: RestartPoints) -> Iterator[bytes]:
    """What `text_chunks` has behind its first `skip` bytes, read from `begin` on, a point at or before them; the points are noted.

    UTF-16 and UTF-32 are read from the beginning, and no points are noted.
    """
    if head.label != "utf-8":
        return _behind(text_chunks(path, head, None, limits), skip)
    skip += head.mark_bytes
    if head.compression is None:
        return read_range(path, skip)
    chunks = decompress(_aligned(path, begin.packed), head.compression, limits, begin=begin, points=points)
    return _behind(_told(path, chunks), skip - begin.unpacked)


def _aligned(path: str, start: int) -> Iterator[bytes]:
    """The chunks of a file from a byte on, which end where those from the beginning do."""
    stop = -(-(start + 1) // CHUNK_BYTES) * CHUNK_BYTES
    return chain(read_range(path, start, stop), read_range(path, stop))


def _told(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except WindowError as error:
        raise UserError(f"{shown(path)}: {error}; set input.max_window higher, and engine.max_memory with it") from None


def _behind(chunks: Iterator[bytes], skip: int) -> Iterator[bytes]:
    for chunk in chunks:
        if skip < len(chunk):
            yield chunk[skip:]
        skip = max(0, skip - len(chunk))


def range_chunks(path: str, start: int, stop: int) -> Iterator[bytes]:
    """The lines of a plain UTF-8 file that begin in [start, stop), without a byte order mark at the file's beginning.

    The last of them is read to its end, wherever that is. So ranges that meet have every line once, wherever they are cut; a range within
    one long line has none. The first range holds the mark whole.
    """
    return _lines_from(path, start, stop) if start else _without_mark(_lines_from(path, start, stop))


def _lines_from(path: str, start: int, stop: int) -> Iterator[bytes]:
    chunks = read_range(path, max(0, start - 1), stop)
    last = b""
    for last in _behind_line_feed(chunks) if start else chunks:
        yield last
    at, step = stop, CHUNK_BYTES  # little at first: a store gives eight megabytes where no end is named
    while last and not last.endswith(b"\n"):
        last = b""
        for chunk in read_range(path, at, at + step):
            last = chunk[: chunk.find(b"\n") + 1 or None]
            yield last
            if last.endswith(b"\n"):
                return
        at, step = at + step, 2 * step


def raw_chunks(path: str, limits: Limits = LIMITS) -> Iterator[bytes]:
    """The bytes of a file, decompressed and otherwise as they are. Raises as `text_chunks` does."""
    chunks = read_range(path)
    first = next(chunks, b"")
    compression = compression_of(first)
    chunks = chain([first], chunks)
    return chunks if compression is None else _told(path, decompress(chunks, compression, limits))


def _behind_line_feed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What comes after the first line feed."""
    for chunk in chunks:
        begin = chunk.find(b"\n") + 1
        if begin:
            yield chunk[begin:]
            break
    yield from chunks


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks without a UTF-8 byte order mark at the very beginning; every first chunk holds it whole or is the last."""
    yield next(chunks, b"").removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _first_bytes(chunks: Iterator[bytes], count: int) -> bytes:
    """The first `count` bytes of a stream, or as many as can be read."""
    try:
        return next(chunks, b"")[:count]
    except BrokenStreamError:
        return b""


def _recode(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 or UTF-32 as UTF-8; what is not valid becomes U+FFFD, since a line must not cost those after it."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", True).encode()
