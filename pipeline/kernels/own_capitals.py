"""Whether capitals are a word's or phrase's own: no sentence, quotation, headline or longer name gave them.

All take a row as `cased_words.cut_words` leaves it. `keys` are those of its words, `kinds` is scratch for their classes.
"""

from numba import int64, types, uint8, uint64

from pipeline.kernels.cased_words import BYTES, LOWER, OTHER, word_case
from pipeline.kernels.casing import (
    LOWERED,
    after_space,
    begins_sentence,
    capitals,
    free_after,
    free_before,
    in_headline,
    opens,
    part_of_longer,
)
from pipeline.kernels.key_tables import KEYS, find
from pipeline.kernels.lazy import njit

_TEXT = types.Array(uint8, 1, "C")


@njit([types.void(uint64[::1], uint8[::1], KEYS, BYTES, int64, int64, int64)], cache=True, nogil=True)
def read_kinds(keys, kinds, slots, classes, words, first, last):
    """Writes the classes of words first..last to `kinds`."""
    for k in range(max(first, 0), min(last + 1, words)):
        place = find(slots, keys[k])
        kinds[k] = classes[place] if place >= 0 else 0


@njit(
    [types.boolean(_TEXT, int64[::1], uint64[::1], uint8[::1], KEYS, BYTES, int64, int64, int64, int64[::1])],
    cache=True,
    nogil=True,
)
def _are_own(text, bounds, keys, kinds, slots, classes, words, first, last, line):
    """Whether no place gave words first..last, which stand free, their capitals.

    Part of a longer name is such a place: "National Center for Bioinformatics" does not say that bioinformatics is a name.
    """
    start = bounds[2 * first]
    if begins_sentence(text, start) or opens(text, start):
        return False
    read_kinds(keys, kinds, slots, classes, words, first - 2, last + 2)
    return not (part_of_longer(text, bounds, kinds, words, first, last) or in_headline(text, bounds, words, last, line))


@njit([int64(_TEXT, int64[::1], uint64[::1], uint8[::1], KEYS, BYTES, int64, int64, int64, int64[::1])], cache=True, nogil=True)
def phrase_state(text, bounds, keys, kinds, slots, classes, words, first, last, line):
    """LOWERED or CAPITALISED for a phrase that shows how it is written; -1 for one that shows nothing."""
    for k in range(first + 1, last + 1):
        if not after_space(text, bounds, k):
            return -1
    state = capitals(text, bounds, first, last)
    if state < 0 or not (free_before(text, bounds[2 * first]) and free_after(text, bounds[2 * last + 1])):
        return -1
    return state if state == LOWERED or _are_own(text, bounds, keys, kinds, slots, classes, words, first, last, line) else -1


@njit([types.boolean(_TEXT, int64[::1], uint64[::1], uint8[::1], KEYS, BYTES, int64, int64, int64[::1])], cache=True, nogil=True)
def stands_as_name(text, bounds, keys, kinds, slots, classes, words, i, line):
    """Whether a word stands free and is capitalised (or wholly in capitals) by its own right."""
    case = word_case(text, bounds[2 * i], bounds[2 * i + 1])
    if case == LOWER or case == OTHER or not (free_before(text, bounds[2 * i]) and free_after(text, bounds[2 * i + 1])):
        return False
    return _are_own(text, bounds, keys, kinds, slots, classes, words, i, i, line)
