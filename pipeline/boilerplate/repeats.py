"""What stands twice in one document: its title, with or without the name of the site, its lead, a line, a paragraph."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boilerplate.document import Document
from pipeline.boilerplate.layout import goes_on
from pipeline.boilerplate.lines import Lines, Zones
from pipeline.boilerplate.rules import text_forms
from pipeline.kernels.line_screens import may_hold_separator, rows_with_equal_keys
from pipeline.kernels.lines import TERMINAL
from pipeline.kernels.text import buffers

MIN_TITLE_TOKENS = 4  # "Who It's For", "Pros:" and other headings of a page repeat
MAX_TITLE_TOKENS = 40
LEAD_LINES = 2  # the lead that a copy of the title may follow, and that may itself stand twice
MIN_ADJACENT_TOKENS = 8  # "No justice, no peace!" and lines of songs are said twice
MIN_PARAGRAPH_TOKENS = 25  # a paragraph said twice, anywhere
CHARACTERS_A_WORD = 2  # in scripts without spaces, where a token is a character
MAX_SITE_WORDS = 6
MAX_SITE_PARTS = 2  # "Title | Politics | Example News"

# What repeats without being a title: addresses of badges, steps and items, a line of talk, code, verse that a comma ends.
_NO_TITLE = re.compile(r"\d{1,2}[.)] |[*+>$%#-] |[<\[{]|.*(?:://|@|[,;{}=]$)")

# "Title | Example News", "Title - Example News", "Title :: Example"; not "Franco-German" or "2019–2020". The screen for it:
# `kernels.line_screens.may_hold_separator`.
_SITE = "[ \t\u00a0\u3000]+(?:[|–—»·•-]|::)[ \t\u00a0\u3000]+"  # for RE2 and for re


def repeated_lines(document: Document) -> dict[int, str]:
    """Second copies: of the title or lead above the body, of a line right after itself, of a whole paragraph anywhere.

    Copies are equal but for case and white space; equal keys are not enough, as rows of a table differ only in their digits.
    """
    found: dict[int, str] = {}
    head, times = _head_lines(document), Counter(document.key)
    first: dict[tuple[int, str], int] = {}
    last_kept = -1
    for i, (key, tokens) in enumerate(zip(document.key, document.tokens)):
        if tokens >= MIN_TITLE_TOKENS and times[key] > 1:
            earlier = first.setdefault((key, _plain(document.text(i))), i)
            if earlier < i < head and document.has_body and not _NO_TITLE.match(document.near(i)):
                found[i] = "structure/repeated_title"
            elif earlier < i and document.ending[i] == TERMINAL and _is_paragraph(document, i):
                found[i] = "structure/repeated_paragraph"
            elif earlier < i and tokens >= MIN_ADJACENT_TOKENS and last_kept <= earlier:  # nothing but lines that go between
                found[i] = "structure/repeated_line"
        if i not in found:
            last_kept = i
    return found


def title_copies(document: Document) -> dict[int, str]:
    """Copies of the title that the equal lines above do not show: above the body "Title | Example News" beside "Title", and after it
    the title of the `title` column once more, as lists of links and share buttons carry it.

    Not in the body, where a guide has a chapter that is called like itself.
    """
    found: dict[int, str] = {}
    head = range(min(_head_lines(document), len(document.key)))
    titles = {_plain(document.text(i)): i for i in reversed(head)}
    for i in head:
        if any(titles.get(title, i) != i for title in _without_site(document.text(i))):
            found[i] = "structure/title_with_site"
    title = _plain(document.title)
    for i in range(len(document.key) - 1, -1, -1):
        if not document.after_body[i]:
            break
        if document.tokens[i] >= MIN_TITLE_TOKENS and document.ending[i] != TERMINAL and _plain(document.text(i)) == title:
            found[i] = "structure/repeated_title"
    return found


def rows_with_repeats(lines: Lines, rows: int) -> np.ndarray:
    """Boolean per row: False only where no two lines of MIN_TITLE_TOKENS or more have one key."""
    repeating: np.ndarray = rows_with_equal_keys(lines.row, lines.key, lines.tokens, MIN_TITLE_TOKENS, rows)
    return repeating


def rows_with_title_copies(lines: Lines, zones: Zones, titles: pa.Array) -> np.ndarray:
    """Boolean per row: False only where `title_copies` finds nothing. `titles` has one string a row, "" where none is known."""
    title = text_forms(titles)[0]
    column = lines.row[zones.after_body & (lines.tokens >= MIN_TITLE_TOKENS) & (lines.key == title[lines.row])]
    place = np.arange(len(lines.row)) - np.searchsorted(lines.row, np.arange(len(titles)))[lines.row]
    at_head = place < np.bincount(lines.row[zones.head], minlength=len(titles))[lines.row] + LEAD_LINES
    at = np.flatnonzero(at_head & (lines.tokens >= MIN_TITLE_TOKENS) & (lines.tokens <= MAX_TITLE_TOKENS))
    head, at = at, at[may_hold_separator(*buffers(lines.all_text), lines.number[at])]
    head = head[marked(lines.row[at], len(titles))[lines.row[head]]]
    known = np.sort(_in_row(lines.key[head], lines.row[head]))
    found, texts = [column], pc.utf8_trim_whitespace(lines.texts(at))
    for _ in range(MAX_SITE_PARTS):
        cut = pc.match_substring_regex(texts, _SITE)
        at, texts = at[cut.to_numpy(zero_copy_only=False)], texts.filter(cut)
        texts = pc.replace_substring_regex(texts, rf"^(.*\S){_SITE}.*$", r"\1")
        keys = _in_row(text_forms(texts)[0], lines.row[at])
        found.append(lines.row[at][np.searchsorted(known, keys, "right") > np.searchsorted(known, keys)])
    return marked(np.concatenate(found), len(titles))


def _in_row(key: np.ndarray, row: np.ndarray) -> np.ndarray:
    """One number for a key in a row (uint64)."""
    number: np.ndarray = key + row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return number


def _is_paragraph(document: Document, i: int) -> bool:
    """Whether the line is long enough, and not the last of a sentence that is broken at a fixed width."""
    of_characters = document.tokens[i] > 2 * len(document.near(i).split())  # in Chinese, Japanese or Thai
    enough = document.tokens[i] >= MIN_PARAGRAPH_TOKENS * (CHARACTERS_A_WORD if of_characters else 1)
    return enough and not goes_on(document, i)


def _head_lines(document: Document) -> int:
    return sum(document.head) + LEAD_LINES


def _without_site(text: str) -> Iterator[str]:
    """What is left of a line in plain form, for each name of a site that may end it."""
    text = text.strip()
    for separator in re.finditer(_SITE, text):
        title, site = text[: separator.start()], text[separator.end() :]
        if len(site.split()) <= MAX_SITE_WORDS and len(title.split()) >= MIN_TITLE_TOKENS:
            yield _plain(title)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def marked(found: np.ndarray, rows: int) -> np.ndarray:
    """Boolean for each of so many rows: whether it is among those found."""
    mask = np.zeros(rows, np.bool_)
    mask[found] = True
    return mask
