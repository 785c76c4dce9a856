"""Boilerplate that only its place and its neighbours give away: teaser runs, cut-off tails, headline dumps, stray foreign lines, repeats.

`structure_rows` finds, over a whole batch, the few documents that each rule can have something to say about.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boilerplate.document import Document
from pipeline.boilerplate.judge import StructureRule
from pipeline.boilerplate.lines import Lines, Zones
from pipeline.boilerplate.repeats import marked, repeated_lines, rows_with_repeats, rows_with_title_copies, title_copies
from pipeline.kernels.line_screens import count_gaps, may_hold_cjk
from pipeline.kernels.lines import ELLIPSIS, TERMINAL
from pipeline.kernels.text import buffers

TEASER_TOKENS = (4, 45)  # of a cut headline or lead
MIN_TEASERS, MIN_TEASERS_AT_END = 3, 2  # a single cut-off line is body text in 9 of 100
DUMP_LINES, MIN_DUMP_PARTS, DUMP_WORDS = 2, 8, (4, 25)  # cells of tables have fewer words
MIN_DUMP_TOKENS = MIN_DUMP_PARTS * 3
MIN_CUT_OFF, MIN_CUT_OFF_TOKENS = 2, 30  # a single one is the last paragraph of a story behind a paywall
MIN_SENTENCES, MIN_SENTENCE_TOKENS = 3, 20
EDGE_LINES = 3
MAX_FOREIGN_TOKENS = 40
MIN_FOREIGN_CHARACTERS = 4  # a name is shorter, and stays

_BULLETS = "-–—•*·|▪►"
_OPENING_QUOTES = ("“", '"', "«", "„", "「", "‘", "'")
_ITEM = re.compile(r"\([0-9A-Za-z]{1,4}\)\s")
# Of a command, "chcon [OPTION]... FILE...", "ADD object [, ...]", "man -f [whatis] page ..."; leaders of a table or a dump.
_USAGE = re.compile(r"[\]>)/A-Z](?:…|\.{3})|\.{4}$|\[,? ?\.{3}\]$|\s(?:-[a-zA-Z?]|--[a-z-]+)\s")
_PAUSE = re.compile(r"[^\W\d](?:…|\.{3})[\s…]*[^\W\d]")  # between two words; "[…]" and "..." before the end stay marks of a cut
_GAP = re.compile("[ \u00a0]{3,}")
_GAP_AFTER_TEXT, _GAP_AFTER_HEADLINE = "[^ \u00a0][ \u00a0]{3,}[^\\s\u00a0]", "[^ \u00a0.。!][ \u00a0]{3,}[^\\s\u00a0]"  # for RE2
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def teaser_runs(document: Document) -> dict[int, str]:
    """Leads of other articles, cut off at a fixed length: three in a row that end in an ellipsis, or two that end the document.

    Not in a text without body (a song, a bulletin: "Pinal County in southeastern Arizona..."), not speech, not the items of a list,
    "(a) to begin talks …", not the text of one who writes "…" for a comma, not how a command is called, and not "……", which ends a
    thought in Chinese and Japanese.
    """
    found: dict[int, str] = {}
    if not document.has_body:
        return found
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
    if text.startswith(_OPENING_QUOTES) or text.endswith("……") or _ITEM.match(text):
        return False
    return not (_PAUSE.search(text) or _USAGE.search(text))


def headline_dump(document: Document) -> dict[int, str]:
    """A line that holds eight headlines or more with runs of spaces between them: what else the page links to, at its head or end.

    Not the only text of a document, and not a row of a table, whose cells are shorter.
    """
    count = len(document.key)
    at = [i for i in range(count) if (i < DUMP_LINES or i >= count - DUMP_LINES) and _is_dump(document, i)]
    others = [i for i in range(count) if i not in at]
    if not any(document.tokens[i] >= MIN_SENTENCE_TOKENS and document.ending[i] == TERMINAL for i in others):
        return {}
    return dict.fromkeys(at, "structure/headline_dump")


def _is_dump(document: Document, i: int) -> bool:
    if document.tokens[i] < MIN_DUMP_TOKENS or document.ending[i] == TERMINAL:
        return False
    parts = [part.split() for part in _GAP.split(document.text(i).strip())]
    low, high = DUMP_WORDS
    headlines = sum(low <= len(words) <= high and not words[-1].endswith((".", "。", "!")) for words in parts if words)
    return len(parts) >= MIN_DUMP_PARTS and 4 * headlines >= 3 * len(parts)


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


def structure_rows(lines: Lines, zones: Zones, titles: pa.Array, cjk_rows: np.ndarray) -> dict[StructureRule, np.ndarray]:
    """For each structure rule, boolean for each row: False only where it finds nothing.

    `titles` has one string a row, "" where none is known; `cjk_rows` are those whose language is written in Han, kana or Hangul.
    """
    row, low, high = lines.row, *TEASER_TOKENS
    teaser = (lines.ending == ELLIPSIS) & (lines.tokens >= low) & (lines.tokens <= high)
    in_run = row[1:][teaser[1:] & teaser[:-1] & (row[1:] == row[:-1])]
    cut_off = (lines.tokens >= MIN_CUT_OFF_TOKENS) & (lines.ending == 0)
    last = np.append(row[1:] != row[:-1], True)
    at_end = row[1:][cut_off[1:] & cut_off[:-1] & last[1:] & ~last[:-1]]
    at_edge = _at_edge(row)
    alone = last & np.append(True, last[:-1])
    long = at_edge & ~alone & (lines.tokens >= MIN_DUMP_TOKENS) & (lines.ending != TERMINAL)
    dump = row[_may_be_dumps(lines, np.flatnonzero(long))]
    edge = np.flatnonzero(at_edge & ~cjk_rows[row] & (lines.tokens <= MAX_FOREIGN_TOKENS))
    edge = edge[may_hold_cjk(*buffers(lines.all_text), lines.number[edge])]
    has_cjk = pc.match_substring_regex(lines.texts(edge), r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
    foreign = row[edge][has_cjk.to_numpy(zero_copy_only=False)]
    rows = len(titles)
    return {
        teaser_runs: marked(in_run, rows),
        cut_off_tail: marked(at_end, rows) & ~cjk_rows,  # thirty characters are no long line
        headline_dump: marked(dump, rows),
        repeated_lines: rows_with_repeats(lines, rows),
        title_copies: rows_with_title_copies(lines, zones, titles),
        foreign_edge_lines: marked(foreign, rows),
    }


def _may_be_dumps(lines: Lines, at: np.ndarray) -> np.ndarray:
    """Of the lines at these positions those that hold gaps enough, most of them after what may be a headline and not a sentence."""
    at = at[count_gaps(*buffers(lines.all_text), lines.number[at]) >= MIN_DUMP_PARTS - 1]
    gaps = pc.count_substring_regex(lines.texts(at), _GAP_AFTER_TEXT).to_numpy()
    at, gaps = at[gaps >= MIN_DUMP_PARTS - 1], gaps[gaps >= MIN_DUMP_PARTS - 1]
    after_headline = pc.count_substring_regex(lines.texts(at), _GAP_AFTER_HEADLINE).to_numpy()
    kept: np.ndarray = at[4 * (after_headline + 1) >= 3 * (gaps + 1)]
    return kept


def _at_edge(row: np.ndarray) -> np.ndarray:
    """Whether each line is among the first or last EDGE_LINES of its row."""
    padded = np.concatenate([np.full(EDGE_LINES, -1), row, np.full(EDGE_LINES, -1)])
    before, after = padded[: len(row)], padded[2 * EDGE_LINES :]
    edge: np.ndarray = (before != row) | (after != row)
    return edge
