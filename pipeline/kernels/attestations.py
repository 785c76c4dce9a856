"""How the rows of a column write what is asked about: phrases, names that sound alike, single words. One cut of the words for all.

Most words of a row have to do with nothing that is asked. So every pair of words, and every capitalised word, is tried against a
filter of bits, and only what passes is looked up, judged by its place, and told.
"""

from typing import NamedTuple

import numpy as np
from numba import int64, types, uint8, uint64

from pipeline.kernels.cased_words import BYTES, FRONT, OFFSETS, cut_words, scratch_size, word_key
from pipeline.kernels.casing import CAPITALISED, FUNCTION, LOWERED, TITLE, join_keys
from pipeline.kernels.key_tables import KEYS, filter_places, find, make_filter, make_slots, passes
from pipeline.kernels.lazy import njit
from pipeline.kernels.names import MOST_WORDS, in_run, may_hold_name, name_keys
from pipeline.kernels.own_capitals import phrase_state, read_kinds, stands_as_name
from pipeline.kernels.places import list_flagged

PHRASE, NAME, WORD = 0, 1, 2  # what is told of

_TEXT = types.Array(uint8, 1, "C")
_FLAGS = types.Array(types.boolean, 1, "C", readonly=True)


class Asked(NamedTuple):
    """What is looked for, as tables of keys (`make_slots`) and filters of them (`make_filter`)."""

    phrases: np.ndarray
    tails: np.ndarray  # a filter of the last two words of phrases
    words: np.ndarray
    word_bits: np.ndarray
    sounds: np.ndarray
    sound_tails: np.ndarray  # a filter of the sounds of the last two words of names
    names: np.ndarray  # own keys of the names that are known already
    once: np.ndarray  # bool, by place of `names`: to be told a single time


def make_asked(phrases: np.ndarray, words: np.ndarray, names: np.ndarray) -> Asked:
    """Tables for these keys: `phrases` as `find_phrases` gives them, `names` as `find_names`.

    A name that is the only spelling of its sound is told once: all that there is to learn is that others write it so too.
    """
    names = np.unique(names, axis=0)
    known = make_slots(np.unique(names[:, 1]))
    sounds, counts = np.unique(names[:, 0], return_counts=True)
    once = np.isin(known, names[np.isin(names[:, 0], sounds[counts == 1]), 1])
    return Asked(
        make_slots(np.unique(phrases[:, 0])),
        make_filter(phrases[:, 1].copy(), filter_places(len(phrases))),
        make_slots(words),
        make_filter(words, filter_places(len(words))),
        make_slots(sounds),
        make_filter(names[:, 2].copy(), filter_places(len(names))),
        known,
        once,
    )


