"""What shows how a word is written and why: where it stands, its neighbours, the line around it.

All take a row as `cased_words.cut_words` leaves it: `text` with zeros in front, and `bounds`, where words begin and end.
"""

from numba import int64, types, uint8, uint64

from pipeline.kernels.cased_words import (
    ALL_CAPITALS,
    FRONT,
    LOWER,
    OTHER,
    word_case,
)
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, leading_zeros, range_mask, trailing_zeros

ARTICLE, FUNCTION, PARTICLE, TITLE, ROLE, JOINING = range(6)  # classes of words: bits 1 << class
LOWERED, CAPITALISED = 0, 1  # what a phrase is found to be: not all its words capitalised; all of them, in mid-sentence

_HEADLINE_WORDS, _HEADLINE_TENTHS = 4, 6  # a line of at least 4 words, six tenths of them capitalised, shows nothing about case
_TEXT = types.Array(uint8, 1, "C")


@njit([types.boolean(_TEXT, int64[::1], int64)], cache=True, nogil=True, inline="always")
def after_space(text, bounds, i):
    """Whether a single space parts word `i` from the one before it."""
    return bounds[2 * i] - bounds[2 * i - 1] == 1 and text[bounds[2 * i] - 1] == 0x20


@njit([int64(_TEXT, int64[::1], int64)], cache=True, nogil=True)
def _case(text, bounds, i):
    """The case of word `i`."""
    return word_case(text, bounds[2 * i], bounds[2 * i + 1])


@njit([types.boolean(_TEXT, int64)], cache=True, nogil=True)
def free_before(text, start):
    """Whether a word begins freely: after nothing, white space, one of " ( [ or an opening quotation mark."""
    c = text[start - 1]
    if c in (0x00, 0x20, 0x0A, 0x09, 0x22, 0x28, 0x5B) or (c == 0xA0 and text[start - 2] == 0xC2):
        return True
    return text[start - 3] == 0xE2 and text[start - 2] == 0x80 and c in (0x98, 0x9C, 0x94)  # ‘ “ —


@njit([types.boolean(_TEXT, int64)], cache=True, nogil=True)
def free_after(text, stop):
    """Whether a word ends freely: before white space, one of " ) ] ; ! ?, punctuation that ends something, or a possessive."""
    c = text[stop]
    if c in (0x00, 0x20, 0x0A, 0x09, 0x22, 0x29, 0x5D, 0x3B, 0x21, 0x3F) or (c == 0xC2 and text[stop + 1] == 0xA0):
        return True
    if c in (0x2C, 0x2E, 0x3A):  # , . :
        return text[stop + 1] in (0x00, 0x20, 0x0A, 0x22, 0x29) or text[stop + 1] == 0xE2
    if c == 0x27:
        return text[stop + 1] in (0x20, 0x73, 0x2C, 0x2E)
    return c == 0xE2 and text[stop + 1] == 0x80 and text[stop + 2] in (0x99, 0x9D, 0x94)


@njit([types.boolean(_TEXT, int64)], cache=True, nogil=True)
def begins_sentence(text, start):
    """Whether a sentence begins at a word, quotation marks and brackets before it aside."""
    at = start - 1
    while at >= FRONT:
        c = text[at]
        if c in (0x20, 0x09, 0x22, 0x27, 0x28, 0x5B, 0x2A) or (0x80 <= c < 0xC0) or c == 0xE2:
            if c == 0xA6 and text[at - 2] == 0xE2:  # …
                return True
            at -= 1
        else:
            return c in (0x0A, 0x0D, 0x2E, 0x21, 0x3F, 0x3A, 0x3B)
    return True


@njit([types.boolean(_TEXT, int64)], cache=True, nogil=True)
def opens(text, start):
    """Whether a quotation mark or bracket stands directly before a word."""
    return text[start - 1] not in (0x20, 0x09)


