"""Words with their case, in UTF-8 bytes: where they lie, and a key of the folded word.

A word is a run of letters: ASCII, and the sequences that begin with 0xC3 to 0xDF or 0xE1 (the Latin, Greek, Cyrillic and
neighbouring alphabets, Vietnamese); Han, kana, digits and punctuation part words. Rows are copied into padded scratch and
cut by masks of 64 bytes, because a loop with a branch a letter spends its time on branches that were guessed wrong.
"""

import numpy as np
import pyarrow as pa
from numba import int64, types, uint8, uint64

from pipeline.kernels.key_tables import find, make_slots
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, copy_bytes, load_word, range_mask
from pipeline.kernels.places import list_places
from pipeline.kernels.text import _BYTES, _OFFSETS, buffers

LOWER, CAPITAL, ALL_CAPITALS, OTHER = 0, 1, 2, 3  # the case of a word

BYTES, OFFSETS = _BYTES, _OFFSETS
SCRATCH, BOUNDS = types.Array(uint8, 1, "C"), types.Array(int64, 1, "C")
FRONT = BLOCK  # bytes of padding before a row's text in scratch; zeros

_FOLD = np.uint64(0x2020202020202020)
_KEEP = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [2**64 - 1], np.uint64)  # the first n bytes of a machine word
_K1, _K2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


def scratch_size(offsets: np.ndarray) -> int:
    """Bytes of scratch that hold any one of these rows with its padding."""
    return int(np.diff(offsets).max(initial=0)) + FRONT + 2 * BLOCK


@njit([uint64(SCRATCH, int64)], cache=True, nogil=True, inline="always")
def letter_mask(text, at):
    """Bit i says whether byte `at + i` is an ASCII letter, for 64 bytes."""
    return range_mask(text, at, 0x41, 26) | range_mask(text, at, 0x61, 26)


@njit([uint64(SCRATCH, int64)], cache=True, nogil=True, inline="always")
def _lead_mask(text, at):
    """Bit i says whether a letter of more than one byte begins at byte `at + i`."""
    return range_mask(text, at, 0xC3, 0xE0 - 0xC3) | range_mask(text, at, 0xE1, 1)


@njit([uint64(SCRATCH, int64)], cache=True, nogil=True, inline="always")
def _long_letter_mask(text, at):
    """Bit i says whether byte `at + i` belongs to a letter of two or three bytes."""
    third = range_mask(text, at - 2, 0xE1, 1) & range_mask(text, at - 1, 0x80, 0x80)
    return _lead_mask(text, at) | (range_mask(text, at, 0x80, 0x40) & (_lead_mask(text, at - 1) | third))


@njit([int64(BYTES, int64, int64, SCRATCH, BOUNDS)], cache=True, nogil=True)
def cut_words(data, start, stop, text, bounds):
    """Copies a row to `text` behind FRONT zeros and writes where its words begin and end to `bounds`, one after another.

    Returns how many words there are. Positions count from the front of `text`. Both hold `scratch_size`.
    """
    size = stop - start
    text[:FRONT] = 0
    copy_bytes(data, start, text, FRONT, size)
    text[FRONT + size : FRONT + size + BLOCK] = 0
    count, carry = int64(0), uint64(0)
    for at in range(FRONT, FRONT + size + 1, BLOCK):
        mask = letter_mask(text, at)
        if range_mask(text, at, 0x80, 0x80):
            mask |= _long_letter_mask(text, at)
        edges = mask ^ ((mask << uint64(1)) | carry)
        carry = mask >> uint64(63)
        count = list_places(edges, at, bounds, count)
    return count >> 1


@njit([uint64(uint64)], cache=True, nogil=True, inline="always")
def mix(h):
    """The hash with every bit spread over all others (MurmurHash3's 64-bit finalizer); never 0: that is an empty slot."""
    h ^= h >> uint64(33)
    h *= uint64(0xFF51AFD7ED558CCD)
    h ^= h >> uint64(33)
    h *= uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> uint64(33)
    return h | uint64(h == 0)


@njit([uint64(SCRATCH, int64, int64)], cache=True, nogil=True, inline="always")
def word_key(text, start, stop):
    """A hash of the word with its capitals folded: of its first eight bytes, its last eight and its length.

    Folding sets one bit of every byte, which is right for ASCII and Latin-1 letters; other letters may fall together with a
    neighbour, as may words past sixteen bytes. Whoever acts on a key compares the words themselves.
    """
    size = stop - start
    keep = _KEEP[min(size, 8)]
    first = (load_word(text, start) | _FOLD) & keep
    last = (load_word(text, stop - 8) | _FOLD) & (uint64(0) - uint64(size > 8))
    h = (first * _K1) ^ (last * _K2) ^ uint64(size)
    h = (h ^ (h >> uint64(32))) * _K1
    h ^= h >> uint64(29)
    return h | uint64(h == 0)


@njit([int64(SCRATCH, int64, int64)], cache=True, nogil=True)
def word_case(text, start, stop):
    """LOWER, CAPITAL (the first letter, perhaps others), ALL_CAPITALS (two letters or more), or OTHER (we cannot tell)."""
    c = text[start]
    if 0x61 <= c <= 0x7A:
        return LOWER
    if c == 0xC3:
        if text[start + 1] >= 0x9F:
            return LOWER
    elif c > 0x7F:
        return OTHER
    for at in range(start + 1, stop):
        if 0x61 <= text[at] <= 0x7A or text[at] >= 0x9F:
            return CAPITAL
    return ALL_CAPITALS if stop - start > 1 else CAPITAL


@njit([uint64[::1](OFFSETS, BYTES, int64)], cache=True, nogil=True)
def _keys(offsets, data, size):
    out = np.empty(offsets.shape[0] - 1, np.uint64)
    text, bounds = np.empty(size, np.uint8), np.empty(size, np.int64)
    for row in range(out.shape[0]):
        cut_words(data, offsets[row], offsets[row + 1], text, bounds)
        out[row] = word_key(text, bounds[0], bounds[1])
    return out


def word_keys(words: list[str]) -> np.ndarray:
    """The key of each word (of the first, where a string holds several), uint64."""
    offsets, data = buffers(pa.array(words, pa.large_string()))
    return _keys(offsets, data, scratch_size(offsets))


def make_classes(classes: dict[int, list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """A table from words to classes: slots (uint64) and, place by place, the classes as bits 1 << class (uint8)."""
    slots = make_slots(np.unique(np.concatenate([word_keys(words) for words in classes.values()])))
    values = np.zeros(len(slots), np.uint8)
    for number, words in classes.items():
        for key in word_keys(words):
            values[find(slots, key)] |= np.uint8(1 << number)
    return slots, values
