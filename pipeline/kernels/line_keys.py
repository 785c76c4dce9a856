"""The normalised form of lines, as a hash and a number of tokens: lines that differ in case, digits or bullets are one."""

import numpy as np
from numba import int32, int64, njit, types, uint8, uint16, uint64

from pipeline.kernels.line_characters import BREAK, DIGIT, EXPAND, OWN, SKIP, decode, table

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_I32S = types.Array(int32, 1, "C", readonly=True)
_U16S = types.Array(uint16, 1, "C", readonly=True)

_SEED = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # splitmix64's
_NUMBER, _SPACE = np.uint64(ord("0")), np.uint64(ord(" "))


@njit(
    [types.Tuple((uint64[::1], int32[::1]))(_OFFSETS, _BYTES, _OFFSETS, _OFFSETS, _OFFSETS, _U16S, _I32S, _I32S)],
    cache=True,
    nogil=True,
)
def _forms(offsets, data, rows, starts, stops, pages, values, expansions):
    keys, tokens = np.empty(rows.shape[0], np.uint64), np.empty(rows.shape[0], np.int32)
    for i in range(rows.shape[0]):
        base = offsets[rows[i]]
        at, stop = base + starts[i], base + stops[i]
        key, count = _SEED, 0
        # What was put last: 0 nothing, 1 a letter, 2 a number, 3 a character that is a token of its own.
        last, broken = 0, False
        while at < stop:
            b = data[at]
            if b < 0x80:
                value = values[b]
                at += 1
            else:
                decoded = decode(data, at)
                at += decoded & 7
                code = decoded >> 3
                value = values[int64(pages[code >> 8]) << 8 | (code & 255)]
            first, end = 0, 1
            if value & EXPAND:
                first = (value & ~EXPAND) + 1
                end = first + expansions[first - 1]
            for place in range(first, end):
                v = expansions[place] if value & EXPAND else value
                if v == SKIP:
                    continue
                if v == BREAK:
                    broken = True
                    continue
                kind = 2 if v == DIGIT else 3 if v & OWN else 1
                if kind == 2 and last == 2:
                    continue  # 1,234 and 12:30 and 2024-10-13 are one number
                if last == 0 or broken or kind == 3 or last == 3:
                    count += 1
                    if last != 0 and kind != 3 and last != 3:
                        key = (key ^ _SPACE) * _MIX_1
                        key ^= key >> np.uint64(29)
                key = (key ^ (_NUMBER if kind == 2 else np.uint64(v & 0x1FFFFF))) * _MIX_1
                key ^= key >> np.uint64(29)
                last, broken = kind, False
        key = (key ^ (key >> np.uint64(30))) * _MIX_2
        keys[i] = np.uint64(0) if count == 0 else key ^ (key >> np.uint64(31))
        tokens[i] = count
    return keys, tokens


def line_forms(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`line_keys` of these lines and their number of tokens (int32).

    A token is a run of letters and digits; in scripts written without spaces each letter is one. Numbers that only punctuation or
    spaces part are one.
    """
    return _forms(offsets, data, rows, starts, stops, *table())


def line_keys(offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """A 64-bit hash (uint64, well mixed in all bits) of the normalised form of each line; 0 where nothing is left.

    The normalised form, by character: NFKD, case-folded, NFKD; accents, harakat, tatweel, apostrophes and format characters
    (ZWNJ, bidi marks) off; any number is 0; punctuation, symbols, controls and spaces are one space between tokens, and none
    beside a character that is a token of its own. So "3 Comments »", "• 12 comments" and "１２ COMMENTS" have one key.
    """
    return line_forms(offsets, data, rows, starts, stops)[0]
