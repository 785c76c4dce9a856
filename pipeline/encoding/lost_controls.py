"""Mojibake of UTF-8 punctuation whose control characters were lost on the way, which ftfy cannot tell: "Congressâs decision".

A quotation mark, dash or bullet is three bytes in UTF-8, E2 80 99 and its like. Read as Latin-1 it is an â and two characters that
are mostly control characters (C1, U+0080 to U+009F); scrapers drop those, or write `?` for one that Windows-1252 does not have (byte
9D, the last of ”). Read as Windows-1252 only 9D is lost, so of ” an `â€` is left, of which ftfy makes † with the space behind it.

What is lost is told by the place where the â stands. Each place of `_INSERTED` held what is put there 99.5 % of the times or more
when 1,216 English documents (press releases, news, web pages) were damaged so; a dash may have been an en or an em dash. Nothing
is done but in documents whose â are mostly of that kind, because â is a letter elsewhere. What stays, since the place does not
tell: an â between words (— or ‑, OâConnor), most behind one (’, ” or —), and quotation marks that may have been single ones.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.encoding.spans import SegmentChange, span_table
from pipeline.kernels.lost_controls import have_odd_circumflex
from pipeline.kernels.text import buffers

RULE = "encoding/lost_controls"

# So many â of a document, in percent, must stand where punctuation does. Must hold for a release with a dash between words here and
# there; of text in languages with â as a letter only short Welsh and French ones have as many, none with anything sure.
MIN_PERCENT = 60
# So much must be sure (`_count_sure`). "râs" is Romanian, "Abbâs" a name, ` â ` Welsh: each of them alone is too little.
MIN_SURE = 2

# The places of an â, the first that fits. `(?![^\W\dâ])`: no letter follows.
_PLACE = re.compile(
    r"""
      (?P<closing>(?<=[.,!?])â\?|(?<=[A-Za-z0-9)%;:\]¦â])â\?(?![A-Za-z0-9]))    # patriots,â? said; a âpoison pillâ? to
    | (?P<opening>(?<![^\s(\[])â(?=[A-Za-z\[$]|[0-9](?!0s)))                    # said, âThey; (âsecretaryâ?); not the â90s
    | (?P<contraction>(?<=n)â(?=t(?![^\W\dâ]))|(?<=N)â(?=T(?![^\W\dâ]))         # canât; not the Romanian atât
        | (?=â[smdrvl])                                                         # Iâm, weâve; not Islâm
          (?:(?<=(?<![A-Za-z])I)|(?<=(?<![A-Za-z])(?:[WwHh]e|[Ii]t))|(?<=(?<![A-Za-z])(?:[Yy]ou|[Ss]he|[Ww]ho|[Ll]et))
            |(?<=(?<![A-Za-z])(?:[Tt]hey|[TtWw]hat|[Hh]ere))|(?<=(?<![A-Za-z])[Tt]here))
          â(?=(?:s|m|d|re|ve|ll)(?![^\W\dâ])))
    | (?P<possessive>(?<=[A-Za-z]{2})â(?=s(?![^\W\dâ]))|(?<=[A-Z]{2})â(?=S(?![^\W\dâ])))
    | (?P<bullet>(?<!\S)â¢(?=Â?\s))                                             # of which ftfy makes ⢠before a no-break space
    | (?P<trademark>(?<=[A-Za-z])â¢(?=[\s.,;)]|$))
    | (?P<ellipsis>(?<=[\sA-Za-z.,!?"])â¦(?=[\sA-Za-z.,!?"â]|$))
    | (?P<euro>(?<=[\s(])â¬(?=\d)|(?<=\d[ ])â¬(?=[\s.,;)]|$))
    | (?P<dash>(?<=[A-Za-z0-9)][ ])â(?=[ ][A-Za-z0-9(])|(?<=[A-Z]\.[ ])â(?=[ ][A-Z]))  # not a row of stars, â â â
    | (?P<apart>(?<=\s)â(?=\s))                                                 # any other dash, an arrow, a star
    | (?P<plural>(?<=[A-Za-z]s)â(?=[ ][A-Za-z]))                                # Senatorsâ bill; not suicidesâ the highest
    | (?P<behind>(?<=[A-Za-z0-9.,!?;:)%\]])â(?=[\s.,;:!)\]-]|$))                # the end of a quotation; a dash
    | (?P<other>â(?!€))                                                         # a letter, or a dash between words
    """,
    re.VERBOSE,
)
_INSERTED = {
    **{"opening": "“", "closing": "”", "contraction": "’", "possessive": "’", "plural": "’", "dash": "–"},
    **{"bullet": "•", "trademark": "™", "ellipsis": "…", "euro": "€"},
}
_MARKS = ("opening", "closing", "behind", "plural")  # what a quotation may begin or end with
_EVIDENCE = {"dash": "dash, en or em cannot be told"}

_LINE_END = re.compile(r"[\n\r]")
_DATELINE = re.compile(r"[A-Z.)] â [A-Z]")

# What Windows-1252 leaves of ” where a quotation is open in the line. Before a no-break space it may be †.
_OF_WINDOWS = re.compile(r"(?P<opening>â€œ|“)|(?P<closing>â€(?=[\t\n\r .,;:!?)\]–—-]|$))|[\n\r]|”|â€\x9d")
_MARKED_OF_WINDOWS = re.compile(r"[.,!]â€\?")


class Place(NamedTuple):
    """Characters [start, stop) and the name of the place; a line feed is named too."""

    start: int
    stop: int
    kind: str


def may_have_lost_controls(text: pa.Array, rows: np.ndarray) -> np.ndarray:
    """Which of these rows (bool) hold an â as hardly a word does: a first look."""
    offsets, data = buffers(text)
    found: np.ndarray = have_odd_circumflex(offsets[rows], offsets[rows + 1], data)
    return found


def restore_lost_controls(text: pa.Array) -> pa.Table:
    """The changes (SPANS) that put back the punctuation of which an â is left."""
    rows, changes = [], []
    for row in np.flatnonzero(may_have_lost_controls(text, np.arange(len(text)))).tolist():
        found = list(_restore(text[row].as_py()))
        rows += [row] * len(found)
        changes += found
    return span_table(rows, changes)


def _restore(text: str) -> Iterator[SegmentChange]:
    at = size = 0
    for start, stop, kind in sorted([*_of_latin_1(text), *_of_windows(text)]):
        size += len(text[at:start].encode())
        end = size + len(text[start:stop].encode())
        yield SegmentChange(size, end, _INSERTED[kind], RULE, _EVIDENCE.get(kind, kind))
        at, size = stop, end


def _of_latin_1(text: str) -> list[Place]:
    """The places where it is sure what was lost, none in a document whose â may be letters."""
    places = list(_places(text))
    all_of_them = [place for place in places if place.kind != "line"]
    marks = [Place(0, 0, "line"), *(place for place in places if place.kind in ("line", *_MARKS))]
    # A quotation within a quotation has other marks, so an opening is told only where a closing follows in the line.
    openings = [one for one, following in pairwise(marks) if (one.kind, following.kind) == ("opening", "closing")]
    plausible = sum(place.kind != "other" for place in all_of_them)
    if 100 * plausible < MIN_PERCENT * len(all_of_them) or _count_sure(text, all_of_them, openings) < MIN_SURE:
        return []
    found = [place for place in all_of_them if place.kind in _INSERTED and place.kind not in _MARKS]
    closings = [place for place in all_of_them if place.kind == "closing"]
    unmarked = any(one.kind == "opening" and following.kind in ("behind", "plural") for one, following in pairwise(marks))
    # Whether the `?` is what is left of ”, or the writer's own: told by "patriots,â? said", or where no quotation ends without.
    if closings and (any(_is_sure(text, place) for place in closings) or not unmarked):
        found += openings + closings
        # Nor is an â behind a word a ” then; where none touches a word as a dash may, it is the ’ of a plural.
        if all(place.kind not in ("behind", "other") for place in all_of_them):
            found += [following for one, following in pairwise(marks) if following.kind == "plural" and one.kind != "opening"]
    return found


def _places(text: str) -> Iterator[Place]:
    """The places of â in order, and a line feed where there is one or more between them."""
    end, at = 0, text.find("â")
    while at >= 0:
        if _LINE_END.search(text, end, at):
            yield Place(at, at, "line")
        found = _PLACE.match(text, at)
        if found:
            yield Place(at, found.end(), str(found.lastgroup))
        end, at = at, text.find("â", at + 1)


def _count_sure(text: str, places: list[Place], quotations: list[Place]) -> int:
    """How many places say that the â is none of the writer's; a quotation from its beginning to its end counts twice."""
    names = {text[place.start - 4 : place.start] for place in places if place.kind == "possessive"}
    sure = sum(_is_sure(text, place) for place in [*places, *quotations])
    sure += min(2, (sum(map(str.isalpha, names)) + 1) // 2)  # one or two names count one, more of them two
    return sure + any(place.kind == "dash" and _DATELINE.match(text, place.start - 2) is not None for place in places)


def _is_sure(text: str, place: Place) -> bool:
    if place.kind == "closing":
        return text[place.start - 1] in ".,!"
    if place.kind == "opening":
        return text[place.stop].isupper()
    return place.kind in ("contraction", "bullet", "ellipsis")


def _of_windows(text: str) -> Iterator[Place]:
    """The closing quotation marks of which `â€` is left, and the `?` behind it where that is the rest of them."""
    closings, is_open = [], False
    for found in _OF_WINDOWS.finditer(text) if "â€" in text else ():
        if found.lastgroup == "closing" and is_open:
            closings.append(found.span())
        is_open = found.lastgroup == "opening"
    marked = all(text.startswith("?", stop) for _, stop in closings) or _MARKED_OF_WINDOWS.search(text) is not None
    for start, stop in closings:
        yield Place(start, stop + (marked and text.startswith("?", stop)), "closing")
