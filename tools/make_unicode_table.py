"""Writes pipeline/tables/tokens.npz from the running Python's unicodedata: `python tools/make_unicode_table.py`.

The file is shipped, because unicodedata differs between Python versions and the hashes of a text must not. A change of the
table is a change of the token rules: raise `TOKEN_RULES` in pipeline/neardup/rules.py with it.
"""

import unicodedata
from pathlib import Path

import numpy as np

PATH = Path(__file__).parents[1] / "pipeline" / "tables" / "tokens.npz"
PAGE = 256
SEPARATOR, PASSED_OVER, LETTER, ALONE, EXPANDED = range(5)

# Scripts written without spaces between words, and planes 2 and 3 (Han): every letter, mark and digit is a token.
WITHOUT_SPACES = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3000, 0x30FF),  # iteration marks, ideographic zero, kana
    (0x31F0, 0x31FF),  # Katakana for Ainu
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar
    (0xAA60, 0xAA7F),  # Myanmar
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1AFF0, 0x1B16F),  # kana
    (0x20000, 0x3FFFF),  # Han
)
ZERO_WIDTH_SPACE = 0x200B  # a format character by category, but its purpose is to part words
COMBINING_GRAPHEME_JOINER = 0x034F
VARIATION_SELECTORS = ((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))


def within(code_point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code_point <= last for first, last in ranges)


def kind(code_point: int) -> int:
    """SEPARATOR, PASSED_OVER (leaves the word as it is), LETTER or ALONE."""
    category = unicodedata.category(chr(code_point))
    if within(code_point, VARIATION_SELECTORS) or code_point == COMBINING_GRAPHEME_JOINER:
        return PASSED_OVER  # marks by category; an emoji with one is no word
    if category == "Cf" and code_point != ZERO_WIDTH_SPACE:
        return PASSED_OVER  # soft hyphen, joiners, direction marks: the same word with and without
    if category[0] not in "LMN":
        return SEPARATOR
    return ALONE if within(code_point, WITHOUT_SPACES) else LETTER


def build() -> dict[str, np.ndarray]:
    """Arrays of the table.

    `pages` (uint16) gives for each 256 code points the row of `entries` (int32, rows x 256) that describes them. An entry is
    `value << 3 | kind`: for LETTER and ALONE the value is what case folding adds to the code point; for EXPANDED (a letter that
    folds to several) it is the row of `expansions` (uint32, rows x 3, zero behind the last).
    """
    entries = np.zeros(0x110000, np.int32)
    expansions: dict[str, int] = {}
    for code_point in range(0x110000):
        what = kind(code_point)
        folded = chr(code_point).casefold() if what >= LETTER else ""
        value = 0
        if len(folded) > 1:
            what, value = EXPANDED, expansions.setdefault(folded, len(expansions))
        elif folded:
            value = ord(folded) - code_point
        entries[code_point] = value << 3 | what
    rows, pages = np.unique(entries.reshape(-1, PAGE), axis=0, return_inverse=True)
    table = np.zeros((len(expansions), 3), np.uint32)
    for folded, row in expansions.items():
        table[row, : len(folded)] = [ord(c) for c in folded]
    return {
        "unicode": np.array(unicodedata.unidata_version),
        "pages": pages.reshape(-1).astype(np.uint16),
        "entries": rows.astype(np.int32),
        "expansions": table,
    }


if __name__ == "__main__":
    np.savez_compressed(PATH, **build())
    print(f"{PATH}: {PATH.stat().st_size} bytes, Unicode {unicodedata.unidata_version}")
