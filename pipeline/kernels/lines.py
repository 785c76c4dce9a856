"""The lines of a batch of texts, flattened: where they lie, how they end, and their removal. Their normalised form: `line_keys`.

A line is (row, start, stop): the row of the text, and bytes counted from the row's beginning, without the newline.
"""

import numpy as np
from numba import boolean, int64, types, uint8, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.line_characters import before_spaces, decode
from pipeline.kernels.line_keys import line_forms, line_keys
from pipeline.kernels.machine_words import BLOCK, range_mask, trailing_zeros

__all__ = ["ELLIPSIS", "TERMINAL", "blank_lines", "line_endings", "line_forms", "line_keys", "line_spans", "removal_spans"]

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_FLAGS = types.Array(boolean, 1, "C", readonly=True)

TERMINAL, ELLIPSIS = 1, 2  # flags of `line_endings`

# Kinds of characters that a line may end in.
_DOT, _DOTS, _SPACE, _SENTENCE, _QUOTE, _BRACKET = range(1, 7)
_ENDS = {".": _DOT, "…": _DOTS, "|\u00a0\u3000": _SPACE, "!?。！？؟۔।｡": _SENTENCE, ")]）】'": _BRACKET}
_ENDS['"”’»›«“」』'] = _QUOTE  # “ and « close in German and Danish
_ASCII_ENDS = np.array([_SPACE if code <= 0x20 else 0 for code in range(128)], np.uint8)
for _characters, _kind in _ENDS.items():
    _ASCII_ENDS[[ord(c) for c in _characters if c.isascii()]] = _kind
_WIDE_ENDS = np.array([(ord(c), kind) for characters, kind in _ENDS.items() for c in characters if not c.isascii()], np.int64)


