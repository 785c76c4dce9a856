"""The normalised form of lines, as a hash and a number of tokens: lines that differ in case, digits or bullets are one."""

from functools import cache

import numpy as np
from numba import int32, int64, types, uint8, uint16, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.line_characters import BREAK, DIGIT, EXPAND, OWN, SKIP, decode, table
from pipeline.kernels.machine_words import BLOCK, count_ones, range_mask

_BYTES = types.Array(uint8, 1, "C", readonly=True)
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_I32S = types.Array(int32, 1, "C", readonly=True)
_U16S = types.Array(uint16, 1, "C", readonly=True)

_SEED, _MULTIPLIER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # splitmix64's
_NUMBER, _SPACE = np.uint64(ord("0")), np.uint64(1 << 40)
_LETTER, _OWN_LETTER = 3, 4  # classes of characters, besides SKIP, BREAK and DIGIT
# A state is what was put last (0 nothing, 1 a letter, 2 a number, 3 a letter that is a token of its own), twice, plus 1 after a break.
# A step is the next state, eight times; with _EMIT where the character is put, _NEW where it begins a token, _SPACED where a space
# goes before it. It is found at the state, eight times, plus the class of the character.
_STATE, _EMIT, _NEW, _SPACED = 0x38, 1, 2, 4
LONG_BYTES = 512  # of lines that no phrase is as long as: six in ten bytes of press releases, one in ten of news
_SAMPLE = 64


def _step(state: int, kind: int) -> int:
    last, broken = state >> 1, state & 1
    if kind == SKIP or (kind == DIGIT and last == 2):  # 1,234 and 12:30 and 2024-10-13 are one number
        return state << 3
    if kind == BREAK:
        return (last << 1 | 1) << 3
    new = last in (0, 3) or broken or kind == _OWN_LETTER
    spaced = new and last in (1, 2) and kind != _OWN_LETTER
    put = {DIGIT: 2, _LETTER: 1, _OWN_LETTER: 3}.get(kind, 0)
    return put << 4 | _EMIT | (_NEW if new else 0) | (_SPACED if spaced else 0)


_STEPS = np.array([_step(state, kind) for state in range(8) for kind in range(8)], np.uint8)
# Two ASCII characters at once. A row for each state and two classes: what the first one's value is multiplied by (0 where it is not
# put), and at these places a mask for the second one's, what is added, what the key is multiplied by, the tokens that begin, where
# the next state's first row begins. Places are unsigned, so that none is taken for one counted from the end.
_MASK, _ADDED, _FACTOR, _BEGUN, _NEXT = (np.uint64(place) for place in range(1, 6))
_ROW, _ROWS = 8, 16  # numbers in a row (six are used), rows of a state
_ONE, _TWO = np.uint64(1), np.uint64(2)


def _pair(state: int, first: int, second: int) -> list[int]:
    """A row: both characters' steps in one."""
    steps = [_step(state, first)]
    steps.append(_step((steps[0] & _STATE) >> 3, second))
    put = [step & _EMIT for step in steps]
    spaces = [int(_SPACE) if step & _SPACED else 0 for step in steps]
    factors = [int(_MULTIPLIER) if one else 1 for one in put]
    begun = sum(bool(step & _NEW) for step in steps)
    added, next_row = spaces[0] * factors[1] + spaces[1], ((steps[1] & _STATE) >> 3) * _ROWS * _ROW
    numbers = [put[0] * factors[1], -put[1], added, factors[0] * factors[1], begun, next_row, 0, 0]
    return [number & 0xFFFFFFFFFFFFFFFF for number in numbers]


_PAIRS = np.array(
    [_pair(state, first, second) for state in range(8) for first in range(4) for second in range(4)], np.uint64
).reshape(-1)


@njit(inline="always")
def _in_words(data, at):
    """A bit for each of 64 bytes that is an ASCII letter or digit, or of a character beyond ASCII."""
    letters = range_mask(data, at, ord("a"), 26) | range_mask(data, at, ord("A"), 26)
    return letters | range_mask(data, at, ord("0"), 10) | range_mask(data, at, 0x80, 0x80)


@njit(inline="always")
def _of_their_own(data, at):
    """A bit for each of 64 bytes with which Han, kana, Thai, Lao or Tibetan characters begin; the byte after them is read too."""
    thai = range_mask(data, at, 0xE0, 1) & range_mask(data, at + 1, 0xB8, 0x48)
    return range_mask(data, at, 0xE3, 7) | thai


