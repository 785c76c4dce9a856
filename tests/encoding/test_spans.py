"""Two turns of changes as one."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.encoding.spans import SegmentChange, compose, span_table, splice_spans

Change = tuple[int, int, str]
# Of each of three texts: what a turn leaves alone, takes out, and puts in there, again and again.
TURNS = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["", "x", "yé"]))), min_size=3, max_size=3
)


def spans(texts: list[str], turns: list[list[Change]], rule: str) -> pa.Table:
    """SPANS of the changes that fit into their text and change it."""
    rows, changes = [], []
    for row, (text, turn) in enumerate(zip(texts, turns, strict=True)):
        at = 0
        for left, taken, inserted in turn:
            start, stop = at + left, at + left + taken
            if stop <= len(text.encode()) and text.isascii() and text[start:stop] != inserted:
                rows.append(row)
                changes.append(SegmentChange(start, stop, inserted, f"encoding/{rule}", None))
                at = stop + (taken == 0)
    return span_table(rows, changes)


@given(st.lists(st.text("abc", max_size=9), min_size=3, max_size=3), TURNS, TURNS)
@example(
    ["abc", "", "abc"], [[(0, 3, "x")], [], []], [[(0, 1, "")], [(0, 0, "x")], [(0, 1, "x")]]
)  # a text ends where the next begins
@example(["abcabc", "", ""], [[(2, 2, "")], [], []], [[(2, 0, "x")], [], []])  # put in where something was taken out
@settings(max_examples=300)
def test_two_turns_as_one_make_the_same_texts(texts: list[str], first: list[list[Change]], second: list[list[Change]]) -> None:
    """The spans are of the texts before both turns, in order, and do not overlap."""
    before = pa.array(texts, pa.large_string())
    earlier = spans(texts, first, "first")
    between = splice_spans(before, earlier)
    later = spans(between.to_pylist(), second, "second")
    both = compose(earlier, later, between)
    assert splice_spans(before, both).to_pylist() == splice_spans(between, later).to_pylist()
    places = list(zip(*(both[name].to_pylist() for name in ("row", "start", "stop")), strict=True))
    assert places == sorted(places)
    assert all(row != next_row or stop <= start for (row, _, stop), (next_row, start, _) in pairwise(places))


def test_changes_that_meet_are_one_with_both_rules() -> None:
    """The second turn takes the comma, and half of what the first had put in."""
    before = pa.array(["one two, three"], pa.large_string())
    first = span_table([0], [SegmentChange(4, 7, "2x", "encoding/first", "why")])
    second = span_table(
        [0, 0], [SegmentChange(5, 7, "", "encoding/second", None), SegmentChange(8, 8, "_", "encoding/second", None)]
    )
    both = compose(first, second, splice_spans(before, first)).to_pylist()
    assert [(span["start"], span["stop"], span["inserted"], span["rule"]) for span in both] == [
        (4, 8, "2", "encoding/first+second"),
        (9, 9, "_", "encoding/second"),
    ]
    assert both[0]["evidence"] == "why"
