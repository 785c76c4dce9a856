"""Values in JSON: strings, of which escapes are read, and written again in one way; where integers, true, false and null end.

The bytes must be valid UTF-8, and be followed by PADDING zeros.
"""

import numpy as np
from numba import int64, types, uint8

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, copy_bytes, range_mask, trailing_zeros
from pipeline.kernels.utf8 import put_code_point

PADDING = 2 * BLOCK

DATA, OUT = types.Array(uint8, 1, "C", readonly=True), types.Array(uint8, 1, "C")

QUOTE, _BACKSLASH = 0x22, 0x5C
_MEANS = np.zeros(256, np.uint8)  # the character for the letter of a short escape, and the letter for the character
_MEANS[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_LETTER = np.zeros(256, np.uint8)
_LETTER[list(b'"\\\b\f\n\r\t')] = list(b'"\\bfnrt')
_DIGIT = np.full(256, -1, np.int64)
_DIGIT[list(b"0123456789abcdef")] = range(16)
_DIGIT[list(b"ABCDEF")] = range(10, 16)
_HEX = np.array(list(b"0123456789abcdef"), np.uint8)


@njit([int64(DATA, int64)], cache=True, nogil=True, inline="always")
def skip_space(data, at):
    """The first byte from `at` on that is no space, tab or carriage return."""
    while data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x0D:
        at += 1
    return at


@njit([int64(DATA, int64)], cache=True, nogil=True, inline="always")
def next_special(data, at):
    """The first quote, backslash or control character from `at` on."""
    while True:
        mask = range_mask(data, at, QUOTE, 1) | range_mask(data, at, _BACKSLASH, 1) | range_mask(data, at, 0, 0x20)
        if mask:
            return at + trailing_zeros(mask)
        at += BLOCK


@njit([int64(DATA, int64)], cache=True, nogil=True, inline="always")
def _four_digits(data, at):
    """The number that four hexadecimal digits are, negative if they are none."""
    code = int64(0)
    for i in range(4):
        code = (code << 4) | _DIGIT[data[at + i]]
    return code


@njit([types.UniTuple(int64, 2)(DATA, int64)], cache=True, nogil=True)
def _read_escape(data, at):
    """The code point of the escape whose backslash is at `at`, and where it ends; -1 for none, or half of a pair."""
    if data[at + 1] != 0x75:
        code = int64(_MEANS[data[at + 1]])
        return (code if code else int64(-1)), at + 2
    code, at = _four_digits(data, at + 2), at + 6
    if 0xD800 <= code < 0xDC00 and data[at] == _BACKSLASH and data[at + 1] == 0x75:
        low = _four_digits(data, at + 2)
        if 0xDC00 <= low < 0xE000:
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), at + 6
    return (int64(-1) if 0xD800 <= code < 0xE000 else code), at


@njit([int64(OUT, int64, int64)], cache=True, nogil=True)
def _put_escaped(out, put, code):
    """Writes a code point as JSON has it within a string, in as few bytes as it may; returns where the next goes."""
    if code >= 0x20 and code != QUOTE and code != _BACKSLASH:
        return put_code_point(out, put, code)
    out[put] = _BACKSLASH
    if _LETTER[code]:
        out[put + 1] = _LETTER[code]
        return put + 2
    out[put + 1] = 0x75
    out[put + 2] = out[put + 3] = 0x30
    out[put + 4], out[put + 5] = _HEX[code >> 4], _HEX[code & 15]
    return put + 6


@njit([types.UniTuple(int64, 2)(DATA, int64, OUT, int64, types.boolean)], cache=True, nogil=True)
def _copy_string(data, at, out, put, as_json):
    """Writes what stands in a string, from behind its first quote on; escapes are resolved, or `as_json` written in one way.

    Returns where the string ends (behind its last quote; -1 if it is not plain) and where the next goes.
    """
    while True:
        stop = next_special(data, at)
        copy_bytes(data, at, out, put, stop - at)
        put += stop - at
        if data[stop] == QUOTE:
            return stop + 1, put
        if data[stop] != _BACKSLASH:
            return int64(-1), put
        code, at = _read_escape(data, stop)
        if code < 0:
            return int64(-1), put
        put = _put_escaped(out, put, code) if as_json else put_code_point(out, put, code)


@njit([int64(DATA, int64)], cache=True, nogil=True)
def _end_of_word(data, at):
    """Where an integer, true, false or null ends that begins at `at`; -1 if there is none."""
    c = data[at]
    if c == 0x74:
        return at + 4 if data[at + 1] == 0x72 and data[at + 2] == 0x75 and data[at + 3] == 0x65 else int64(-1)
    if c == 0x66:
        good = data[at + 1] == 0x61 and data[at + 2] == 0x6C and data[at + 3] == 0x73 and data[at + 4] == 0x65
        return at + 5 if good else int64(-1)
    if c == 0x6E:
        return at + 4 if data[at + 1] == 0x75 and data[at + 2] == 0x6C and data[at + 3] == 0x6C else int64(-1)
    first = at + int64(c == 0x2D)
    end = first
    while 0x30 <= data[end] <= 0x39 and end - first <= 18:
        end += 1
    if end == first or end - first > 18:
        return int64(-1)
    if data[first] == 0x30 and end - at > 1:  # "-0" is no integer to orjson, "01" none to JSON
        return int64(-1)
    return int64(-1) if data[end] == 0x2E or data[end] == 0x65 or data[end] == 0x45 else end


@njit([types.UniTuple(int64, 2)(DATA, int64, OUT, int64, types.boolean)], cache=True, nogil=True)
def copy_value(data, at, out, put, as_json):
    """Writes a string, an integer, true, false or null: `as_json`, or else of a string what stands in it.

    Returns where the value ends (-1 if it is none of these, or not plain) and where the next goes.
    """
    if data[at] == QUOTE:
        if as_json:
            out[put] = QUOTE
        end, put = _copy_string(data, at + 1, out, put + int64(as_json), as_json)
        if as_json:
            out[put] = QUOTE
        return end, put + int64(as_json)
    end = _end_of_word(data, at)
    copy_bytes(data, at, out, put, max(int64(0), end - at))
    return end, put + end - at
