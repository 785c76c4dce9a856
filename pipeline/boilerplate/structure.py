"""Boilerplate that only its place and its neighbours give away: teaser runs, cut-off tails, repeated lines, stray lines of another script.

`structure_rows` finds, over a whole batch, the few documents that each rule can have something to say about.
"""

import re

import numpy as np
import pyarrow.compute as pc

from pipeline.boilerplate.judge import Document, StructureRule
from pipeline.boilerplate.lines import Lines
from pipeline.kernels.lines import ELLIPSIS, TERMINAL, may_hold_cjk
from pipeline.kernels.text import buffers

TEASER_TOKENS = (4, 45)  # of a cut headline or lead
MIN_TEASERS, MIN_TEASERS_AT_END = 3, 2  # a single cut-off line is body text in 9 of 100
MIN_TITLE_TOKENS = 4  # "Who It's For", "Pros:" and other headings of a page repeat
LEAD_LINES = 2  # the lead that a copy of the title may follow, and that may itself stand twice
MIN_ADJACENT_TOKENS = 8  # "No justice, no peace!" and lines of songs are said twice
MIN_PARAGRAPH_TOKENS = 25  # a paragraph said twice, anywhere
MIN_CUT_OFF, MIN_CUT_OFF_TOKENS = 2, 30  # a single one is the last paragraph of a story behind a paywall
MIN_SENTENCES, MIN_SENTENCE_TOKENS = 3, 20
EDGE_LINES = 3
MAX_FOREIGN_TOKENS = 40
MIN_FOREIGN_CHARACTERS = 4  # a name is shorter, and stays

_BULLETS = "-–—•*·|▪►"
_OPENING_QUOTES = ("“", '"', "«", "„", "「", "‘", "'")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def teaser_runs(document: Document) -> dict[int, str]:
    """Leads of other articles, cut off at a fixed length: three in a row that end in an ellipsis, or two that end the document.

    Not speech, and not "……", which ends a thought in Chinese and Japanese.
    """
    found: dict[int, str] = {}
    run: list[int] = []
    count = len(document.key)
    for i in range(count + 1):
        if i < count and _is_teaser(document, i):
            run.append(i)
            continue
        if len(run) >= (MIN_TEASERS_AT_END if i == count else MIN_TEASERS):
            found |= dict.fromkeys(run, "structure/teaser_run")
        run = []
    return found


def cut_off_tail(document: Document) -> dict[int, str]:
    """Beginnings of other articles at the end: two long lines or more, each cut off in mid-sentence at about the same length.

    Only in a text that otherwise ends its long lines like sentences: speech without full stops, or Thai, does not.
    """
    count = len(document.key)
    run = 0
    while run < count and _is_cut_off(document, count - 1 - run):
        run += 1
    lengths = document.tokens[count - run :]
    if run < MIN_CUT_OFF or 10 * max(lengths) > 13 * min(lengths):
        return {}
    long = [i for i in range(count - run) if document.tokens[i] >= MIN_SENTENCE_TOKENS]
    if len(long) < MIN_SENTENCES or any(document.ending[i] != TERMINAL for i in long):
        return {}
    return dict.fromkeys(range(count - run, count), "structure/cut_off_tail")


def _is_cut_off(document: Document, i: int) -> bool:
    if document.tokens[i] < MIN_CUT_OFF_TOKENS or document.ending[i]:
        return False
    text = document.text(i).strip()
    return (text[-1].isalnum() or text[-1] == ",") and text[0] not in _BULLETS


def _is_teaser(document: Document, i: int) -> bool:
    low, high = TEASER_TOKENS
    if document.ending[i] != ELLIPSIS or not low <= document.tokens[i] <= high:
        return False
    text = document.text(i).strip()
    return not text.startswith(_OPENING_QUOTES) and not text.endswith("……")


