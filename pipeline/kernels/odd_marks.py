"""Punctuation that machine translation leaves: commas that join sentences, full-width signs, quotation marks without their space."""

from numba import int64, uint64

from pipeline.kernels.cased_words import SCRATCH, letter_mask, word_key
from pipeline.kernels.key_tables import KEYS, find
from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import range_mask

# What stands at a place. Anchor words begin at FIRST_WORD.
COMMA_CAPITAL, COMMA_LETTER, QUOTE_SPACE, QUOTE_LETTER, CJK_RUN, FULL_WIDTH, DOUBLED_WORD, REPEATED_PHRASE, ORDINAL = range(9)
FIRST_WORD = 9


@njit([uint64(SCRATCH, int64)], cache=True, nogil=True)
def odd_mask(text, at):
    """Bit i says whether punctuation at byte `at + i` may be a signal: the conditions of `odd_kind`, loosely, for 64 bytes."""
    odd = range_mask(text, at, 0x2C, 1)
    if odd:
        capital = range_mask(text, at + 1, 0x20, 1) & range_mask(text, at + 2, 0x41, 26)
        odd &= letter_mask(text, at + 1) | capital
    high = range_mask(text, at, 0xE2, 0x1E)
    if high:
        small_before, small_after = range_mask(text, at - 1, 0x61, 26), range_mask(text, at + 3, 0x61, 26)
        opening = range_mask(text, at + 2, 0x9C, 1) & (range_mask(text, at + 3, 0x20, 1) | small_before)
        closing = range_mask(text, at + 2, 0x9D, 1) & (range_mask(text, at - 1, 0x20, 1) | small_after)
        quote = range_mask(text, at, 0xE2, 1) & range_mask(text, at + 1, 0x80, 1) & (opening | closing)
        odd |= quote | (high & range_mask(text, at, 0xE3, 0x1D))
    return odd


@njit([int64(SCRATCH, int64, KEYS)], cache=True, nogil=True)
def odd_kind(text, at, commas):
    """What stands at a marked byte, or -1."""
    c = text[at]
    if c == 0xE2:
        inside = text[at + 3] if text[at + 2] == 0x9C else text[at - 1]
        return QUOTE_SPACE if inside == 0x20 else QUOTE_LETTER
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
