"""The walk over the first letters of lines: the same as Python finds by comparing letters."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.beginnings import DIGIT_LETTER, beginning_table, find_beginnings, letters_of
from pipeline.kernels.text import buffers

STRINGS = ["read", "readmore", "r", "相关", "é", "ss", "12", "читайте"]


def one_digit(letters: str) -> str:
    """With one digit for each run of digits."""
    return re.sub(f"{DIGIT_LETTER}+", DIGIT_LETTER, letters)


def found(lines: list[str]) -> set[tuple[int, str]]:
    """Pairs of line and string."""
    table = beginning_table((one_digit(letters_of(string)), number) for number, string in enumerate(STRINGS))
    at, number = find_beginnings(*buffers(pa.array(lines, pa.large_string())), np.arange(len(lines)), table)
    return {(line, STRINGS[i]) for line, i in zip(at.tolist(), number.tolist())}


@given(st.lists(st.text(st.sampled_from(list("reREAD moreéßſ12٣相关чит»①—'")), max_size=10), max_size=6))
@settings(max_examples=60)
def test_finds_what_python_finds(lines):
    """Every string with whose letters the line's letters begin, and no other."""
    expected = {
        (i, string)
        for i, line in enumerate(lines)
        for string in STRINGS
        if one_digit(letters_of(line)).startswith(one_digit(letters_of(string)))
    }
    assert found(lines) == expected


def test_passes_over_case_accents_and_what_is_no_letter():
    """A line may open with bullets, quotes, and letters in circles."""
    assert found(["» ①“READ—More!", "É", "ẞ", "3. May", "t read", ""]) == {
        (0, "read"), (0, "readmore"), (0, "r"), (1, "é"), (2, "ss"), (3, "12"),
    }  # fmt: skip


def test_a_beginning_does_not_reach_over_the_end_of_a_line():
    """Neighbours in the buffer are other lines."""
    assert found(["rea", "d"]) == {(0, "r")}


def test_no_strings_no_finds():
    """An empty table is walked without harm."""
    at, _ = find_beginnings(*buffers(pa.array(["read"], pa.large_string())), np.zeros(1, np.int64), beginning_table([]))
    assert len(at) == 0
