"""Compressed streams, told by their first bytes and read through to the end of the last member or frame."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Literal

import zstandard

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

_XZ_MEMORY = 2**30  # of a window; xz -9 takes 65 MB

# Zstandard makes 128 KiB of four bytes at the most, and gives all that a call makes at once: so a bomb is held to 64 MiB a call.
_ZSTD_FEED_BYTES = 2048


class BrokenStreamError(Exception):
    """The stream cannot be read further; the message is the reason, for the quarantine. All before it has been yielded."""


def compression_of(first: bytes) -> Compression | None:
    """The compression that these first bytes of a file are the magic number of."""
    if first[1:4] == _SKIPPABLE_FRAME and first[0] >> 4 == 5:
        return "zstd"
    return next((kind for magic, kind in _MAGIC if first.startswith(magic)), None)


def decompress(chunks: Iterator[bytes], compression: Compression, max_expansion: int = MAX_EXPANSION) -> Iterator[bytes]:
    """The decompressed bytes in chunks, through all members, frames or streams.

    A stream that makes more than `max_expansion` bytes of each of its own, and a gigabyte in all, counts as broken from there on.
    """
    taken = given = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in chunks:
            taken += len(chunk)
            yield chunk

    for chunk in _decompressed(counted(), compression):
        given += len(chunk)
        if given > max(_HARMLESS_BYTES, max_expansion * taken):
            raise BrokenStreamError(f"bomb (more than {max_expansion} bytes of each of the {compression} stream)")
        yield chunk


def _decompressed(chunks: Iterator[bytes], compression: Compression) -> Iterator[bytes]:
    if compression == "gzip":
        return _gathered(_inflate(chunks))
    if compression == "zstd":
        return _gathered(_unzstd(chunks))
    return _gathered(_streams(chunks, _xz if compression == "xz" else bz2.BZ2Decompressor, compression))


def _inflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in chunks:
        inflated = b""
        while chunk or len(inflated) == CHUNK_BYTES:  # a full chunk: zlib may hold more though it has taken all its input
            if not begun:
                chunk = chunk.lstrip(b"\x00")  # padding between and after members
                begun = bool(chunk)
            try:
                inflated = member.decompress(chunk, CHUNK_BYTES)
            except zlib.error as error:
                raise BrokenStreamError(f"broken gzip stream ({error})") from None
            yield inflated
            chunk = member.unconsumed_tail
            if member.eof:
                chunk, inflated, member, begun = member.unused_data, b"", zlib.decompressobj(wbits=31), False
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
            yield inflated
            fed = b""
            if frame.eof:
                fed, frame, begun = frame.unused_data, decompressor.decompressobj(), False
    if begun:
        raise BrokenStreamError("cut off (the zstd stream ends early)")


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _streams(
    chunks: Iterator[bytes], make: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor], name: Compression
) -> Iterator[bytes]:
    stream = make()
    begun = False
    for chunk in chunks:
        while True:
            if stream.eof:
                chunk, stream, begun = stream.unused_data, make(), False
            if not begun:
                chunk = chunk.lstrip(b"\x00")  # padding between and after streams
                begun = bool(chunk)
            if not begun:
                break
            try:
                yield stream.decompress(chunk, CHUNK_BYTES)
            except (lzma.LZMAError, OSError, EOFError) as error:
                raise BrokenStreamError(f"broken {name} stream ({error})") from None
            chunk = b""
            if stream.needs_input and not stream.eof:
                break
    if begun and not stream.eof:
        raise BrokenStreamError(f"cut off (the {name} stream ends early)")


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
