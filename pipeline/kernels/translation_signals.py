"""Places in a text where a mark of machine translation may stand, and words that no dictionary holds: one scan of the bytes.

For marks the scan is generous, as patterns look closer afterwards: it must find every place that a pattern of
`translation.signals` could match, and few others (on press releases one in five documents has one). What a place means is
decided there, not here.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import int64, types, uint64

from pipeline.kernels.cased_words import (
    BYTES,
    FRONT,
    KEYS,
    OFFSETS,
    SCRATCH,
    cut_words,
    find,
    letter_mask,
    make_filter,
    make_slots,
    passes,
    scratch_size,
    word_key,
    word_keys,
)
from pipeline.kernels.casing import free_after, free_before
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, range_mask, trailing_zeros
from pipeline.kernels.repetitions import repeats, sentence_again

# What stands at a place. Words of the table begin at FIRST_WORD.
COMMA_CAPITAL, COMMA_LETTER, QUOTE_SPACE, CJK_RUN, FULL_WIDTH, DOUBLED_WORD, REPEATED_PHRASE, ORDINAL, FIRST_WORD = range(9)
REPEATED_SENTENCE = 255  # no signal: where its second copy begins and ends, the space before it included

# Leads: the word before begins with a capital; the next is small and the one after it has a capital ("spokesman ned Price").
CAPITAL_BEFORE, NAME_AFTER = 1, 2

MOST_PLACES = 2000  # in one text: ten megabytes of one phrase have three million, and no more is learned from them
_WORDS_BACK = 4  # how far before its anchor a pattern may begin


@njit([uint64(SCRATCH, int64)], cache=True, nogil=True)
def _odd_mask(text, at):
    """Bit i says whether punctuation at byte `at + i` may be a signal: the conditions of `_odd_kind`, loosely, for 64 bytes."""
    odd = range_mask(text, at, 0x2C, 1)
    if odd:
        capital = range_mask(text, at + 1, 0x20, 1) & range_mask(text, at + 2, 0x41, 26)
        odd &= letter_mask(text, at + 1) | capital
    high = range_mask(text, at, 0xE2, 0x1E)
    if high:
        opening = range_mask(text, at + 2, 0x9C, 1) & range_mask(text, at + 3, 0x20, 1)
        closing = range_mask(text, at + 2, 0x9D, 1) & range_mask(text, at - 1, 0x20, 1)
        quote = range_mask(text, at, 0xE2, 1) & range_mask(text, at + 1, 0x80, 1) & (opening | closing)
        odd |= quote | (high & range_mask(text, at, 0xE3, 0x1D))
    return odd


@njit([int64(SCRATCH, int64, KEYS)], cache=True, nogil=True)
def _odd_kind(text, at, commas):
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
        if end - at >= 8 or text[end] != 0x20 or not 0x61 <= text[end + 1] <= 0x7A:
            return -1
        return COMMA_CAPITAL if find(commas, word_key(text, at + 2, end)) >= 0 else -1
    if c > 0xEF:
        return -1
    point = (int64(c & 0x0F) << 12) | (int64(text[at + 1] & 0x3F) << 6) | int64(text[at + 2] & 0x3F)
    if 0x3000 <= point <= 0x303F or 0xFF01 <= point <= 0xFF65:
        return FULL_WIDTH
    if 0x3040 <= point <= 0x30FF or 0x3400 <= point <= 0x9FFF or 0xAC00 <= point <= 0xD7AF:
        return CJK_RUN
    return -1


@njit([types.boolean(SCRATCH, int64)], cache=True, nogil=True)
def _is_day(text, at):
    """Whether the word at `at` ends "the 8th" or "the 10th"."""
    digits = 0
    while 0x30 <= text[at - 1 - digits] <= 0x39 and digits < 3:
        digits += 1
    return 0 < digits < 3 and text[at - 1 - digits] == 0x20 and text[at - 2 - digits] == 0x65


@njit([types.boolean(SCRATCH, int64[::1], int64, int64, int64, int64)], cache=True, nogil=True)
def _may_stand(text, bounds, words, i, kind, lead):
    """Whether an anchor word's neighbours allow its signal.

    `lead` is the three bytes before it, or CAPITAL_BEFORE, or NAME_AFTER, or 0 for anything.
    """
    at, stop = bounds[2 * i], bounds[2 * i + 1]
    if kind == ORDINAL:
        return _is_day(text, at) and not (text[stop] == 0x20 and 0x61 <= text[stop + 1] <= 0x7A)
    if lead == CAPITAL_BEFORE:
        return i > 0 and text[bounds[2 * i - 2]] < 0x61
    if lead == NAME_AFTER:
        return i + 2 < words and 0x61 <= text[bounds[2 * i + 2]] <= 0x7A and 0x41 <= text[bounds[2 * i + 4]] <= 0x5A
    return lead == 0 or lead == (int64(text[at - 3]) << 16) | (int64(text[at - 2]) << 8) | int64(text[at - 1])


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
            *(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, OFFSETS, KEYS, KEYS, KEYS, int64, int64)
        )
    ],
    cache=True,
    nogil=True,
)
def _scan(offsets, data, rows, slots, kinds, leads, bits, commas, dictionary, size, capacity):
    """`scan_words` with room for `capacity` places and as many words; also how many there are of both."""
    out, count = np.empty((capacity, 4), np.int64), 0
    strange, strange_keys, strange_count = np.empty((capacity, 3), np.int64), np.empty(capacity, np.uint64), 0
    text = np.empty(size, np.uint8)
    bounds, keys, marked = np.empty(size, np.int64), np.empty(size + 3, np.uint64), np.empty(size, np.int64)
    sentences = np.empty(size + 2, np.int64)
    keys[:3] = 0
    for row in rows:
        shift = offsets[row] - FRONT
        length = offsets[row + 1] - offsets[row]
        words = cut_words(data, offsets[row], offsets[row + 1], text, bounds)
        found, begun, most = 0, 1, count + MOST_PLACES
        sentences[0] = 0
        for i in range(words):
            start, stop = bounds[2 * i], bounds[2 * i + 1]
            key = word_key(text, start, stop)
            keys[i + 3] = key
            again = (key == keys[i + 2]) | (key == keys[i + 1]) | (key == keys[i])
            unknown = ((text[start] >= 0x61) & (stop - start > 2)) & (passes(dictionary, key) == 0)
            marked[found] = i
            found += int64((passes(bits, key) != 0) | again | unknown)
            sentences[begun] = i + 1
            begun += int64((text[stop] == 0x2E) | (text[stop] == 0x21) | (text[stop] == 0x3F))
        for m in range(found):
            i = marked[m]
            start, stop, key = bounds[2 * i], bounds[2 * i + 1], keys[i + 3]
            back, kind, lag = _WORDS_BACK, -1, 0
            place = find(slots, key) if passes(bits, key) else int64(-1)
            if place >= 0 and _may_stand(text, bounds, words, i, kinds[place], leads[place]):
                kind = int64(kinds[place])
            else:
                lag = repeats(text, bounds, keys[3:], i)
            if lag > 0:
                kind, back = DOUBLED_WORD if lag == 1 else REPEATED_PHRASE, lag
            if kind >= 0 and count < most:
                if count < capacity:
                    out[count] = (row, kind, shift + bounds[2 * max(0, i - back)], shift + start)
                count += 1
            if text[start] >= 0x61 and stop - start > 2 and not passes(dictionary, key) and _is_plain(text, start, stop):
                if strange_count < capacity:
                    strange[strange_count] = (row, shift + start, shift + stop)
                    strange_keys[strange_count] = key
                strange_count += 1
        for m in range(2, begun):
            end = sentence_again(text, bounds, keys[3:], sentences[m - 2], sentences[m - 1], sentences[m])
            if end > 0 and count < most:
                if count < capacity:
                    out[count] = (row, REPEATED_SENTENCE, shift + bounds[2 * sentences[m - 1]] - 1, shift + end)
                count += 1
        last = -BLOCK
        for block in range(FRONT, FRONT + length, BLOCK):
            mask = _odd_mask(text, block)
            while mask:
                at = block + trailing_zeros(mask)
                mask &= mask - uint64(1)
                kind = _odd_kind(text, at, commas)
                follows = kind == CJK_RUN and at == last + 3  # inside a run that has its place already
                last = at if kind == CJK_RUN else last
                if kind < 0 or follows or at >= FRONT + length or count >= most:
                    continue
                if count < capacity:
                    out[count] = (row, kind, shift + at, shift + at)
                count += 1
    return out, count, strange, strange_keys, strange_count


class Anchors(NamedTuple):
    """What the scan looks for, as tables of word keys."""

    slots: np.ndarray
    kinds: np.ndarray  # uint8, by place of `slots`: what the word stands for
    leads: np.ndarray  # int64, by place: what must stand before it
    bits: np.ndarray
    commas: np.ndarray  # function words that are small after a comma


def make_anchors(words: Mapping[str, tuple[int, str | int]], commas: list[str]) -> Anchors:
    """Tables for anchor words, each with its kind and its lead (as `_may_stand` has it; three ASCII characters, or "" for none)."""
    keys = word_keys(list(words))
    slots = make_slots(keys)
    kinds, leads = np.zeros(len(slots), np.uint8), np.zeros(len(slots), np.int64)
    for key, (kind, lead) in zip(keys, words.values(), strict=True):
        place = find(slots, key)
        kinds[place] = kind
        leads[place] = lead if isinstance(lead, int) else int.from_bytes(lead.encode(), "big")
    return Anchors(slots, kinds, leads, make_filter(keys, 1 << 15), make_slots(word_keys(commas)))


def scan_words(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, anchors: Anchors, dictionary: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places worth a look, and words in lower case that the dictionary (a filter of word keys) does not hold.

    Places are int64 of shape (places, 4): row, what stands there, where a pattern may begin, and where its anchor is, ordered by
    row and anchor. Words are int64 of shape (words, 3): row, start, stop; and their keys (uint64). Positions are bytes of `data`.
    """
    size, capacity = scratch_size(offsets), 4 * len(rows) + 64
    while True:
        places, count, strange, keys, words = _scan(offsets, data, rows, *anchors, dictionary, size, capacity)
        if max(count, words) <= capacity:
            places = places[:count]
            return places[np.lexsort((places[:, 3], places[:, 0]))], strange[:words], keys[:words]
        capacity = max(count, words)
