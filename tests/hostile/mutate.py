"""Damage to bytes, by a seeded draw: what disks, transfers, careless writers and malice do to a file."""

import random
from collections.abc import Callable, Sequence

# Lengths, offsets and counts that formats keep in four or eight bytes: the ends of their ranges, and what is near them.
_NUMBERS = [0, 1, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
# What means something to one of the readers, or to whoever reads its output.
TOKENS: Sequence[bytes] = [
    b"\n", b"\r", b"\r\n", b"\x00", b"\x1a", b'"', b'""', b"\\", b"\\u0000", b"\\ud800", b",", b";", b"\t", b"{", b"}", b"[",
    b"]", b"null", b"NaN", b"-1e999", b"1" * 400, b"true", b":", b"'", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b\x08\x00",
    b"PAR1", b"ARROW1", b"\x28\xb5\x2f\xfd", b"BZh91AY&SY", b"\xfd7zXZ\x00", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\xe2\x80\xa8", b"\xc2\x85", b"<script>", b"</p>", b"<p>" * 50, b"<!--", b"]]>", b"<![CDATA[", b"&#x110000;",
    b"&amp;" * 20, b"\x1b[31m", b"\x1b$B", b"<html lang=",
]  # fmt: skip


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The data with one to four things done to it."""
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = draw.choice(_WAYS)(data, draw)
    return data


def _flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 3, 16)) if data else 0):
        changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randint(0, len(data))]


def _take_out(data: bytes, draw: random.Random) -> bytes:
    start, stop = _range(data, draw)
    return data[:start] + data[stop:]


def _repeat(data: bytes, draw: random.Random) -> bytes:
    start, stop = _range(data, draw)
    return data[:stop] + data[start:stop] * draw.choice((1, 2, 10)) + data[stop:]


def _zeros(data: bytes, draw: random.Random) -> bytes:
    start, stop = _range(data, draw)
    return data[:start] + bytes([draw.choice((0, 0xFF))]) * (stop - start) + data[stop:]


def _insert(data: bytes, draw: random.Random) -> bytes:
    at = draw.randint(0, len(data))
    return data[:at] + draw.choice(TOKENS) + data[at:]


def _number(data: bytes, draw: random.Random) -> bytes:
    size = draw.choice((1, 2, 4, 8))
    raw = (draw.choice(_NUMBERS) % 256**size).to_bytes(size, draw.choice(("little", "big")))
    at = draw.randint(0, len(data))
    return data[:at] + raw + data[at + size :]


def _move(data: bytes, draw: random.Random) -> bytes:
    start, stop = _range(data, draw)
    rest, at = data[:start] + data[stop:], draw.randint(0, len(data))
    return rest[:at] + data[start:stop] + rest[at:]


def _noise(data: bytes, draw: random.Random) -> bytes:
    start, stop = _range(data, draw)
    return data[:start] + draw.randbytes(stop - start) + data[stop:]


def _range(data: bytes, draw: random.Random) -> tuple[int, int]:
    """A short range more often than a long one."""
    start = draw.randint(0, len(data))
    return start, min(len(data), start + draw.choice((1, 4, 16, 64, max(1, len(data) // 2))))


_WAYS: Sequence[Callable[[bytes, random.Random], bytes]] = [
    *(_flip, _flip, _cut, _take_out, _repeat, _zeros, _insert, _insert, _number, _number, _move, _noise),
]
