"""The ledger: spans applied, recorded and taken back."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.edits import Span, apply_spans, restore


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[list[str], list[Span]]:
    """Texts in any script, and disjoint spans between their characters."""
    texts = draw(st.lists(st.text(max_size=30), min_size=1, max_size=5))
    spans = []
    for row, text in enumerate(texts):
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
        for a, b in zip(cuts[::2], cuts[1::2]):
            kind = draw(st.sampled_from(["edit", "proposal", "flag"]))
            spans.append(Span(row, len(text[:a].encode()), len(text[:b].encode()), draw(st.text(max_size=5)), "rule", kind))
    return texts, draw(st.permutations(spans))


@given(texts_with_spans())
def test_edits_restore_any_text(case: tuple[list[str], list[Span]]) -> None:
    """Whatever disjoint spans are replaced, the ledger gives the original back; proposals and flags change nothing."""
    texts, spans = case
    cleaned, ledger = apply_spans(pa.array(texts, pa.large_string()), spans)
    rows = [{**edit, "step": 1} for edit in ledger.to_pylist()]
    for row, (before, after) in enumerate(zip(texts, cleaned.to_pylist())):
        own = [edit for edit in rows if edit["row"] == row]
        assert restore(after, own) == before
        if all(edit["kind"] != "edit" for edit in own):
            assert after == before


def test_steps_are_taken_back_last_first() -> None:
    """Starts count in the input of their own step."""
    steps = [
        {"step": 1, "start": 0, "removed": "Ad\n", "inserted": "", "kind": "edit"},
        {"step": 2, "start": 1, "removed": "", "inserted": "é", "kind": "edit"},
    ]
    assert restore("aéb", steps) == "Ad\nab"


def test_restore_refuses_edits_of_another_text() -> None:
    """A ledger that does not fit is an error, not a wrong original."""
    with pytest.raises(ValueError, match="does not hold"):
        restore("abc", [{"step": 1, "start": 0, "removed": "", "inserted": "x", "kind": "edit"}])


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([Span(0, 0, 3, "", "r"), Span(0, 2, 4, "", "r")], "overlap"),
        ([Span(0, 0, 99, "", "r")], "outside"),
        ([Span(0, 2, 3, "", "r")], "inside a character"),
    ],
)
def test_refuses_spans_that_cannot_be_edits(spans: list[Span], message: str) -> None:
    """A stage's bug stops the run before it can damage text."""
    with pytest.raises(ValueError, match=message):
        apply_spans(pa.array(["aéiou"], pa.large_string()), spans)


def test_sliced_arrays_keep_their_rows() -> None:
    """A slice of a larger array is edited by its own row numbers."""
    text = pa.array(["zero", "one", "two"], pa.large_string()).slice(1)
    cleaned, ledger = apply_spans(text, [Span(1, 0, 1, "T", "r")])
    assert cleaned.to_pylist() == ["one", "Two"]
    assert ledger["removed"].to_pylist() == ["t"]
