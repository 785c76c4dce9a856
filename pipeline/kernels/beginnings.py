"""Which lines begin with which of many strings of letters: one walk over the first letters of each line.

Letters are those of `line_characters`, by character: case-folded, without accents; punctuation, symbols and spaces are passed
over, and a number is one digit. So "» 12. May" begins like "3 May".
"""

from collections.abc import Iterable, Sequence
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

DIGIT_LETTER = DIGIT
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


def letters_of(text: str) -> tuple[int, ...]:
    """The letters of a text, a DIGIT_LETTER for each of its digits."""
    pages, values, expansions = table()
    found: list[int] = []
    for code in map(ord, text):
        value = int(values[int(pages[code >> 8]) << 8 | (code & 255)])
        place = value & ~EXPAND
        several = expansions[place + 1 : place + 1 + expansions[place]].tolist() if value & EXPAND else [value]
        if not any(first <= code <= last for first, last in _SYMBOLS):
            found += [v & _LETTER for v in several if v not in (SKIP, BREAK)]
    return tuple(found)


def beginning_table(strings: Iterable[tuple[Sequence[int], int]]) -> BeginningTable:
    """The table of these strings of letters, each with a number; several may have the same number."""
    steps: dict[int, int] = {}
    ends: list[list[int]] = [[]]
    for letters, number in strings:
        node = 0
        for letter in letters:
            node = steps.setdefault(node << 21 | letter, len(ends))
            if node == len(ends):
                ends.append([])
        ends[node].append(number)
    bits = max(4, (2 * len(steps)).bit_length())
    keys, nodes = np.full(1 << bits, -1, np.int64), np.zeros(1 << bits, np.int64)
    for key, node in steps.items():
        place = ((key * int(_HASH) & 0xFFFFFFFFFFFFFFFF) >> int(_SHIFT)) & (len(keys) - 1)
        while keys[place] >= 0:
            place = (place + 1) & (len(keys) - 1)
        keys[place], nodes[place] = key, node
    firsts = np.cumsum([0, *map(len, ends)], dtype=np.int64)
    return BeginningTable(keys, nodes, firsts, np.array([number for numbers in ends for number in numbers], np.int64))


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
