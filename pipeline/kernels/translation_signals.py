"""Places in a text where a mark of machine translation may stand: one scan of the bytes, patterns look closer afterwards.

The scan is generous: it must find every place that a pattern of `translation.signals` could match, and few others (on press
releases about one place a document). What a place means is decided there, not here.
"""

import numpy as np
from numba import int64, njit, types, uint64

from pipeline.kernels.cased_words import BYTES, FRONT, KEYS, OFFSETS, SCRATCH, cut_words, find, scratch_size, word_key
from pipeline.kernels.machine_words import BLOCK, nonzero_mask, trailing_zeros

# What stands at a place. Words of the table begin at FIRST_WORD.
COMMA_CAPITAL, COMMA_LETTER, QUOTE_SPACE, CJK_RUN, FULL_WIDTH, DOUBLED_WORD, REPEATED_PHRASE, ORDINAL, FIRST_WORD = range(9)

_WORDS_BACK = 4  # how far before its anchor a pattern may begin


@njit([types.void(SCRATCH, SCRATCH, SCRATCH, SCRATCH, SCRATCH, SCRATCH)], cache=True, nogil=True)
def _mark_odd(before, text, second, third, fourth, odd):
    """Marks the bytes at which punctuation may be a signal: the conditions of `_odd_kind`, loosely, without branches.

    The texts are one text from the byte before a place, the place itself, and the three bytes after it.
    """
    for i in range(odd.shape[0]):
        c, s, t = text[i], second[i], third[i]
        letter = (0x61 <= (s | 0x20)) & ((s | 0x20) <= 0x7A)
        capital = (s == 0x20) & (t >= 0x41) & (t <= 0x5A)
        quote = (s == 0x80) & (((t == 0x9C) & (fourth[i] == 0x20)) | ((t == 0x9D) & (before[i] == 0x20)))
        odd[i] = ((c == 0x2C) & (letter | capital)) | ((c == 0xE2) & quote) | (c >= 0xE3)


@njit([int64(SCRATCH, int64)], cache=True, nogil=True)
def _odd_kind(text, at):
    """What stands at a marked byte, or -1."""
    c = text[at]
    if c == 0xE2:
        return QUOTE_SPACE
    if c == 0x2C:
        if text[at + 1] != 0x20:
            return COMMA_LETTER
        end = at + 3
        while 0x61 <= text[end] <= 0x7A:
            end += 1
        return COMMA_CAPITAL if end - at < 8 and text[end] == 0x20 and 0x61 <= text[end + 1] <= 0x7A else -1
    if c > 0xEF:
        return -1
    point = (int64(c & 0x0F) << 12) | (int64(text[at + 1] & 0x3F) << 6) | int64(text[at + 2] & 0x3F)
    if 0x3000 <= point <= 0x303F or 0xFF01 <= point <= 0xFF65:
        return FULL_WIDTH
    if 0x3040 <= point <= 0x30FF or 0x3400 <= point <= 0x9FFF or 0xAC00 <= point <= 0xD7AF:
        return CJK_RUN
    return -1


@njit([types.boolean(SCRATCH, int64, int64)], cache=True, nogil=True, inline="always")
def _close(text, stop, start):
    """Whether nothing but a space, perhaps after a comma, lies between a word and the next."""
    gap = start - stop
    return (gap == 1 and text[stop] == 0x20) or (gap == 2 and text[stop] == 0x2C and text[stop + 1] == 0x20)


@njit([types.boolean(SCRATCH, int64)], cache=True, nogil=True)
def _is_day(text, at):
    """Whether the word at `at` ends "the 8th" or "the 10th"."""
    digits = 0
    while 0x30 <= text[at - 1 - digits] <= 0x39 and digits < 3:
        digits += 1
    return 0 < digits < 3 and text[at - 1 - digits] == 0x20 and text[at - 2 - digits] == 0x65


@njit([int64(SCRATCH, int64[::1], uint64[::1], int64)], cache=True, nogil=True)
def _repeat(text, bounds, keys, i):
    """How many words before word `i` the phrase begins that it ends the second copy of (1 for a doubled word), or 0."""
    if i >= 1 and keys[i] == keys[i - 1] and _close(text, bounds[2 * i - 1], bounds[2 * i]):
        return 1
    for lag in range(2, 4):
        if i < 2 * lag - 1 or not _close(text, bounds[2 * (i - lag) + 1], bounds[2 * (i - lag + 1)]):
            continue
        same = True
        for back in range(lag):
            same = same and keys[i - back] == keys[i - back - lag]
        if same:
            return 2 * lag - 1
    return 0


@njit(
    [types.Tuple((int64[:, ::1], int64))(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, int64, int64)],
    cache=True,
    nogil=True,
)
def _scan(offsets, data, rows, slots, kinds, size, capacity):
    """`signal_places` with room for `capacity` places; the second result is how many there are."""
    out, count = np.empty((capacity, 4), np.int64), 0
    text, marks = np.empty(size, np.uint8), np.empty(size, np.uint8)
    bounds, keys = np.empty(size, np.int64), np.empty(size, np.uint64)
    for row in rows:
        shift = offsets[row] - FRONT
        length = offsets[row + 1] - offsets[row]
        words = cut_words(data, offsets[row], offsets[row + 1], text, marks, bounds)
        for i in range(words):
            key = word_key(text, bounds[2 * i], bounds[2 * i + 1])
            keys[i] = key
            place = find(slots, key)
            again = (i > 2) & ((key == keys[i - 1]) | (key == keys[i - 2]) | (key == keys[i - 3]))
            if place < 0 and not again and i > 2:
                continue
            back, kind = _WORDS_BACK, -1
            if place >= 0:
                kind = kinds[place]
                if kind == ORDINAL and not _is_day(text, bounds[2 * i]):
                    kind = -1
            lag = _repeat(text, bounds, keys, i) if kind < 0 else 0
            if lag > 0:
                kind, back = DOUBLED_WORD if lag == 1 else REPEATED_PHRASE, lag
            if kind >= 0:
                if count < capacity:
                    out[count] = (row, kind, shift + bounds[2 * max(0, i - back)], shift + bounds[2 * i])
                count += 1
        odd = marks[FRONT : FRONT + length + BLOCK]
        _mark_odd(text[FRONT - 1 :], text[FRONT:], text[FRONT + 1 :], text[FRONT + 2 :], text[FRONT + 3 :], odd)
        last = -BLOCK
        for block in range(FRONT, FRONT + length, BLOCK):
            mask = nonzero_mask(marks, block)
            while mask:
                at = block + trailing_zeros(mask)
                mask &= mask - uint64(1)
                kind = _odd_kind(text, at)
                follows = kind == CJK_RUN and at == last + 3  # inside a run that has its place already
                last = at if kind == CJK_RUN else last
                if kind < 0 or follows or at >= FRONT + length:
                    continue
                if count < capacity:
                    out[count] = (row, kind, shift + at, shift + at)
                count += 1
    return out, count


def signal_places(offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, slots: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Places worth a look, int64, shape (places, 4): row, what stands there, where a pattern may begin, and where its anchor is.

    Ordered by row and anchor; positions are bytes of `data`. `slots` and `kinds` are a table of anchor words: their keys and
    what they stand for (uint8).
    """
    size, capacity = scratch_size(offsets), 4 * len(rows) + 64
    while True:
        places, count = _scan(offsets, data, rows, slots, kinds, size, capacity)
        if count <= capacity:
            places = places[:count]
            return places[np.lexsort((places[:, 3], places[:, 0]))]
        capacity = count
