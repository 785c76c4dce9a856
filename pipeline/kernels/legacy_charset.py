"""Kernels that find the lines that may be text of a legacy charset read as Latin-1 or Windows-1252.

Such a line holds nothing but characters that those two charsets have, and many of them are not ASCII.
"""

import numpy as np
from numba import boolean, int64, types, uint8, uint16

from pipeline.kernels.lazy import njit
from pipeline.kernels.utf8 import code_point

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_I64 = types.Array(int64, 1, "C", readonly=True)

# A line is suspicious when one in three of its characters but spaces is beyond ASCII. Must hold for Russian with a Latin name in
# each line, and Japanese katakana, half of whose bytes are ASCII; must not for Icelandic, Vietnamese, French (at most one in five).
_ONE_IN = 3

# What Windows-1252 has beyond Latin-1, in order of code point.
EXTRAS = np.array(
    sorted(ord(bytes([b]).decode("cp1252")) for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)), np.uint16
)
_EXTRAS = types.Array(uint16, 1, "C", readonly=True)


@njit([int64[::1](_I64, _I64, _BYTES)], cache=True, nogil=True)
def count_latin_1(starts, stops, data):
    """How many characters of U+0080 to U+00FF each of these texts holds."""
    counts = np.zeros(starts.shape[0], np.int64)
    for row in range(starts.shape[0]):
        text = data[starts[row] : stops[row]]  # indexed from 0, so that the loop becomes vector code
        count = int64(0)
        for i in range(text.shape[0]):
            count += int64((text[i] & 0xFE) == 0xC2)
        counts[row] = count
    return counts


@njit([boolean(_BYTES, int64, int64, _EXTRAS)], cache=True, nogil=True)
def is_suspicious(data, at, stop, extras):
    """Whether the line of bytes [at, stop) is suspicious."""
    line = data[at:stop]  # indexed from 0, so that the loop becomes vector code: most lines end here
    plain, high = int64(0), int64(0)
    for i in range(line.shape[0]):
        plain += int64((line[i] > 0x20) & (line[i] < 0x80))
        high += int64(line[i] >= 0xC0)  # the first byte of each character beyond ASCII
    if high * _ONE_IN < plain + high:
        return False
    plain, high = int64(0), int64(0)
    while at < stop:
        if data[at] < 0x80:
            plain += data[at] > 0x20
            at += 1
            continue
        code, size = code_point(data, at)
        high += code != 0xA0
        if code > 0xFF:
            i = np.searchsorted(extras, uint16(min(code, 0xFFFF)))
            if i == extras.shape[0] or extras[i] != code:
                return False
        at += size
    return high > 0 and high * _ONE_IN >= plain + high


@njit([boolean[::1](_I64, _I64, _BYTES, _EXTRAS)], cache=True, nogil=True)
def find_suspicious(starts, stops, data, extras):
    """Which of these lines, bytes [start, stop), are suspicious."""
    out = np.zeros(starts.shape[0], np.bool_)
    for line in range(starts.shape[0]):
        out[line] = is_suspicious(data, starts[line], stops[line], extras)
    return out


@njit([boolean[::1](_I64, _I64, _BYTES, _EXTRAS, int64)], cache=True, nogil=True)
def have_suspicious_line(starts, stops, data, extras, least):
    """Which of these texts hold at least so many characters of U+0080 to U+00FF and a suspicious line."""
    out = np.zeros(starts.shape[0], np.bool_)
    for row in range(starts.shape[0]):
        text = data[starts[row] : stops[row]]  # indexed from 0, so that the loop becomes vector code
        count = int64(0)
        for i in range(text.shape[0]):
            count += int64((text[i] & 0xFE) == 0xC2)
        at = int64(0)
        while count >= least and at <= text.shape[0] and not out[row]:
            end = at
            while end < text.shape[0] and text[end] != 0x0A:
                end += 1
            out[row] = is_suspicious(text, at, end, extras)
            at = end + 1
    return out