def line_spans(offsets: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, starts and stops of all lines, in order. A text of n newlines has n + 1 lines; an empty text has one empty line."""
    spans: tuple[np.ndarray, np.ndarray, np.ndarray] = _spans(offsets, _newlines(data, offsets[0], offsets[-1]))
    return spans


@njit([int64[::1](_BYTES, int64, int64)], cache=True, nogil=True)
def _newlines(data, start, stop):
    """Where the newlines among the bytes [start, stop) are."""
    text, count = data[start:stop], int64(0)
    for i in range(text.shape[0]):
        count += text[i] == 0x0A
    found, put, at = np.empty(count, np.int64), int64(0), int64(0)
    while at + BLOCK <= text.shape[0]:
        newlines = range_mask(text, at, 0x0A, 1)
        while newlines:
            found[put] = start + at + trailing_zeros(newlines)
            newlines &= newlines - uint64(1)
            put += 1
        at += BLOCK
    for i in range(at, text.shape[0]):
        if text[i] == 0x0A:
            found[put] = start + i
            put += 1
    return found


@njit([types.UniTuple(int64[::1], 3)(_OFFSETS, types.Array(int64, 1, "C"))], cache=True, nogil=True)
def _spans(offsets, newlines):
    count = offsets.shape[0] - 1 + newlines.shape[0]
    rows, starts, stops = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    put, next_newline = 0, 0
    for row in range(offsets.shape[0] - 1):
        base = offsets[row]
        rows[put], starts[put] = row, 0
        while next_newline < newlines.shape[0] and newlines[next_newline] < offsets[row + 1]:
            at = newlines[next_newline] - base
            stops[put] = at
            put += 1
            rows[put], starts[put] = row, at + 1
            next_newline += 1
        stops[put] = offsets[row + 1] - base
        put += 1
    return rows, starts, stops


@njit(inline="always")
def _end(code):
    """The kind of a character at the end of a line, 0 for those of none."""
    if code < 128:
        return int64(_ASCII_ENDS[code])
    kind = int64(0)
    for i in range(_WIDE_ENDS.shape[0]):
        if _WIDE_ENDS[i, 0] == code:
            kind = _WIDE_ENDS[i, 1]
    return kind


@njit([uint8[::1](_OFFSETS, _BYTES, _OFFSETS, _OFFSETS, _OFFSETS)], cache=True, nogil=True)
def line_endings(offsets, data, rows, starts, stops):
    """Flags (uint8) of how each line ends, table pipes and white space at its end aside.

    TERMINAL: a sentence end, closing quotes and brackets after it included, or a closing quote. ELLIPSIS: "…" or "...", also in
    brackets, with nothing after it; such a line is not TERMINAL.
    """
    out = np.zeros(rows.shape[0], np.uint8)
    for i in range(rows.shape[0]):
        base = offsets[rows[i]]
        first = base + starts[i]
        at = before_spaces(data, first, base + stops[i])
        quoted, bracketed, dots = False, False, 0
        while at > first:
            before = at - 1
            while before > first and (data[before] & 0xC0) == 0x80:
                before -= 1
            kind = _end(decode(data, before) >> 3)
            if kind == _DOT and not quoted:
                dots += 1
                if dots == 3:
                    out[i] = ELLIPSIS
                    break
            elif dots:
                out[i] = TERMINAL
                break
            elif kind == _DOTS and not quoted:
                out[i] = ELLIPSIS
                break
            elif kind == _SPACE:
                if quoted or bracketed:
                    out[i] = TERMINAL if quoted else 0
                    break
            elif kind == _SENTENCE or kind == _DOT or kind == _DOTS:
                out[i] = TERMINAL
                break
            elif kind == _QUOTE:
                quoted = True
            elif kind == _BRACKET:
                bracketed = True
            else:
                out[i] = TERMINAL if quoted else 0
                break
            at = before
        if at <= first and (quoted or dots) and out[i] == 0:
            out[i] = TERMINAL
    return out


@njit([boolean(_BYTES, int64, int64)], cache=True, nogil=True)
def _is_blank(data, start, stop):
    """Whether the bytes hold nothing but white space."""
    at = start
    while at < stop:
        decoded = decode(data, at)
        code = decoded >> 3
        space = code == 0x20 or 0x09 <= code <= 0x0D or 0x1C <= code <= 0x1F or code == 0x85 or code == 0xA0
        if not (space or 0x2000 <= code <= 0x200A or code in (0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)):
            return False
        at += decoded & 7
    return True


@njit([boolean[::1](_OFFSETS, _BYTES, _OFFSETS, _OFFSETS, _OFFSETS)], cache=True, nogil=True)
def blank_lines(offsets, data, rows, starts, stops):
    """True for each line that holds nothing but white space, as `str.isspace` has it, or nothing at all."""
    out = np.empty(rows.shape[0], np.bool_)
    for i in range(rows.shape[0]):
        out[i] = _is_blank(data, offsets[rows[i]] + starts[i], offsets[rows[i]] + stops[i])
    return out


@njit([types.UniTuple(int64[::1], 4)(_OFFSETS, _BYTES, _OFFSETS, _OFFSETS, _OFFSETS, _FLAGS)], cache=True, nogil=True)
def removal_spans(offsets, data, rows, starts, stops, drop):
    """Rows, starts and stops of one byte span for each dropped line, in order and disjoint, and the line's index.

    The lines are all those of `line_spans`; `drop` of a blank line is ignored. A span takes its line, a newline, and of the blank
    lines around it those that must go: between two kept lines the longest of the runs of blank lines stays; where a dropped line
    was the first or last of its text, no blank line stays at that edge.
    """
    out_rows, out_starts = np.empty(drop.sum(), np.int64), np.empty(drop.sum(), np.int64)
    out_stops, out_lines = np.empty(drop.sum(), np.int64), np.empty(drop.sum(), np.int64)
    put, line, total = 0, 0, rows.shape[0]
    while line < total:
        if not drop[line]:
            line += 1
            continue
        # The gap [low, high): this dropped line and all dropped and blank lines around it, up to the kept lines or the edges.
        low, high, row = line, line, rows[line]
        base = offsets[row]
        while low > 0 and rows[low - 1] == row and _is_blank(data, base + starts[low - 1], base + stops[low - 1]):
            low -= 1
        run_start, best_start, best_length, dropped = low, low, -1, 0
        while high < total and rows[high] == row:
            if _is_blank(data, base + starts[high], base + stops[high]):
                high += 1
                continue
            if high - run_start > best_length:
                best_start, best_length = run_start, high - run_start
            if not drop[high]:
                break
            dropped += 1
            high += 1
            run_start = high
        at_head = low == 0 or rows[low - 1] != row
        at_tail = high == total or rows[high] != row
        # Blank lines [keep_from, keep_to) stay. Before them a span begins where the last one ended; after them it ends where the
        # next one begins.
        keep_from, keep_to = best_start, best_start + best_length
        if at_head or at_tail:
            keep_from, keep_to = low, low
        shift = 1 if at_tail and not at_head else 0  # at the tail a line takes the newline before it
        size = offsets[row + 1] - base
        previous, pending = low, -1
        for k in range(low, high):
            if not drop[k] or _is_blank(data, base + starts[k], base + stops[k]):
                continue
            out_rows[put], out_lines[put] = row, k
            if k < keep_from:
                out_starts[put], out_stops[put] = starts[previous], starts[k + 1]
                previous = k + 1
            else:
                out_starts[put] = starts[keep_to if pending < 0 else k] - shift
                if pending >= 0:
                    out_stops[pending] = out_starts[put]
                out_stops[put] = size if at_tail else starts[high]
                pending = put
            put += 1
        line = high
    return out_rows[:put], out_starts[:put], out_stops[:put], out_lines[:put]
