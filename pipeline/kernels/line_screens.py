"""Quick looks at many lines, before patterns and Python look at the few that are left. Lines are strings of an array, by position."""

import numpy as np
from numba import boolean, int32, int64, types, uint8, uint64

from pipeline.kernels.lazy import njit

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_TEXT = (_OFFSETS, _BYTES, _OFFSETS)
_HASH = np.uint64(0x9E3779B97F4A7C15)
_GAP = 3


@njit([boolean[::1](*_TEXT)], cache=True, nogil=True)
def may_hold_cjk(offsets, data, at):
    """For each of the strings at these positions: False only where no character is in Han, kana or a syllable of Hangul."""
    out = np.zeros(at.shape[0], np.bool_)
    for k in range(at.shape[0]):
        text = data[offsets[at[k]] : offsets[at[k] + 1]]
        held = uint8(0)
        for i in range(text.shape[0]):  # without a break, so that it becomes vector code
            held |= uint8(uint8(text[i] - uint8(0xE3)) <= uint8(0x0D))
        out[k] = held != 0
    return out


@njit([boolean[::1](*_TEXT)], cache=True, nogil=True)
def may_hold_separator(offsets, data, at):
    """For each of the strings: False only where none of | - :: » · – — • stands between white space."""
    out = np.zeros(at.shape[0], np.bool_)
    for k in range(at.shape[0]):
        text = data[offsets[at[k]] : offsets[at[k] + 1]]
        for i in range(1, text.shape[0] - 1):
            byte, before, after = text[i], text[i - 1], text[i + 1]
            if byte != 0x7C and byte != 0x2D and byte != 0x3A and byte != 0xC2 and byte != 0xE2:
                continue
            if before != 0x20 and before != 0x09 and before != 0xA0 and before != 0x80:  # the last bytes of white space
                continue
            if byte == 0xC2:
                out[k] |= after == 0xBB or after == 0xB7
            elif byte == 0xE2:
                out[k] |= i + 2 < text.shape[0] and (text[i + 2] == 0x93 or text[i + 2] == 0x94 or text[i + 2] == 0xA2)
            else:
                out[k] |= after == 0x20 or after == 0x09 or after == 0xC2 or after == 0xE3 or (byte == 0x3A and after == 0x3A)
    return out


@njit([int64[::1](*_TEXT)], cache=True, nogil=True)
def count_gaps(offsets, data, at):
    """For each of the strings the runs of three or more spaces, no-break ones among them."""
    out = np.zeros(at.shape[0], np.int64)
    for k in range(at.shape[0]):
        text, run = data[offsets[at[k]] : offsets[at[k] + 1]], int64(0)
        for i in range(text.shape[0]):
            if text[i] == 0x20 or (text[i] == 0xA0 and i > 0 and text[i - 1] == 0xC2):
                run += 1
                out[k] += run == _GAP
            elif text[i] != 0xC2:
                run = 0
    return out


@njit(
    [boolean[::1](_OFFSETS, types.Array(uint64, 1, "C", readonly=True), types.Array(int32, 1, "C", readonly=True), int64, int64)],
    cache=True,
    nogil=True,
)
def rows_with_equal_keys(rows, keys, tokens, min_tokens, count):
    """Boolean for each of `count` rows: whether two lines of it that have so many tokens have one key. `rows` ascend."""
    out = np.zeros(count, np.bool_)
    longest, run = int64(0), int64(0)
    for i in range(rows.shape[0]):
        run = run + 1 if i > 0 and rows[i] == rows[i - 1] else int64(1)
        longest = max(longest, run)
    bits = int64(4)
    while (int64(1) << bits) < 2 * longest:
        bits += 1
    seen, of_row = np.empty(1 << bits, np.uint64), np.full(1 << bits, -1, np.int64)  # a hash table, used anew for each row
    for i in range(rows.shape[0]):
        row = rows[i]
        if tokens[i] < min_tokens or out[row]:
            continue
        place = int64((keys[i] * _HASH) >> uint64(64 - bits))
        while of_row[place] == row and seen[place] != keys[i]:
            place = (place + 1) & ((1 << bits) - 1)
        out[row] = of_row[place] == row
        seen[place], of_row[place] = keys[i], row
    return out
