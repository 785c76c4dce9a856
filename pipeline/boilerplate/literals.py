"""The strings that a pattern cannot match without: a cheap screen before many patterns (as in RE2's FilteredRE2)."""

from collections.abc import Sequence

from pipeline.boilerplate.syntax import Choice, Part, Repeat, known_character
from pipeline.kernels.byte_folding import is_folded

MIN_LENGTH = 3  # "by", "ap" and the like stand in every other line
MAX_CHARACTERS = 32  # of a class that counts as a choice of characters

Literals = frozenset[str]


def literals_of(part: Part) -> Literals | None:
    """Strings one of which, in any case, stands in every match; None where the pattern demands no string of MIN_LENGTH characters
    (two outside ASCII): "letter" for `(?:sign ?up|subscribe) for .*letters?`, None for `by .*`.
    """
    if isinstance(part, Choice):
        return _of_any([_of_sequence(sequence) for sequence in part.sequences])
    if isinstance(part, Repeat):
        return literals_of(part.part) if part.least else None
    return None


def _of_sequence(parts: tuple[Part, ...]) -> Literals | None:
    """The best of what the parts of one alternative demand."""
    run, best = "", None
    for part in parts:
        repeated = isinstance(part, Repeat)
        once = part.part if isinstance(part, Repeat) and part.least else part
        character = known_character(once)
        if character is not None and not is_folded(character):
            character = None  # the search would not know its other case
        run += character or ""
        if character is None or repeated:
            best, run = _better(best, _usable(run)), ""
        best = _better(best, literals_of(part))
    return _better(best, _usable(run))


def _of_any(every: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    """What alternatives demand together: nothing where one of them demands nothing."""
    known = [found for found in every if found is not None]
    return frozenset[str]().union(*known) if len(known) == len(every) else None


def _usable(run: str) -> Literals | None:
    long_enough = len(run.strip()) >= (MIN_LENGTH if run.isascii() else 2)
    return frozenset([run.lower()]) if long_enough else None


def _better(one: Literals | None, other: Literals | None) -> Literals | None:
    """The set whose shortest string is longer."""
    if one is None or other is None:
        return one or other
    return one if min(map(len, one)) >= min(map(len, other)) else other


def required_characters(part: Part) -> frozenset[str] | None:
    """Characters (`syntax.DIGIT` among them for all digits) one of which stands in every match; letters are too common to count."""
    if isinstance(part, Choice):
        return _of_any([_rarest(sequence) for sequence in part.sequences])
    if isinstance(part, Repeat):
        return required_characters(part.part) if part.least else None
    if (
        part.any_of is None
        or len(part.any_of) > MAX_CHARACTERS
        or any(c.isspace() or c.isalpha() or c == r"\s" for c in part.any_of)
    ):
        return None
    return part.any_of


def _rarest(parts: tuple[Part, ...]) -> frozenset[str] | None:
    """The smallest of the sets that the parts of one alternative demand."""
    found = [characters for part in parts if (characters := required_characters(part))]
    return min(found, key=lambda characters: (r"\d" in characters, len(characters)), default=None)
