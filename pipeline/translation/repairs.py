"""What a translated document shows by itself: repairs that need no other document, and flags for what only a person can mend."""

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from pipeline.edits import Span
from pipeline.kernels.text import buffers
from pipeline.translation.score import Hits
from pipeline.translation.signals import AFTER_SPOKESMAN, SIGNALS

# "spokesman balsi of the government", "spokesman suhaile Shahin"; not "the spokesman said". Broader than the signal of the
# same name, which must be right on human text too.
_LOWERCASE_NAME = re.compile(
    rf"spokes(?<!\wspokes)(?:man|person|woman) (?!(?:{AFTER_SPOKESMAN})\b)([a-z]{{3,}})(?=[ ,.]|['’]s\b)"
)

# Twice in a row these are never meant: "the the talks", "and and". Not "told the The Hill", not "had had", and no preposition: "the games
# it engages in in the yard".
_NEVER_DOUBLED = re.compile(rb"(?:the|an|and|or|their|its|our)(?![a-z])")

# "on Monday,the minister"; not "website,cms,wap", a list of tags, nor an address. A word on both sides, and white space beyond them.
_COMMA_WITHOUT_SPACE = re.compile(r",(?<=[a-z],)(?=[A-Za-z]+(?:['’-][a-z]+)*[.;:!?”\"]?\s)")
_WORD_BEFORE = re.compile(r"\s[A-Za-z'’-]+[a-z],$")
_LONGEST_WORD = 40

# "talks.The minister said"; not "index.Html", "Yahoo.Com", "St.Petersburg" at the end of a sentence, "a.m.The".
_STOP_WITHOUT_SPACE = re.compile(r"\.(?<=[a-z]{3}\.)(?=[A-Z][a-z]* [a-z])")

# Fewer may be a slip, or an address that we did not see.
_LEAST_MISSING_SPACES = 2

_WIDE = dict(zip("，。：；！？（）", ",.:;!?()", strict=True))
_LATIN = re.compile(r"[0-9A-Za-zÀ-ɏ]")
_WORD = re.compile(r"\w")


def repair_commas(text: pa.Array, hits: Hits, passed: frozenset[int]) -> Iterator[Span]:
    """Edits that write a function word after a comma small: ", It also" -> ", it also"."""
    for row, start, _ in _places(hits, "comma_capital", passed):
        capital = _slice(text, row, start + 2, start + 3)
        yield Span(row, start + 2, start + 3, capital.lower(), "comma_capital")


def repair_full_width(text: pa.Array, hits: Hits) -> Iterator[Span]:
    """Edits that write punctuation narrow where Latin letters or digits stand on both sides: "talks，which" -> "talks, which"."""
    for row, start, stop in _places(hits, "full_width_punctuation", None):
        before, sign, after = _neighbours(text, row, start, stop)
        if sign in _WIDE and _LATIN.match(before) and _LATIN.match(after):
            yield Span(row, start, stop, _narrow(sign, before, after), "full_width_punctuation")


def remove_repeats(repeats: np.ndarray) -> Iterator[Span]:
    """Edits that remove a sentence which repeats the one before it: a decoder that looped."""
    for row, start, stop in repeats.tolist():
        yield Span(row, start, stop, "", "repeated_sentence")


