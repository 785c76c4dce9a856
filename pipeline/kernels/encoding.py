"""Kernels that prove that ftfy leaves a text as it is, and that find the characters it replaces wherever they stand.

Texts are byte ranges [starts, stops) of a buffer of valid UTF-8. The tables are those of `encoding.proof`.
"""

import numpy as np
from numba import int32, int64, types, uint8, uint16

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, range_mask, trailing_zeros
from pipeline.kernels.utf8 import code_point

_U8 = types.Array(uint8, 1, "C", readonly=True)
_U16 = types.Array(uint16, 1, "C", readonly=True)
_I32 = types.Array(int32, 1, "C", readonly=True)
_I64 = types.Array(int64, 1, "C", readonly=True)

# What `prove` says of a text; 0 is proven clean.
UNPROVEN = 1  # some rule of ftfy may fire
REPLACED = 2  # holds line breaks, control characters or ligatures, which are replaced wherever they stand
WIDE = 4  # holds characters of other width

# The kind of characters of other width; what other kinds there are does not matter here.
WIDTH_KIND = 4


@njit([int64(_U8, int64, int64)], cache=True, nogil=True)
def skip_plain(data, at, stop):
    """The first place from `at` on that is not plain: printable ASCII but `&`, line feed or tab; or `stop`."""
    while at + BLOCK <= stop:
        plain = range_mask(data, at, 0x20, 0x5F) | range_mask(data, at, 0x09, 2)
        other = ~plain | range_mask(data, at, 0x26, 1)
        if other:
            return at + trailing_zeros(other)
        at += BLOCK
    while at < stop:
        byte = data[at]
        if not ((byte >= 0x20 and byte < 0x7F and byte != 0x26) or byte == 0x0A or byte == 0x09):
            break
        at += 1
    return at


@njit([types.boolean(_U8, int64, int64)], cache=True, nogil=True)
def is_entity(data, at, stop):
    """Whether `&`, perhaps `#`, 1 to 24 ASCII letters or digits and `;` begin here: the form of `chardata.HTML_ENTITY_RE`."""
    at += 1
    if at < stop and data[at] == 0x23:
        at += 1
    first = at
    while at < stop and at - first < 25:
        byte = data[at]
        if byte == 0x3B:
            return at > first
        if not (0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A):
            return False
        at += 1
    return False


@njit([uint8[::1](_I64, _I64, _U8, _U16, _I32, _U8, int64, int64, int64)], cache=True, nogil=True)
def prove(starts, stops, data, classes, transitions, kinds, idle, dead, lookback):
    """For each text 0 when no rule of ftfy can fire, else bits of UNPROVEN, REPLACED, WIDE; UNPROVEN may hide the others."""
    flags = np.zeros(starts.shape[0], np.uint8)
    for row in range(starts.shape[0]):
        at, stop, state, found = starts[row], stops[row], int64(0), uint8(0)
        while at < stop:
            if state < idle and data[at] < 0x80:
                # Nothing but ASCII behind, so plain ASCII can be jumped; the last of it is context for what follows.
                end = skip_plain(data, at, stop)
                if end == stop:
                    break
                if end - lookback > at:
                    state = 0
                    at = end - lookback
                while at < end:
                    state = transitions[state + classes[data[at]]]
                    at += 1
            if data[at] == 0x26 and is_entity(data, at, stop):
                found |= UNPROVEN
                break
            code, size = code_point(data, at)
            if code >= classes.shape[0]:
                found |= UNPROVEN
                break
            kind = kinds[classes[code]]
            if kind:
                found |= WIDE if kind == WIDTH_KIND else REPLACED
            state = transitions[state + classes[code]]
            if state == dead:
                found |= UNPROVEN
                break
            at += size
        flags[row] = found
    return flags


@njit([types.Tuple((int64[::1], int64[::1], int64[::1]))(_I64, _I64, _U8, _U8)], cache=True, nogil=True)
def find_kinds(starts, stops, data, kind_of):
    """Where the characters stand that have a kind: text number, byte from its beginning, code point.

    A carriage return before a line feed is given as code point -1.
    """
    count = 0
    for turn in range(2):
        if turn == 1:
            rows, places, found = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
            count = 0
        for row in range(starts.shape[0]):
            at, stop = starts[row], stops[row]
            while at < stop:
                at = skip_plain(data, at, stop)
                if at == stop:
                    break
                code, size = code_point(data, at)
                if code < kind_of.shape[0] and kind_of[code]:
                    if turn == 1:
                        before_line_feed = code == 0x0D and at + 1 < stop and data[at + 1] == 0x0A
                        rows[count], places[count], found[count] = row, at - starts[row], -1 if before_line_feed else code
                    count += 1
                at += size
    return rows, places, found


@njit([int64[:, ::1](_I64, _I64, _U8, _U8, _U8, _U8)], cache=True, nogil=True)
def count_letters(starts, stops, data, latin, other, kinds):
    """Of each text: Latin letters, letters of other scripts, characters of other width; shape (texts, 3)."""
    counts = np.zeros((starts.shape[0], 3), np.int64)
    for row in range(starts.shape[0]):
        at = starts[row]
        while at < stops[row]:
            code, size = code_point(data, at)
            if code < latin.shape[0]:
                counts[row, 0] += latin[code]
                counts[row, 1] += other[code]
                counts[row, 2] += kinds[code] == WIDTH_KIND
            at += size
    return counts
