"""Patterns compiled by RE2, once a process: reading one takes a millisecond, and up to fifty where it counts letters."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import re2

_MAX_BYTES = 64 << 20  # of an automaton; those of the packs need less than one


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MAX_BYTES
    options.log_errors = False
    return options


def check_pattern(pattern: str) -> None:
    """Raises ValueError with RE2's own words if it refuses the pattern."""
    try:
        re2.compile(pattern, _options())
    except re2.error as error:
        raise ValueError(error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)) from None


@cache
def _match(pattern: str) -> Callable[[bytes], Any]:
    """For a text whether it holds a match: a set of this one pattern, which is ten times faster than to ask where."""
    only = re2.Set.SearchSet(_options())
    only.Add(pattern)
    only.Compile()
    match: Callable[[bytes], Any] = getattr(only, "_set", only).Match  # the wrapper doubles the time of a short line
    return match


def matching(pattern: str, texts: Sequence[bytes]) -> list[bool]:
    """Whether each text (UTF-8) holds a match."""
    return list(map(bool, map(_match(pattern), texts)))


@cache
def _expression(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, _options())


def match_stop(pattern: str, text: str) -> int:
    """Where the first match in the text ends; 0 where there is none."""
    found = _expression(pattern).search(text)
    return int(found.end()) if found else 0


def count_matches(pattern: str, text: str) -> int:
    """How many matches the text holds, none within another."""
    return sum(1 for _ in _expression(pattern).finditer(text))


def count_characters(pattern: str, text: str) -> int:
    """How many characters of the text lie in matches. Each match costs microseconds: let them be long."""
    return sum(match.end() - match.start() for match in _expression(pattern).finditer(text))
