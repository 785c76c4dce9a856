"""Phrases of two or three words that could be names written small.

A phrase holds no function word, its words are parted by single spaces, and nothing is glued to it (a hyphen, a digit, an @).
"""

import numpy as np
from numba import int64, types, uint8, uint64

from pipeline.kernels.cased_words import BYTES, FRONT, OFFSETS, cut_words, scratch_size, word_key
from pipeline.kernels.casing import (
    ARTICLE,
    FUNCTION,
    LOWERED,
    PARTICLE,
    after_space,
    begins_sentence,
    capitals,
    free_after,
    free_before,
    in_headline,
    join_keys,
)
from pipeline.kernels.key_tables import KEYS, find
from pipeline.kernels.lazy import njit

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


@njit([types.boolean(_TEXT, int64[::1], uint8[::1], int64, int64, int64, int64[::1])], cache=True, nogil=True)
def _may_be_repaired(text, bounds, kinds, words, first, last, line):
    """Whether a phrase in lower case stands where a name would have capitals: no sentence begins, no article, no headline."""
    after_article = first > 0 and kinds[first - 1] & (1 << ARTICLE) != 0
    return not (begins_sentence(text, bounds[2 * first]) or after_article or in_headline(text, bounds, words, last, line))


@njit(
    [types.Tuple((int64[:, ::1], uint64[:, ::1], int64))(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, KEYS, int64, int64)],
    cache=True,
    nogil=True,
)
def _phrases(offsets, data, rows, slots, classes, wanted, size, capacity):
    """`find_phrases` with room for `capacity` phrases; the last result is how many there are."""
    out, out_keys, count = np.empty((capacity, 3), np.int64), np.empty((capacity, 2), np.uint64), 0
    text, bounds = np.empty(size, np.uint8), np.empty(size, np.int64)
    keys, kinds = np.empty(size, np.uint64), np.empty(size, np.uint8)
    everything = wanted.shape[0] == 0
    line = np.zeros(3, np.int64)
    for row in rows:
        shift = offsets[row] - FRONT
        line[1] = -1
        words = cut_words(data, offsets[row], offsets[row + 1], text, bounds)
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
                if not everything and find(wanted, key) < 0:
                    continue
                if capitals(text, bounds, first, i) != LOWERED or not _is_phrase(text, bounds, kinds, first, i):
                    continue
                if not _may_be_repaired(text, bounds, kinds, words, first, i, line):
                    continue
                if count < capacity:
                    out[count] = (row, bounds[2 * first] + shift, bounds[2 * i + 1] + shift)
                    out_keys[count] = (key, join_keys(keys[i - 1], keys[i]))
                count += 1
    return out, out_keys, count


def find_phrases(
    offsets: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    slots: np.ndarray,
    classes: np.ndarray,
    wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Phrases in these rows that could be capitalised.

    First int64 of shape (phrases, 3): row, start, stop (bytes of `data`); then uint64 of shape (phrases, 2): key, and key of the last
    two words.
    Not all of their words have capitals, they begin no sentence, follow no article and stand in no headline. `slots` and `classes`
    are a table of word classes, `wanted` a table of the phrases to find (without places: all).
    """
    size, capacity = scratch_size(offsets), 64 + 64 * len(rows)
    while True:
        out, keys, count = _phrases(offsets, data, rows, slots, classes, wanted, size, capacity)
        if count <= capacity:
            return out[:count], keys[:count]
        capacity = count
