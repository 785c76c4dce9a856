"""The quick looks hide nothing that the slow ones would find."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.boilerplate.repeats import _SITE
from pipeline.kernels.line_screens import count_gaps, may_hold_cjk, may_hold_separator, rows_with_equal_keys
from pipeline.kernels.text import buffers

LINES = st.lists(st.text("ab .|-:»·•–—“\t\u00a0\u3000ÂÃ新の각", max_size=12), max_size=8)


def looked_at(kernel, lines: list[str]) -> list:
    """What a kernel says of each line, the last one left out of the array that it is given the places of."""
    return kernel(*buffers(pa.array([*lines, "x"], pa.large_string())), np.arange(len(lines))).tolist()


@given(LINES)
def test_every_separator_between_spaces_is_seen(lines):
    """The pattern that cuts the name of a site finds none where the screen sees none."""
    assert not [line for line, seen in zip(lines, looked_at(may_hold_separator, lines)) if re.search(_SITE, line) and not seen]


def test_few_lines_without_a_separator_pass():
    """Hyphens, quotes and prices are none."""
    lines = [
        "Franco-German plans",
        "2019–2020",
        "he said: “No”",
        "à propos",
        "It costs £5 – no more",
        "Title :: Site",
        "Title • Site",
    ]
    assert looked_at(may_hold_separator, lines) == [False] * 4 + [True] * 3


@given(LINES)
def test_every_character_in_han_kana_and_hangul_is_seen(lines):
    """Other characters may pass too."""
    assert not [line for line, seen in zip(lines, looked_at(may_hold_cjk, lines)) if re.search("[新の각]", line) and not seen]


@given(LINES)
def test_gaps_are_runs_of_three_spaces(lines):
    """No-break ones count."""
    assert looked_at(count_gaps, lines) == [len(re.findall("[ \u00a0]{3,}", line)) for line in lines]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 6)), max_size=40))
def test_rows_with_equal_keys_are_those_that_python_finds(lines):
    """Lines of too few tokens do not count, nor do equal lines of two rows."""
    lines.sort(key=lambda line: line[0])
    rows, keys, tokens = (np.array([line[i] for line in lines], kind) for i, kind in enumerate((np.int64, np.uint64, np.int32)))
    long = [(row, key) for row, key, count in lines if count >= 4]
    expected = [any(long.count(pair) > 1 for pair in long if pair[0] == row) for row in range(5)]
    assert rows_with_equal_keys(rows, keys, tokens, 4, 5).tolist() == expected
