"""The screens of all patterns of some packs, in the tables that the kernels walk."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.boilerplate.screens import Screen
from pipeline.boilerplate.syntax import DIGIT
from pipeline.kernels.beginnings import BeginningTable, beginning_table
from pipeline.kernels.literals import LiteralTable, byte_masks, literal_table

_CHARACTERS = np.arange(0x110000, dtype=np.uint32).view("U1")
_ALL_DIGITS: list[str] = _CHARACTERS[np.strings.isdecimal(_CHARACTERS)].tolist()


class ScreenTables(NamedTuple):
    """The screens of many patterns. Rules are told by their numbers."""

    max_tokens: int
    beginnings: BeginningTable  # numbers are those of rules
    literals: LiteralTable
    rules: np.ndarray  # that demand each literal or another, flat; where those of each begin, and how many they are
    firsts: np.ndarray
    counts: np.ndarray
    masks: np.ndarray  # of the sets of characters, by byte
    sets: list[int]  # the rule of each set
    any_line: list[int]  # rules that any line may match
    max_tokens_of_sets: int  # of these rules and those of sets

    @classmethod
    def of(cls, rules: Sequence[tuple[int, int, Screen]]) -> "ScreenTables":
        """From numbers of rules, their most tokens, and their screens."""
        by_literal: dict[str, list[int]] = {}
        for number, _, screen in rules:
            for literal in sorted(screen.literals):
                by_literal.setdefault(literal, []).append(number)
        counts = np.array([len(numbers) for numbers in by_literal.values()], np.int64)
        sets = [(number, part) for number, _, screen in rules for part in _by_size(screen.characters) if part]
        any_line = [number for number, _, screen in rules if screen.any_line] + [number for number, _ in sets[64:]]
        loose = [tokens for number, tokens, screen in rules if screen.characters or screen.any_line]
        return cls(
            max_tokens=max((tokens for _, tokens, _ in rules), default=-1),
            beginnings=beginning_table([(letters, number) for number, _, screen in rules for letters in screen.beginnings]),
            literals=literal_table(list(by_literal)),
            rules=np.array([number for numbers in by_literal.values() for number in numbers], np.int64),
            firsts=np.cumsum(counts) - counts,
            counts=counts,
            masks=byte_masks([characters for _, characters in sets[:64]]),
            sets=[number for number, _ in sets[:64]],
            any_line=any_line,
            max_tokens_of_sets=max(loose, default=-1),
        )


def _by_size(characters: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of one byte and those of several: a screen looks at two bytes of a character, and would mix them up."""
    every = [c for character in characters for c in (_ALL_DIGITS if character == DIGIT else [character])]
    return [c for c in every if c.isascii()], [c for c in every if not c.isascii()]