@njit([types.Tuple((uint64, int32))(_BYTES, int64, int64)], cache=True, nogil=True)
def _long_form(data, first, stop):
    """A key of a long line, from its ends, its length and its tokens; and how many those are, roughly: only ASCII parts them."""
    count, at, last = int64(0), first + 1, stop - 1  # the first token is counted below
    while at < last:
        here = min(at, last - BLOCK)  # of the last bytes those that were read before do not count again
        begins = _in_words(data, here) & ~_in_words(data, here - 1) | _of_their_own(data, here)
        count += count_ones(begins >> uint64(at - here))
        at = here + BLOCK
    text = data[first:stop]
    key = _SEED ^ uint64(text.shape[0]) ^ (uint64(count) << uint64(32))
    for i in range(_SAMPLE):
        key = (key ^ uint64(text[i])) * _MULTIPLIER
        key = (key ^ uint64(text[text.shape[0] - 1 - i])) * _MULTIPLIER
        key ^= key >> uint64(29)
    return key, int32(count + 1)


@njit(inline="always")
def _put(key, count, state, value):
    """Key, tokens and state after a character that becomes this value."""
    kind = _OWN_LETTER if value & OWN else min(int64(value), _LETTER)
    step = int64(_STEPS[state | kind])
    put = (uint64(value & 0x1FFFFF) if kind >= _LETTER else _NUMBER) + (_SPACE if step & _SPACED else uint64(0))
    return key * _MULTIPLIER + put if step & _EMIT else key, count + int32((step & _NEW) >> 1), step & _STATE


@njit(
    [
        types.Tuple((uint64[::1], int32[::1]))(
            _OFFSETS, _BYTES, _OFFSETS, _OFFSETS, _OFFSETS, _U16S, _I32S, _I32S, uint8[::1], uint64[::1]
        )
    ],
    cache=True,
    nogil=True,
)
def _forms(offsets, data, rows, starts, stops, pages, values, expansions, kinds, letters):
    keys, tokens = np.empty(rows.shape[0], np.uint64), np.empty(rows.shape[0], np.int32)
    for i in range(rows.shape[0]):
        base = offsets[rows[i]]
        at, stop = base + starts[i], base + stops[i]
        if stop - at > LONG_BYTES:
            keys[i], tokens[i] = _long_form(data, at, stop)
            continue
        key, count, state = _SEED, int32(0), int64(0)
        while at < stop:
            b = data[at]
            if b < 0x80 and at + 1 < stop and data[at + 1] < 0x80:  # without branches: words are too short to predict their ends
                pair, here, last = uint64(state * _ROWS), uint64(at), uint64(stop - 1)
                while True:
                    second = data[here + _ONE]
                    pair += uint64(uint8(4 * kinds[b] + kinds[second]))
                    put = letters[b] * _PAIRS[pair] + (letters[second] & _PAIRS[pair + _MASK]) + _PAIRS[pair + _ADDED]
                    key = key * _PAIRS[pair + _FACTOR] + put
                    count += int32(_PAIRS[pair + _BEGUN])
                    pair = _PAIRS[pair + _NEXT]
                    here += _TWO
                    if here >= last:
                        break
                    b = data[here]
                    if (b | data[here + _ONE]) >= 0x80:
                        break
                at, state = int64(here), int64(pair) // _ROWS
                continue
            decoded = decode(data, at)
            at += decoded & 7
            code = decoded >> 3
            value = values[int64(pages[code >> 8]) << 8 | (code & 255)]
            if value & EXPAND == 0:
                key, count, state = _put(key, count, state, value)
                continue
            first = (value & ~EXPAND) + 1
            for place in range(first, first + expansions[first - 1]):
                key, count, state = _put(key, count, state, expansions[place])
        key = (key ^ (key >> np.uint64(30))) * _MIX_1
        key = (key ^ (key >> np.uint64(27))) * _MIX_2
        keys[i] = np.uint64(0) if count == 0 else key ^ (key >> np.uint64(31))
        tokens[i] = count
    return keys, tokens


@cache
def _ascii() -> tuple[np.ndarray, np.ndarray]:
    """For `_PAIRS`, by byte below 128: its class as a number of places, and what is put for it."""
    values = table()[1][:128].astype(np.uint64)
    kinds = np.minimum(values, np.uint64(_LETTER))
    put = np.where(kinds == _LETTER, values, np.where(kinds == DIGIT, _NUMBER, np.uint64(0)))
    return (kinds * np.uint64(_ROW)).astype(np.uint8), put


def line_forms(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`line_keys` of these lines and their number of tokens (int32).

    A token is a run of letters and digits; in scripts written without spaces each letter is one. Numbers that only punctuation or
    spaces part are one. Of lines of more than LONG_BYTES the number is rough, and only lines of the same bytes have one key.
    """
    return _forms(offsets, data, rows, starts, stops, *table(), *_ascii())


def line_keys(offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """A 64-bit hash (uint64, well mixed in all bits) of the normalised form of each line; 0 where nothing is left.

    The normalised form, by character: NFKD, case-folded, NFKD; accents, harakat, tatweel, apostrophes and format characters
    (ZWNJ, bidi marks) off; any number is 0; punctuation, symbols, controls and spaces are one space between tokens, and none
    beside a character that is a token of its own. So "3 Comments »", "• 12 comments" and "１２ COMMENTS" have one key.
    """
    return line_forms(offsets, data, rows, starts, stops)[0]
