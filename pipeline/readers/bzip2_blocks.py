"""bzip2: streams one after another, of blocks that know nothing of each other.

A block begins with 48 bits that hardly occur elsewhere, at any bit. Each is cut out there and unpacked as a stream by itself; the
checksum over all blocks of a stream is made here of those of the blocks. So reading can begin at each.
"""

import bz2
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from pipeline.readers.broken import BrokenStreamError
from pipeline.readers.restart import RestartPoint, RestartPoints
from pipeline.storage import CHUNK_BYTES

_BLOCK, _END = 0x314159265359, 0x177245385090  # π and its root
_HEAD = 4  # bytes of a stream before its first block: "BZh" and the digit of the blocks' size
_MARK, _CHECKSUM = 48, 32  # bits

# Of a block: 900,000 symbols of at most 20 bits, and its tables. What is longer is none.
_MOST_BYTES = 2**22


class _Held:
    """The bytes that are not unpacked yet. Places are bits from their beginning."""

    def __init__(self, chunks: Iterator[bytes], at: int) -> None:
        self._chunks = chunks
        self.data, self.at, self.ended = bytearray(), at, False  # `at`: bytes of the file before the data

    def more(self) -> bool:
        """True when there was another chunk."""
        chunk = next(self._chunks, None)
        self.ended = chunk is None
        self.data += chunk or b""
        return chunk is not None

    def has(self, bits: int) -> bool:
        """Whether there are so many, when as much as it takes has been read."""
        while 8 * len(self.data) < bits and self.more():
            pass
        return 8 * len(self.data) >= bits

    def bits(self, start: int, count: int) -> int:
        end = start + count
        return (int.from_bytes(self.data[start // 8 : -(-end // 8)]) >> (-end % 8)) & ((1 << count) - 1)

    def drop(self, count: int) -> None:
        """Forgets so many bytes."""
        del self.data[:count]
        self.at += count

    def next_mark(self, start: int) -> int | None:
        """The next place of a block or an end at or behind `start`; None where none is in reach."""
        searched = start
        while (found := find_mark(self.data, searched)) is None:
            searched = max(start, 8 * len(self.data) - _MARK)
            if 8 * len(self.data) - start > 8 * _MOST_BYTES or not self.more():
                return None
        return found


class _Pattern(NamedTuple):
    shift: int  # bits of the first byte that are before the mark
    whole: bytes  # the bytes that it fills


@cache
def _patterns() -> tuple[_Pattern, ...]:
    made = []
    for mark in (_BLOCK, _END):
        for shift in range(8):
            first, last = -(-shift // 8) * 8 - shift, (shift + _MARK) // 8 * 8 - shift
            part = (mark >> (_MARK - last)) & ((1 << (last - first)) - 1)
            made.append(_Pattern(shift, part.to_bytes((last - first) // 8)))
    return tuple(made)


def find_mark(data: bytes | bytearray, start: int) -> int | None:
    """The first bit at or behind `start` where a block or an end is marked; None without one."""
    first: int | None = None
    for shift, whole in _patterns():
        before = 1 if shift else 0  # byte in which the mark begins without filling it
        at = data.find(whole, start // 8 + before)
        while at >= 0 and (first is None or 8 * (at - before) + shift < first):
            bit = 8 * (at - before) + shift
            if bit >= start and bit + _MARK <= 8 * len(data):
                found = int.from_bytes(data[bit // 8 : -(-(bit + _MARK) // 8)]) >> (-(bit + _MARK) % 8) & ((1 << _MARK) - 1)
                if found in (_BLOCK, _END):
                    first = bit
                    break
            at = data.find(whole, at + 1)
    return first


def unbzip2(chunks: Iterator[bytes], begin: RestartPoint, points: RestartPoints) -> Iterator[bytes]:
    """What the streams hold, through the last, in chunks of at most CHUNK_BYTES. Raises BrokenStreamError."""
    held, unpacked, state = _Held(chunks, begin.packed), begin.unpacked, begin.state
    while state or _begins(held):
        head, combined, bit = state.get("head"), state.get("combined", 0), state.get("bit", 0)
        if head is None:
            head, bit = _head(held), 8 * _HEAD
        while _mark_at(held, bit) == _BLOCK:
            made, end = _block(held, bit, head)
            if points.wanted(unpacked):
                points.add(RestartPoint(held.at + bit // 8, unpacked, {"head": head, "combined": combined, "bit": bit % 8}))
            yield from (made[at : at + CHUNK_BYTES] for at in range(0, len(made), CHUNK_BYTES))
            unpacked += len(made)
            combined = (combined << 1 & 0xFFFFFFFF | combined >> 31) ^ held.bits(bit + _MARK, _CHECKSUM)
            held.drop(end // 8)
            bit = end % 8
        if not held.has(bit + _MARK + _CHECKSUM):
            raise _cut_off()
        if held.bits(bit + _MARK, _CHECKSUM) != combined:
            raise _broken()
        held.drop(-(-(bit + _MARK + _CHECKSUM) // 8))
        state = {}


def _begins(held: _Held) -> bool:
    """True where another stream is to come, when zeros between and after streams are passed over."""
    while True:
        padding = len(held.data) - len(held.data.lstrip(b"\x00"))
        held.drop(padding)
        if held.data or not held.more():
            return bool(held.data)


def _head(held: _Held) -> str:
    """The head of the stream that begins here. Raises BrokenStreamError where something else is."""
    whole, head = held.has(8 * _HEAD), bytes(held.data[:_HEAD])
    if not b"BZh".startswith(head[:3]) or head[3:] not in b"123456789":
        raise _broken()
    if not whole:
        raise _cut_off()
    return head.decode("ascii")


def _mark_at(held: _Held, bit: int) -> int:
    """The mark at this bit. Raises BrokenStreamError where something else is."""
    if not held.has(bit + _MARK):
        raise _cut_off()
    mark = held.bits(bit, _MARK)
    if mark not in (_BLOCK, _END):
        raise _broken()
    return mark


def _block(held: _Held, start: int, head: str) -> tuple[bytes, int]:
    """What the block that begins at this bit holds, and where it ends. Raises BrokenStreamError."""
    end = held.next_mark(start + _MARK + _CHECKSUM)
    while end is not None:
        made = _unpacked(held, start, end, head)
        if made is not None:
            return made, end
        # It was text within the block that looks like a mark.
        end = held.next_mark(end + 1) if end - start < 8 * _MOST_BYTES else None
    if held.ended and _unpacked(held, start, None, head) is not None:
        raise _cut_off()
    raise _broken()


def _unpacked(held: _Held, start: int, end: int | None, head: str) -> bytes | None:
    """What the block holds; None where it is broken, or `end` is not its end. With None for an end b"" if it is sound so far."""
    size = (8 * len(held.data) if end is None else end) - start
    block = held.bits(start, size)
    if end is not None:
        checksum = (block >> (size - _MARK - _CHECKSUM)) & ((1 << _CHECKSUM) - 1)
        block, size = (block << _MARK | _END) << _CHECKSUM | checksum, size + _MARK + _CHECKSUM
    stream = bz2.BZ2Decompressor()
    try:
        made = stream.decompress(head.encode() + (block << (-size % 8)).to_bytes(-(-size // 8)))
    except (OSError, EOFError):
        return None
    return b"" if end is None else made if stream.eof else None


def _cut_off() -> BrokenStreamError:
    return BrokenStreamError("cut off (the bzip2 stream ends early)")


def _broken() -> BrokenStreamError:
    return BrokenStreamError("broken bzip2 stream (Invalid data stream)")
