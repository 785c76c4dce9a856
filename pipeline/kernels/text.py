"""Arrow string arrays as offsets and UTF-8 bytes, and the kernels that count and splice them."""

import numpy as np
import pyarrow as pa
from numba import int64, types, uint8

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import copy_bytes

_I64 = types.Array(int64, 1, "C")
_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)


def buffers(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (int64, length + 1) and UTF-8 bytes (uint8) of a string array without nulls; no copy for large_string.

    The offsets of a sliced array do not begin at 0; the bytes are the whole buffer.
    """
    if array.null_count:
        raise ValueError(f"{array.null_count} of {len(array)} strings are null; kernels want none")
    if not pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    _, offsets, data = array.buffers()
    if len(array) == 0 or offsets is None:
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    window = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return window, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def strings(offsets: np.ndarray, data: np.ndarray) -> pa.Array:
    """A large_string array over these offsets (int64) and UTF-8 bytes (uint8); no copy, no check."""
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))


@njit([uint8[::1](_BYTES, _OFFSETS, _OFFSETS)], cache=True, nogil=True)
def copy_spans(data, starts, offsets):
    """The bytes of spans that begin at `starts`, one after another; `offsets` (one more than spans) say where each comes to lie."""
    out = np.empty(offsets[starts.shape[0]], np.uint8)
    for i in range(starts.shape[0]):
        copy_bytes(data, starts[i], out, offsets[i], offsets[i + 1] - offsets[i])
    return out


@njit([int64[::1](_OFFSETS, _BYTES, _OFFSETS, _OFFSETS)], cache=True, nogil=True)
def code_points_before(offsets, data, rows, starts):
    """Code points of each row's text that lie before a byte position of that row.

    `rows` ascend, `starts` (bytes from the row's beginning) ascend within a row.
    """
    out = np.empty(rows.shape[0], np.int64)
    row, at, count = int64(-1), int64(0), int64(0)
    for i in range(rows.shape[0]):
        if rows[i] != row:
            row = rows[i]
            at = offsets[row]
            count = 0
        stop = offsets[row] + starts[i]
        while at < stop:
            count += (data[at] & 0xC0) != 0x80
            at += 1
        out[i] = count
    return out


@njit([int64[::1](_OFFSETS, _BYTES)], cache=True, nogil=True)
def count_code_points(offsets, data):
    """Code points of each row's text."""
    out = np.empty(offsets.shape[0] - 1, np.int64)
    for row in range(out.shape[0]):
        text = data[offsets[row] : offsets[row + 1]]  # indexed from 0, so that the loop becomes vector code
        count = int64(0)
        for at in range(text.shape[0]):
            count += (text[at] & 0xC0) != 0x80
        out[row] = count
    return out


@njit(
    [types.Tuple((int64[::1], uint8[::1]))(_OFFSETS, _BYTES, _OFFSETS, _OFFSETS, _OFFSETS, _OFFSETS, _BYTES)],
    cache=True,
    nogil=True,
)
def splice(offsets, data, rows, starts, stops, inserted_offsets, inserted):
    """New offsets and bytes in which byte span [starts, stops) of each named row gives way to the inserted bytes.

    Spans are sorted by row and start and do not overlap; positions are bytes from the row's beginning.
    """
    count = offsets.shape[0] - 1
    new_offsets = np.empty(count + 1, np.int64)
    lengths = np.empty(count, np.int64)
    for row in range(count):
        lengths[row] = offsets[row + 1] - offsets[row]
    for i in range(rows.shape[0]):
        lengths[rows[i]] += inserted_offsets[i + 1] - inserted_offsets[i] - (stops[i] - starts[i])
    new_offsets[0] = 0
    for row in range(count):
        new_offsets[row + 1] = new_offsets[row] + lengths[row]
    out = np.empty(new_offsets[count], np.uint8)
    put, at = int64(0), offsets[0]
    for i in range(rows.shape[0]):  # what lies between two edits is copied at once, however many rows it is
        start, size = offsets[rows[i]] + starts[i], inserted_offsets[i + 1] - inserted_offsets[i]
        copy_bytes(data, at, out, put, start - at)
        put += start - at
        copy_bytes(inserted, inserted_offsets[i], out, put, size)
        put += size
        at = offsets[rows[i]] + stops[i]
    copy_bytes(data, at, out, put, offsets[count] - at)
    return new_offsets, out
