"""What a line must hold for a pattern to match it, so that RE2 reads few lines: how it begins, a literal, or else a character.

A screen lets through every line that its pattern matches, and others. Nearly all patterns are known by how they begin, and that is
found in one walk over the first letters of a line, whatever the number of patterns.
"""

from functools import cache
from typing import NamedTuple

from pipeline.boilerplate.literals import literals_of, required_characters
from pipeline.boilerplate.syntax import DIGIT, SPACE, Choice, Part, Repeat, parse
from pipeline.kernels.beginnings import DIGIT_LETTER, letters_of

MAX_LETTERS = 12  # of a beginning
MAX_BEGINNINGS = 4096  # of an alternative; what has more is known as far as it was read

Letters = str  # of `kernels.beginnings.letters_of`


class Screen(NamedTuple):
    """A line may match if it begins with one of the beginnings, or holds one of the literals (in any case) or of the
    characters (`syntax.DIGIT` stands for all digits); or any line may."""

    beginnings: frozenset[Letters]
    literals: frozenset[str]
    characters: frozenset[str]
    any_line: bool


@cache  # the rules for all languages go with each of them
def screen_of(pattern: str, *, anchored: bool) -> Screen:
    """The screen of a pattern; `anchored` where nothing but punctuation stands before what it matches."""
    beginnings: set[Letters] = set()
    literals: set[str] = set()
    characters: set[str] = set()
    any_line = False
    for sequence in parse(pattern).sequences:
        alternative = Choice((sequence,))
        if anchored and (starts := _beginnings(alternative)):
            beginnings |= starts
        elif held := literals_of(alternative):
            literals |= held
        elif held := required_characters(alternative):
            characters |= held
        else:
            any_line = True
    return Screen(frozenset(beginnings), frozenset(literals), frozenset(characters), any_line)


class _Known(NamedTuple):
    """What is known of the letters of a part's matches: all of them, or those they begin with."""

    whole: frozenset[Letters]
    first: frozenset[Letters]


_NOTHING: frozenset[Letters] = frozenset()
_EMPTY: frozenset[Letters] = frozenset([""])


def _beginnings(pattern: Choice) -> frozenset[Letters] | None:
    """Letters with one of which every match begins; None where some match may begin with any."""
    known = _known(pattern)
    found = known.whole | known.first
    return None if "" in found else found


def _known(part: Part) -> _Known:
    if isinstance(part, Repeat):
        return _known_repeat(part)
    if isinstance(part, Choice):
        every = [_known_sequence(sequence) for sequence in part.sequences]
        return _Known(_NOTHING.union(*(k.whole for k in every)), _NOTHING.union(*(k.first for k in every)))
    if part.any_of is None:
        return _Known(_NOTHING, _EMPTY)
    return _known_characters(part.any_of)


@cache
def _known_characters(any_of: frozenset[str]) -> _Known:
    return _Known(frozenset(_letters(member) for member in any_of), _NOTHING)


@cache
def _letters(member: str) -> Letters:
    if member == DIGIT:
        return DIGIT_LETTER
    return "" if member == SPACE else letters_of(member)


def _known_repeat(repeat: Repeat) -> _Known:
    """Where a part may come again, only what it begins with is known, unless it has no letters, or digits, which count as one."""
    whole, first = _known(repeat.part)
    if repeat.again:
        same = frozenset(letters for letters in whole if not letters.strip(DIGIT_LETTER))
        whole, first = same, first | (whole - same)
    return _Known(whole if repeat.least else whole | _EMPTY, first)


def _known_sequence(parts: tuple[Part, ...]) -> _Known:
    whole, first = _EMPTY, _NOTHING
    for part in parts:
        known = _known(part)
        if len(whole) * (len(known.whole) + len(known.first)) > MAX_BEGINNINGS:
            return _Known(_NOTHING, first | whole)
        first |= _joined(whole, known.first)
        whole = _joined(whole, known.whole)
        if long := [letters for letters in whole if len(letters) >= MAX_LETTERS]:
            first |= frozenset([letters[:MAX_LETTERS] for letters in long])
            whole = whole.difference(long)
        if not whole:
            break
    return _Known(whole, first)


def _joined(heads: frozenset[Letters], tails: frozenset[Letters]) -> frozenset[Letters]:
    """Each head with each tail; a number is one digit, however many digits it has."""
    if tails == _EMPTY or heads == _EMPTY:
        return heads if tails == _EMPTY else tails
    return frozenset([(head + tail).replace(2 * DIGIT_LETTER, DIGIT_LETTER) for head in heads for tail in tails])