def repeated_lines(document: Document) -> dict[int, str]:
    """Second copies: of the title or lead above the body, of a line right after itself, of a whole paragraph anywhere.

    Copies are equal but for case and white space; equal keys are not enough, as rows of a table differ only in their digits.
    """
    found: dict[int, str] = {}
    head = sum(document.head) + LEAD_LINES
    seen: dict[int, list[int]] = {}
    for i, (key, tokens) in enumerate(zip(document.key, document.tokens)):
        if tokens < MIN_TITLE_TOKENS:
            continue
        copies = seen.setdefault(key, [])
        earlier = next((at for at in copies if _plain(document.text(at)) == _plain(document.text(i))), None)
        if earlier is None:
            copies.append(i)
        elif i < head:
            found[i] = "structure/repeated_title"
        elif tokens >= MIN_PARAGRAPH_TOKENS and document.ending[i] == TERMINAL:
            found[i] = "structure/repeated_paragraph"
        elif tokens >= MIN_ADJACENT_TOKENS and _follows(i, earlier, found):
            found[i] = "structure/repeated_line"
    return found


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _follows(i: int, earlier: int, found: dict[int, str]) -> bool:
    """Whether nothing but lines that go stands between the two."""
    return all(k in found for k in range(earlier + 1, i))


def foreign_edge_lines(document: Document) -> dict[int, str]:
    """A single short line in Han, kana or Hangul at the head or tail of a document that has no other.

    Left over from the page that a text was translated from (主营业务:website,cms,wap website). A line counts with at least half
    as many CJK characters as tokens; documents with more than one such line are about, or in, the language.
    """
    count = len(document.key)
    edges = [i for i in range(count) if i < EDGE_LINES or i >= count - EDGE_LINES]
    at = [i for i in edges if _CJK.search(document.text(i))]
    if len(at) != 1 or count <= 2 * EDGE_LINES:
        return {}
    i = at[0]
    characters = len(_CJK.findall(document.text(i)))
    if characters < MIN_FOREIGN_CHARACTERS or document.tokens[i] > min(MAX_FOREIGN_TOKENS, 2 * characters):
        return {}
    if document.ending[i] == TERMINAL or any(_CJK.search(document.text(k)) for k in range(EDGE_LINES, count - EDGE_LINES)):
        return {}
    return {i: "structure/foreign_line"}


def structure_rows(lines: Lines, rows: int, cjk_rows: np.ndarray) -> dict[StructureRule, np.ndarray]:
    """For each structure rule, boolean for each of `rows` rows: False only where it finds nothing.

    `cjk_rows` are the documents whose language is written in Han, kana or Hangul.
    """
    row, low, high = lines.row, *TEASER_TOKENS
    teaser = (lines.ending == ELLIPSIS) & (lines.tokens >= low) & (lines.tokens <= high)
    in_run = row[1:][teaser[1:] & teaser[:-1] & (row[1:] == row[:-1])]
    cut_off = (lines.tokens >= MIN_CUT_OFF_TOKENS) & (lines.ending == 0)
    last = np.append(row[1:] != row[:-1], True)
    at_end = row[1:][cut_off[1:] & cut_off[:-1] & last[1:] & ~last[:-1]]
    at = np.flatnonzero(lines.tokens >= MIN_TITLE_TOKENS)
    at = at[np.lexsort((lines.key[at], row[at]))]
    again = row[at][1:][(row[at][1:] == row[at][:-1]) & (lines.key[at][1:] == lines.key[at][:-1])]
    edge = np.flatnonzero(_at_edge(row) & ~cjk_rows[row] & (lines.tokens <= MAX_FOREIGN_TOKENS))
    edge = edge[may_hold_cjk(*buffers(lines.all_text), lines.number[edge])]
    has_cjk = pc.match_substring_regex(lines.texts(edge), r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
    foreign = row[edge][has_cjk.to_numpy(zero_copy_only=False)]
    return {
        rule: np.isin(np.arange(rows), found)
        for rule, found in ((teaser_runs, in_run), (cut_off_tail, at_end), (repeated_lines, again), (foreign_edge_lines, foreign))
    }


def _at_edge(row: np.ndarray) -> np.ndarray:
    """Whether each line is among the first or last EDGE_LINES of its row."""
    padded = np.concatenate([np.full(EDGE_LINES, -1), row, np.full(EDGE_LINES, -1)])
    before, after = padded[: len(row)], padded[2 * EDGE_LINES :]
    edge: np.ndarray = (before != row) | (after != row)
    return edge
