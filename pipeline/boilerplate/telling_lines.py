"""Which lines that a source repeats tell something all the same: dates, figures, headings, the author of a quotation, half a sentence.

Lines are compared without digits, so that "1.08" and "1.11" are one line; and a paragraph that is broken at a fixed width is several.
"""

import string

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boilerplate.patterns import count_characters, count_matches, matching
from pipeline.boilerplate.repeated_lines import Lines
from pipeline.boilerplate.templates import in_10_000
from pipeline.edits import slices

# A heading ends like this ("Background:", 0.17); "Filter by:" and "Browse by:" had shares of 1.00.
HEADING_MIN_SHARE = 0.5
_HEADING = r"[:：]\s*$"
# Dates tell something, and all are one line here as digits are masked: three words and a year ("September 12, 2005"), two words
# and four digits ("Monday, May 3"; not "Larry Smar (202) 228-6367"), or no word at all ("12.05.").
_LETTER, _DIGIT = r"\p{L}", r"\p{Nd}"
_WORD = rf"{_LETTER}[\p{{L}}\p{{M}}]*"
_YEAR = r"(?:^|[^\p{Nd}])(?:19|20)[0-9]{2}(?:[^\p{Nd}]|$)|[٠-٩]{4}|[۰-۹]{4}"
# So do figures, which have a digit for two letters: "EUR/USD 1.0845 +0.12%"; not a number to call, "Kendra Barkoff - (202) 228-6367",
# unless there are more digits than a number to call has: "LAT...LON 4112 10059 4103 10060".
_TELEPHONE = r"\p{Nd}{2,4}[)\s./–-]*\p{Nd}{3,4}[)\s./–-]*\p{Nd}{2,4}|\p{Nd}{2,5}[)\s/–-]+\p{Nd}{5,9}|\p{Nd}{7,}"
MAX_TELEPHONE_DIGITS = 15  # E.164
# "-- Jerome K. Jerome", "— арабска пословица" under a quotation; not "- Share", an item of a list.
_AUTHOR = r"^\s*(?:-{2,3}|[—―–])\s*[\"'„“«#]?\p{L}"
MIN_PART_TOKENS = 4  # of a line that goes on in the next
_GOES_ON = r"^\s*\p{Ll}"
_SPACED = {code: " " for code in range(128) if chr(code) not in string.ascii_letters}  # ASCII that parts words


def tells_something(text: pa.Array, families: np.ndarray, source_families: np.ndarray) -> np.ndarray:
    """Which of these repeated lines are dates, figures or authors, or headings that not every other story has."""
    coded = text.dictionary_encode()  # one in fifteen differs from those before it
    always, heading = (told[coded.indices.to_numpy()] for told in _kinds(coded.dictionary.to_pylist()))
    tells: np.ndarray = always | (heading & (families * 10_000 < in_10_000(HEADING_MIN_SHARE) * source_families))
    return tells


def _kinds(lines: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which of these lines tell something in any case, and which end like a heading. Not by Arrow, which reads an expression anew
    for each batch."""
    encoded = [line.encode() for line in lines]
    digit, letter, heading, author = (np.array(matching(p, encoded), np.bool_) for p in (_DIGIT, _LETTER, _HEADING, _AUTHOR))
    always = author | ~letter
    mixed = np.flatnonzero(digit & ~always)
    always[mixed] = _dates_or_figures([lines[at] for at in mixed], [encoded[at] for at in mixed])
    return always, heading


def _dates_or_figures(lines: list[str], encoded: list[bytes]) -> np.ndarray:
    """Which of these lines, all with letters and digits, are one or the other."""
    counts = [_ascii_counts(line) if line.isascii() else _counts(line) for line in lines]
    words, letters, digits = np.array(counts, np.int64).reshape(-1, 3).T
    year, telephone = (np.array(matching(pattern, encoded), np.bool_) for pattern in (_YEAR, _TELEPHONE))
    date = ((words <= 3) & year) | ((words <= 2) & (digits <= 4))
    figures = (2 * digits >= letters) & (~telephone | (digits > np.maximum(letters, MAX_TELEPHONE_DIGITS)))
    told: np.ndarray = date | figures
    return told


def _counts(line: str) -> tuple[int, int, int]:
    """Words, letters and digits."""
    return count_matches(_WORD, line), count_characters(f"{_LETTER}+", line), count_characters(f"{_DIGIT}+", line)


def _ascii_counts(line: str) -> tuple[int, int, int]:
    """The same without an expression, each match of which costs microseconds."""
    words = line.translate(_SPACED).split()
    return len(words), sum(map(len, words)), sum(map(line.count, string.digits))


def whole_sentences(text: pa.Array, lines: Lines, endings: np.ndarray, drop: np.ndarray) -> np.ndarray:
    """`drop` without lines that begin or end a sentence of which other lines stay.

    A line goes on in the next one if it has no end and that begins with a small letter. `endings` are their `line_endings`.
    """
    open_end = (
        (endings[:-1] == 0)
        & (lines.tokens[:-1] >= MIN_PART_TOKENS)
        & (lines.forms[1:] != 0)
        & (lines.rows[1:] == lines.rows[:-1])
    )
    at = np.flatnonzero(open_end & (drop[:-1] | drop[1:])) + 1
    goes_on = pc.match_substring_regex(slices(text, lines.rows[at], lines.starts[at], lines.stops[at]), _GOES_ON)
    begins = np.ones(len(drop), np.bool_)
    begins[at[goes_on.to_numpy(zero_copy_only=False)]] = False
    first = np.flatnonzero(begins)
    whole: np.ndarray = np.logical_and.reduceat(drop, first)[np.cumsum(begins) - 1]
    return whole
