"""What goes from one document in one pass: the rules in their zones, the block at its end, the structure rules."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.boilerplate.match import NamedRule
from pipeline.kernels.lines import TERMINAL

MAX_SECTION_TOKENS = 400  # about the author, and what else follows; more is a chapter of the text
MIN_REFERENCES = 2
MIN_TABLE_ROWS = 3
# "| 4 | Nevada | $107.47 |" and the like with gaps or tabs; not "Sport | 3 min", under which headlines stand.
_TABLE_ROW = re.compile(r"(?:\|.+\| ?|\S.*(?:\t|[ \u00a0]{3}))[^\w\s|]?\d[\d.,]*\s?(?:[^\w\s|]|[^\W\d]{1,3})?\s?\|?$")
MIN_CAPTION_TOKENS, MIN_INTRODUCTION_TOKENS = 10, 4
MIN_BROKEN_TOKENS = 7  # of a line that goes on in the next
MIN_FACTS, MIN_KNOWN_FACTS, FACT_TOKENS = 3, 2, 12
_FACT_FAMILIES = {"byline", "credit", "date", "meta", "reading_time"}
_FACT = re.compile(r"[^\W\d][^:：.!?|]{0,30}[:：]\s*\S.*")  # a key and its value
MAX_HEADLINES, HEADLINE_TOKENS = 6, (6, 25)
# What a reference holds and a sentence with a year in it ("In 2019 the court ruled.") does not.
_REFERENCE = re.compile(
    r"https?:|www\.|\bdoi\b|\bet al\b|\bpp?\. ?\d|\b(?:accessed|retrieved)\b|\[(?:crossref|medline|pubmed)|\d\(\d+\) ?:"
    r"|[(,;] ?(?:19|20)\d\d[a-z]?(?:\)|\.?\W*$)|\b(?:19|20)\d\d(?: \w{3}(?: \d+)?)? ?[;:] ?\d|[.,] (?:19|20)\d\d[a-z]?\W*$"
    r"|\.(?:com|org|gov|net|edu)\W*$",
    re.IGNORECASE,
)


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


StructureRule = Callable[[Document], dict[int, str]]


def judge(document: Document, structure: Sequence[StructureRule]) -> dict[int, str]:
    """Positions of the lines that go, with the name of the rule that takes each; of several the first in the packs' order."""
    gone = _taken_by_rules(document)
    _take_fact_block(document, gone)
    _peel_tail(document, gone)
    for rule in structure:
        for i, name in rule(document).items():
            gone.setdefault(i, name)
    return gone


def _taken_by_rules(document: Document) -> dict[int, str]:
    """The lines that rules match or cut, from the first line on; nothing is left to do once all from a line to the end are gone."""
    gone: dict[int, str] = {}
    for i in sorted(document.hits):
        for named in document.hits[i]:
            if _is_content(document, i, named):
                continue
            if named.rule.action == "drop" and named.rule.zone != "tail_block":
                gone.setdefault(i, named.name)
            taken = _cut(document, i, named)
            for k in taken:
                gone.setdefault(k, named.name)
            if taken.stop == len(document.key):
                return gone
    return gone


def _is_content(document: Document, i: int, named: NamedRule) -> bool:
    """Whether line `i` is text after all: a caption that is a sentence, what introduces the text below, or a sentence's end.

    "Image: Zhao (right), head of the association, shows Qinghai honey to visitors."; "Posted on the society's forum on 2025-07-09:";
    "subscribe to the list of the project." where lines are broken at a fixed width, as in mail and plain books.
    """
    tokens, ending = document.tokens, document.ending
    if ending[i] != TERMINAL:
        long = named.rule.family == "date" and tokens[i] >= MIN_INTRODUCTION_TOKENS
        return long and document.text(i).rstrip().endswith((":", "："))
    if named.rule.family == "photo" and tokens[i] >= MIN_CAPTION_TOKENS:
        return True
    continues = i > 0 and not ending[i - 1] and tokens[i - 1] >= MIN_BROKEN_TOKENS
    return continues and document.text(i).lstrip()[0].islower()


def _cut(document: Document, i: int, named: NamedRule) -> range:
    """The lines that a rule takes along with line `i`, which it matches."""
    count, action = len(document.key), named.rule.action
    if action == "cut_tail" and document.after_body[i]:
        return range(i, count) if i > document.table_end else range(i, i + 1)
    if action == "cut_section" and 2 * i > count and i >= document.last_section:
        return range(i, count)
    if action == "cut_headlines":
        return _headlines(document, i)
    if action == "cut_references" and 2 * i > count:
        return _references(document, i)
    return range(0)


def _headlines(document: Document, i: int) -> range:
    """Line `i` and the headlines after it; a shorter line is the heading of the paragraph that follows."""
    stop = i + 1
    while stop < len(document.key) and stop <= i + MAX_HEADLINES and _is_headline(document, stop):
        stop += 1
    return range(i, stop)


def _is_headline(document: Document, i: int) -> bool:
    low, high = HEADLINE_TOKENS
    return low <= document.tokens[i] <= high and not document.ending[i] and not document.text(i).rstrip().endswith((":", "|"))


def _references(document: Document, i: int) -> range:
    """Line `i` and the references after it, of which there are at least MIN_REFERENCES; one line between two may look like none."""
    found, stop = 0, i + 1
    for k in range(i + 1, len(document.key)):
        if _REFERENCE.search(document.text(k)):
            found, stop = found + 1, k + 1
        elif k > stop:
            break
    return range(i, stop) if found >= MIN_REFERENCES else range(0)


def _take_fact_block(document: Document, gone: dict[int, str]) -> None:
    """Adds the other lines of a block of facts about the page, above the body: keys and values one below the other, three or more, of
    which at least half are known (the date, the section and the code of the message between reporter and editor).

    A block of which no line or one is known is a fact sheet: "Original title: La Haine", "Year: 1995".
    """
    if sum(document.head[i] for i in gone) < MIN_KNOWN_FACTS:
        return
    run: list[int] = []
    for i in range(sum(document.head) + 1):
        if i < len(document.key) and document.head[i] and _is_fact(document, i, gone):
            run.append(i)
            continue
        known = sum(k in gone for k in run)
        if len(run) >= MIN_FACTS and known >= MIN_KNOWN_FACTS and 2 * known >= len(run):
            for k in run:
                gone.setdefault(k, "structure/fact_block")
        run = []


def _is_fact(document: Document, i: int, gone: Mapping[int, str]) -> bool:
    if i in gone:
        return any(named.rule.family in _FACT_FAMILIES for named in document.hits.get(i, ()))
    return document.tokens[i] <= FACT_TOKENS and not document.ending[i] and _FACT.match(document.text(i).strip()) is not None


def _peel_tail(document: Document, gone: dict[int, str]) -> None:
    """Adds the lines above the end that a `tail_block` rule matches, as long as all below them go too."""
    for i in range(len(document.key) - 1, -1, -1):
        if i in gone:
            continue
        rules = document.hits.get(i, ())
        name = next((n.name for n in rules if n.rule.zone == "tail_block" and n.rule.action == "drop"), None)
        if name is None:
            return
        gone[i] = name
