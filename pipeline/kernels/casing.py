"""Phrases of two or three words and how they are capitalised; runs of capitalised words that may be names.

A phrase holds no function word, its words are parted by single spaces, and nothing is glued to it (a hyphen, a digit, an @).
"""

import numpy as np
from numba import int64, njit, types, uint8, uint64

from pipeline.kernels.cased_words import (
    ALL_CAPITALS,
    BYTES,
    CAPITAL,
    FRONT,
    KEYS,
    LOWER,
    OFFSETS,
    OTHER,
    cut_words,
    find,
    mix,
    scratch_size,
    word_case,
    word_key,
)

ARTICLE, FUNCTION, PARTICLE, TITLE, ROLE, JOINING = range(6)  # classes of words: bits 1 << class
LOWERED, CAPITALISED = 0, 1  # what a phrase is found to be: not all its words capitalised; all of them, in mid-sentence

_HEADLINE_WORDS, _HEADLINE_TENTHS = 4, 6  # a line of at least 4 words, six tenths of them capitalised, shows nothing about case
_TEXT = types.Array(uint8, 1, "C")


@njit([types.boolean(_TEXT, int64)], cache=True, nogil=True)
def _free_before(text, start):
    """Whether a word begins freely: after nothing, white space, one of " ( [ or an opening quotation mark."""
    c = text[start - 1]
    if c in (0x00, 0x20, 0x0A, 0x09, 0x22, 0x28, 0x5B) or (c == 0xA0 and text[start - 2] == 0xC2):
        return True
    return text[start - 3] == 0xE2 and text[start - 2] == 0x80 and c in (0x98, 0x9C, 0x94)  # ‘ “ —


@njit([types.boolean(_TEXT, int64)], cache=True, nogil=True)
def _free_after(text, stop):
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
def _begins_sentence(text, start):
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
def _opens(text, start):
    """Whether a quotation mark or bracket stands directly before a word."""
    return text[start - 1] not in (0x20, 0x09)


@njit([types.boolean(_TEXT, int64, int64)], cache=True, nogil=True)
def _line_between(text, stop, start):
    for at in range(stop, start):
        if text[at] == 0x0A:
            return True
    return False


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], int64, int64)], cache=True, nogil=True)
def _in_headline(text, bounds, cases, words, i):
    """Whether the line around word `i` is written with capitals throughout."""
    first = i
    while first > 0 and not _line_between(text, bounds[2 * first - 1], bounds[2 * first]):
        first -= 1
    last = i
    while last + 1 < words and not _line_between(text, bounds[2 * last + 1], bounds[2 * last + 2]):
        last += 1
    capitals = 0
    for k in range(first, last + 1):
        capitals += cases[k] == CAPITAL or cases[k] == ALL_CAPITALS
    count = last + 1 - first
    return count >= _HEADLINE_WORDS and 10 * capitals >= _HEADLINE_TENTHS * count


@njit([int64(uint8[::1], int64, int64)], cache=True, nogil=True)
def _capitals(cases, first, last):
    """CAPITALISED or LOWERED for words first..last; -1 if a case is unknown or all is in capitals."""
    lower, shouted = 0, 0
    for k in range(first, last + 1):
        if cases[k] == OTHER:
            return -1
        lower += cases[k] == LOWER
        shouted += cases[k] == ALL_CAPITALS
    if shouted == last + 1 - first:
        return -1
    return LOWERED if lower else CAPITALISED


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], uint8[::1], int64, int64, int64)], cache=True, nogil=True)
def _part_of_longer(text, bounds, cases, kinds, words, first, last):
    """Whether a capitalised phrase is part of a longer name, to which its capitals may belong.

    So it is beside another capitalised word ("Free Trade" in "the Free Trade Zone") or beyond one small word from it ("Water
    Resources" in "Ministry of Water Resources"); a function word with a capital is none ("The Associated Press").
    """
    for near, far, stop, start in ((first - 1, first - 2, first - 1, first), (last + 1, last + 2, last, last + 1)):
        if near < 0 or near >= words or bounds[2 * start] - bounds[2 * stop + 1] != 1:
            continue
        if not kinds[near] & (1 << FUNCTION):
            if cases[near] != LOWER:
                return True
            continue
        joins = kinds[near] & (1 << JOINING) != 0 and 0 <= far < words
        if joins and cases[far] != LOWER and not kinds[far] & (1 << FUNCTION):
            return True
    return False


