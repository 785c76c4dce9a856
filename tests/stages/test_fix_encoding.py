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


@settings(max_examples=150)
@given(st.lists(damaged_texts, min_size=1, max_size=30))
def test_output_is_that_of_ftfy(texts: list[str]) -> None:
    """Where width is left alone the stage is ftfy itself, run until it settles; edits restore, a second pass finds nothing."""
    stage = FixEncoding(fix_width="never", legacy_charsets=False, lost_controls=False)
    found, edits = run(texts, stage)
    assert found == [by_ftfy(text) for text in texts]
    assert [restore(text, own) for text, own in zip(found, edits)] == texts
    assert run(found, stage) == (found, [[]] * len(texts))


FILLER = "The council of the town, which met on Tuesday (12 May), put off its decision; it will meet again = soon. "
with_long_runs = st.lists(st.tuples(damaged_texts, st.integers(0, 200)), max_size=5).map(
    lambda parts: "".join(text + FILLER[:length] + FILLER * (length // 100) for text, length in parts)
)


@settings(max_examples=150)
@given(st.lists(with_long_runs, min_size=1, max_size=20))
def test_plain_text_between_damage_does_not_matter(texts: list[str]) -> None:
    """ftfy is asked without the middle of long plain runs; the answer is that for the whole text."""
    found, edits = run(texts, FixEncoding(fix_width="never", legacy_charsets=False, lost_controls=False))
    assert found == [by_ftfy(text) for text in texts]
    assert [restore(text, own) for text, own in zip(found, edits)] == texts


@settings(max_examples=50)
@given(st.lists(damaged_texts, min_size=1, max_size=20))
def test_width_is_fixed_as_by_ftfy_or_not_at_all(texts: list[str]) -> None:
    """With the default setting of width each text is what ftfy makes of it with or without its fix of width."""
    stage = FixEncoding(lost_controls=False)
    found, edits = run(texts, stage)
    for text, own, result in zip(texts, edits, found):
        assert result == by_ftfy(text) or not set(map(ord, result)) & set(chardata.WIDTH_MAP)
        assert restore(result, own) == text
    assert run(found, stage) == (found, [[]] * len(texts))


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


def characters(*ranges: tuple[int, int]) -> list[str]:
    return [chr(c) for first, last in ranges for c in range(first, last + 1)]


STAY = characters((0x09, 0x0A), (0x0C, 0x0C), (0xA0, 0xA0), (0xAD, 0xAD), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064))
STAY += characters((0x2066, 0x2069))
GO = characters((0x00, 0x08), (0x0B, 0x0B), (0x0E, 0x1F), (0x7F, 0x7F), (0x206A, 0x206F), (0xFFF9, 0xFFFC), (0xFEFF, 0xFEFF))
UNKNOWN_C1 = ["\x81", "\x8d", "\x8f", "\x90", "\x9d"]
POLICY = {
    **{c: c for c in STAY + UNKNOWN_C1},
    **dict.fromkeys(GO, ""),
    **dict.fromkeys(["\r\n", "\r", "\u2028", "\u2029"], "\n"),
    **{c: c.encode("latin-1").decode("cp1252") for c in characters((0x80, 0x9F)) if c not in UNKNOWN_C1},
}


@pytest.mark.parametrize("good", ["ab", "שלום", "می‌خواهم", "中文", "Größe"])
def test_unseen_signs_have_one_policy_each(good: str) -> None:
    """What the docstring of the stage says, between letters of several scripts; and what goes can be restored."""
    texts = [f"{good}{sign}{good}" for sign in POLICY]
    found, edits = run(texts)
    assert found == [f"{good}{replacement}{good}" for replacement in POLICY.values()]
    assert [restore(text, own) for text, own in zip(found, edits)] == texts


ODD = {
    "capitals": "THE COUNCIL PUT OFF ITS DECISION. DER RAT VERTAGTE DIE ENTSCHEIDUNG ÜBER DIE BRÜCKE.",
    "one letter": "é",
    "digits": "1234567890 " * 1000,
    "emoji": "👩‍👩‍👧🏳️‍🌈❤️🇫🇷" * 100,
    "right to left": '\u202bقال: «نعم» (2024)\u202c \u200fאמר: "כן"',
    "script without profile": "ꦱꦧꦼꦤ꧀ 𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂" * 100,
    "one word of 10 MB": "ab" * 5_000_000,
    "one word of 10 MB beyond ASCII": "ж" * 5_000_000,
}


@pytest.mark.parametrize("label", ODD)
def test_odd_text_without_damage_stays(label: str) -> None:
    """Nothing to mend, nothing to fear."""
    assert run([ODD[label]]) == ([ODD[label]], [[]])


def test_word_of_10_mb_of_mojibake_is_mended() -> None:
    """In pieces of a million characters, as ftfy does."""
    assert run(["Ã©" * 2_500_000])[0] == ["é" * 2_500_000]


def test_empty_batch() -> None:
    """No rows, no edits."""
    outcome = FixEncoding()(batch_of(["x"]).slice(0, 0))
    assert outcome.batch.num_rows == 0
    assert isinstance(outcome.batch, pa.RecordBatch)
