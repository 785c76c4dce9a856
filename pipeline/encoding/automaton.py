"""An automaton that stops at a text in which one of many short sequences of sets of characters occurs, as tables for a kernel."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

# Code points from here on (rare ideographs, tags, private use) have no class; a text that holds one is never proven clean.
CODE_POINTS = 0x30000

Characters = np.ndarray  # bool, one for each code point


@dataclass(frozen=True)
class Automaton:
    """States are multiples of the number of classes, so that `transitions[state + classes[code point]]` is the next state.

    State 0 is the start, `dead` says that a sequence has occurred. States below `idle` are those that ASCII alone leads to; after
    `lookback` ASCII characters the state depends on nothing before them. `members` has one code point of each class.
    """

    classes: np.ndarray  # uint16, by code point
    transitions: np.ndarray  # int32
    idle: int
    dead: int
    lookback: int
    members: np.ndarray


def build_automaton(sequences: list[list[Characters]], kinds: np.ndarray) -> Automaton:
    """The automaton of these sequences by subset construction. `kinds` (uint8, by code point) is kept apart by the classes."""
    classes, members = _partition([characters for sequence in sequences for characters in sequence], kinds)
    accept = [0] * len(members)  # of each class: the positions, as bits, whose set holds it
    first = last = position = 0
    for sequence in sequences:
        first |= 1 << position
        for characters in sequence:
            for number in np.flatnonzero(characters[members]).tolist():
                accept[number] |= 1 << position
            position += 1
        last |= 1 << (position - 1)

    numbers: dict[int, int] = {0: 0}
    idle = _explore(numbers, {accept[c] for c in classes[:0x80].tolist()}, first, last)
    dead, width = _explore(numbers, set(accept), first, last), len(members)
    transitions = np.full((dead + 1, width), dead, np.int32)
    for state, number in numbers.items():
        transitions[number] = [numbers.get(_step(state, bits, first, last), dead) for bits in accept]
    return Automaton(classes, (transitions * width).ravel(), idle * width, dead * width, _lookback(sequences), members)


def _partition(sets: list[Characters], kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes of characters that no set and no kind tells apart: the class of each code point, one code point of each class."""
    distinct = list({np.packbits(characters).tobytes(): characters for characters in sets}.values())
    # Neighbours are mostly alike: only the first of each run is looked at.
    changes = kinds[1:] != kinds[:-1]
    for characters in distinct:
        changes |= characters[1:] != characters[:-1]
    firsts = np.append(0, np.flatnonzero(changes) + 1)
    rows = np.column_stack([kinds[firsts], np.packbits([characters[firsts] for characters in distinct], axis=0).T])
    numbers: dict[bytes, int] = {}
    classes = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.uint16)
    _, members = np.unique(classes, return_index=True)
    return np.repeat(classes, np.diff(np.append(firsts, len(kinds)))), firsts[members]


def _explore(numbers: dict[int, int], inputs: Iterable[int], first: int, last: int) -> int:
    """Numbers every state that these inputs lead to from the numbered ones; returns how many are numbered then."""
    ordered, waiting = sorted(inputs), list(numbers)
    while waiting:
        state = waiting.pop()
        for bits in ordered:
            following = _step(state, bits, first, last)
            if following >= 0 and following not in numbers:
                numbers[following] = len(numbers)
                waiting.append(following)
    return len(numbers)


def _step(state: int, accepted: int, first: int, last: int) -> int:
    """The positions passed after one more character, as bits; -1 when a sequence is complete."""
    following = ((state << 1) | first) & accepted
    return -1 if following & last else following


def _lookback(sequences: list[list[Characters]]) -> int:
    """The most ASCII characters that a sequence can begin with."""

    def ascii_prefix(sequence: list[Characters]) -> int:
        return next((n for n, characters in enumerate(sequence) if not characters[:0x80].any()), len(sequence))

    return max(map(ascii_prefix, sequences))