@njit(
    [
        types.Tuple((int64[:, ::1], uint64[::1], int64, int64[::1]))(
            *(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, KEYS, KEYS, KEYS, KEYS, KEYS, KEYS, KEYS, _FLAGS, int64, int64)
        )
    ],
    cache=True,
    nogil=True,
)
def _told(
    offsets, data, rows, slots, classes, phrases, tails, single, word_bits, sounds, sound_tails, names, once, size, capacity
):
    """`find_told` with room for `capacity` places; the third result is how many there are."""
    out, out_keys, count = np.empty((capacity, 5), np.int64), np.empty(capacity, np.uint64), 0
    text, bounds = np.empty(size, np.uint8), np.empty(size, np.int64)
    keys, kinds, line = np.empty(size, np.uint64), np.empty(size, np.uint8), np.zeros(3, np.int64)
    asked_words, asked_tails, pairs = np.empty(size, np.uint8), np.empty(size, np.uint8), np.empty(size, np.uint8)
    flagged = np.empty(size, np.int64)
    lowered, told = np.zeros(phrases.shape[0], np.bool_), np.zeros(names.shape[0], np.bool_)
    counts, last_row = np.zeros(single.shape[0], np.int64), np.full(single.shape[0], -1, np.int64)
    asks_names = sounds.any()
    for row in rows:
        shift = offsets[row] - FRONT
        line[1] = -1
        words = cut_words(data, offsets[row], offsets[row + 1], text, bounds)
        for i in range(words):
            keys[i] = word_key(text, bounds[2 * i], bounds[2 * i + 1])
        last, last_stop, last_capital = uint64(0), uint64(0), False
        for i in range(words):
            key, start = keys[i], uint64(bounds[2 * i])  # unsigned, so that no index is tested for being negative
            capital = (text[start] < 0x61) | (text[start] == 0xC3)
            asked_words[i] = capital & passes(word_bits, key)
            asked_tails[i] = passes(tails, join_keys(last, key))
            pairs[i] = capital & last_capital & (start - last_stop == 1) & (text[last_stop] == 0x20)
            last, last_stop, last_capital = key, uint64(bounds[2 * i + 1]), capital
        for m in range(list_flagged(asked_words, words, flagged)):
            i = flagged[m]
            key = keys[i]
            place = find(single, key)
            if place < 0 or not stands_as_name(text, bounds, keys, kinds, slots, classes, words, i, line):
                continue
            counts[place] += 1
            if last_row[place] != row:
                last_row[place] = row
                if count < capacity:
                    out[count] = (row, bounds[2 * i] + shift, bounds[2 * i + 1] + shift, WORD, CAPITALISED)
                    out_keys[count] = key
                count += 1
        for m in range(list_flagged(asked_tails, words, flagged)):
            i = flagged[m]
            key = keys[i]
            for first in range(i - 1, max(i - 3, -1), -1):
                key = join_keys(keys[first], key)
                place = find(phrases, key)
                if place < 0 or lowered[place]:
                    continue
                state = phrase_state(text, bounds, keys, kinds, slots, classes, words, first, i, line)
                if state < 0:
                    continue
                lowered[place] = state == LOWERED
                if count < capacity:
                    out[count] = (row, bounds[2 * first] + shift, bounds[2 * i + 1] + shift, PHRASE, state)
                    out_keys[count] = key
                count += 1
        found, at = list_flagged(pairs, words if asks_names else 0, flagged), 0
        while at < found:
            first, stop = flagged[at] - 1, flagged[at] + 1
            while at + 1 < found and flagged[at + 1] == stop:
                at, stop = at + 1, stop + 1
            at += 1
            if not may_hold_name(text, bounds, sound_tails, first, stop):
                continue
            read_kinds(keys, kinds, slots, classes, words, first, stop - 1)
            while first < stop:
                run = first
                while run < stop and not kinds[run] & (1 << FUNCTION) and in_run(text, bounds, first, run):
                    run += 1
                begin, first = first, max(run, first + 1)
                while begin < run and kinds[begin] & (1 << TITLE):
                    begin += 1
                if run - begin < 2 or run - begin > MOST_WORDS:
                    continue
                sound, key, _ = name_keys(text, bounds, begin, run)
                if find(sounds, sound) < 0:
                    continue
                place = find(names, key)
                if place >= 0 and once[place] and told[place]:
                    continue
                if place >= 0:
                    told[place] = True
                if count < capacity:
                    out[count] = (row, shift + bounds[2 * begin], shift + bounds[2 * run - 1], NAME, CAPITALISED)
                    out_keys[count] = sound
                count += 1
    return out, out_keys, count, counts


def find_told(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, slots: np.ndarray, classes: np.ndarray, asked: Asked
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What these rows show about what is asked.

    First int64 of shape (places, 5): row, start, stop (bytes of `data`), PHRASE, NAME or WORD, and LOWERED or CAPITALISED; then
    their keys (uint64; of a name the sound key). A phrase in lower case is told once and is done with; a capitalised word is told
    once a row. Third, for each place of `asked.words`, how often the word is capitalised (int64).
    """
    size, capacity = scratch_size(offsets), 64 + 8 * len(rows)
    while True:
        out, keys, count, counts = _told(offsets, data, rows, slots, classes, *asked, size, capacity)
        if count <= capacity:
            return out[:count], keys[:count], counts
        capacity = count
