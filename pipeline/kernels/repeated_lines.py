"""Where in its text a line stands, for lines that repeat across a source: how near an edge, and reachable from it.

Lines are those of `lines.line_spans`, all of them and in order; a line of key 0 holds no letter or digit and counts as blank.
"""

import numpy as np
from numba import boolean, int32, int64, types, uint8, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.lines import TERMINAL

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_I64 = types.Array(int64, 1, "C", readonly=True)
_KEYS = types.Array(uint64, 1, "C", readonly=True)
_TOKENS = types.Array(int32, 1, "C", readonly=True)
_FLAGS = types.Array(boolean, 1, "C", readonly=True)

HEAD_LINES, TAIL_LINES = 4, 8  # not blank; a line within them is near an edge

# A line that is not repeated and reads like this ends the way in from an edge: the article begins. "By Jane Doe" and a title do
# not, "He was released on bail on Monday." does.
_BODY_TOKENS = 20
_SENTENCE_TOKENS = 6
_MAX_PASSED = 2  # other lines that are passed on the way in: a title, a byline

# "###", "* * *", "___", which the rule `common/end_mark` takes where they stand last. More may underline a heading or close a table, and
# "-- " stands above the name under a letter.
STROKES, MARK_STROKES = b"#*-_", 3
_STROKES = np.isin(np.arange(256), list(STROKES))

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # splitmix64's


@njit([uint64[::1](_I64, _BYTES)], cache=True, nogil=True)
def hash_strings(offsets, data):
    """A 64-bit hash of each string's bytes, well mixed in all bits."""
    out = np.empty(offsets.shape[0] - 1, np.uint64)
    for row in range(out.shape[0]):
        key = uint64(offsets[row + 1] - offsets[row])
        for at in range(offsets[row], offsets[row + 1]):
            key = (key ^ uint64(data[at])) * _M1
            key ^= key >> np.uint64(29)
        key = (key ^ (key >> np.uint64(30))) * _M2
        out[row] = key ^ (key >> np.uint64(31))
    return out


@njit([uint64[::1](_KEYS, _KEYS)], cache=True, nogil=True)
def mix(first, second):
    """One well mixed 64-bit key for each pair of keys; the order of a pair matters."""
    out = np.empty(first.shape[0], np.uint64)
    for i in range(out.shape[0]):
        key = (first[i] * _M1 ^ (first[i] >> np.uint64(32))) + second[i]
        key = (key ^ (key >> np.uint64(30))) * _M1
        key = (key ^ (key >> np.uint64(27))) * _M2
        out[i] = key ^ (key >> np.uint64(31))
    return out


@njit([boolean[::1](_I64, _KEYS)], cache=True, nogil=True)
def near_edges(rows, keys):
    """True for the first HEAD_LINES and the last TAIL_LINES lines of each text that are not blank."""
    out = np.zeros(rows.shape[0], np.bool_)
    seen = 0
    for i in range(rows.shape[0]):
        if i > 0 and rows[i] != rows[i - 1]:
            seen = 0
        seen += keys[i] != 0
        out[i] = keys[i] != 0 and seen <= HEAD_LINES
    seen = 0
    for i in range(rows.shape[0] - 1, -1, -1):
        if i + 1 < rows.shape[0] and rows[i] != rows[i + 1]:
            seen = 0
        seen += keys[i] != 0
        out[i] |= keys[i] != 0 and seen <= TAIL_LINES
    return out


@njit([uint64[::1](_I64, _KEYS, _TOKENS, int64)], cache=True, nogil=True)
def stories(rows, keys, tokens, count):
    """A key for each of `count` texts: the least of the mixed keys of its paragraphs, or of all its lines where it has no paragraph.

    A copy has the same key, and so has a version that has kept that paragraph. 0 for a text without letters and digits.
    """
    out, paragraphs = np.zeros(count, np.uint64), np.zeros(count, np.bool_)
    for i in range(rows.shape[0]):
        row, paragraph = rows[i], tokens[i] >= _BODY_TOKENS
        if keys[i] == 0 or (paragraphs[row] and not paragraph):
            continue
        key = (keys[i] ^ (keys[i] >> np.uint64(31))) * _M2
        key ^= key >> np.uint64(29)
        if out[row] == 0 or key < out[row] or (paragraph and not paragraphs[row]):
            out[row] = key
        paragraphs[row] |= paragraph
    return out


@njit(inline="always")
def _walk(start, stop, step, keys, tokens, endings, repeated, out):
    passed = 0
    for i in range(start, stop, step):
        if keys[i] == 0:
            continue
        if repeated[i]:
            out[i] = True
            continue
        sentence = (endings[i] & TERMINAL) != 0 and tokens[i] >= _SENTENCE_TOKENS
        if tokens[i] >= _BODY_TOKENS or sentence or passed == _MAX_PASSED:
            break
        passed += 1


@njit([boolean[::1](_I64, _KEYS, _TOKENS, _BYTES, _FLAGS)], cache=True, nogil=True)
def reachable_from_edges(rows, keys, tokens, endings, repeated):
    """True for the repeated lines of each text that lie before its body or behind it.

    The way in from either edge ends at the first line that is not repeated and reads like a sentence, or at the third that is
    not repeated at all: so a section heading or a quotation within the body is never reached.
    """
    out = np.zeros(rows.shape[0], np.bool_)
    start = 0
    while start < rows.shape[0]:
        stop = start
        while stop < rows.shape[0] and rows[stop] == rows[start]:
            stop += 1
        _walk(start, stop, 1, keys, tokens, endings, repeated, out)
        _walk(stop - 1, start - 1, -1, keys, tokens, endings, repeated, out)
        start = stop
    return out


@njit(inline="always")
def _strokes(text):
    """How many of one of the STROKES a line holds, and spaces; 0 for a line of spaces, -1 for others."""
    count, first = int64(0), uint8(0)
    for at in range(text.shape[0]):
        if text[at] > 0x20:
            if not _STROKES[text[at]] or (count > 0 and text[at] != first):
                return -1
            first = text[at]
            count += 1
    return count


@njit([boolean[::1](_I64, _BYTES, _I64, _I64, _I64, _KEYS, _FLAGS)], cache=True, nogil=True)
def end_marks(offsets, data, rows, starts, stops, keys, drop):
    """True for the marks of an end that would stand last in their texts, as below them are but lines of `drop`, one at least."""
    out = np.zeros(rows.shape[0], np.bool_)
    last, dropped = True, False
    for i in range(rows.shape[0] - 1, -1, -1):
        if i + 1 < rows.shape[0] and rows[i] != rows[i + 1]:
            last, dropped = True, False
        if drop[i]:
            dropped = True
        elif last:
            base = offsets[rows[i]]
            strokes = _strokes(data[base + starts[i] : base + stops[i]]) if keys[i] == 0 else -1
            out[i] = dropped and strokes == MARK_STROKES
            last = out[i] or strokes == 0
    return out
