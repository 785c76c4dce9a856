"""Words, phrases and sentences that a text says twice in a row: what a decoder that loops leaves.

All take a row as `cased_words.cut_words` leaves it, and the keys of its words.
"""

from numba import int64, types, uint64

from pipeline.kernels.cased_words import SCRATCH
from pipeline.kernels.lazy import njit

KEYS_BACK = 5  # keys before a word's own that a phrase of three words, said twice, takes
_SENTENCE_WORDS = 5  # shorter ones people repeat: "Yes, we can. Yes, we can."


@njit([types.boolean(SCRATCH, int64, int64)], cache=True, nogil=True, inline="always")
def _close(text, stop, start):
    """Whether nothing but a space, perhaps after a comma, lies between a word and the next."""
    gap = start - stop
    return (gap == 1 and text[stop] == 0x20) or (gap == 2 and text[stop] == 0x2C and text[stop + 1] == 0x20)


@njit(inline="always")
def may_repeat(padded, i):
    """Whether word `i` may end the second copy of a phrase of one to three words. Its key lies KEYS_BACK behind in `padded`."""
    k5, k4, k3, k2, k1, k0 = padded, padded[1:], padded[2:], padded[3:], padded[4:], padded[5:]
    one, two, three = k0[i] == k1[i], k0[i] == k2[i], k0[i] == k3[i]
    return one | (two & (k1[i] == k3[i])) | (three & (k1[i] == k4[i]) & (k2[i] == k5[i]))


@njit([int64(SCRATCH, int64[::1], uint64[::1], int64)], cache=True, nogil=True)
def repeats(text, bounds, keys, i):
    """How many words before word `i` the phrase begins that it ends the second copy of (1 for a doubled word), or 0.

    A doubled word is in lower case, with a space and nothing else between: "Yang Yang" is a name, "cat, cat" a list.
    """
    if i >= 1 and keys[i] == keys[i - 1] and _close(text, bounds[2 * i - 1], bounds[2 * i]):
        small = text[bounds[2 * i - 2]] >= 0x61 and text[bounds[2 * i]] >= 0x61
        return 1 if small and bounds[2 * i] - bounds[2 * i - 1] == 1 else 0
    for lag in range(2, 4):
        if i < 2 * lag - 1 or not _close(text, bounds[2 * (i - lag) + 1], bounds[2 * (i - lag + 1)]):
            continue
        same = True
        for back in range(lag):
            same = same and keys[i - back] == keys[i - back - lag]
        if same:
            return 2 * lag - 1
    return 0


@njit([int64(SCRATCH, int64[::1], uint64[::1], int64, int64, int64)], cache=True, nogil=True)
def sentence_again(text, bounds, keys, first, second, third):
    """Where the sentence of words `second` to `third` ends if it repeats the one before it, from word `first`, letter by letter; or 0.

    Both stand in one line, a single space between them, and hold no quotation mark: people repeat lines and slogans.
    """
    count = second - first
    if count < _SENTENCE_WORDS or third - second != count:
        return 0
    for k in range(count):
        if keys[first + k] != keys[second + k]:
            return 0
    a, b, size = bounds[2 * first], bounds[2 * second], bounds[2 * second] - bounds[2 * first] - 1
    if text[b - 1] != 0x20 or text[b - 2] not in (0x2E, 0x21, 0x3F):
        return 0
    for k in range(size):
        if text[a + k] != text[b + k] or text[a + k] in (0x0A, 0x22) or (text[a + k] == 0xE2 and text[a + k + 1] == 0x80):
            return 0
    return b + size
