"""Which lines hold which of many literals, in any case: four bytes of each in two tables of pairs, the rest compared."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from numba import int32, int64, types, uint8, uint64

from pipeline.kernels.lazy import njit

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_CODES = types.Array(uint64, 1, "C", readonly=True)
_INDICES = types.Array(int32, 1, "C", readonly=True)

_GROUPS = 8  # bits of a byte: the first and the second pair must be of one group
_VARIED = 4  # characters of a literal outside ASCII whose upper and lower case are both looked for
_FOLD = np.array([b + 32 if 65 <= b <= 90 else b for b in range(256)], np.uint8)


class LiteralTable(NamedTuple):
    """Literals as the kernel takes them; `of` says for each of its literals (variants of case are several) which one it was.

    A literal is known by its anchor, four bytes in it: by the groups that its first pair and its second pair have in common. The
    second pair of a literal of three bytes is any with its third; one of two bytes has no second.
    """

    of: np.ndarray
    bytes: np.ndarray  # all, one after another, ASCII letters in lower case
    offsets: np.ndarray
    anchors: np.ndarray  # where the anchor begins in each
    heads: np.ndarray  # uint8 for each pair of bytes: the groups with such a first pair, as bits
    tails: np.ndarray  # and those with such a second one
    codes: np.ndarray  # uint64: the anchor of each literal as a number, and which of its bits count
    known: np.ndarray
    slots: np.ndarray  # int32 for each pair of bytes: the first literal with such a first pair, or -1
    following: np.ndarray  # int32: the next literal of the same first pair, or -1


def literal_table(literals: Sequence[str]) -> LiteralTable:
    """The table of these literals, each of at least two bytes in UTF-8."""
    variants = [(variant, number) for number, literal in enumerate(literals) for variant in _variants(literal)]
    folded = [(variant.translate(bytes(_FOLD)), number) for variant, number in variants]
    usual = Counter(byte for variant, _ in folded for byte in pairwise(variant))
    placed = sorted((variant[at : at + 4], variant, at, number) for variant, number in folded for at in [_anchor(variant, usual)])
    heads, tails = np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8)
    slots, following = np.full(1 << 16, -1, np.int32), np.full(len(placed), -1, np.int32)
    for i, (anchor, *_) in enumerate(placed):
        group, head = np.uint8(1 << i * _GROUPS // len(placed)), anchor[0] << 8 | anchor[1]
        following[i], slots[head] = slots[head], i
        heads[head] |= group
        low = int.from_bytes(anchor[2:].ljust(2, b"\0"))
        high = int.from_bytes(anchor[2:].ljust(2, b"\xff"))
        tails[low : high + 1] |= group
    return LiteralTable(
        of=np.array([number for *_, number in placed], np.int64),
        bytes=np.frombuffer(b"".join(variant for _, variant, *_ in placed) or b"\0", np.uint8),
        offsets=np.cumsum([0, *(len(variant) for _, variant, *_ in placed)], dtype=np.int64),
        anchors=np.array([at for _, _, at, _ in placed], np.int64),
        heads=heads,
        tails=tails,
        codes=np.array([int.from_bytes(anchor.ljust(4, b"\0")) for anchor, *_ in placed], np.uint64),
        known=np.array([int.from_bytes((b"\xff" * len(anchor)).ljust(4, b"\0")) for anchor, *_ in placed], np.uint64),
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


def _anchor(literal: bytes, usual: Mapping[tuple[int, int], int]) -> int:
    """Where the rarest four bytes begin, at the beginning of a character. What is common in a language is so among its literals."""

    def commonness(at: int) -> tuple[bool, int]:
        return literal[at] & 0xC0 == 0x80, sum(usual[literal[i], literal[i + 1]] for i in range(at, at + 3))

    return min(range(len(literal) - 3), key=commonness, default=0)


@njit(
    [
        int64(
            _OFFSETS, _BYTES, _OFFSETS, _BYTES, _BYTES, _OFFSETS, _OFFSETS, _BYTES, _BYTES, _CODES, _CODES, _INDICES, _INDICES,
            int64[::1], int64[::1],
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def _find(offsets, data, at, fold, literals, starts, anchors, heads, tails, codes, known, slots, following, lines, found):
    put = int64(0)
    for k in range(at.shape[0]):
        first, stop = offsets[at[k]], offsets[at[k] + 1]
        text = data[first:stop]  # indexed from 0, without a check for negative places
        code = uint64(0)
        for i in range(text.shape[0] + 2):  # two more, for literals of two and three bytes at the very end
            code = (code << uint64(8)) | uint64(fold[text[i]] if i < text.shape[0] else 0)
            head = (code >> uint64(16)) & uint64(0xFFFF)
            literal = slots[head] if heads[head] & tails[code & uint64(0xFFFF)] else int32(-1)
            while literal >= 0:
                low = first + i - 3 - anchors[literal]
                length = starts[literal + 1] - starts[literal]
                same = (code & known[literal]) == codes[literal] and low >= first and low + length <= stop
                j = 0
                while same and j < length:
                    same = fold[data[low + j]] == literals[starts[literal] + j]
                    j += 1
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
    """For `held_sets`: shape (2, 256), uint64; a bit for each of the sets (at most 64) with a character whose last byte but one,
    or whose last byte, this is. A character of one byte has any byte before it."""
    masks = np.zeros((2, 256), np.uint64)
    for number, characters in enumerate(sets):
        for character in {variant for c in characters for variant in (c, c.lower(), c.upper())}:
            *before, last = character.encode()
            masks[1, last] |= np.uint64(1 << number)
            masks[0, before[-1] if before else slice(None)] |= np.uint64(1 << number)
    return masks


@njit([uint64[::1](_OFFSETS, _BYTES, _OFFSETS, types.Array(uint64, 2, "C"))], cache=True, nogil=True)
def held_sets(offsets, data, at, masks):
    """A bit for each set of characters of which the string may hold one: it holds the last two bytes of one."""
    out = np.zeros(at.shape[0], np.uint64)
    for k in range(at.shape[0]):
        text = data[offsets[at[k]] : offsets[at[k] + 1]]
        held, before = uint64(0), uint8(0)
        for i in range(text.shape[0]):
            held |= masks[0, before] & masks[1, text[i]]
            before = text[i]
        out[k] = held
    return out
