"""Phrases of two or three words in the rows of a column, and how they are capitalised.

A phrase holds no function word, its words are parted by single spaces, and nothing is glued to it (a hyphen, a digit, an @).
"""

import numpy as np
from numba import int64, njit, types, uint8, uint64

from pipeline.kernels.cased_words import BYTES, FRONT, KEYS, OFFSETS, cut_words, find, scratch_size, word_key
from pipeline.kernels.casing import (
    ARTICLE,
    CAPITALISED,
    FUNCTION,
    PARTICLE,
    after_space,
    begins_sentence,
    capitals,
    free_after,
    free_before,
    in_headline,
    join_keys,
    opens,
    part_of_longer,
)

_TEXT = types.Array(uint8, 1, "C")


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], int64, int64)], cache=True, nogil=True)
def _is_phrase(text, bounds, kinds, first, last):
    """Whether words first..last stand free and are no particle with a name ("al Qaeda") and no single letters."""
    if (
        kinds[first] & (1 << PARTICLE)
        or bounds[2 * first + 1] - bounds[2 * first] < 2
        or bounds[2 * last + 1] - bounds[2 * last] < 2
    ):
        return False
    return free_before(text, bounds[2 * first]) and free_after(text, bounds[2 * last + 1])


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], int64, int64, int64)], cache=True, nogil=True)
def _may_be_repaired(text, bounds, kinds, words, first, last):
    """Whether a phrase in lower case stands where a name would have capitals: no sentence begins, no article, no headline."""
    after_article = first > 0 and kinds[first - 1] & (1 << ARTICLE) != 0
    return not (begins_sentence(text, bounds[2 * first]) or after_article or in_headline(text, bounds, words, last))


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], int64, int64, int64)], cache=True, nogil=True)
def _shows_a_name(text, bounds, kinds, words, first, last):
    """Whether the capitals of a phrase are its own: no sentence, quotation, headline or longer name gave them."""
    start = bounds[2 * first]
    if begins_sentence(text, start) or opens(text, start) or in_headline(text, bounds, words, last):
        return False
    return not part_of_longer(text, bounds, kinds, words, first, last)


@njit(
    [types.Tuple((int64[:, ::1], uint64[::1], int64))(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, KEYS, types.boolean, int64, int64)],
    cache=True,
    nogil=True,
)
def _phrases(offsets, data, rows, slots, classes, wanted, targets, size, capacity):
    """`find_phrases` with room for `capacity` phrases; the last result is how many there are."""
    out, out_keys, count = np.empty((capacity, 4), np.int64), np.empty(capacity, np.uint64), 0
    text, letters, bounds = np.empty(size, np.uint8), np.empty(size, np.uint8), np.empty(size, np.int64)
    keys, kinds = np.empty(size, np.uint64), np.empty(size, np.uint8)
    everything = wanted.shape[0] == 0
    lowered = np.zeros(wanted.shape[0], np.bool_)
    for row in rows:
        shift = offsets[row] - FRONT
        words = cut_words(data, offsets[row], offsets[row + 1], text, letters, bounds)
        for i in range(words):
            keys[i] = word_key(text, bounds[2 * i], bounds[2 * i + 1])
            place = find(slots, keys[i])
            kinds[i] = classes[place] if place >= 0 else 0
        for i in range(1, words):
            if kinds[i] & (1 << FUNCTION):
                continue
            key = keys[i]
            for first in range(i - 1, max(i - 3, -1), -1):
                if kinds[first] & (1 << FUNCTION) or not after_space(text, bounds, first + 1):
                    break
                key = join_keys(keys[first], key)
                place = -1 if everything else find(wanted, key)
                if not everything and (place < 0 or lowered[place]):
                    continue
                state = capitals(text, bounds, first, i)
                if state < 0 or not _is_phrase(text, bounds, kinds, first, i):
                    continue
                if targets:
                    if state == CAPITALISED or not _may_be_repaired(text, bounds, kinds, words, first, i):
                        continue
                elif state != CAPITALISED:
                    lowered[place] = True
                elif not _shows_a_name(text, bounds, kinds, words, first, i):
                    continue
                if count < capacity:
                    out[count] = (row, bounds[2 * first] + shift, bounds[2 * i + 1] + shift, state)
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
