"""Bytes of a file in portions: a range of it, decompressed, without byte order mark, UTF-16 and UTF-32 turned into UTF-8."""

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import zstandard

from pipeline.errors import UserError

CHUNK_BYTES = 2**18  # 256 KiB: a chunk's lines stay in the cache while they are parsed; 1 MiB took a tenth longer

Compression = Literal["gzip", "zstd"]
_MAGIC: tuple[tuple[bytes, Compression], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_SKIPPABLE_FRAME = b"\x2a\x4d\x18"  # zstd: bytes 2 to 4 of a frame without data, which some writers begin with (0x5? before it)

# Zstandard makes 128 KiB of four bytes at the most, and gives all that a call makes at once: so a bomb is held to 64 MiB a call.
_ZSTD_FEED_BYTES = 2048

# The longer mark first: the one of UTF-32 LE begins with the one of UTF-16 LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class BrokenStreamError(Exception):
    """The stream cannot be read further; the message is the reason, for the quarantine. All before it has been yielded."""


@dataclass(frozen=True)
class Head:
    """What the first bytes of a file tell. Names are not trusted with that: many a plain file is called .gz."""

    compression: Compression | None
    encoding: str  # of the bytes inside, by their mark: "utf-8-sig", "utf-16-le" and its like; without one "utf-8"

    @property
    def splittable(self) -> bool:
        """True when reading may begin at any line."""
        return self.compression is None and self.encoding in ("utf-8", "utf-8-sig")


def sniff(path: str) -> Head:
    """The head of a file; an empty file is plain. Raises UserError when it cannot be read."""
    first = _first_bytes(read_range(path, 0, 4), 4)
    compression = compression_of(first)
    if compression is not None:
        first = _first_bytes(decompress(read_range(path), compression), 4)
    return Head(compression, next((encoding for mark, encoding in _MARKS if first.startswith(mark)), "utf-8"))


def compression_of(first: bytes) -> Compression | None:
    """The compression that these first bytes of a file are the magic number of."""
    if first[1:4] == _SKIPPABLE_FRAME and first[0] >> 4 == 5:
        return "zstd"
    return next((kind for magic, kind in _MAGIC if first.startswith(magic)), None)


def text_chunks(path: str, head: Head, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes of the range as UTF-8 (if they are what the head says), without a byte order mark at the file's beginning.

    Raises BrokenStreamError where the stream breaks, after all that could be read.
    """
    chunks = read_range(path, start, stop)
    if head.compression is not None:
        chunks = decompress(chunks, head.compression)
    if head.encoding not in ("utf-8", "utf-8-sig"):
        chunks = _recode(chunks, head.encoding)
    return chunks if start else _without_mark(chunks)


def raw_chunks(path: str) -> Iterator[bytes]:
    """The bytes of a file, decompressed and otherwise as they are. Raises BrokenStreamError likewise."""
    chunks = read_range(path)
    first = next(chunks, b"")
    compression = compression_of(first)
    chunks = chain([first], chunks)
    return chunks if compression is None else decompress(chunks, compression)


def read_range(path: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes [start, stop) of a file in chunks. Raises UserError when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            left = CHUNK_BYTES if stop is None else stop - start
            while left > 0 and (chunk := stream.read(min(CHUNK_BYTES, left))):
                if stop is not None:
                    left -= len(chunk)
                yield chunk
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def decompress(chunks: Iterator[bytes], compression: Compression) -> Iterator[bytes]:
    """The decompressed bytes in chunks, through all gzip members or zstd frames."""
    return _gathered(_inflate(chunks) if compression == "gzip" else _unzstd(chunks))


def _inflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in chunks:
        while chunk:
            if not begun:
                chunk = chunk.lstrip(b"\x00")  # padding between and after members
                begun = bool(chunk)
            try:
                inflated = member.decompress(chunk, CHUNK_BYTES)
            except zlib.error as error:
                raise BrokenStreamError(f"broken gzip stream ({error})") from None
            if inflated:
                yield inflated
            chunk = member.unconsumed_tail
            if member.eof:
                chunk, member, begun = member.unused_data, zlib.decompressobj(wbits=31), False
    if begun:
        raise BrokenStreamError("cut off (the gzip stream ends early)")


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    # Up to 2 GiB of window: `zstd --long=31` is common for dumps, and the default refuses it.
    decompressor = zstandard.ZstdDecompressor(max_window_size=2**31)
    frame = decompressor.decompressobj()
    begun = False
    for fed in (chunk[at : at + _ZSTD_FEED_BYTES] for chunk in chunks for at in range(0, len(chunk), _ZSTD_FEED_BYTES)):
        while fed:
            begun = True
            try:
                inflated = frame.decompress(fed)
            except zstandard.ZstdError as error:
                raise BrokenStreamError(f"broken zstd stream ({error})") from None
            if inflated:
                yield inflated
            fed = b""
            if frame.eof:
                fed, frame, begun = frame.unused_data, decompressor.decompressobj(), False
    if begun:
        raise BrokenStreamError("cut off (the zstd stream ends early)")


def _gathered(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of CHUNK_BYTES or more, but for the last."""
    held: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= CHUNK_BYTES:
                yield b"".join(held)
                held, size = [], 0
    except BrokenStreamError:
        yield b"".join(held)
        raise
    yield b"".join(held)


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
    decoder = codecs.getincrementaldecoder(encoding)()
    final = False
    while not final:
        chunk = next(chunks, b"")
        final = not chunk
        try:
            yield decoder.decode(chunk, final).encode()
        except UnicodeDecodeError as error:
            yield error.object[: error.start].decode(encoding).encode()
            raise BrokenStreamError(f"not valid {encoding} ({error.reason})") from None
