"""Places in a text where a mark of machine translation may stand, and words that no dictionary holds: one scan of the bytes.

For marks the scan is generous, as patterns look closer afterwards: it must find every place that a pattern of
`translation.signals` could match, and few others (on press releases one in five documents has one). What a place means is
decided there, not here.
"""

import numpy as np
from numba import int64, types, uint64

from pipeline.kernels.anchors import AROUND, Anchors, may_stand
from pipeline.kernels.cased_words import BYTES, FRONT, OFFSETS, SCRATCH, cut_words, scratch_size, word_key
from pipeline.kernels.casing import free_after, free_before
from pipeline.kernels.key_tables import KEYS, find, passes, without
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, trailing_zeros
from pipeline.kernels.odd_marks import CJK_RUN, DOUBLED_WORD, REPEATED_PHRASE, odd_kind, odd_mask
from pipeline.kernels.places import list_flagged
from pipeline.kernels.repetitions import KEYS_BACK, may_repeat, repeats, sentence_again

REPEATED_SENTENCE = 255  # no signal: where its second copy begins and ends, the space before it included

MOST_PLACES = 2000  # in one text: ten megabytes of one phrase have three million, and no more is learned from them
_WORDS_BACK = 4  # how far before its anchor a pattern may begin
_UNUSUAL, _AGAIN = 1, 2  # why a word is looked at: it is an anchor or in no dictionary; it may end a phrase said twice

_ENDS = np.zeros(256, np.uint8)  # by byte whether it ends a sentence
_ENDS[[ord(mark) for mark in ".!?"]] = 1


@njit([types.boolean(SCRATCH, int64, int64)], cache=True, nogil=True)
def _is_plain(text, start, stop):
    """Whether a word in lower case stands free, and is written in small letters throughout: not "iPhone", "anti-vax", "@rep"."""
    for at in range(start, stop):
        if 0x41 <= text[at] <= 0x5A or text[at] > 0xC3:
            return False
    return free_before(text, start) and free_after(text, stop)


@njit(
    [
        types.Tuple((int64[:, ::1], int64, int64[:, ::1], uint64[::1], int64))(
            *(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, BYTES, AROUND, KEYS, KEYS, KEYS, KEYS, int64, int64)
        )
    ],
    cache=True,
    nogil=True,
)
def _scan(offsets, data, rows, slots, kinds, rules, around, bits, commas, dictionary, ordinary, size, capacity):
    """`scan_words` with room for `capacity` places and as many words; also how many there are of both.

    `ordinary` is the dictionary without anchors: most words are in it, and are looked up once.
    """
    out, count = np.empty((capacity, 5), np.int64), 0
    strange, strange_keys, strange_count = np.empty((capacity, 3), np.int64), np.empty(capacity, np.uint64), 0
    text = np.empty(size, np.uint8)
    bounds, padded = np.empty(size, np.int64), np.empty(size + KEYS_BACK, np.uint64)
    padded[:KEYS_BACK], keys = 0, padded[KEYS_BACK:]
    flags, ends = np.empty(size, np.uint8), np.empty(size, np.uint8)
    flagged, sentences = np.empty(size, np.int64), np.empty(size, np.int64)
    for row in rows:
        shift = offsets[row] - FRONT
        length = offsets[row + 1] - offsets[row]
        words = cut_words(data, offsets[row], offsets[row + 1], text, bounds)
        most = count + MOST_PLACES
        for i in range(words):
            keys[i] = word_key(text, bounds[2 * i], bounds[2 * i + 1])
            ends[i] = _ENDS[text[bounds[2 * i + 1]]]
        for i in range(words):  # vector code
            flags[i] = _AGAIN * may_repeat(padded, i)
        for i in range(words):
            flags[i] |= _UNUSUAL * (passes(ordinary, keys[i]) == 0)
        for m in range(list_flagged(flags, words, flagged)):
            i = flagged[m]
            start, stop, key = bounds[2 * i], bounds[2 * i + 1], keys[i]
            small = (text[start] >= 0x61) & (stop - start > 2)
            if not small | (passes(bits, key) != 0) | (flags[i] >= _AGAIN):
                continue
            back, kind, lag = _WORDS_BACK, -1, 0
            place = find(slots, key) if passes(bits, key) else int64(-1)
            if place >= 0 and may_stand(text, bounds, words, i, kinds[place], rules[place], around[place]):
                kind = int64(kinds[place])
            else:
                lag = repeats(text, bounds, keys, i)
            if lag > 0:
                kind, back = DOUBLED_WORD if lag == 1 else REPEATED_PHRASE, lag
            if kind >= 0 and count < most:
                if count < capacity:
                    out[count] = (row, kind, shift + bounds[2 * max(0, i - back)], shift + start, shift + stop)
                count += 1
            if small and not passes(dictionary, key) and _is_plain(text, start, stop):
                if strange_count < capacity:
                    strange[strange_count] = (row, shift + start, shift + stop)
                    strange_keys[strange_count] = key
                strange_count += 1
        first, second = 0, 0
        for m in range(list_flagged(ends, words, sentences)):
            third = sentences[m] + 1
            end = sentence_again(text, bounds, keys, first, second, third) if third - second == second - first else int64(0)
            if end > 0 and count < most:
                if count < capacity:
                    out[count] = (row, REPEATED_SENTENCE, shift + bounds[2 * second] - 1, shift + end, shift + end)
                count += 1
            first, second = second, third
        last = -BLOCK
        for block in range(FRONT, FRONT + length, BLOCK):
            mask = odd_mask(text, block)
            while mask:
                at = block + trailing_zeros(mask)
                mask &= mask - uint64(1)
                kind = odd_kind(text, at, commas)
                follows = kind == CJK_RUN and at == last + 3  # inside a run that has its place already
                last = at if kind == CJK_RUN else last
                if kind < 0 or follows or at >= FRONT + length or count >= most:
                    continue
                if count < capacity:
                    out[count] = (row, kind, shift + at, shift + at, shift + at)
                count += 1
    return out, count, strange, strange_keys, strange_count


def scan_words(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, anchors: Anchors, dictionary: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places worth a look, and words in lower case that the dictionary (a filter of word keys) does not hold.

    Places are int64 of shape (places, 5): row, what stands there, where a pattern may begin, where its anchor begins and ends,
    ordered by row and anchor. Words are int64 of shape (words, 3): row, start, stop; and their keys (uint64). Positions are bytes
    of `data`.
    """
    ordinary = without(dictionary, anchors.slots)
    size, capacity = scratch_size(offsets), 4 * len(rows) + 64
    while True:
        places, count, strange, keys, words = _scan(offsets, data, rows, *anchors, dictionary, ordinary, size, capacity)
        if max(count, words) <= capacity:
            places = places[:count]
            return places[np.lexsort((places[:, 3], places[:, 0]))], strange[:words], keys[:words]
        capacity = max(count, words)
