"""What the layout shows: rows of tables, lines broken at a fixed width, headings in capitals, tables of contents.

Web pages as they are extracted have paragraphs for lines. Books, manuals, mail and bulletins have not, and a word of the interface
is a word of the text there.
"""

import re

from pipeline.boilerplate.document import Document, begins_small

MIN_CAPITAL_HEADINGS = 4  # besides the line itself; a page may shout "MORE NEWS" and "SHARE"
MIN_ENTRIES, ENTRIES_WITHIN = 3, 8

# "| | | (ver más |" beside other rows; not "| Copyright 2025 Example |", which has one cell.
_ROW = re.compile(r"\|[^|]*\|.*\|$")
# "6.6. Comment", "16.2 Commentaires"; not "4.3K shares", "2.5 min read", which are no headings' families.
_SUBSECTION = re.compile(r"[1-9]\d?(?:\.\d{1,2})+\.?\s+[^\W\d]")
_SECTION = re.compile(r"[1-9]\d?\.(?:\d{1,2}\.?)*\s+[^\W\d]")
_RULING = re.compile(r"([-=_*~─━═])\1{9,}")


def is_table_row(document: Document, i: int) -> bool:
    """Whether the line is a row of two cells or more, with another row or a rule of the table beside it."""
    return bool(_ROW.match(document.near(i))) and any(document.near(k).startswith(("|", "+")) for k in (i - 1, i + 1))


def goes_on(document: Document, i: int) -> bool:
    """Whether line `i`, of a text that is broken at a fixed width, goes on what the line before began, or is gone on with."""
    if not document.width:
        return False
    before, after = document.near(i - 1), document.near(i + 1)
    if before and not document.ending[i - 1] and (begins_small(document.near(i)) or _is_full(document, i - 1)):
        return True
    return bool(after) and not document.ending[i] and (begins_small(after) or _is_full(document, i))


def _is_full(document: Document, i: int) -> bool:
    """Whether the first word of the next line would not have fitted on line `i`."""
    word = document.near(i + 1).partition(" ")[0]
    return len(document.text(i).rstrip()) + 1 + len(word) > document.width


def is_numbered(text: str) -> bool:
    """Whether a line is numbered as a section of a section is."""
    return bool(_SUBSECTION.match(text))


def is_heading_in_capitals(document: Document, text: str) -> bool:
    """Whether the line is in capitals as the other headings of a text broken at a width are ("NAME", "SYNOPSIS", "VOIR AUSSI")."""
    return text.isupper() and document.headings_in_capitals > MIN_CAPITAL_HEADINGS and document.width > 0


def heads_contents(document: Document, i: int) -> bool:
    """Whether a table of contents follows that numbers sections of sections ("1.1 Scope"), or, in plain text, sections."""
    if any(_SUBSECTION.match(document.near(k)) for k in (i + 1, i + 2)):
        return True
    plain = document.width > 0 or document.text(i)[:2].isspace() or bool(_RULING.fullmatch(document.near(i - 1)))
    return plain and sum(bool(_SECTION.match(document.near(k))) for k in range(i + 1, i + 1 + ENTRIES_WITHIN)) >= MIN_ENTRIES
