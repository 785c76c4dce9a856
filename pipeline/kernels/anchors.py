"""Anchor words of signals: words that a mark holds, and what must stand around them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import int64, types, uint8, uint64

from pipeline.kernels.cased_words import SCRATCH, word_keys
from pipeline.kernels.key_tables import find, make_filter, make_slots
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import load_word
from pipeline.kernels.odd_marks import ORDINAL

# Rules besides letters. The word before has a capital; the next is small and the one after it has a capital ("spokesman ned Price");
# a space and a digit follow.
CAPITAL_BEFORE, NAME_AFTER, DIGIT_AFTER = 1, 2, 3

AROUND = types.Array(uint64, 2, "C", readonly=True)
_FOLD = np.uint64(0x2020202020202020)


class Anchors(NamedTuple):
    """What the scan looks for, as tables of word keys."""

    slots: np.ndarray
    kinds: np.ndarray  # uint8, by place of `slots`: what the word stands for
    rules: np.ndarray  # uint8, by place: CAPITAL_BEFORE or another, or 0
    around: np.ndarray  # uint64 of shape (places, 4): eight bytes before, their mask, eight bytes after, their mask
    bits: np.ndarray
    commas: np.ndarray  # function words that are small after a comma


@njit([types.boolean(SCRATCH, int64)], cache=True, nogil=True)
def _is_day(text, at):
    """Whether the word at `at` ends "the 8th" or "the 10th"."""
    digits = 0
    while 0x30 <= text[at - 1 - digits] <= 0x39 and digits < 3:
        digits += 1
    return 0 < digits < 3 and text[at - 1 - digits] == 0x20 and text[at - 2 - digits] == 0x65


@njit(
    [types.boolean(SCRATCH, int64[::1], int64, int64, uint8, uint8, types.Array(uint64, 1, "C", readonly=True))],
    cache=True,
    nogil=True,
)
def may_stand(text, bounds, words, i, kind, rule, around):
    """Whether what stands around an anchor word allows its signal."""
    at, stop = bounds[2 * i], bounds[2 * i + 1]
    if kind == ORDINAL:
        return _is_day(text, at) and not (text[stop] == 0x20 and 0x61 <= text[stop + 1] <= 0x7A)
    if rule == CAPITAL_BEFORE and not (i > 0 and text[bounds[2 * i - 2]] < 0x61):
        return False
    if rule == NAME_AFTER:
        return i + 2 < words and 0x61 <= text[bounds[2 * i + 2]] <= 0x7A and 0x41 <= text[bounds[2 * i + 4]] <= 0x5A
    if rule == DIGIT_AFTER and not (text[stop] == 0x20 and 0x30 <= text[stop + 1] <= 0x39):
        return False
    before, after = (load_word(text, at - 8) | _FOLD) & around[1], (load_word(text, stop) | _FOLD) & around[3]
    return before == around[0] and after == around[2]


def make_anchors(anchors: Mapping[str, int], commas: list[str]) -> Anchors:
    """Tables for anchors with their kinds.

    An anchor is a word, or "before|word|after": at most eight ASCII characters that stand beside it, in any case, or "X" before
    for a capitalised word, "x X" after for a small word and a capitalised one, "#" after for a space and a digit.
    """
    parts = [anchor.split("|") if "|" in anchor else ["", anchor, ""] for anchor in anchors]
    keys = word_keys([word for _, word, _ in parts])
    slots = make_slots(keys)
    kinds, rules, around = np.zeros(len(slots), np.uint8), np.zeros(len(slots), np.uint8), np.zeros((len(slots), 4), np.uint64)
    for key, (before, _, after), kind in zip(keys, parts, anchors.values(), strict=True):
        place = find(slots, key)
        kinds[place] = kind
        rules[place] = {"X": CAPITAL_BEFORE}.get(before, {"x X": NAME_AFTER, "#": DIGIT_AFTER}.get(after, 0))
        if rules[place] != CAPITAL_BEFORE:
            around[place, :2] = _bytes_and_mask(before.encode().rjust(8, b"\0"))
        if rules[place] in (0, CAPITAL_BEFORE):
            around[place, 2:] = _bytes_and_mask(after.encode().ljust(8, b"\0"))
    return Anchors(slots, kinds, rules, around, make_filter(keys, 1 << 15), make_slots(word_keys(commas)))


def _bytes_and_mask(letters: bytes) -> tuple[int, int]:
    """Eight bytes as an integer, folded, and the mask of those that are not 0."""
    mask = int.from_bytes(bytes(0xFF if letter else 0 for letter in letters), "little")
    return int.from_bytes(letters, "little") | (int(_FOLD) & mask), mask