@njit([types.UniTuple(int64, 2)(_TEXT, int64, int64)], cache=True, nogil=True)
def _line_around(text, at, end):
    """Where the line around a byte begins and ends, in a text that ends at `end`."""
    start, stop = at, at
    while start > FRONT:
        mask = range_mask(text, start - BLOCK, 0x0A, 1)
        if mask:
            start -= leading_zeros(mask)
            break
        start -= BLOCK
    while stop < end:
        mask = range_mask(text, stop, 0x0A, 1)
        if mask:
            stop += trailing_zeros(mask)
            break
        stop += BLOCK
    return start, stop


@njit([int64(int64[::1], int64, int64)], cache=True, nogil=True)
def _word_from(bounds, words, at):
    """The first word that begins at or after a byte."""
    low, high = 0, words
    while low < high:
        middle = (low + high) // 2
        if bounds[2 * middle] < at:
            low = middle + 1
        else:
            high = middle
    return low


@njit([types.boolean(_TEXT, int64[::1], int64, int64)], cache=True, nogil=True)
def _is_headline(text, bounds, first, last):
    """Whether words first..last, a line, are written with capitals throughout."""
    count, small = last + 1 - first, 0
    for k in range(first, last + 1):  # LOWER or OTHER, without branches: lines are long
        c, after = text[bounds[2 * k]], text[bounds[2 * k] + 1]
        small += int64((c >= 0x61) & ((c != 0xC3) | (after >= 0x9F)))
    return count >= _HEADLINE_WORDS and 10 * (count - small) >= _HEADLINE_TENTHS * count


@njit([types.boolean(_TEXT, int64[::1], int64, int64, int64[::1])], cache=True, nogil=True)
def in_headline(text, bounds, words, i, line):
    """Whether the line around word `i` is written with capitals throughout.

    `line` remembers the last line asked for (its first and last word, the answer), so that a line is read once however many names
    stand in it; the caller sets line[1] = -1 for every row.
    """
    if not line[0] <= i <= line[1]:
        start, stop = _line_around(text, bounds[2 * i], bounds[2 * words - 1])
        line[0], line[1] = _word_from(bounds, words, start), _word_from(bounds, words, stop) - 1
        line[2] = _is_headline(text, bounds, line[0], line[1])
    return line[2] == 1


@njit([int64(_TEXT, int64[::1], int64, int64)], cache=True, nogil=True)
def capitals(text, bounds, first, last):
    """CAPITALISED or LOWERED for words first..last; -1 if a case is unknown or all is in capitals."""
    lower, shouted = 0, 0
    for k in range(first, last + 1):
        if _case(text, bounds, k) == OTHER:
            return -1
        lower += _case(text, bounds, k) == LOWER
        shouted += _case(text, bounds, k) == ALL_CAPITALS
    if shouted == last + 1 - first:
        return -1
    return LOWERED if lower else CAPITALISED


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], int64, int64, int64)], cache=True, nogil=True)
def part_of_longer(text, bounds, kinds, words, first, last):
    """Whether a capitalised phrase is part of a longer name, to which its capitals may belong.

    So it is beside another capitalised word ("Free Trade" in "the Free Trade Zone") or beyond one small word from it ("Water
    Resources" in "Ministry of Water Resources"); a function word with a capital is none ("The Associated Press").
    """
    for near, far, stop, start in ((first - 1, first - 2, first - 1, first), (last + 1, last + 2, last, last + 1)):
        if near < 0 or near >= words or bounds[2 * start] - bounds[2 * stop + 1] != 1:
            continue
        if not kinds[near] & (1 << FUNCTION):
            if _case(text, bounds, near) != LOWER:
                return True
            continue
        joins = kinds[near] & (1 << JOINING) != 0 and 0 <= far < words
        if joins and _case(text, bounds, far) != LOWER and not kinds[far] & (1 << FUNCTION):
            return True
    return False


@njit([uint64(uint64, uint64)], cache=True, nogil=True, inline="always")
def join_keys(left, right):
    """The key of words one after another, from two keys that are well mixed; never 0."""
    h = (left + ((right << uint64(23)) | (right >> uint64(41)))) * uint64(0x9E3779B97F4A7C15)
    h ^= h >> uint64(32)
    return h | uint64(h == 0)
