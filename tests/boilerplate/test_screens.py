"""The screens before RE2: they hide no match, and of most patterns they say how a line must begin."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.boilerplate.lines import tabulate
from pipeline.boilerplate.match import Hits, Matcher
from pipeline.boilerplate.packs import read_pack, shipped_packs
from pipeline.boilerplate.patterns import check_pattern
from pipeline.boilerplate.rules import Pack, Rule, rule_mask
from pipeline.boilerplate.screens import screen_of
from pipeline.boilerplate.syntax import ANYTHING, parse
from pipeline.kernels.beginnings import DIGIT_LETTER, letters_of

PACKS = [read_pack(path) for path in shipped_packs().values()]
EXAMPLES = sorted({" ".join(line.split("\n")) for pack in PACKS for rule in pack.rules for line in (*rule.strips, *rule.keeps)})


def hits(matcher: Matcher, lines: list[str]) -> set[tuple[int, int]]:
    """Pairs of line and rule that the matcher finds."""
    _, table = tabulate(pa.array(lines, pa.large_string()))
    at = np.arange(len(table.row))
    found = Hits.join(matcher.phrase_hits(table, at), matcher.matching(table, matcher.candidates(table, at)))
    return set(zip(table.row[found.line].tolist(), found.rule.tolist()))


def hits_without_screens(matcher: Matcher, lines: list[str]) -> set[tuple[int, int]]:
    """The same by asking every rule about every line."""
    _, table = tabulate(pa.array(lines, pa.large_string()))
    text = table.texts(np.arange(len(table.row)))
    masks = [rule_mask(named.rule, text, table.key, table.tokens) for named in matcher.rules]
    return {(int(table.row[i]), number) for number, mask in enumerate(masks) for i in np.flatnonzero(mask)}


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.pack)
def test_screens_hide_no_match_of_the_shipped_rules(pack):
    """On its own examples, as they are and with what may stand before a line, and on some of the other packs'."""
    own = [" ".join(line.split("\n")) for rule in pack.rules for line in (*rule.strips, *rule.keeps)]
    lines = own + [f"① » {line.upper()}" for line in own] + EXAMPLES[::6]
    assert hits(Matcher((pack,)), lines) == hits_without_screens(Matcher((pack,)), lines)


PIECES = st.sampled_from(
    ["read", "more", "a", "ё", "Ё", "ß", "é", "k", "12", " ", ", ", "©", "@", "(", "）", "ひ", "ſ", "①", "-", "'"]
)
WORDS = st.sampled_from(["read", "more", "k", "ё", "ß", "é", "©", "@", "'", "1"])
CLASSES = st.sampled_from(["[aé]", r"\p{Nd}", "[0-9]", "[0-9.-]", r"\s", ".", r"\p{L}", r"[\[(]", r"\x{3072}", "[^.]", r"\b"])
QUANTIFIERS = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{0,3}", "{1,2}", "*?"])


def sequences(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Patterns of a few quantified parts."""
    part = st.tuples(inner, QUANTIFIERS).map(lambda p: p[0] + (p[1] if p[0] != r"\b" else ""))
    return st.lists(part, min_size=1, max_size=5).map("".join)


def grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Alternatives of patterns, in brackets."""
    return st.lists(sequences(inner), min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")


PATTERNS = st.recursive(WORDS | CLASSES, grouped, max_leaves=8)


@given(st.lists(sequences(PATTERNS), min_size=1, max_size=3), st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=6),
       st.sampled_from(["line", "prefix", "contains"]))  # fmt: skip
@settings(max_examples=60)
def test_screens_hide_no_match_of_any_pattern(patterns, lines, scope):
    """Whatever RE2 matches passes the screen, in any case and with anything of an edge before it."""
    rule = Rule(id="r", family="f", max_tokens=60, why="w", strips=("a",), keeps=("b",), scope=scope, pattern=tuple(patterns))
    check_pattern(rule.regex)
    matcher = Matcher((Pack(pack="p", lang=None, rules=(rule,)),))
    lines = lines + [f"»② {line.upper()} …" for line in lines] + [line.casefold() for line in lines]
    assert hits(matcher, lines) == hits_without_screens(matcher, lines)


def begins(pattern: str) -> set[str] | None:
    """How the lines begin that a pattern may match, as letters, with 0 for a number; None where they may begin otherwise."""
    screen = screen_of(pattern, anchored=True)
    if screen.literals or screen.characters or screen.any_line:
        return None
    return {letters.replace(DIGIT_LETTER, "0") for letters in screen.beginnings}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("read more.*", {"readmore"}),
        ("(?:read|see) (?:more|next)", {"readmore", "readnext", "seemore", "seenext"}),
        ("(?:the )?end", {"theend", "end"}),
        (r"\(?(?:photo|image)s?\s*[:：]\s*.+", {"photo", "photos", "image", "images"}),
        (r"\p{Nd}{1,2}\. may", {"0may"}),
        (r"[0-9]{1,2}[:.][0-9]{2} uhr", {"0uhr"}),
        ("(?:ab)+c", {"ab"}),
        ("a[bc]d", {"abd", "acd"}),
        ("a[b-d]e", {"a"}),
        ("Überschrift", {"uberschrift"}),
        ("subscribe to our newsletter", {"subscribetoo"}),
        (r"[«»]*\s*foo", {"foo"}),
        (".*foo", None),
        (r"\p{L}+ foo", None),
        ("(?:foo)?.*", None),
        ("foo|.{0,9}bar", None),
    ],
)
def test_how_a_pattern_begins(pattern, expected):
    """Letters only, at most twelve; a number is one digit; nothing where the pattern may begin with any letter."""
    assert begins(pattern) == expected


def test_what_has_no_beginning_needs_a_literal_or_a_character():
    """Else any line may match."""
    screen = screen_of(r".*cookies|[^()]+\(@|[©ⓒ].*|.*|read", anchored=True)
    assert screen.literals == {"cookies"}
    assert screen.characters == {"(", "©", "ⓒ"}
    assert screen.beginnings == {letters_of("read")}
    assert screen.any_line


def test_a_pattern_that_may_stand_anywhere_has_no_beginning():
    """Scope `contains`: only its literals count."""
    assert screen_of("akismet", anchored=False) == (frozenset(), frozenset({"akismet"}), frozenset(), False)


def test_most_shipped_patterns_are_known_by_beginnings_or_literals():
    """A pack that is read line by line makes the stage slow; three such rules there are."""
    loose = [
        f"{pack.pack}/{rule.id}"
        for pack in PACKS
        for rule in pack.rules
        if rule.pattern and screen_of("|".join(rule.pattern), anchored=rule.scope != "contains").any_line
    ]
    assert len(loose) <= 3, loose


def test_brackets_that_do_not_close_are_anything():
    """What the reader of patterns does not know screens nothing."""
    assert parse("(a") == parse("a)b") == ANYTHING
