"""What goes from one document in one pass: the rules in their zones, the block at its end, the structure rules."""

import re
from collections.abc import Callable, Mapping, Sequence

from pipeline.boilerplate.content import is_content
from pipeline.boilerplate.document import Document
from pipeline.boilerplate.match import NamedRule

MIN_REFERENCES = 2
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
            if is_content(document, i, named):
                continue
            if named.rule.action == "drop" and named.rule.zone != "tail_block":
                gone.setdefault(i, named.name)
            taken = _cut(document, i, named)
            for k in taken:
                gone.setdefault(k, named.name)
            if taken.stop == len(document.key):
                return gone
    return gone


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
        rules = [n for n in document.hits.get(i, ()) if n.rule.zone == "tail_block" and n.rule.action == "drop"]
        name = next((named.name for named in rules if not is_content(document, i, named)), None)
        if name is None:
            return
        gone[i] = name
