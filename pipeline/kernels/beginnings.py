"""Which lines begin with which of many strings of letters: one walk over the first letters of each line.

Letters are those of `line_characters`, by character: case-folded, without accents; punctuation, symbols and spaces are passed
over, and a number is one digit. So "» 12. May" begins like "3 May".
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import int32, int64, types, uint8, uint16, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.line_characters import BREAK, DIGIT, EXPAND, SKIP, decode, table

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_I32S = types.Array(int32, 1, "C", readonly=True)
_I64S = types.Array(int64, 1, "C")
_U16S = types.Array(uint16, 1, "C", readonly=True)

DIGIT_LETTER = chr(DIGIT)
# Arrows to dingbats, and emoji: some are letters or digits in a circle (①), but they stand where bullets do.
_SYMBOLS = ((0x2190, 0x2BFF), (0x1F000, 0x1FAFF))
_LETTER = 0x1FFFFF  # without the flag of letters that are tokens
_HASH, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(40)  # a table has less than 2**24 places


class BeginningTable(NamedTuple):
    """A trie of letters as the kernel takes it. Node 0 is the root."""

    keys: np.ndarray  # int64, a hash table of steps: node << 21 | letter, or -1
    nodes: np.ndarray  # int64: where the step leads
    firsts: np.ndarray  # int64, by node: its place in `numbers`, and one more at the end
    numbers: np.ndarray  # int64: of the strings that end at the node


def letters_of(text: str) -> str:
    """The letters of a text, a DIGIT_LETTER for each of its digits."""
    pages, values, expansions = table()
    found: list[int] = []
    for code in map(ord, text):
        value = int(values[int(pages[code >> 8]) << 8 | (code & 255)])
        place = value & ~EXPAND
        several = expansions[place + 1 : place + 1 + expansions[place]].tolist() if value & EXPAND else [value]
        if not any(first <= code <= last for first, last in _SYMBOLS):
            found += [v & _LETTER for v in several if v not in (SKIP, BREAK)]
    return "".join(map(chr, found))


def beginning_table(strings: Iterable[tuple[str, int]]) -> BeginningTable:
    """The table of these strings of letters, none of them empty, each with a number; several may have the same number."""
    ordered = sorted(strings)
    held, numbers = np.array([letters for letters, _ in ordered], np.str_), np.array([n for _, n in ordered], np.int64)
    size, letters = np.strings.str_len(held), held.view(np.uint32).reshape(len(held), held.itemsize // 4).astype(np.int64)
    # As the strings are in order, one that begins as the one before it shares its nodes that far.
    other = letters[1:] != letters[:-1]
    new = np.vstack([np.ones_like(letters[:1], np.bool_), np.logical_or.accumulate(other, axis=1)]) & (letters > 0)
    node = np.maximum.accumulate(np.where(new, np.cumsum(new).reshape(new.shape), 0), axis=0)
    before = np.hstack([np.zeros_like(node[:, :1]), node[:, :-1]])
    ends = node[np.arange(len(held)), size - 1]
    order = np.argsort(ends, kind="stable")
    firsts = np.searchsorted(ends[order], np.arange(int(new.sum()) + 2))
    return BeginningTable(*_hash_table((before << 21 | letters)[new], node[new]), firsts, numbers[order])


def _hash_table(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys (distinct, not negative) and values where the kernel looks for them: at the key's hash, or after what lies there."""
    bits = max(4, (2 * len(keys)).bit_length())
    held, at = np.full(1 << bits, -1, np.int64), np.zeros(1 << bits, np.int64)
    place = (keys.astype(np.uint64) * _HASH >> _SHIFT).astype(np.int64) & (len(held) - 1)
    while len(keys):
        free = held[place] < 0
        held[place[free]] = keys[free]  # of several for one place the last
        left = held[place] != keys
        at[place[~left]] = values[~left]
        keys, values, place = keys[left], values[left], (place[left] + 1) & (len(held) - 1)
    return held, at


@njit(inline="always")
def _step(keys, nodes, node, letter):
    """The node that this letter leads to; -1 where there is none."""
    key = node << 21 | letter
    place = int64(uint64(key) * _HASH >> _SHIFT) & (keys.shape[0] - 1)
    while keys[place] != key:
        if keys[place] < 0:
            return int64(-1)
        place = (place + 1) & (keys.shape[0] - 1)
    return nodes[place]


@njit(
    [int64(_OFFSETS, _BYTES, _OFFSETS, _U16S, _I32S, _I32S, _I64S, _I64S, _I64S, _I64S, _I64S, _I64S)],
    cache=True,
    nogil=True,
)
def _find(offsets, data, at, pages, values, expansions, keys, nodes, firsts, numbers, lines, found):
    put = int64(0)
    for k in range(at.shape[0]):
        place, stop = offsets[at[k]], offsets[at[k] + 1]
        node, last = int64(0), int64(0)
        while place < stop and node >= 0:
            decoded = decode(data, place)
            place += decoded & 7
            code = decoded >> 3
            value = values[int64(pages[code >> 8]) << 8 | (code & 255)]
            if value == SKIP or value == BREAK or 0x2190 <= code <= 0x2BFF or 0x1F000 <= code <= 0x1FAFF:
                continue
            first, end = 0, 1
            if value & EXPAND:
                first = (value & ~EXPAND) + 1
                end = first + expansions[first - 1]
            for i in range(first, end):
                v = int64(expansions[i] if value & EXPAND else value) & _LETTER
                if v <= BREAK or (v == DIGIT and last == DIGIT):
                    continue
                last = v
                node = _step(keys, nodes, node, v)
                if node < 0:
                    break
                for j in range(firsts[node], firsts[node + 1]):
                    if put < lines.shape[0]:
                        lines[put], found[put] = at[k], numbers[j]
                    put += 1
    return put


def find_beginnings(
    offsets: np.ndarray, data: np.ndarray, at: np.ndarray, known: BeginningTable
) -> tuple[np.ndarray, np.ndarray]:
    """The strings among those at `at` that begin with one of the table's, in order, and its number; a pair may come twice."""
    size = 1024 + len(at)
    while True:
        lines, found = np.empty(size, np.int64), np.empty(size, np.int64)
        put = _find(offsets, data, at, *table(), *known, lines, found)
        if put <= size:
            return lines[:put], found[:put]
        size = put