@njit([uint64(uint64, uint64)], cache=True, nogil=True, inline="always")
def join_keys(left, right):
    """The key of words one after another, from the key of those before and the key of the last."""
    return mix(left * uint64(0x9E3779B97F4A7C15) + right)


@njit(
    [types.Tuple((int64[:, ::1], uint64[::1], int64))(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, KEYS, types.boolean, int64, int64)],
    cache=True,
    nogil=True,
)
def _phrases(offsets, data, rows, slots, classes, wanted, targets, size, capacity):
    """`find_phrases` with room for `capacity` phrases; the last result is how many there are."""
    out, out_keys, count = np.empty((capacity, 4), np.int64), np.empty(capacity, np.uint64), 0
    text, letters, bounds = np.empty(size, np.uint8), np.empty(size, np.uint8), np.empty(size, np.int64)
    keys, kinds, cases = np.empty(size, np.uint64), np.empty(size, np.uint8), np.empty(size, np.uint8)
    vetoed = np.zeros(wanted.shape[0], np.bool_)
    for row in rows:
        shift = offsets[row] - FRONT
        words = cut_words(data, offsets[row], offsets[row + 1], text, letters, bounds)
        for i in range(words):
            start, stop = bounds[2 * i], bounds[2 * i + 1]
            keys[i] = word_key(text, start, stop)
            place = find(slots, keys[i])
            kinds[i] = classes[place] if place >= 0 else 0
            cases[i] = word_case(text, start, stop)
        for i in range(1, words):
            if kinds[i] & (1 << FUNCTION) or bounds[2 * i] - bounds[2 * i - 1] != 1 or text[bounds[2 * i] - 1] != 0x20:
                continue
            for length in range(2, 4):
                first = i + 1 - length
                if first < 0 or kinds[first] & (1 << FUNCTION) or bounds[2 * first + 1] - bounds[2 * first] < 2:
                    break
                if length == 3 and (
                    bounds[2 * first + 2] - bounds[2 * first + 1] != 1 or text[bounds[2 * first + 2] - 1] != 0x20
                ):
                    break
                key = join_keys(keys[first], keys[first + 1])
                if length == 3:
                    key = join_keys(key, keys[i])
                place = find(wanted, key) if wanted.shape[0] else 0
                if place < 0 or (wanted.shape[0] and vetoed[place]):
                    continue
                state = _capitals(cases, first, i)
                start = bounds[2 * first]
                if state < 0 or kinds[first] & (1 << PARTICLE) or bounds[2 * i + 1] - bounds[2 * i] < 2:
                    continue
                if not _free_before(text, start) or not _free_after(text, bounds[2 * i + 1]):
                    continue
                initial = _begins_sentence(text, start)
                if targets:
                    after_article = first > 0 and kinds[first - 1] & (1 << ARTICLE) != 0
                    if state == CAPITALISED or initial or after_article or _in_headline(text, bounds, cases, words, i):
                        continue
                elif state == CAPITALISED:
                    if initial or _opens(text, start) or _in_headline(text, bounds, cases, words, i):
                        continue
                    if _part_of_longer(text, bounds, cases, kinds, words, first, i):
                        continue
                else:
                    vetoed[place] = True
                if count < capacity:
                    out[count] = (row, start + shift, bounds[2 * i + 1] + shift, state)
                    out_keys[count] = key
                count += 1
    return out, out_keys, count


def find_phrases(
    offsets: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    slots: np.ndarray,
    classes: np.ndarray,
    wanted: np.ndarray,
    targets: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Phrases in these rows, as int64 of shape (phrases, 4): row, start, stop (bytes of `data`), state; and their keys (uint64).

    `slots` and `classes` are a table of word classes, `wanted` a table of the phrases to find (without places: all). With
    `targets` only phrases that could be capitalised are found: not all of their words are, they begin no sentence, follow no
    article and stand in no headline. Without, only what shows how a phrase is written: CAPITALISED where neither a sentence nor
    a quotation begins and no headline is, or LOWERED, which is told once a phrase: after that the phrase is done with.
    """
    size, capacity = scratch_size(offsets), 64 + 64 * len(rows)
    while True:
        out, keys, count = _phrases(offsets, data, rows, slots, classes, wanted, targets, size, capacity)
        if count <= capacity:
            return out[:count], keys[:count]
        capacity = count
