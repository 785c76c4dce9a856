"""Runs of two to four capitalised words that may be names, and keys under which names that sound alike meet.

The key is made of classes of consonants. It is coarser than rule A of `translation.names`: whatever that rule joins has one key,
so evidence can be gathered by key and judged by the rule.
"""

import unicodedata

import numpy as np
from numba import int64, types, uint8, uint64

from pipeline.kernels.cased_words import BYTES, CAPITAL, FRONT, LOWER, OFFSETS, cut_words, mix, scratch_size, word_case, word_key
from pipeline.kernels.casing import FUNCTION, ROLE, TITLE, after_space, join_keys
from pipeline.kernels.key_tables import KEYS, find, passes
from pipeline.kernels.lazy import njit

MOST_WORDS = 4

# Classes of consonants; 0 is left out. "zh" and "ph" have the class of j and f: so much is added. What rule A's skeleton writes
# with one letter has one class: c, k, q are k; s, x, z are s; g and j may be one ("gi" is j).
_CLASSES = {"b": 1, "ckq": 2, "d": 3, "f": 4, "gj": 5, "l": 6, "m": 7, "n": 8, "p": 9, "r": 10, "sxz": 11, "t": 12}
_SOUND = np.zeros(128, np.uint8)
for _letters, _number in _CLASSES.items():
    for _letter in _letters:
        _SOUND[[ord(_letter), ord(_letter.upper())]] = _number
_BEFORE_H = np.zeros(128, np.uint8)
_BEFORE_H[[ord("p"), ord("P")]] = _CLASSES["f"] - _CLASSES["p"] & 0xFF
_BEFORE_H[[ord("z"), ord("Z")]] = _CLASSES["gj"] - _CLASSES["sxz"] & 0xFF


def _base_letters() -> np.ndarray:
    """For U+00C0 to U+017F the ASCII letter that the character decomposes to, 0 where there is none."""
    bases = [unicodedata.normalize("NFKD", chr(0xC0 + i))[0] for i in range(0x180 - 0xC0)]
    return np.array([ord(base) if base.isascii() and base.isalpha() else 0 for base in bases], np.uint8)


_BASE = _base_letters()
_TEXT = types.Array(uint8, 1, "C")


@njit([int64(_TEXT, int64)], cache=True, nogil=True)
def _letter(text, at):
    """The ASCII letter at a byte, accents aside; 0 for others."""
    c = int64(text[at])
    if c < 0x80:
        return c
    point = ((c & 0x1F) << 6) | int64(text[at + 1] & 0x3F)
    return int64(_BASE[point - 0xC0]) if 0xC3 <= c <= 0xC5 else int64(0)


@njit([uint64(_TEXT, int64, int64)], cache=True, nogil=True)
def sound_key(text, start, stop):
    """The key of one word: its classes of consonants in order, each run of one class once."""
    key, last = uint64(0), uint64(0)
    for at in range(start, stop):  # without branches: what a letter is can not be foreseen
        c = text[at]
        if c >= 0x80:
            c = uint8(_letter(text, at))
        before_h = (at + 1 < stop) & (text[at + 1] | 0x20 == 0x68)
        sound = uint64(_SOUND[c] + before_h * _BEFORE_H[c]) & uint64(0xF)
        new = uint64((sound != 0) & (sound != last))
        key = (key << (uint64(4) * new)) + sound * new
        last = sound if sound else last
    return mix(key + uint64(1))


@njit([types.UniTuple(uint64, 3)(_TEXT, int64[::1], int64, int64)], cache=True, nogil=True)
def name_keys(text, bounds, first, stop):
    """The sound key of a name, words `first` to `stop`, its own key, and the sound key of its last two words."""
    sound, key, tail = uint64(0), uint64(0), uint64(0)
    for k in range(stop - 1, first - 1, -1):
        sound = join_keys(sound_key(text, bounds[2 * k], bounds[2 * k + 1]), sound)
        key = join_keys(word_key(text, bounds[2 * k], bounds[2 * k + 1]), key)
        if k >= stop - 2:
            tail = sound
    return sound, key, tail


