"""The signals of machine translation and the score they come to."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels import odd_marks as place
from pipeline.kernels.translation_signals import MOST_PLACES
from pipeline.stages.repair_translation import RepairTranslation
from pipeline.translation.score import SIGNALS, evidence_json, rates, scan, score, weights
from tests.support import batch_of, run_stage

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "repair_translation.yaml").read_text("utf-8"))
MARKS = st.sampled_from(
    [
        ", It also",
        "，",
        "呼罗珊",
        " the 10th,",
        "On the 8th.",
        "the US side ",
        "in in ",
        "the best the best ",
        "new crown ",
        "a,b",
        "“ a",
        "a“b",
        "b”c",
        "b ”",
    ]
)
TEXTS = st.lists(st.one_of(MARKS, st.text(max_size=12), st.sampled_from([" ", "\n", "the ", "It "])), max_size=12).map("".join)


def hits_of(texts: list[str]):
    array = pa.array(texts, pa.large_string())
    return scan(array, np.arange(len(texts))).hits


def found(text: str) -> list[tuple[str, str]]:
    hits = hits_of([text])
    data = text.encode()
    return [(SIGNALS[i].name, data[a:b].decode()) for i, a, b in zip(hits.signals, hits.starts, hits.stops)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['signal']}: {case['text'][:30]}")
def test_signal_finds_its_mark_and_leaves_good_text(case):
    """Each signal is found where it must be, with exactly its text, and not where people write so."""
    texts = [text for name, text in found(case["text"]) if name == case["signal"]]
    assert texts == ([case["find"]] if case["find"] else [])


def test_every_signal_has_cases_of_both_kinds():
    """No signal goes without an example that it must catch and one that it must not."""
    for signal in SIGNALS:
        kinds = {case["find"] is None for case in CASES if case["signal"] == signal.name}
        assert kinds == {True, False}, signal.name


def test_no_signal_weighs_against_machine_translation():
    """A mark that people leave as often as machines weighs nothing; all others weigh for a machine."""
    assert (weights()[0] >= 0).all()
    nothing = {signal.name for signal, (human, machine) in zip(SIGNALS, map(rates, SIGNALS)) if machine <= human}
    assert nothing == {"day_without_month", "space_inside_quotes"}


def test_marks_of_style_are_told_of_and_not_flagged():
    """What is no error is counted in the evidence; a person has nothing to mend there."""
    styles = {signal.name for signal in SIGNALS if signal.style}
    text = "The new crown epidemic and the new crown vaccine: more than 300 and other cases, fruit, etc. In addition, it rained."
    batch = batch_of([text], lang=["en"])
    table, edits = run_stage(RepairTranslation(), [[batch]])
    assert {"quantity", "list_etc", "connective"} <= styles & set(json.loads(table["mt_evidence"][0].as_py()))
    assert {edit["rule"] for edit in edits.to_pylist()} == {"new_crown"}


@settings(max_examples=150)
@given(TEXTS)
def test_scan_misses_no_place_that_a_pattern_would_find(text):
    """The fast scan proposes every place at which a pattern matches when it searches the whole text."""
    data = text.encode()
    hits = hits_of([text])
    for index, signal in enumerate(SIGNALS):
        chosen = hits.signals == index
        starts = set(hits.starts[chosen].tolist())
        if signal.pattern is None or signal.anchors in (
            place.CJK_RUN,
            place.FULL_WIDTH,
            place.REPEATED_PHRASE,
            place.DOUBLED_WORD,
        ):
            continue  # the scan decides; these patterns only say how far a hit reaches
        for match in signal.pattern.finditer(data):
            assert match.start() in starts, signal.name


@settings(max_examples=60)
@given(st.lists(TEXTS, max_size=5))
def test_hits_of_a_document_do_not_depend_on_its_neighbours(texts):
    """A document has the same hits alone and among others."""
    together = hits_of(texts)
    for row, text in enumerate(texts):
        alone, chosen = hits_of([text]), together.rows == row
        assert alone.signals.tolist() == together.signals[chosen].tolist()
        assert alone.starts.tolist() == together.starts[chosen].tolist()


def test_score_counts_a_habit_only_so_often():
    """A hundred hits of one signal weigh as three do: they are no independent witnesses."""
    few, many = ("it is in in order. " * count for count in (3, 100))
    lengths = np.array([1000])
    assert score(hits_of([few]), lengths) == score(hits_of([many]), lengths)


def test_score_falls_with_length_and_is_zero_for_nothing():
    """Text without hits speaks against machine translation the longer it is; an empty text says nothing."""
    hits = hits_of(["", "x", "y"])
    nothing, short, long = score(hits, np.array([0, 1000, 5000])).tolist()
    assert nothing == 0 > short > long


def test_evidence_names_signals_and_counts():
    """The evidence column is a JSON object of signal and count, empty where nothing was found."""
    hits = hits_of(["nothing here", "the new crown, It was on the 8th, and on the 9th."])
    assert evidence_json(hits, 2).to_pylist() == ["{}", '{"comma_capital": 1, "day_without_month": 2, "new_crown": 1}']


def test_places_of_one_text_are_bounded():
    """A text that is one phrase over and over has its first places looked at, not millions."""
    hits = hits_of(["the end of the day " * 20_000, "in in"])
    assert (hits.rows == 0).sum() <= MOST_PLACES
    assert (hits.rows == 1).sum() == 1
