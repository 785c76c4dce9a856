"""Patterns as trees: the part of RE2's syntax that rules use. What it does not know it takes for "anything", which screens less."""

import re
from dataclasses import dataclass
from functools import cache

_QUANTIFIER = re.compile(r"[*+?]\??|\{(\d*)(,\d*)?\}\??")
_GROUP = re.compile(r"\((?:\?[a-zA-Z-]*:|\?P?<\w+>)?")
_CLASS = re.compile(r"\[\^?\]?(?:\\p\{\w+\}|\\.|\[:\w+:\]|[^\]\\])*\]")
_ESCAPE = re.compile(r"\\(?:[pP]\{\^?\w+\}|x\{\w+\}|.)")
_CODE_POINT = re.compile(r"\\x\{(\w+)\}")
# What a class may hold to be known: plain characters, escapes of punctuation, digits, white space; no range but 0-9.
_MEMBER = re.compile(r"0-9|\\[dsS]|\\p\{Nd\}|\\x\{\w+\}|\\[^\w\s]|[^\\\[-](?!-[^\]])|-(?=\]$)|(?<=\[)-")
_QUANTIFIERS = frozenset("*+?{")  # what they begin with
DIGIT, SPACE = r"\d", r"\s"


@dataclass(frozen=True)
class Characters:
    """One character: any of these, or any at all (None). `DIGIT` stands for every digit, `SPACE` for all white space."""

    any_of: frozenset[str] | None


@dataclass(frozen=True)
class Repeat:
    """A part that may be absent (`least` 0) and may come again (`again`)."""

    part: "Part"
    least: int
    again: bool


@dataclass(frozen=True)
class Choice:
    """Alternatives, each a sequence of parts; a pattern is one."""

    sequences: tuple[tuple["Part", ...], ...]


Part = Characters | Repeat | Choice
ANYTHING = Choice(((Repeat(Characters(None), 0, again=True),),))


def parse(pattern: str) -> Choice:
    """The tree of a pattern that RE2 accepts."""
    choice, stop = _choice(pattern, 0)
    return choice if stop == len(pattern) else ANYTHING


def _choice(pattern: str, at: int) -> tuple[Choice, int]:
    """The alternatives from here up to a closing bracket or the end, and where they stop."""
    sequences: list[tuple[Part, ...]] = []
    while True:
        sequence, at = _sequence(pattern, at)
        sequences.append(sequence)
        if at >= len(pattern) or pattern[at] == ")":
            return Choice(tuple(sequences)), at
        at += 1


def _sequence(pattern: str, at: int) -> tuple[tuple[Part, ...], int]:
    parts: list[Part] = []
    while at < len(pattern) and pattern[at] not in "|)":
        part, at = _part(pattern, at)
        quantifier = _QUANTIFIER.match(pattern, at) if pattern[at : at + 1] in _QUANTIFIERS else None
        if quantifier:
            at = quantifier.end()
            part = _repeat(part, quantifier) if part else None
        if part:
            parts.append(part)
    return tuple(parts), at


def _repeat(part: Part, quantifier: re.Match[str]) -> Repeat:
    text, low, high = quantifier.group(), quantifier.group(1), quantifier.group(2)
    if text[0] != "{":
        return Repeat(part, int(text[0] == "+"), again=text[0] != "?")
    return Repeat(part, int(low or 0), again=(high or low) not in ("0", "1", ",1", ",0"))


def _part(pattern: str, at: int) -> tuple[Part | None, int]:
    """The next part and where it stops; None for what takes no character."""
    character = pattern[at]
    if character == "(":
        opening = _GROUP.match(pattern, at)
        inner, stop = _choice(pattern, opening.end() if opening else at + 1)
        return inner, stop + 1
    if character == "[" and (found := _CLASS.match(pattern, at)):
        return _class(found.group()), found.end()
    if character == "\\" and (found := _ESCAPE.match(pattern, at)):
        return _escaped(found.group()), found.end()
    return _plain(character), at + 1


@cache
def _plain(character: str) -> Part | None:
    if character in "^$":
        return None
    return Characters(None if character == "." else frozenset(character))


@cache
def _class(text: str) -> Part:
    return Characters(_members(text))


@cache
def _escaped(text: str) -> Part | None:
    if text in (r"\b", r"\B", r"\A", r"\z"):
        return None
    return Characters(_members(f"[{text}]"))


def _members(text: str) -> frozenset[str] | None:
    """The characters of a class; None where they are not all known."""
    inner = text[1:-1]
    if inner.startswith("^"):
        return None
    found, at = set(), 1
    while at < len(text) - 1:
        member = _MEMBER.match(text, at)
        if member is None or member.group() == r"\S":
            return None
        found.add(_character(member.group()))
        at = member.end()
    return frozenset(found)


def _character(member: str) -> str:
    if member in ("0-9", r"\d", r"\p{Nd}"):
        return DIGIT
    if member == r"\s":
        return SPACE
    if code := _CODE_POINT.fullmatch(member):
        return chr(int(code[1], 16))
    return member[-1]


def known_character(part: Part) -> str | None:
    """The one character that a part is; None where it is another, or several."""
    if not isinstance(part, Characters) or part.any_of is None or len(part.any_of) != 1:
        return None
    character = next(iter(part.any_of))
    return None if character in (DIGIT, SPACE) else character