def repair_doubled_words(text: pa.Array, hits: Hits, passed: frozenset[int]) -> Iterator[Span]:
    """Edits that remove the second of two function words: "in the the report" -> "in the report"."""
    for row, start, stop in _places(hits, "doubled_word", passed):
        if _NEVER_DOUBLED.match(_slice(text, row, start, stop).encode()):
            yield Span(row, (start + stop) // 2, stop, "", "doubled_word")


def repair_quote_spaces(text: pa.Array, hits: Hits, passed: frozenset[int]) -> Iterator[Span]:
    """Edits that remove the space inside quotation marks: "“ the talks ”" -> "“the talks”".

    Not where the mark may belong to what stands on the other side of the space: "he said ”the talks”".
    """
    for row, start, stop in _places(hits, "space_inside_quotes", passed):
        if stop - start == 4:  # “ and the space
            if not _WORD.match(_neighbours(text, row, start, stop)[0]):
                yield Span(row, stop - 1, stop, "", "space_inside_quotes")
        elif not _WORD.match(_neighbours(text, row, start, stop)[2]):
            yield Span(row, start - 1, start, "", "space_inside_quotes")


def insert_spaces(text: pa.Array, passed: frozenset[int]) -> Iterator[Span]:
    """Edits that put the space after a comma or full stop in documents that leave it out twice or more."""
    for row in sorted(passed):
        document = text[row].as_py()
        commas = (match.start() for match in _COMMA_WITHOUT_SPACE.finditer(document))
        starts = [at for at in commas if _WORD_BEFORE.search(document, max(0, at - _LONGEST_WORD), at + 1)]
        starts = sorted([*starts, *(match.start() for match in _STOP_WITHOUT_SPACE.finditer(document))])
        for start, at in _in_bytes(document, starts) if len(starts) >= _LEAST_MISSING_SPACES else ():
            yield Span(row, at, at + 1, f"{document[start]} ", "space_after_punctuation")


def flag_hits(hits: Hits, passed: frozenset[int]) -> Iterator[Span]:
    """A flag for every hit in these rows of a signal that is an error; what has become an edit is left out by the caller."""
    for row, index, start, stop in zip(
        hits.rows.tolist(), hits.signals.tolist(), hits.starts.tolist(), hits.stops.tolist(), strict=True
    ):
        if row in passed and SIGNALS[index].name != "lowercase_name" and not SIGNALS[index].style:
            yield Span(row, start, stop, "", SIGNALS[index].name, kind="flag")


def lowercase_names(text: pa.Array, passed: frozenset[int], *, propose: bool) -> Iterator[Span]:
    """A flag, or a proposal of the capital, for every word in lower case that stands where a spokesman's name stands."""
    for row in sorted(passed):
        document = text[row].as_py()
        names = {match.start(1): match.group(1) for match in _LOWERCASE_NAME.finditer(document)}
        for place, start in _in_bytes(document, sorted(names)):
            name = names[place]
            stop = start + len(name.encode())
            yield Span(
                row, start, stop, name.capitalize() if propose else "", "lowercase_name", kind="proposal" if propose else "flag"
            )


def _in_bytes(document: str, places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Each of these code points, which ascend, with its place in UTF-8; the document is read once."""
    last, at = 0, 0
    for place in places:
        at += len(document[last:place].encode())
        last = place
        yield place, at


def _places(hits: Hits, name: str, rows: frozenset[int] | None) -> Iterator[tuple[int, int, int]]:
    index = next(i for i, signal in enumerate(SIGNALS) if signal.name == name)
    chosen = hits.signals == index
    for row, start, stop in zip(
        hits.rows[chosen].tolist(), hits.starts[chosen].tolist(), hits.stops[chosen].tolist(), strict=True
    ):
        if rows is None or row in rows:
            yield row, start, stop


def _slice(text: pa.Array, row: int, start: int, stop: int) -> str:
    offsets, data = buffers(text)
    return bytes(data[offsets[row] + start : offsets[row] + stop]).decode(errors="ignore")


def _neighbours(text: pa.Array, row: int, start: int, stop: int) -> tuple[str, str, str]:
    """The character before a span, the span, and the character after it; "" at an end of the text."""
    offsets, data = buffers(text)
    low, begin, end, high = int(offsets[row]), int(offsets[row]) + start, int(offsets[row]) + stop, int(offsets[row + 1])
    before = bytes(data[max(low, begin - 4) : begin]).decode(errors="ignore")[-1:]
    after = bytes(data[end : min(high, end + 4)]).decode(errors="ignore")[:1]
    return before, bytes(data[begin:end]).decode(), after


def _narrow(sign: str, before: str, after: str) -> str:
    """The narrow sign with the space that English puts beside it; none between digits ("3，000", "10：30")."""
    narrow = _WIDE[sign]
    if narrow == "(":
        return " ("
    return narrow if before.isdigit() and after.isdigit() else f"{narrow} "
