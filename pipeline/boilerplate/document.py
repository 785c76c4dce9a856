"""One document as a pass over its lines sees it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.boilerplate.match import NamedRule

MAX_SECTION_TOKENS = 400  # about the author, and what else follows; more is a chapter of the text
MIN_TABLE_ROWS = 3
# "| 4 | Nevada | $107.47 |" and the like with gaps or tabs; not "Sport | 3 min", under which headlines stand.
_TABLE_ROW = re.compile(r"(?:\|.+\| ?|\S.*(?:\t|[ \u00a0]{3}))[^\w\s|]?\d[\d.,]*\s?(?:[^\w\s|]|[^\W\d]{1,3})?\s?\|?$")


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

    def near(self, i: int) -> str:
        """The text of line `i` without white space around it; "" beyond the document's ends."""
        return self.text(i).strip() if 0 <= i < len(self.key) else ""
