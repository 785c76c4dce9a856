"""Compressed streams, told by their first bytes and read through to the end of the last member or frame."""

import lzma
from collections.abc import Iterator
from typing import Literal, NamedTuple

import zstandard

from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.bzip2_blocks import unbzip2
from pipeline.readers.gzip_members import inflate
from pipeline.readers.restart import BEGINNING, RestartPoint, RestartPoints
from pipeline.storage import CHUNK_BYTES

Compression = Literal["gzip", "zstd", "bzip2", "xz"]
_MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    # The first block's mark goes with it, or that of the end in an empty file: a text may well begin with "BZh".
    *((b"BZh" + level + block, "bzip2") for level in map(bytes, zip(b"123456789")) for block in (b"1AY&SY", b"\x17rE8P\x90")),
)
MAGIC_BYTES = 10  # as many of a file's first bytes are needed to tell
_SKIPPABLE_FRAME = b"\x2a\x4d\x18"  # zstd: bytes 2 to 4 of a frame without data, which some writers begin with (0x5? before it)

MAX_EXPANSION = 1000  # bytes of one: news has 3 to 10; gzip can do 1,030, which is a file of one letter, and zstd 32,000
_HARMLESS_BYTES = 2**30  # a stream that makes no more than this is read whatever its expansion

# What a decoder must hold of the text before: `zstd --long=31`, common for dumps, takes all of it. By itself zstd takes 8 MiB at the most,
# xz -9 64 MiB. What says that it takes more is broken.
MAX_WINDOW = 2**31
_TOO_LARGE = ("Frame requires too much memory", "Memory usage limit exceeded")  # as the libraries say it
_XZ_BESIDE = 2**20  # that xz takes beside its window

# Zstandard makes 128 KiB of four bytes at the most, and gives all that a call makes at once: so a bomb is held to 64 MiB a call.
_ZSTD_FEED_BYTES = 2048


class Limits(NamedTuple):
    """What a stream may become: bytes of one of its own, and bytes that its decoder holds."""

    expansion: int = MAX_EXPANSION
    window: int = MAX_WINDOW


LIMITS = Limits()


class WindowError(Exception):
    """A stream that is sound as far as one can tell, but takes a larger window than was allowed."""


def compression_of(first: bytes) -> Compression | None:
    """The compression that these first bytes of a file are the magic number of."""
    if first[1:4] == _SKIPPABLE_FRAME and first[0] >> 4 == 5:
        return "zstd"
    return next((kind for magic, kind in _MAGIC if first.startswith(magic)), None)


def decompress(
    chunks: Iterator[bytes],
    compression: Compression,
    limits: Limits = LIMITS,
    *,
    begin: RestartPoint = BEGINNING,
    points: RestartPoints | None = None,
) -> Iterator[bytes]:
    """The decompressed bytes in chunks, through all members, frames or streams.

    A stream that makes more than `limits.expansion` bytes of each of its own, and a gigabyte in all, counts as broken from there on.
    Raises WindowError for one that must not have its window.
    Where `chunks` are those from `begin` on, so is what comes out; whose chunks end where others end that are read from the beginning
    gets the same errors at the same places. `points` are told where else reading may begin.
    """
    return _gathered(_bounded(chunks, compression, limits, begin, points or RestartPoints()))


def _bounded(
    chunks: Iterator[bytes], compression: Compression, limits: Limits, begin: RestartPoint, points: RestartPoints
) -> Iterator[bytes]:
    taken, given = begin.packed, begin.unpacked

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in chunks:
            taken += len(chunk)
            yield chunk

    for chunk in _decoded(counted(), compression, limits.window, begin, points):
        given += len(chunk)
        if given > max(_HARMLESS_BYTES, limits.expansion * taken):
            raise BrokenStreamError(f"bomb (more than {limits.expansion} bytes of each of the {compression} stream)")
        yield chunk


def _decoded(
    chunks: Iterator[bytes], compression: Compression, window: int, begin: RestartPoint, points: RestartPoints
) -> Iterator[bytes]:
    if compression == "gzip":
        return inflate(chunks, begin, points)
    if compression == "bzip2":
        return unbzip2(chunks, begin, points)
    return (_unzstd if compression == "zstd" else _unxz)(chunks, window, begin, points)


def _refused(error: Exception, name: Compression, window: int) -> Exception:
    """What to raise for an error of a decoder that may have no more than this window."""
    if window < MAX_WINDOW and any(said in str(error) for said in _TOO_LARGE):
        return WindowError(f"its {name} stream takes a window of more than {window} bytes")
    return BrokenStreamError(f"broken {name} stream ({error})")


def _unzstd(chunks: Iterator[bytes], window: int, begin: RestartPoint, points: RestartPoints) -> Iterator[bytes]:
    """A frame keeps its window to itself: only where one begins can reading begin."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=window)
    frame = decompressor.decompressobj()
    begun, packed, unpacked = False, begin.packed, begin.unpacked
    for fed in _portions(chunks, packed, _ZSTD_FEED_BYTES):
        packed += len(fed)
        while fed:
            begun = True
            try:
                inflated = frame.decompress(fed)
            except zstandard.ZstdError as error:
                raise _refused(error, "zstd", window) from None
            unpacked += len(inflated)
            yield inflated
            fed = b""
            if frame.eof:
                fed, frame, begun = frame.unused_data, decompressor.decompressobj(), False
                if points.wanted(unpacked):
                    points.add(RestartPoint(packed - len(fed), unpacked))
    if begun:
        raise BrokenStreamError("cut off (the zstd stream ends early)")


def _portions(chunks: Iterator[bytes], at: int, size: int) -> Iterator[bytes]:
    """The chunks of a file from a byte on, cut where a multiple of `size` is."""
    for chunk in chunks:
        yield from (chunk[max(0, start) : start + size] for start in range(-(at % size), len(chunk), size))
        at += len(chunk)


def _unxz(chunks: Iterator[bytes], window: int, begin: RestartPoint, points: RestartPoints) -> Iterator[bytes]:
    stream = _xz(window)
    begun, packed, unpacked = False, begin.packed, begin.unpacked
    for chunk in chunks:
        packed += len(chunk)
        while True:
            if stream.eof:
                chunk, stream, begun = stream.unused_data, _xz(window), False
                if points.wanted(unpacked):
                    points.add(RestartPoint(packed - len(chunk), unpacked))
            if not begun:
                chunk = chunk.lstrip(b"\x00")  # padding between and after streams
                begun = bool(chunk)
            if not begun:
                break
            try:
                inflated = stream.decompress(chunk, CHUNK_BYTES)
            except (lzma.LZMAError, EOFError) as error:
                raise _refused(error, "xz", window) from None
            unpacked += len(inflated)
            yield inflated
            chunk = b""
            if stream.needs_input and not stream.eof:
                break
    if begun and not stream.eof:
        raise BrokenStreamError("cut off (the xz stream ends early)")


def _xz(window: int) -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=window + _XZ_BESIDE)


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
