"""The proof that ftfy would leave a text as it is, by tables from the installed ftfy and this Python's Unicode data.

An automaton stops at whatever some rule of ftfy might look at twice: a match of its expression for mojibake, an entity, a
character that a fixer replaces, text that may not be in NFC. A text that it runs through is unchanged by ftfy, and so is every
part of it. Settings assumed: those of `fix_encoding`.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from re import _parser  # type: ignore[attr-defined]  # the standard library's reader of expressions: ftfy has no other form of its rules
from typing import Any

import numpy as np
from ftfy import chardata
from ftfy.badness import BADNESS_RE

from pipeline.encoding.automaton import CODE_POINTS, Automaton, Characters, build_automaton
from pipeline.kernels import encoding as kernels

_CHARACTERS = np.arange(CODE_POINTS, dtype=np.uint32).view("U1")

# What a character calls for by itself, whatever stands beside it.
LINE_BREAK, CONTROL, LIGATURE, WIDTH = 1, 2, 3, kernels.WIDTH_KIND


@dataclass(frozen=True)
class Tables:
    """The automaton; the kind of each code point (LINE_BREAK … or 0); how many Latin letters, and letters of other scripts, each
    counts for (a ligature for its letters). Arrays of uint8 by code point."""

    automaton: Automaton
    kinds: np.ndarray
    latin: np.ndarray
    other: np.ndarray


@cache
def tables() -> Tables:
    """The tables for the installed ftfy and Python; 0.1 s when first called in a process."""
    kinds = _kinds()
    sequences = [*_badness_sequences(), *_not_in_nfc(), [_members({0x1B})]]
    return Tables(build_automaton(sequences, kinds), kinds, *_letters())


def prove(starts: np.ndarray, stops: np.ndarray, data: np.ndarray) -> np.ndarray:
    """For each text, bytes [start, stop) of the data: 0 if ftfy would not change it, else bits of UNPROVEN, REPLACED, WIDE."""
    found, automaton = tables(), tables().automaton
    kinds = found.kinds[automaton.members]
    flags: np.ndarray = kernels.prove(
        starts, stops, data, automaton.classes, automaton.transitions, kinds, automaton.idle, automaton.dead, automaton.lookback
    )
    return flags


@cache
def replacements() -> dict[int, str]:
    """What takes the place of the characters that have a kind; key -1 is a carriage return before a line feed."""
    breaks = {-1: "", **{ord(c): "\n" for c in "\r\u2028\u2029"}}
    return {**breaks, **dict.fromkeys(chardata.CONTROL_CHARS, ""), **chardata.LIGATURES, **chardata.WIDTH_MAP}


def _kinds() -> np.ndarray:
    kinds = np.zeros(CODE_POINTS, np.uint8)
    kinds[list(chardata.WIDTH_MAP)] = WIDTH
    kinds[list(chardata.LIGATURES)] = LIGATURE
    kinds[list(chardata.CONTROL_CHARS)] = CONTROL
    kinds[[0x0D, 0x2028, 0x2029]] = LINE_BREAK
    return kinds


def _badness_sequences() -> list[list[Characters]]:
    """Sequences of sets of characters that between them match wherever ftfy's expression for mojibake does.

    Exact but for `^`, which is taken to match anywhere, and `.`, which is taken to match a line break too. Should the expression
    have parts that this does not know, there is one set of all characters: nothing is proven then, and ftfy sees every text.
    """
    try:
        return list(_sequences(_parser.parse(BADNESS_RE.pattern, BADNESS_RE.flags)))
    except NotImplementedError:
        return [[np.ones(CODE_POINTS, bool)]]


def _sequences(nodes: Iterable[tuple[Any, Any]]) -> Iterable[list[Characters]]:
    parts = [list(_alternatives(str(operation), argument)) for operation, argument in nodes]
    return ([characters for part in choice for characters in part] for choice in product(*parts))


def _alternatives(operation: str, argument: Any) -> Iterable[list[Characters]]:
    match operation:
        case "BRANCH":
            return [sequence for branch in argument[1] for sequence in _sequences(branch)]
        case "MAX_REPEAT" if tuple(argument[:2]) == (0, 1):
            return [[], *_sequences(argument[2])]
        case "LITERAL":
            return [[_members({argument})]]
        case "IN":
            return [[_set(argument)]]
        case "ANY":
            return [[np.ones(CODE_POINTS, bool)]]
        case "AT":
            return [[]]
    raise NotImplementedError(operation)


def _set(items: Iterable[tuple[Any, Any]]) -> Characters:
    inside, negated = np.zeros(CODE_POINTS, bool), False
    for operation, argument in items:
        match str(operation), str(argument):
            case "NEGATE", _:
                negated = True
            case "LITERAL", _:
                inside[argument] = True
            case "RANGE", _:
                inside[argument[0] : argument[1] + 1] = True
            case "CATEGORY", "CATEGORY_SPACE":
                inside |= np.strings.isspace(_CHARACTERS)
            case "CATEGORY", "CATEGORY_WORD":
                inside |= np.strings.isalnum(_CHARACTERS) | _members({ord("_")})
            case unknown:
                raise NotImplementedError(unknown)
    return ~inside if negated else inside


def _members(code_points: Iterable[int]) -> Characters:
    inside = np.zeros(CODE_POINTS, bool)
    inside[[c for c in code_points if c < CODE_POINTS]] = True
    return inside


def _not_in_nfc() -> list[list[Characters]]:
    """Sequences that text in NFC cannot hold, or hardly ever does (UAX 15, section 9, detecting normalization forms)."""
    classes = np.fromiter(map(unicodedata.combining, map(chr, range(CODE_POINTS))), np.uint8, CODE_POINTS)
    changed, firsts = _compositions()
    # A mark after one of a higher combining class is not in canonical order.
    sequences = [[classes == high, (classes > 0) & (classes < high)] for high in np.unique(classes).tolist() if high]
    # What composes with the character before it. Exact for the vowel signs and nuktas of Asian scripts, which mostly follow a
    # letter that they do not compose with; the accents of U+0300 and on, and the parts of Hangul syllables, are never taken for
    # NFC (Cyrillic with stress marks pays for that with a visit to ftfy).
    exact = {second: characters for second, characters in firsts.items() if second >= 0x370}
    sequences += [[_members(characters), _members({second})] for second, characters in sorted(exact.items())]
    sequences.append([classes > 0, _members(exact)])
    never = changed | (set(firsts) - set(exact)) | {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
    return [*sequences, [_members(never)]]


def _compositions() -> tuple[set[int], dict[int, set[int]]]:
    """Code points that NFC replaces; and for each that can be the second part of a composition, its first parts."""
    changed: set[int] = set()
    firsts: dict[int, set[int]] = {}
    for code_point in _decomposable():
        decomposition = unicodedata.decomposition(chr(code_point))
        if not decomposition or decomposition.startswith("<"):
            continue
        if unicodedata.normalize("NFC", chr(code_point)) != chr(code_point):
            changed.add(code_point)
        elif " " in decomposition:
            first, second = (int(part, 16) for part in decomposition.split())
            firsts.setdefault(second, set()).add(first)
    return changed, firsts


def _decomposable() -> Iterator[int]:
    """The code points of blocks in which some character has a canonical decomposition."""
    for start in range(0, CODE_POINTS, 256):
        block = range(start, start + 256)
        if not unicodedata.is_normalized("NFD", "".join(map(chr, block))):
            yield from block


def _letters() -> tuple[np.ndarray, np.ndarray]:
    latin = np.zeros(CODE_POINTS, np.uint8)
    for start, stop in ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x300), (0x1E00, 0x1F00), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B)):
        latin[start:stop] = 1
    letters = np.strings.isalpha(_CHARACTERS)
    latin[~letters] = 0
    other = (letters & (latin == 0)).astype(np.uint8)
    for ligature, parts in chardata.LIGATURES.items():
        latin[ligature], other[ligature] = sum(latin[ord(c)] for c in parts), 0
    return latin, other
