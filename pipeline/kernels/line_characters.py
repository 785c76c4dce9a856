"""What each Unicode character becomes in the normalised form of a line: the table behind `lines.line_keys`.

A value below 16 is a code: SKIP leaves nothing, BREAK separates tokens, DIGIT is any digit. Other values are a code point, with
OWN set where each character is a token of its own (scripts written without spaces). With EXPAND the rest is a place in
`expansions`, which holds a count and then that many values. The table is shipped, not built at start: `unicodedata` differs
between versions of Python, and building takes seconds. `python -m pipeline.kernels.line_characters` writes it anew.
"""

import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
from numba import int64, njit

from pipeline.kernels.machine_words import load_word

SKIP, BREAK, DIGIT = 0, 1, 2
OWN, EXPAND = 1 << 24, 1 << 25
CODE_POINTS = 0x110000
_SPACES = np.uint64(0x2020202020202020)

_PATH = Path(__file__).parent.parent / "tables" / "line_characters.npz"
_APOSTROPHES = "'’‘ʼ`"  # "don't" and "don’t" and "dont" are one form
_TATWEEL = "\u0640"
# Persian and Arabic keyboards write one letter as two characters; pages mix them.
_SAME_LETTER = {0x0649: 0x06CC, 0x064A: 0x06CC, 0x0643: 0x06A9}
# Han, kana, Thai, Lao, Khmer, Myanmar, Tibetan: no spaces between words.
_SPACELESS = ((0x0E00, 0x0EFF), (0x0F00, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF),
              (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # fmt: skip


def character_values(character: str) -> list[int]:
    """What one character becomes: SKIP, BREAK, DIGIT or code points, from `unicodedata`: NFKD, case-folded, NFKD again."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    values = [_value(c) for c in folded]
    return [v for v in values if v != SKIP]


def _value(c: str) -> int:
    category, combining = unicodedata.category(c), unicodedata.combining(c)
    if c in _APOSTROPHES or c == _TATWEEL or category == "Cf" or 0xFE00 <= ord(c) <= 0xFE0F:
        return SKIP
    # Accents, harakat, niqqud. Marks of lower classes and Thai's and Tibetan's own are vowels and viramas: they stay.
    if 10 <= combining <= 36 or combining >= 200:
        return SKIP
    if category == "Nd":
        return DIGIT
    if category[0] not in "LMN":
        return BREAK
    code = _SAME_LETTER.get(ord(c), ord(c))
    own = category[0] != "M" and any(a <= code <= b for a, b in _SPACELESS)
    return code | OWN if own else code


def build() -> dict[str, np.ndarray]:
    """The table from this Python's `unicodedata`: `pages` (uint16, one per 256 code points), `values`, `expansions` (int32)."""
    expansions: list[int] = []
    flat = np.empty(CODE_POINTS, np.int32)
    for code in range(CODE_POINTS):
        values = character_values(chr(code)) if not 0xD800 <= code <= 0xDFFF else [BREAK]
        if len(values) == 1:
            flat[code] = values[0]
        elif not values:
            flat[code] = SKIP
        else:
            flat[code] = EXPAND | len(expansions)
            expansions += [len(values), *values]
    blocks, pages = np.unique(flat.reshape(-1, 256), axis=0, return_inverse=True)
    # The first page comes first, so that a byte below 128 is its own index.
    first = int(pages[0])
    order = np.array([first, *(i for i in range(len(blocks)) if i != first)])
    place = np.empty(len(blocks), np.uint16)
    place[order] = np.arange(len(blocks), dtype=np.uint16)
    return {
        "pages": place[pages],
        "values": np.ascontiguousarray(blocks[order].reshape(-1)),
        "expansions": np.array(expansions, np.int32),
        "unidata_version": np.array(unicodedata.unidata_version),
    }


@cache
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`pages`, `values`, `expansions` as shipped."""
    with np.load(_PATH, allow_pickle=False) as shipped:
        return shipped["pages"], shipped["values"], shipped["expansions"]


@cache
def unicode_version() -> str:
    """The version of Unicode that the shipped table was made with."""
    with np.load(_PATH, allow_pickle=False) as shipped:
        return str(shipped["unidata_version"])


@njit(inline="always")
def decode(data, at):
    """The code point at a byte position, times 8, plus its length in bytes. The bytes are valid UTF-8."""
    b = int64(data[at])
    if b < 0x80:
        return b << 3 | 1
    if b < 0xE0:
        return ((b & 0x1F) << 6 | (data[at + 1] & 0x3F)) << 3 | 2
    if b < 0xF0:
        return ((b & 0x0F) << 12 | int64(data[at + 1] & 0x3F) << 6 | (data[at + 2] & 0x3F)) << 3 | 3
    high = (b & 0x07) << 18 | int64(data[at + 1] & 0x3F) << 12
    return (high | int64(data[at + 2] & 0x3F) << 6 | (data[at + 3] & 0x3F)) << 3 | 4


@njit(inline="always")
def before_spaces(data, first, stop):
    """Where the spaces at the end of the bytes [first, stop) begin. Some sites fill their lines up with hundreds."""
    while stop - 8 >= first and load_word(data, stop - 8) == _SPACES:
        stop -= 8
    while stop > first and data[stop - 1] == 0x20:
        stop -= 1
    return stop


if __name__ == "__main__":
    np.savez_compressed(_PATH, **build())
