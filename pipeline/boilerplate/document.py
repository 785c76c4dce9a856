"""One document as a pass over its lines sees it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.boilerplate.lines import BODY_TOKENS
from pipeline.boilerplate.match import NamedRule
from pipeline.kernels.lines import TERMINAL

MAX_SECTION_TOKENS = 400  # about the author, and what else follows; more is a chapter of the text
MIN_TABLE_ROWS = 3
MIN_BROKEN_TOKENS = 7  # of a line that goes on in the next
MIN_BROKEN_LINES, BROKEN_IN, MAX_WIDTH = 3, 10, 120  # so many lines, and one in ten, make a text that is set at a width
MAX_HEADING_TOKENS, MIN_HEADING_LETTERS = 6, 3
# "| 4 | Nevada | $107.47 |" and the like with gaps or tabs; not "Sport | 3 min", under which headlines stand.
_TABLE_ROW = re.compile(r"(?:\|.+\| ?|\S.*(?:\t|[ \u00a0]{3}))[^\w\s|]?\d[\d.,]*\s?(?:[^\w\s|]|[^\W\d]{1,3})?\s?\|?$")
_FIRST_LETTER = re.compile(r"[^\W_]")
_BULLETS = "-–—•*·|▪►»›@"


@dataclass(frozen=True)
class Document:
    """The non-blank lines of a document as one pass sees them; columns have one entry a line."""

    key: Sequence[int]
    tokens: Sequence[int]
    ending: Sequence[int]
    head: Sequence[bool]
    after_body: Sequence[bool]
    hits: Mapping[int, Sequence[NamedRule]]  # matches in whose zone the line stands; how far a tail block reaches is not settled
    text: Callable[[int], str]
    title: str = ""  # as the input names it, where it does

    @cached_property
    def last_section(self) -> int:
        """The first line that no more than MAX_SECTION_TOKENS follow."""
        first, follow = len(self.key) - 1, 0
        while first > 0 and follow + self.tokens[first] <= MAX_SECTION_TOKENS:
            first, follow = first - 1, follow + self.tokens[first]
        return first

    @cached_property
    def table_end(self) -> int:
        """The last row of the last table after the body (MIN_TABLE_ROWS lines in a row that end in a number of their own), or -1."""
        run = 0
        for i in range(len(self.key) - 1, -1, -1):
            if not self.after_body[i]:
                break
            run = run + 1 if _TABLE_ROW.match(self.text(i).strip()) else 0
            if run == MIN_TABLE_ROWS:
                return i + run - 1
        return -1

    @cached_property
    def has_body(self) -> bool:
        """Whether one line is body text. A text without is no article: a poem, a table, talk, or lines broken at a fixed width."""
        return any(tokens >= BODY_TOKENS and ending == TERMINAL for tokens, ending in zip(self.tokens, self.ending))

    @cached_property
    def width(self) -> int:
        """The width in characters at which the lines are broken, as in mail, manuals and plain books; 0 where they are not."""
        long = (
            i for i, (tokens, ending) in enumerate(zip(self.tokens, self.ending)) if tokens >= MIN_BROKEN_TOKENS and not ending
        )
        broken = [len(self.text(i).rstrip()) for i in long if begins_small(self.near(i + 1))]
        if len(broken) < MIN_BROKEN_LINES or BROKEN_IN * len(broken) < len(self.key):
            return 0
        return max(broken) if max(broken) <= MAX_WIDTH else 0

    @cached_property
    def headings_in_capitals(self) -> int:
        """How many short lines are in capitals."""
        short = (i for i, tokens in enumerate(self.tokens) if tokens <= MAX_HEADING_TOKENS and not self.ending[i])
        return sum(text.isupper() and sum(map(str.isalpha, text)) >= MIN_HEADING_LETTERS for text in map(self.near, short))

    def near(self, i: int) -> str:
        """The text of line `i` without white space around it; "" beyond the document's ends."""
        return self.text(i).strip() if 0 <= i < len(self.key) else ""


def begins_small(text: str) -> bool:
    """Whether the first letter or digit is a small letter, and no bullet stands before it."""
    first = _FIRST_LETTER.search(text)
    return first is not None and first[0].islower() and text[0] not in _BULLETS
