"""Which lines hold which of many literals, in any case: three bytes of each in a bitmap, the rest compared."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numba import int32, int64, types, uint8, uint64

from pipeline.kernels.lazy import njit

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)

_INDICES = types.Array(int32, 1, "C", readonly=True)

_TABLE_BITS = 12  # of the table of anchors: several times the literals of a pack
_BITMAP_BITS = 16  # 8 kB: few of the other trigrams of a text meet an anchor's bit
_ANCHOR = 3
_HASH = np.uint64(0x9E3779B97F4A7C15)
_VARIED = 4  # characters of a literal outside ASCII whose upper and lower case are both looked for
# Letters of languages in Latin script from rare to common: an anchor of rare ones stands in fewer lines.
_RARE_FIRST = b"qzjxkvwybfpgmhdculsnoriate "
_FOLD = np.array([b + 32 if 65 <= b <= 90 else b for b in range(256)], np.uint8)


class LiteralTable(NamedTuple):
    """Literals as the kernel takes them; `of` says for each of its literals (variants of case are several) which one it was."""

    of: np.ndarray
    bytes: np.ndarray  # all, one after another, ASCII letters in lower case
    offsets: np.ndarray
    anchors: np.ndarray  # where the anchor begins in each
    bitmap: np.ndarray  # a bit for each hash of three bytes that some anchor has
    slots: np.ndarray  # int32, by hash of an anchor: the first literal with such an anchor, or -1
    following: np.ndarray  # int32: the next literal of the same slot, or -1


def literal_table(literals: Sequence[str]) -> LiteralTable:
    """The table of these literals, each of at least three bytes in UTF-8."""
    variants = [(variant, number) for number, literal in enumerate(literals) for variant in _variants(literal)]
    encoded = [variant.translate(bytes(_FOLD)) for variant, _ in variants]
    anchors = [_anchor(variant) for variant in encoded]
    slots, following = np.full(1 << _TABLE_BITS, -1, np.int32), np.full(len(encoded), -1, np.int32)
    bitmap = np.zeros(1 << _BITMAP_BITS, np.bool_)
    for i, (literal, at) in enumerate(zip(encoded, anchors)):
        code = _hash(literal[at : at + _ANCHOR])
        slot = code >> (64 - _TABLE_BITS)
        following[i], slots[slot] = slots[slot], i
        bitmap[code >> (64 - _BITMAP_BITS)] = True
    return LiteralTable(
        of=np.array([number for _, number in variants], np.int64),
        bytes=np.frombuffer(b"".join(encoded) or b"\0", np.uint8),
        offsets=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        anchors=np.array(anchors, np.int64),
        bitmap=np.packbits(bitmap, bitorder="little"),
        slots=slots,
        following=following,
    )


def _variants(literal: str) -> list[bytes]:
    """The literal as bytes; where letters outside ASCII have cases, a part of it in all mixtures of them, as bytes know no case."""
    if all(c.isascii() or c.lower() == c.upper() for c in literal):
        return [literal.encode()]
    first = next(i for i, c in enumerate(literal) if not c.isascii() and c.lower() != c.upper())
    part = literal[max(0, min(first, len(literal) - _VARIED)) :][:_VARIED]
    cases = [sorted({c, c.lower(), c.upper()} | ({"σ", "ς"} if c in "σςΣ" else set())) for c in part]
    return sorted({"".join(choice).encode() for choice in product(*cases)})


def _anchor(literal: bytes) -> int:
    """Where the rarest three bytes begin."""

    def commonness(at: int) -> int:
        return sum(_RARE_FIRST.find(literal[i : i + 1]) + 1 if literal[i] < 128 else 20 for i in range(at, at + _ANCHOR))

    return min(range(len(literal) - _ANCHOR + 1), key=commonness)


def _hash(anchor: bytes) -> int:
    code = anchor[0] << 16 | anchor[1] << 8 | anchor[2]
    return code * int(_HASH) & 0xFFFFFFFFFFFFFFFF


@njit(
    [
        int64(
            _OFFSETS, _BYTES, _OFFSETS, _BYTES, _BYTES, _OFFSETS, _OFFSETS, _BYTES, _INDICES, _INDICES, int64[::1], int64[::1],
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def _find(offsets, data, at, fold, literals, starts, anchors, bitmap, slots, following, lines, found):
    put = int64(0)
    for k in range(at.shape[0]):
        first, stop = offsets[at[k]], offsets[at[k] + 1]
        code = uint64(0)
        for i in range(first, stop):
            code = ((code << uint64(8)) | uint64(fold[data[i]])) & uint64(0xFFFFFF)
            mixed = code * _HASH
            bit = mixed >> uint64(64 - _BITMAP_BITS)
            if not (bitmap[bit >> uint64(3)] >> (bit & uint64(7))) & uint64(1):
                continue
            literal = slots[mixed >> uint64(64 - _TABLE_BITS)]
            while literal >= 0:
                low = i - (_ANCHOR - 1) - anchors[literal]
                length = starts[literal + 1] - starts[literal]
                if low >= first and low + length <= stop:
                    same = True
                    for j in range(length):
                        if fold[data[low + j]] != literals[starts[literal] + j]:
                            same = False
                            break
                    if same:
                        if put < lines.shape[0]:
                            lines[put], found[put] = at[k], literal
                        put += 1
                literal = following[literal]
    return put


def find_literals(offsets: np.ndarray, data: np.ndarray, at: np.ndarray, table: LiteralTable) -> tuple[np.ndarray, np.ndarray]:
    """The strings among those at `at` that hold a literal, ascending, and the literal; a pair may come more than once."""
    size = 1024 + len(at)
    while True:
        lines, found = np.empty(size, np.int64), np.empty(size, np.int64)
        put = _find(offsets, data, at, _FOLD, *table[1:], lines, found)
        if put <= size:
            return lines[:put], table.of[found[:put]]
        size = put


def byte_masks(sets: Sequence[Iterable[str]]) -> np.ndarray:
    """For `held_sets`: uint64 for each byte, with a bit for each of the sets of characters (at most 64) that has one ending in it."""
    masks = np.zeros(256, np.uint64)
    for number, characters in enumerate(sets):
        for character in {variant for c in characters for variant in (c, c.lower(), c.upper())}:
            masks[character.encode()[-1]] |= np.uint64(1 << number)
    return masks


@njit([uint64[::1](_OFFSETS, _BYTES, _OFFSETS, types.Array(uint64, 1, "C"))], cache=True, nogil=True)
def held_sets(offsets, data, at, masks):
    """A bit for each set of characters that the string may hold one of: it holds a byte that one of them ends in."""
    out = np.zeros(at.shape[0], np.uint64)
    for k in range(at.shape[0]):
        held = uint64(0)
        for i in range(offsets[at[k]], offsets[at[k] + 1]):
            held |= masks[data[i]]
        out[k] = held
    return out
