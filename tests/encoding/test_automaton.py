"""The automaton that looks for short sequences of sets of characters."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoding.automaton import CODE_POINTS, Characters, build_automaton
from pipeline.kernels.encoding import UNPROVEN, prove
from pipeline.kernels.text import buffers

NO_KINDS = np.zeros(CODE_POINTS, np.uint8)


def members(characters: str) -> Characters:
    """The set of these characters."""
    inside = np.zeros(CODE_POINTS, bool)
    inside[[ord(c) for c in characters]] = True
    return inside


def found(texts: list[str], sequences: list[list[Characters]]) -> list[bool]:
    """In which texts a sequence occurs, by the kernel."""
    automaton = build_automaton(sequences, NO_KINDS)
    offsets, data = buffers(pa.array(texts, pa.large_string()))
    tables = (automaton.classes, automaton.transitions, NO_KINDS[automaton.members])
    flags = prove(offsets[:-1], offsets[1:], data, *tables, automaton.idle, automaton.dead, automaton.lookback)
    assert set(flags.tolist()) <= {0, UNPROVEN}
    return [bool(flag) for flag in flags]


ASCII = "ab c"
WIDE = "éß中😀"
characters = st.text(st.sampled_from(ASCII + WIDE), min_size=1, max_size=4)
# Each sequence has a character beyond ASCII, as those of ftfy have: plain ASCII by itself is never looked at.
patterns = st.tuples(
    st.lists(characters, max_size=2), st.text(st.sampled_from(WIDE), min_size=1, max_size=3), st.lists(characters, max_size=2)
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


@settings(max_examples=30)
@given(
    st.lists(patterns, min_size=1, max_size=4),
    st.lists(st.text(st.sampled_from(ASCII + WIDE), max_size=50), min_size=1, max_size=40),
)
def test_finds_what_a_regular_expression_finds(sets: list[list[str]], texts: list[str]) -> None:
    """The same sequences written as alternatives of character classes."""
    expression = re.compile("|".join("".join(f"[{one}]" for one in sequence) for sequence in sets))
    expected = [expression.search(text) is not None for text in texts]
    assert found(texts, [[members(one) for one in sequence] for sequence in sets]) == expected


def test_set_of_all_characters_proves_plain_ascii_only() -> None:
    """What stands in for an expression that cannot be read: every text beyond ASCII is left to ftfy."""
    everything = [[np.ones(CODE_POINTS, bool)]]
    assert found(["", "plain", "p" * 100, "é", "p" * 100 + "é"], everything) == [False, False, False, True, True]
