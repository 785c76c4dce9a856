"""The stage fix_encoding: golden cases, identity with ftfy, the ledger."""

from typing import Any

import ftfy
import pyarrow as pa
import pytest
import yaml
from ftfy import chardata
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.edits import restore
from pipeline.stages.fix_encoding import FixEncoding
from tests.encoding.mojibake import damaged_texts
from tests.support import REPO, SEEDS, batch_of

CASES = yaml.safe_load((REPO / "tests/cases/fix_encoding.yaml").read_text(encoding="utf-8"))


def run(texts: list[str], stage: FixEncoding | None = None) -> tuple[list[str], list[list[dict[str, Any]]]]:
    """The texts after the stage, and the edits of each."""
    outcome = (stage or FixEncoding())(batch_of(texts))
    edits: list[list[dict[str, Any]]] = [[] for _ in texts]
    for edit in outcome.edits.to_pylist():
        edits[edit["row"]].append({**edit, "step": 1})
    return outcome.batch["text"].to_pylist(), edits


def by_ftfy(text: str, *, fix_width: bool = False) -> str:
    """What ftfy itself makes of the text when it is called until nothing changes; the text when nothing would be left."""
    current = text
    for _ in range(8):
        following = ftfy.fix_text(current, uncurl_quotes=False, fix_character_width=fix_width)
        if following == current:
            return current or text
        current = following
    return text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_golden_case(case: dict[str, Any]) -> None:
    """The text comes out as expected, by the rules expected, and the edits restore it."""
    (text,), (edits,) = run([case["text"]])
    assert text == case.get("expect", case["text"])
    assert [edit["rule"] for edit in edits] == case.get("rules", [])
    assert restore(text, edits) == case["text"]


@settings(deadline=None, max_examples=150)
@given(st.lists(damaged_texts, min_size=1, max_size=30))
def test_output_is_that_of_ftfy(texts: list[str]) -> None:
    """Where width is left alone the stage is ftfy itself, run until it settles; edits restore, a second pass finds nothing."""
    stage = FixEncoding(fix_width="never", legacy_charsets=False)
    found, edits = run(texts, stage)
    assert found == [by_ftfy(text) for text in texts]
    assert [restore(text, own) for text, own in zip(found, edits)] == texts
    assert run(found, stage) == (found, [[]] * len(texts))


@settings(deadline=None, max_examples=50)
@given(st.lists(damaged_texts, min_size=1, max_size=20))
def test_width_is_fixed_as_by_ftfy_or_not_at_all(texts: list[str]) -> None:
    """With the default setting each text is what ftfy makes of it with or without its fix of width."""
    found, edits = run(texts)
    for text, own, result in zip(texts, edits, found):
        assert result == by_ftfy(text) or not set(map(ord, result)) & set(chardata.WIDTH_MAP)
        assert restore(result, own) == text
    assert run(found) == (found, [[]] * len(texts))


def test_marked_rows_are_left_alone() -> None:
    """A row that has a reason already is not mended."""
    outcome = FixEncoding()(batch_of(["cafÃ©", "cafÃ©"], drop_reason=["too_short", None]))
    assert outcome.batch["text"].to_pylist() == ["cafÃ©", "café"]


def test_good_news_is_not_touched() -> None:
    """None of the seeds has damage of this kind; the very same array comes back."""
    batch = batch_of(list(SEEDS.values()))
    outcome = FixEncoding()(batch)
    assert outcome.batch.equals(batch)
    assert outcome.edits.num_rows == 0


def test_rows_of_a_sliced_batch_are_the_right_ones() -> None:
    """Arrow slices share buffers; offsets do not begin at 0."""
    batch = batch_of(["plain", "cafÃ©", "a\r\nb", "“fine”", "&amp;"])
    assert FixEncoding()(batch.slice(1, 3)).batch["text"].to_pylist() == ["café", "a\nb", "“fine”"]


def test_tag_anywhere_before_turns_entities_off() -> None:
    """ftfy takes a text with tags for source code from the line of the first `<` on; lines before it are unescaped."""
    text = "Q&amp;A\nplain\n<b> R&amp;D\nS&amp;T\nÃ©"
    (found,), _ = run([text])
    assert found == "Q&A\nplain\n<b> R&amp;D\nS&amp;T\né"


def test_line_longer_than_ftfy_takes_at_once_is_cut_where_ftfy_cuts_it() -> None:
    """Lines of more than a million characters are mended in pieces; a change in one costs an edit of its own size."""
    line = "Größe und Maß, “quoted” – words & more words. " * 24_000
    text = line[:1_050_000] + "cafÃ© " + line[1_050_000:]
    (found,), (edits,) = run([text])
    assert found == by_ftfy(text)
    assert [(edit["start"], edit["removed"], edit["inserted"]) for edit in edits] == [(1_050_003, "Ã©", "é")]


def test_text_of_windows_lines_costs_one_character_a_line() -> None:
    """Every line of a Windows text changes; the ledger holds the carriage returns and nothing else."""
    text = "A line of some words, with “quotes”.\r\n" * 20_000
    (found,), (edits,) = run([text])
    assert found == text.replace("\r\n", "\n")
    assert {(edit["removed"], edit["inserted"]) for edit in edits} == {("\r", "")}
    assert restore(found, edits) == text


def test_width_can_be_left_alone() -> None:
    """`fix_width: never` keeps full-width forms in English too."""
    assert run(["The ＵＳ side"], FixEncoding(fix_width="never"))[0] == ["The ＵＳ side"]


def test_text_that_one_pass_leaves_unfinished_is_settled() -> None:
    """Normalisation takes the `<` away that kept ftfy from the entities; the second pass sees them."""
    text = "<\u0338 &amp;\n&amp; x"
    (found,), (edits,) = run([text])
    assert found == by_ftfy(text) == "≮ &\n& x"
    assert {edit["rule"] for edit in edits} == {"encoding/several_passes"}
    assert restore(found, edits) == text
    assert run([found])[1] == [[]]


def test_empty_batch() -> None:
    """No rows, no edits."""
    outcome = FixEncoding()(batch_of(["x"]).slice(0, 0))
    assert outcome.batch.num_rows == 0
    assert isinstance(outcome.batch, pa.RecordBatch)
