"""Lines that hold plain JSON objects, read into columns in one scan of the bytes: named fields each by itself, the others as JSON.

Plain is an object of strings, integers of at most 18 digits, true, false and null, without escapes in its keys, a key twice, a control
character or half of a surrogate pair. Any other line is passed over; it is for whoever calls to say what it is. The bytes must be
valid UTF-8, and be followed by PADDING zeros.
"""

import numpy as np
from numba import int64, types, uint8, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, copy_bytes, range_mask, trailing_zeros

PADDING = 2 * BLOCK
_MOST_OTHERS = 64  # fields of a line that are not named; with more of them it is not plain

_DATA, _OUT = types.Array(uint8, 1, "C", readonly=True), types.Array(uint8, 1, "C")
_NAMES, _ENDS = types.Array(uint8, 1, "C", readonly=True), types.Array(int64, 1, "C", readonly=True)

_LINE_FEED, _QUOTE, _BACKSLASH = 0x0A, 0x22, 0x5C
_MEANS = np.zeros(256, np.uint8)  # the character for the letter of a short escape, and the letter for the character
_MEANS[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_LETTER = np.zeros(256, np.uint8)
_LETTER[list(b'"\\\b\f\n\r\t')] = list(b'"\\bfnrt')
_DIGIT = np.full(256, -1, np.int64)
_DIGIT[list(b"0123456789abcdef")] = range(16)
_DIGIT[list(b"ABCDEF")] = range(10, 16)
_HEX = np.array(list(b"0123456789abcdef"), np.uint8)


@njit([int64(_DATA, int64)], cache=True, nogil=True, inline="always")
def _next_special(data, at):
    """The first quote, backslash or control character from `at` on."""
    while True:
        mask = range_mask(data, at, _QUOTE, 1) | range_mask(data, at, _BACKSLASH, 1) | range_mask(data, at, 0, 0x20)
        if mask:
            return at + trailing_zeros(mask)
        at += BLOCK


@njit([int64(_DATA, int64)], cache=True, nogil=True, inline="always")
def _skip_space(data, at):
    while data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x0D:
        at += 1
    return at


@njit([int64(_DATA, int64)], cache=True, nogil=True, inline="always")
def _four_digits(data, at):
    """The number that four hexadecimal digits are, negative if they are none."""
    code = int64(0)
    for i in range(4):
        code = (code << 4) | _DIGIT[data[at + i]]
    return code


@njit([types.UniTuple(int64, 2)(_DATA, int64)], cache=True, nogil=True)
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


@njit([int64(_OUT, int64, int64)], cache=True, nogil=True)
def _put_utf8(out, put, code):
    """Writes a code point; returns where the next goes."""
    if code < 0x80:
        out[put] = code
        return put + 1
    if code < 0x800:
        out[put] = 0xC0 | (code >> 6)
    else:
        if code < 0x10000:
            out[put] = 0xE0 | (code >> 12)
        else:
            out[put] = 0xF0 | (code >> 18)
            put += 1
            out[put] = 0x80 | ((code >> 12) & 0x3F)
        put += 1
        out[put] = 0x80 | ((code >> 6) & 0x3F)
    out[put + 1] = 0x80 | (code & 0x3F)
    return put + 2


@njit([int64(_OUT, int64, int64)], cache=True, nogil=True)
def _put_escaped(out, put, code):
    """Writes a code point as JSON has it within a string, in as few bytes as it may; returns where the next goes."""
    if code >= 0x20 and code != _QUOTE and code != _BACKSLASH:
        return _put_utf8(out, put, code)
    out[put] = _BACKSLASH
    if _LETTER[code]:
        out[put + 1] = _LETTER[code]
        return put + 2
    out[put + 1] = 0x75
    out[put + 2] = out[put + 3] = 0x30
    out[put + 4], out[put + 5] = _HEX[code >> 4], _HEX[code & 15]
    return put + 6


@njit([types.UniTuple(int64, 2)(_DATA, int64, _OUT, int64, types.boolean)], cache=True, nogil=True)
def _copy_string(data, at, out, put, as_json):
    """Writes what stands in a string, from behind its first quote on; escapes are resolved, or `as_json` written in one way.

    Returns where the string ends (behind its last quote; -1 if it is not plain) and where the next goes.
    """
    while True:
        stop = _next_special(data, at)
        copy_bytes(data, at, out, put, stop - at)
        put += stop - at
        if data[stop] == _QUOTE:
            return stop + 1, put
        if data[stop] != _BACKSLASH:
            return int64(-1), put
        code, at = _read_escape(data, stop)
        if code < 0:
            return int64(-1), put
        put = _put_escaped(out, put, code) if as_json else _put_utf8(out, put, code)


@njit([int64(_DATA, int64)], cache=True, nogil=True)
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
    if (
        end == first or end - first > 18 or (data[first] == 0x30 and end - at > 1)
    ):  # "-0" is no integer to orjson, "01" none to JSON
        return int64(-1)
    return int64(-1) if data[end] == 0x2E or data[end] == 0x65 or data[end] == 0x45 else end


@njit([types.boolean(_DATA, int64, int64, _DATA, int64, int64)], cache=True, nogil=True)
def _same(a, start, stop, b, first, last):
    if stop - start != last - first:
        return False
    for i in range(stop - start):
        if a[start + i] != b[first + i]:
            return False
    return True


@njit([types.boolean(_DATA, int64, int64, int64, int64)], cache=True, nogil=True)
def _is_before(data, start, stop, first, last):
    """Whether the first key sorts before the second: by bytes, which is by code points."""
    for i in range(min(stop - start, last - first)):
        if data[start + i] != data[first + i]:
            return data[start + i] < data[first + i]
    return stop - start < last - first


@njit([types.boolean(_DATA, int64[:, ::1], int64)], cache=True, nogil=True)
def _sort_in(data, others, count):
    """Puts the last of `count` others where its key belongs. False if that key was there before."""
    i = count - 1
    key = (others[i, 0], others[i, 1], others[i, 2], others[i, 3])
    while i > 0 and _is_before(data, key[0], key[1], others[i - 1, 0], others[i - 1, 1]):
        others[i] = others[i - 1]
        i -= 1
    others[i, 0], others[i, 1], others[i, 2], others[i, 3] = key
    return i == 0 or not _same(data, key[0], key[1], data, others[i - 1, 0], others[i - 1, 1])


@njit([int64(_OUT, int64, _DATA, _OUT, int64[:, ::1], int64)], cache=True, nogil=True)
def _put_object(out, put, data, values, others, count):
    """Writes the other fields of a line, which are sorted; returns where the next line's go."""
    for i in range(count):
        out[put] = 0x2C if i else 0x7B
        out[put + 1] = _QUOTE
        size = others[i, 1] - others[i, 0]
        copy_bytes(data, others[i, 0], out, put + 2, size)
        put += size + 2
        out[put], out[put + 1] = _QUOTE, 0x3A
        copy_bytes(values, others[i, 2], out, put + 2, others[i, 3] - others[i, 2])
        put += 2 + others[i, 3] - others[i, 2]
    if count:
        out[put] = 0x7D
    return put + int64(count > 0)


@njit(
    [int64(_DATA, int64, _NAMES, _ENDS, int64, int64, _OUT, int64[::1], uint8[::1], _OUT, int64[:, ::1])], cache=True, nogil=True
)
def _read_object(data, at, names, ends, text, published, out, puts, valid, values, others):
    """Reads the object of a line; returns where its line feed is, or -1 if it is not plain. See `read_lines`."""
    columns = ends.shape[0] - 1
    count, put = int64(0), int64(0)
    seen = uint64(0)
    at = _skip_space(data, at)
    closing = data[at] != 0x7B
    while not closing:
        at = _skip_space(data, at + 1)  # behind the brace or a comma
        if data[at] != _QUOTE:
            return int64(-1)
        start = at + 1
        stop = _next_special(data, start)
        at = _skip_space(data, stop + 1)
        if data[stop] != _QUOTE or data[at] != 0x3A:
            return int64(-1)
        at = _skip_space(data, at + 1)
        column = 0
        while column < columns and not _same(data, start, stop, names, ends[column], ends[column + 1]):
            column += 1
        is_string = data[at] == _QUOTE
        end = at if is_string else _end_of_word(data, at)
        if end < 0:
            return int64(-1)
        if column < columns:
            bit = uint64(1) << uint64(column)
            is_null = data[at] == 0x6E
            if seen & bit or ((column == text or column == published) and not is_string and not is_null):
                return int64(-1)
            seen |= bit
            valid[column] = not is_null
            if is_string:
                end, puts[column] = _copy_string(data, at + 1, out, puts[column], False)
            elif not is_null:
                copy_bytes(data, at, out, puts[column], end - at)
                puts[column] += end - at
        else:
            if count == _MOST_OTHERS:
                return int64(-1)
            others[count, 0], others[count, 1], others[count, 2] = start, stop, put
            if is_string:
                values[put] = _QUOTE
                end, put = _copy_string(data, at + 1, values, put + 1, True)
                values[put] = _QUOTE
                put += 1
            else:
                copy_bytes(data, at, values, put, end - at)
                put += end - at
            others[count, 3] = put
            count += 1
            if end >= 0 and not _sort_in(data, others, count):
                return int64(-1)
        if end < 0:
            return int64(-1)
        at = _skip_space(data, end)
        closing = data[at] == 0x7D
        if not closing and data[at] != 0x2C:
            return int64(-1)
    if data[at] != 0x7D or not valid[text]:
        return int64(-1)
    puts[columns] = _put_object(out, puts[columns], data, values, others, count)
    valid[columns] = count > 0
    return _skip_space(data, at + 1)


@njit(
    [
        types.Tuple((int64[:, ::1], uint8[:, ::1], int64[::1], int64[::1]))(
            *(_DATA, int64, _NAMES, _ENDS, int64, int64, int64, _OUT)
        )
    ],
    cache=True,
    nogil=True,
)
def read_lines(data, size, names, ends, text, published, most, out):
    """The plain ones among the lines of `data[:size]`, of which there are at most `most`.

    `names[ends[i] : ends[i + 1]]` is the name of field i; `text` is the number of the one that must be there and be a string,
    `published` of the one that must be a string or null where it is there. What is read goes to `out`, which has `size` bytes for each
    field, and for the others together. Returns, for each field and one behind them for all others, the rows' offsets into `out` (int64,
    fields + 1 by rows + 1) and whether there is a value (uint8, fields + 1 by rows); then the number of the line of each row, and where
    each line begins, with the end.
    """
    columns = ends.shape[0] - 1
    values = np.empty(size, np.uint8)
    offsets, valid = np.empty((columns + 1, most + 1), np.int64), np.empty((columns + 1, most), np.uint8)
    lines, starts = np.empty(most, np.int64), np.empty(most + 1, np.int64)
    puts, here, others = np.empty(columns + 1, np.int64), np.empty(columns + 1, np.uint8), np.empty((_MOST_OTHERS, 4), np.int64)
    for column in range(columns + 1):
        offsets[column, 0] = column * size
    at, row, line = int64(0), 0, 0
    while at < size:
        starts[line] = at
        puts[:] = offsets[:, row]
        here[:] = 0
        end = _read_object(data, at, names, ends, text, published, out, puts, here, values, others)
        if end >= 0 and (end == size or data[end] == _LINE_FEED):
            lines[row] = line
            row += 1
            offsets[:, row] = puts
            valid[:, row - 1] = here
        else:
            end = at
            mask = range_mask(data, end, _LINE_FEED, 1)
            while mask == 0 and end < size:
                end += BLOCK
                mask = range_mask(data, end, _LINE_FEED, 1)
            end = min(size, end + trailing_zeros(mask))
        at = end + 1
        line += 1
    starts[line] = at
    return offsets[:, : row + 1].copy(), valid[:, :row].copy(), lines[:row], starts[: line + 1]
