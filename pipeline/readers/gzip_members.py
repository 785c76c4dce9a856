"""gzip: members one after another, each a deflate stream that can be entered where a block begins.

A block can be read by who knows the 32 KiB of text before it (RFC 1951). zlib does not tell where blocks begin, so one is looked for: a
place whose bits are those of a block's head, and where a decoder that is given only the text before makes the same of what follows as the
one that has read everything. Of eight blocks one begins with a byte, every 200 to 500 kB: only those are taken.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np

from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.restart import RestartPoint, RestartPoints
from pipeline.storage import CHUNK_BYTES

_WINDOW = 2**15  # bytes that a block may refer back to
_MEMBER, _RAW = 31, -15  # what zlib calls a gzip member and a deflate stream by itself
_PROOF_BYTES = 2**14  # of the packed stream, some 60 kB of text, which both decoders must agree about
_HEAD_BYTES = 10  # of a block, without the lengths of its codes


class _Member:
    """A member on its way. `state` is that of a restart point within it; what such a point takes is kept up where it may be asked for."""

    def __init__(self, state: Mapping[str, Any], *, kept_up: bool) -> None:
        self.window = b64decode(state.get("window", ""))
        self.checksum, self.size = state.get("checksum", 0), state.get("size", 0)
        self.raw, self.kept_up = bool(state), kept_up or bool(state)
        self.stream = zlib.decompressobj(_RAW, zdict=self.window) if self.raw else zlib.decompressobj(_MEMBER)
        self.eof, self.unused_data, self.trailer = False, b"", b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """At most so many bytes. Raises zlib.error, with the words of zlib also where the checksum is judged here."""
        if self.raw and self.stream.eof:  # of which only the trailer is left
            self._end(data)
            return b""
        inflated: bytes = self.stream.decompress(data, most)
        if self.kept_up:
            self.checksum, self.size = zlib.crc32(inflated, self.checksum), (self.size + len(inflated)) % 2**32
            self.window = (self.window + inflated)[-_WINDOW:] if len(inflated) < _WINDOW else inflated[-_WINDOW:]
        if self.stream.eof:
            self._end(self.stream.unused_data)
        return inflated

    def _end(self, data: bytes) -> None:
        if not self.raw:
            self.eof, self.unused_data = True, data
            return
        self.trailer, self.unused_data = self.trailer + data[: 8 - len(self.trailer)], data[8 - len(self.trailer) :]
        for place, found, what in ((4, self.checksum, "data"), (8, self.size, "length")):
            if len(self.trailer) >= place and int.from_bytes(self.trailer[place - 4 : place], "little") != found:
                raise zlib.error(f"Error -3 while decompressing data: incorrect {what} check")
        self.eof = len(self.trailer) == 8

    def copy(self) -> "_Member":
        """Another one at the same place."""
        other = copy(self)
        other.stream = self.stream.copy()
        return other

    def state(self) -> dict[str, Any]:
        return {"window": b64encode(self.window).decode(), "checksum": self.checksum, "size": self.size}


def inflate(chunks: Iterator[bytes], begin: RestartPoint, points: RestartPoints) -> Iterator[bytes]:
    """What the members hold, through the last. `chunks` are those of the file from `begin` on. Raises BrokenStreamError."""
    kept_up = points.spacing is not None
    member, begun = _Member(begin.state, kept_up=kept_up), bool(begin.state)
    packed, unpacked = begin.packed, begin.unpacked
    for chunk in chunks:
        within = _block_within(member, chunk, packed, unpacked) if begun and points.wanted(unpacked) else None
        packed += len(chunk)
        inflated = b""
        while chunk or len(inflated) == CHUNK_BYTES:  # a full chunk: zlib may hold more though it has taken all its input
            if not begun:
                chunk = chunk.lstrip(b"\x00")  # padding between and after members
                begun = bool(chunk)
            try:
                inflated = member.decompress(chunk, CHUNK_BYTES)
            except zlib.error as error:
                raise BrokenStreamError(f"broken gzip stream ({error})") from None
            unpacked += len(inflated)
            yield inflated
            chunk = member.stream.unconsumed_tail
            if member.eof:
                chunk, inflated, member, begun = member.unused_data, b"", _Member({}, kept_up=kept_up), False
                if within is None and points.wanted(unpacked):
                    points.add(RestartPoint(packed - len(chunk), unpacked))
        if within is not None:  # all of its chunk is sound: who begins here sees the same errors at the same places
            points.add(within)
    if begun:
        raise BrokenStreamError("cut off (the gzip stream ends early)")


def _block_within(member: _Member, chunk: bytes, packed: int, unpacked: int) -> RestartPoint | None:
    """The first block of a chunk that reading can begin at; the member has not read the chunk, and does not now."""
    ahead, done = member.copy(), 0
    for place in block_starts(chunk):
        try:
            unpacked += _read_through(ahead, chunk[done:place])
            if ahead.eof or (ahead.raw and ahead.stream.eof):
                return None
            done, proof = place, chunk[place : place + _PROOF_BYTES]
            anew, goes_on = zlib.decompressobj(_RAW, zdict=ahead.window), ahead.stream.copy()
            if anew.decompress(proof, CHUNK_BYTES) == goes_on.decompress(proof, CHUNK_BYTES) and not anew.eof:
                return RestartPoint(packed + place, unpacked, ahead.state())
        except zlib.error:  # told by who reads the chunk; or the place only looked like a block
            if done != place:
                return None
    return None


def _read_through(member: _Member, data: bytes) -> int:
    """Takes the member past the data. Returns how many bytes came out."""
    count = 0
    while data and not member.eof:
        more = len(member.decompress(data, CHUNK_BYTES))
        count, data = count + more, member.stream.unconsumed_tail
        while more == CHUNK_BYTES and not data and not member.eof:
            more = len(member.decompress(b"", CHUNK_BYTES))
            count += more
    return count


def block_starts(chunk: bytes) -> Iterator[int]:
    """Places of bytes where a deflate block with codes of its own may begin: at the first bits everything is as it must be.

    Those within _PROOF_BYTES of the end are left out. 4 ms for 256 KiB.
    """
    codes = np.frombuffer(chunk, np.uint8)
    heads, next_ones = codes[: max(0, len(codes) - _PROOF_BYTES)], codes[1:]
    # Not the last block, codes of its own (100), at most 286 symbols, at most 30 distances.
    starts = np.flatnonzero((heads & 7 == 4) & (heads < 30 << 3) & (next_ones[: len(heads)] & 31 < 30))
    count = (codes[starts + 1] >> 5 | (codes[starts + 2] & 1) << 3) + 4
    lengths = np.zeros(len(starts), np.uint64)
    for place in range(2, _HEAD_BYTES):
        lengths |= codes[starts + place].astype(np.uint64) << np.uint64(8 * (place - 2))
    # Of 128 parts of the code by which the lengths of the others are told: it must be full.
    room = np.zeros(len(starts), np.int64)
    for symbol in range(19):
        length = (lengths >> np.uint64(1 + 3 * symbol) & np.uint64(7)).astype(np.int64)
        room += np.where((length > 0) & (symbol < count), 128 >> length, 0)
    for start in starts[room == 128].tolist():
        try:
            zlib.decompressobj(_RAW, zdict=bytes(_WINDOW)).decompress(chunk[start : start + 512], 1)
        except zlib.error:
            continue
        yield start