@njit([types.boolean(_TEXT, int64[::1], KEYS, int64, int64)], cache=True, nogil=True)
def may_hold_name(text, bounds, tails, first, stop):
    """Whether two words in a row, of `first` to `stop`, sound as the end of a name in the filter `tails`."""
    before = sound_key(text, bounds[2 * first], bounds[2 * first + 1])
    for k in range(first + 1, stop):
        sound = sound_key(text, bounds[2 * k], bounds[2 * k + 1])
        if passes(tails, join_keys(before, join_keys(sound, uint64(0)))):
            return True
        before = sound
    return False


@njit([uint8(_TEXT, int64[::1], KEYS, BYTES, int64)], cache=True, nogil=True)
def _class_of(text, bounds, slots, classes, i):
    place = find(slots, word_key(text, bounds[2 * i], bounds[2 * i + 1]))
    return classes[place] if place >= 0 else 0


@njit([types.boolean(_TEXT, int64[::1], int64, int64)], cache=True, nogil=True, inline="always")
def in_run(text, bounds, first, i):
    """Whether word `i` goes on a run of capitalised words that began at `first`, unless it is a function word."""
    if i > first and not after_space(text, bounds, i):
        return False
    return word_case(text, bounds[2 * i], bounds[2 * i + 1]) == CAPITAL and bounds[2 * i + 1] - bounds[2 * i] >= 2


@njit([types.boolean(_TEXT, int64[::1], KEYS, BYTES, int64)], cache=True, nogil=True)
def _is_lowercase_name(text, bounds, slots, classes, i):
    """Whether word `i` stands in lower case between "spokesman" and a run: "spokesman suhaile Shahin"."""
    if i < 1 or word_case(text, bounds[2 * i], bounds[2 * i + 1]) != LOWER or bounds[2 * i + 1] - bounds[2 * i] < 3:
        return False
    for k in range(i, i + 2):
        if not after_space(text, bounds, k):
            return False
    if _class_of(text, bounds, slots, classes, i) & ((1 << FUNCTION) | (1 << TITLE)):
        return False
    return _class_of(text, bounds, slots, classes, i - 1) & (1 << ROLE) != 0


@njit(
    [types.Tuple((int64[:, ::1], uint64[:, ::1], int64))(OFFSETS, BYTES, OFFSETS, KEYS, BYTES, int64, int64)],
    cache=True,
    nogil=True,
)
def _names(offsets, data, rows, slots, classes, size, capacity):
    """`find_names` with room for `capacity` names; the last result is how many there are."""
    out, out_keys, count = np.empty((capacity, 3), np.int64), np.empty((capacity, 3), np.uint64), 0
    text, bounds = np.empty(size, np.uint8), np.empty(size, np.int64)
    for row in rows:
        shift = offsets[row] - FRONT
        words = cut_words(data, offsets[row], offsets[row + 1], text, bounds)
        i = 0
        while i < words:
            if text[bounds[2 * i]] >= 0x61 and text[bounds[2 * i]] != 0xC3:
                i += 1
                continue
            first, last = i, i
            while last < words and in_run(text, bounds, first, last):
                if _class_of(text, bounds, slots, classes, last) & (1 << FUNCTION):
                    break
                last += 1
            i = max(last, i + 1)
            while first < last and _class_of(text, bounds, slots, classes, first) & (1 << TITLE):
                first += 1
            for start in (first, first - 1):
                extended = start < first
                if extended and not _is_lowercase_name(text, bounds, slots, classes, start):
                    break
                if last - start < 2 or last - start > MOST_WORDS:
                    continue
                if count < capacity:
                    out[count] = (row, shift + bounds[2 * start], shift + bounds[2 * last - 1])
                    out_keys[count] = name_keys(text, bounds, start, last)
                count += 1
    return out, out_keys, count


def find_names(
    offsets: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    slots: np.ndarray,
    classes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Names in these rows: int64 of shape (names, 3): row, start, stop (bytes of `data`); uint64 (names, 3): keys as `name_keys` has them.

    `slots` and `classes` are a table of word classes. Leading titles are left out; "suhaile Shahin" after "spokesman" is a name too.
    """
    size, capacity = scratch_size(offsets), 64 + 16 * len(rows)
    while True:
        out, keys, count = _names(offsets, data, rows, slots, classes, size, capacity)
        if count <= capacity:
            return out[:count], keys[:count]
        capacity = count
