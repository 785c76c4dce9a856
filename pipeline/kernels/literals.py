"""Which lines hold which of many literals, in any case: a bit for four bytes of each, the rest compared."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import int32, int64, types, uint8, uint16, uint64

from pipeline.kernels.byte_folding import fold_bytes, fold_table
from pipeline.kernels.lazy import njit

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_PLACES, _FOLDED = types.Array(uint16, 1, "C"), types.Array(uint8, 1, "C")
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_CODES = types.Array(uint64, 1, "C", readonly=True)
_INDICES = types.Array(int32, 1, "C", readonly=True)

_SLOTS = 1 << 10  # 8 kB of bits, which stay in the processor's nearest cache
_HASH, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(54)
_LAST = np.uint64(63)  # of the fourth byte: two that agree in these bits are taken for one


class LiteralTable(NamedTuple):
    """Literals as the kernel takes them, folded; `of` says for each of its literals which one it was.

    A literal is known by its anchor, four bytes in it: the first three choose a slot, the fourth a bit of the slot's word. The
    fourth byte of a literal of three is any.
    """

    of: np.ndarray
    bytes: np.ndarray  # all, one after another
    offsets: np.ndarray
    anchors: np.ndarray  # where the anchor begins in each
    words: np.ndarray  # uint64, by slot
    codes: np.ndarray  # uint64: the anchor of each literal as a number, and which of its bits count
    known: np.ndarray
    slots: np.ndarray  # int32: the first literal of each slot, or -1
    following: np.ndarray  # int32: the next literal of the same slot, or -1


def literal_table(literals: Sequence[str]) -> LiteralTable:
    """The table of these literals, each of at least three bytes in UTF-8."""
    folded = [fold_bytes(literal) for literal in literals]
    usual = Counter(pair for literal in folded for pair in pairwise(literal))
    placed = sorted(
        (literal[at : at + 4], literal, at, i) for i, literal in enumerate(folded) for at in [_anchor(literal, usual)]
    )
    words, slots = np.zeros(_SLOTS, np.uint64), np.full(_SLOTS, -1, np.int32)
    following = np.full(len(placed), -1, np.int32)
    for i, (anchor, *_) in enumerate(placed):
        slot = (int.from_bytes(anchor[:3]) * int(_HASH) & 0xFFFFFFFFFFFFFFFF) >> int(_SHIFT)
        following[i], slots[slot] = slots[slot], i
        words[slot] |= np.uint64(1 << (anchor[3] & int(_LAST)) if len(anchor) == 4 else 0xFFFFFFFFFFFFFFFF)
    return LiteralTable(
        of=np.array([number for *_, number in placed], np.int64),
        bytes=np.frombuffer(b"".join(literal for _, literal, *_ in placed) or b"\0", np.uint8),
        offsets=np.cumsum([0, *(len(literal) for _, literal, *_ in placed)], dtype=np.int64),
        anchors=np.array([at for _, _, at, _ in placed], np.int64),
        words=words,
        codes=np.array([int.from_bytes(anchor.ljust(4, b"\0")) for anchor, *_ in placed], np.uint64),
        known=np.array([int.from_bytes((b"\xff" * len(anchor)).ljust(4, b"\0")) for anchor, *_ in placed], np.uint64),
        slots=slots,
        following=following,
    )


def _anchor(literal: bytes, usual: Mapping[tuple[int, int], int]) -> int:
    """Where the rarest four bytes begin, at the beginning of a character. What is common in a language is so among its literals."""

    def commonness(at: int) -> tuple[bool, int]:
        return literal[at] & 0xC0 == 0x80, sum(usual[literal[i], literal[i + 1]] for i in range(at, at + 3))

    return min(range(len(literal) - 3), key=commonness, default=0)


@njit([int64(_BYTES, _PLACES, _FOLDED, _CODES, int32[::1])], cache=True, nogil=True)
def _places_to_look_at(text, places, folded, words, found):
    """How many places there are where a literal's anchor may end, and where: one past its last byte, that is."""
    put, code, before = int64(0), uint64(0), uint8(0)
    for i in range(text.shape[0]):
        code = ((code & uint64(0xFFFFFF)) << uint64(8)) | uint64(folded[uint64(places[before]) + uint64(text[i])])
        before = text[i]
        found[put] = i + 1  # stays only if the next line says so: without branches
        put += int64((words[((code >> uint64(8)) * _HASH) >> _SHIFT] >> (code & _LAST)) & uint64(1))
    found[put] = text.shape[0] + 1  # for a literal of three bytes at the very end
    return put + 1


@njit(
    [
        int64(
            _OFFSETS, _BYTES, _OFFSETS, _PLACES, _FOLDED, _BYTES, _OFFSETS, _OFFSETS, _CODES, _CODES, _CODES, _INDICES, _INDICES,
            int32[::1], int64[::1], int64[::1],
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def _find(
    offsets, data, at, places, folded, literals, starts, anchors, words, codes, known, slots, following, to_look_at, lines, found
):
    put = int64(0)
    for k in range(at.shape[0]):
        text = data[offsets[at[k]] : offsets[at[k] + 1]]  # indexed from 0, without a check for negative places
        for place in to_look_at[: _places_to_look_at(text, places, folded, words, to_look_at)]:
            code = uint64(0)
            for i in range(place - 4, place):
                before = text[i - 1] if i > 0 else uint8(0)
                byte = folded[uint64(places[before]) + uint64(text[i])] if 0 <= i < text.shape[0] else uint8(0)
                code = (code << uint64(8)) | uint64(byte)
            literal = slots[((code >> uint64(8)) * _HASH) >> _SHIFT]
            while literal >= 0:
                low = place - 4 - anchors[literal]
                length = starts[literal + 1] - starts[literal]
                same = (code & known[literal]) == codes[literal] and low >= 0 and low + length <= text.shape[0]
                before, j = uint8(0), 0
                while same and j < length:
                    same = folded[uint64(places[before]) + uint64(text[low + j])] == literals[starts[literal] + j]
                    before = text[low + j]
                    j += 1
                if same:
                    if put < lines.shape[0]:
                        lines[put], found[put] = at[k], literal
                    put += 1
                literal = following[literal]
    return put


def find_literals(offsets: np.ndarray, data: np.ndarray, at: np.ndarray, table: LiteralTable) -> tuple[np.ndarray, np.ndarray]:
    """The strings among those at `at` that hold a literal, ascending, and the literal; a pair may come more than once."""
    size, longest = 1024 + 2 * len(at), int((offsets[at + 1] - offsets[at]).max(initial=0))
    to_look_at = np.empty(longest + 1, np.int32)
    while True:
        lines, found = np.empty(size, np.int64), np.empty(size, np.int64)
        put = _find(offsets, data, at, *fold_table(), *table[1:], to_look_at, lines, found)
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
