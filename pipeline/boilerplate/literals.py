"""The literals that a pattern cannot match without: a cheap screen before many patterns (as in RE2's FilteredRE2).

Some alternatives together make RE2's automaton outgrow its memory and fall to 4 MB/s; their literals as one alternation stay
at 500 MB/s. Reads the part of RE2's syntax that rules use; what it does not know it takes for "anything", which screens less.
"""

import re

MIN_LENGTH = 3  # "by", "ap" and the like stand in every other line
_QUANTIFIER = re.compile(r"[*+?]\??|\{(\d*)(,\d*)?\}\??")
_GROUP = re.compile(r"\((?:\?[a-zA-Z-]*:|\?P?<\w+>)?")
_CLASS = re.compile(r"\[\^?\]?(?:\\p\{\w+\}|\\.|\[:\w+:\]|[^\]\\])*\]")
_ESCAPE = re.compile(r"\\(?:[pP]\{\^?\w+\}|x\{\w+\}|.)")

Literals = frozenset[str]


def required_literals(pattern: str) -> Literals | None:
    """Strings one of which, in any case, stands in every match; None where the pattern demands no string of MIN_LENGTH characters
    (two outside ASCII).

    >>> sorted(required_literals("(?:sign ?up|subscribe) for .*letters?"))
    ['letter']
    >>> required_literals("by .*") is None
    True
    """
    found, stop = _alternatives(pattern, 0)
    return found if stop == len(pattern) else None


def _alternatives(pattern: str, at: int) -> tuple[Literals | None, int]:
    """Of the alternatives from here up to a closing bracket or the end, and where they stop."""
    every: list[Literals | None] = []
    while True:
        found, at = _sequence(pattern, at)
        every.append(found)
        if at >= len(pattern) or pattern[at] == ")":
            break
        at += 1
    known = [found for found in every if found is not None]
    return (frozenset[str]().union(*known) if len(known) == len(every) else None), at


def _sequence(pattern: str, at: int) -> tuple[Literals | None, int]:
    """The best of what the parts of one alternative demand, and where it stops."""
    run, best = "", None
    while at < len(pattern) and pattern[at] not in "|)":
        literal, inner, at = _atom(pattern, at)
        quantifier = _QUANTIFIER.match(pattern, at)
        at = quantifier.end() if quantifier else at
        optional = quantifier is not None and _may_be_absent(quantifier)
        if literal is not None and not optional:
            run += literal
        if literal is None or quantifier:
            best, run = _better(best, _usable(run)), ""
        if not optional:
            best = _better(best, inner)
    return _better(best, _usable(run)), at


def _atom(pattern: str, at: int) -> tuple[str | None, Literals | None, int]:
    """The next part: the character it is, if it is one; what it demands, if it is a group; and where it stops."""
    if pattern[at] == "(":
        opening = _GROUP.match(pattern, at)
        inner, stop = _alternatives(pattern, opening.end() if opening else at + 1)
        return None, inner, stop + 1
    for kind in (_CLASS, _ESCAPE):
        if found := kind.match(pattern, at):
            text = found.group()
            plain = kind is _ESCAPE and len(text) == 2 and not text[1].isalnum()
            return (text[1] if plain else None), None, found.end()
    return (None if pattern[at] in ".^$" else pattern[at]), None, at + 1


def _may_be_absent(quantifier: re.Match[str]) -> bool:
    text = quantifier.group()
    return text[0] in "*?" or (text[0] == "{" and quantifier.group(1) in ("", "0"))


def _usable(run: str) -> Literals | None:
    long_enough = len(run.strip()) >= (MIN_LENGTH if run.isascii() else 2)
    return frozenset([run.lower()]) if long_enough else None


def _better(one: Literals | None, other: Literals | None) -> Literals | None:
    """The set whose shortest string is longer."""
    if one is None or other is None:
        return one or other
    return one if min(map(len, one)) >= min(map(len, other)) else other
