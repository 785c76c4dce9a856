"""Lines that hold plain JSON objects, read into columns in one scan of the bytes: named fields each by itself, the others as JSON.

Plain is an object of strings, integers of at most 18 digits, true, false and null, without escapes in its keys, a key twice, a control
character or half of a surrogate pair. Any other line is passed over; it is for whoever calls to say what it is. The bytes must be
valid UTF-8, and be followed by PADDING zeros.
"""

import numpy as np
from numba import int64, types, uint8, uint64

from pipeline.kernels.json_values import DATA, OUT, QUOTE, copy_value, next_special, skip_space
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, copy_bytes, range_mask, trailing_zeros

_MOST_OTHERS = 64  # fields of a line that are not named; with more of them it is not plain

_NAMES, _ENDS = types.Array(uint8, 1, "C", readonly=True), types.Array(int64, 1, "C", readonly=True)

_LINE_FEED = 0x0A


@njit([types.boolean(DATA, int64, int64, DATA, int64, int64)], cache=True, nogil=True)
def _same(a, start, stop, b, first, last):
    if stop - start != last - first:
        return False
    for i in range(stop - start):
        if a[start + i] != b[first + i]:
            return False
    return True


@njit([types.boolean(DATA, int64, int64, int64, int64)], cache=True, nogil=True)
def _is_before(data, start, stop, first, last):
    """Whether the first key sorts before the second: by bytes, which is by code points."""
    for i in range(min(stop - start, last - first)):
        if data[start + i] != data[first + i]:
            return data[start + i] < data[first + i]
    return stop - start < last - first


@njit([types.boolean(DATA, int64[:, ::1], int64)], cache=True, nogil=True)
def _sort_in(data, others, count):
    """Puts the last of `count` others where its key belongs. False if that key was there before."""
    i = count - 1
    key = (others[i, 0], others[i, 1], others[i, 2], others[i, 3])
    while i > 0 and _is_before(data, key[0], key[1], others[i - 1, 0], others[i - 1, 1]):
        others[i] = others[i - 1]
        i -= 1
    others[i, 0], others[i, 1], others[i, 2], others[i, 3] = key
    return i == 0 or not _same(data, key[0], key[1], data, others[i - 1, 0], others[i - 1, 1])


@njit([int64(OUT, int64, DATA, OUT, int64[:, ::1], int64)], cache=True, nogil=True)
def _put_object(out, put, data, values, others, count):
    """Writes the other fields of a line, which are sorted; returns where the next line's go."""
    for i in range(count):
        out[put] = 0x2C if i else 0x7B
        out[put + 1] = QUOTE
        size = others[i, 1] - others[i, 0]
        copy_bytes(data, others[i, 0], out, put + 2, size)
        put += size + 2
        out[put], out[put + 1] = QUOTE, 0x3A
        copy_bytes(values, others[i, 2], out, put + 2, others[i, 3] - others[i, 2])
        put += 2 + others[i, 3] - others[i, 2]
    if count:
        out[put] = 0x7D
    return put + int64(count > 0)


@njit([types.UniTuple(int64, 3)(DATA, int64)], cache=True, nogil=True)
def _read_key(data, at):
    """Where the key that `at` begins with its quote starts and stops, and where its value begins: -1 if there is no plain key."""
    stop = next_special(data, at + 1)
    colon = skip_space(data, stop + 1)
    is_key = data[at] == QUOTE and data[stop] == QUOTE and data[colon] == 0x3A
    return at + 1, stop, skip_space(data, colon + 1) if is_key else int64(-1)


@njit([int64(DATA, int64, OUT, int64[::1], uint8[::1], int64, types.boolean)], cache=True, nogil=True)
def _read_named(data, at, out, puts, valid, column, only_string):
    """Reads a value into its column; returns where it ends, -1 if it is not plain, or neither string nor null where it must be."""
    valid[column] = data[at] != 0x6E
    if only_string and valid[column] and data[at] != QUOTE:
        return int64(-1)
    end, put = copy_value(data, at, out, puts[column], False)
    if valid[column]:
        puts[column] = put
    return end


@njit([types.UniTuple(int64, 2)(DATA, int64, int64, int64, OUT, int64, int64[:, ::1], int64)], cache=True, nogil=True)
def _read_other(data, start, stop, at, values, put, others, count):
    """Adds a field to `count` others, its value as JSON at `put`; returns where the value ends (-1: not plain), and the next `put`."""
    if count == _MOST_OTHERS:
        return int64(-1), put
    end, behind = copy_value(data, at, values, put, True)
    others[count, 0], others[count, 1], others[count, 2], others[count, 3] = start, stop, put, behind
    return end if end >= 0 and _sort_in(data, others, count + 1) else int64(-1), behind


@njit([int64(DATA, int64, _NAMES, _ENDS, int64, int64, OUT, int64[::1], uint8[::1], OUT, int64[:, ::1])], cache=True, nogil=True)
def _read_object(data, at, names, ends, text, published, out, puts, valid, values, others):
    """Reads the object of a line; returns where its line feed is, or -1 if it is not plain. See `read_lines`."""
    columns = ends.shape[0] - 1
    count, put, seen = int64(0), int64(0), uint64(0)
    at = skip_space(data, at)
    closing = data[at] != 0x7B
    while not closing:
        start, stop, value = _read_key(data, skip_space(data, at + 1))  # behind the brace or a comma
        if value < 0:
            return int64(-1)
        column = 0
        while column < columns and not _same(data, start, stop, names, ends[column], ends[column + 1]):
            column += 1
        if column == columns:
            end, put = _read_other(data, start, stop, value, values, put, others, count)
            count += 1
        else:
            bit = uint64(1) << uint64(column)
            again, seen = seen & bit, seen | bit
            end = (
                int64(-1) if again else _read_named(data, value, out, puts, valid, column, column == text or column == published)
            )
        if end < 0:
            return int64(-1)
        at = skip_space(data, end)
        closing = data[at] == 0x7D
        if not closing and data[at] != 0x2C:
            return int64(-1)
    if data[at] != 0x7D or not valid[text]:
        return int64(-1)
    puts[columns] = _put_object(out, puts[columns], data, values, others, count)
    valid[columns] = count > 0
    return skip_space(data, at + 1)


@njit(
    [
        types.Tuple((int64[:, ::1], uint8[:, ::1], int64[::1], int64[::1]))(
            *(DATA, int64, _NAMES, _ENDS, int64, int64, int64, OUT)
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
