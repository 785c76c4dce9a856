"""Punctuation of which mojibake lost the control characters: put back where the place tells what it was, left alone elsewhere."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.edits import restore
from pipeline.encoding import lost_controls
from pipeline.encoding.lost_controls import may_have_lost_controls, restore_lost_controls
from pipeline.encoding.spans import splice_spans
from pipeline.stages.fix_encoding import FixEncoding
from tests.encoding.lost_controls import WAYS, damaged
from tests.support import SEEDS, batch_of

# What is put back in any way of damage; in all of them closing quotation marks are told when a `?` marks them.
PLAIN = (
    "The council’s plan wasn’t ready, and we’re told it’s late.",
    "LISBON, N.H. – The harbour – built in 1890 – stays open.",
    "•\tRoads and bridges\n•\u00a0Schools",
    "She waited… and went home.",
    "Gulls™ is a brand that costs €5 a box.",
    "THE MAYOR’S LETTER DIDN’T HELP.",
)
QUOTING = (
    "“They are late,” said Ms. Moor. “It’s a pity.”",
    "He called it a “poor plan” twice.",
    "The clerk (the “secretary”) signed.",
    "“Nobody came!” he said",
    "The farmers’ bill passed.",
)
EVIDENCE = "They didn’t answer, and “That’s all,” he said."
sentences = st.lists(st.sampled_from([*PLAIN, *QUOTING, "Nothing else was decided.", "El Niño and the café."]), max_size=8)


def mended(texts: list[str]) -> list[str]:
    array = pa.array(texts, pa.large_string())
    return splice_spans(array, restore_lost_controls(array)).to_pylist()


def of_stage(text: str) -> tuple[str, list[dict[str, object]]]:
    outcome = FixEncoding()(batch_of([text]))
    return outcome.batch["text"][0].as_py(), [{**edit, "step": 1} for edit in outcome.edits.to_pylist()]


@settings(max_examples=40)
@given(sentences, st.sampled_from(["latin-1 marked", "cp1252 marked", "cp1252"]))
def test_damaged_english_comes_back_whole(chosen: list[str], way: str) -> None:
    """What was damaged is what is mended, to the character; the edits restore the damage; a second pass finds nothing."""
    good = "\n".join([*chosen, EVIDENCE])
    bad, _ = damaged(good, way)
    text, edits = of_stage(bad)
    assert text == good
    assert restore(text, edits) == bad
    assert of_stage(text) == (text, [])


@pytest.mark.parametrize("good", PLAIN)
def test_apostrophes_dashes_and_bullets_need_no_marked_quotations(good: str) -> None:
    """Where all control characters are lost quotation marks cannot be told from single ones: they stay, the rest comes back."""
    bad, _ = damaged(f"{good}\n{EVIDENCE}", "latin-1")
    assert of_stage(bad)[0] == f"{good}\nThey didn’t answer, and âThat’s all,â he said."


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("â€œThey are true,â€ he said.", "“They are true,” he said."),
        ("â€œThey are true,â€? he said. â€œWhy?â€?", "“They are true,” he said. “Why?”"),
        ("â€œYes,â€ he said. Who said â€œnoâ€?", "“Yes,” he said. Who said “no”?"),
        ("â€œYes,â€? he said to â€œthemâ€? once", "“Yes,” he said to “them” once"),
    ],
)
def test_closing_quotation_mark_of_windows(bad: str, good: str) -> None:
    """Only 9D is lost there. ftfy makes † of `â€` and a space, and U+FFFD of `â€?`."""
    assert of_stage(bad)[0] == good


def test_dagger_of_windows_is_left_to_ftfy() -> None:
    """No quotation is open: `â€` and a no-break space, which may have become a plain one, is †, as ftfy has it."""
    for bad in ("The priceâ€\u00a0 is net.", "â€œNet,â€\u009d he said of the priceâ€\u00a0 there."):
        assert of_stage(bad)[0] == FixEncoding(lost_controls=False)(batch_of([bad])).batch["text"][0].as_py()
        assert "†" in of_stage(bad)[0]


def test_evidence_names_the_place() -> None:
    """What the ledger says; that a dash may have been an em dash too."""
    _, edits = of_stage("â¢\u00a0Itâs here â a box,â? he said")
    assert {edit["rule"] for edit in edits} == {"encoding/lost_controls"}
    assert [edit["evidence"] for edit in edits] == ["bullet", "contraction", "dash, en or em cannot be told", "closing"]


def test_setting_turns_it_off() -> None:
    """Then the stage is what it would be without the rule."""
    bad, _ = damaged(EVIDENCE, "latin-1 marked")
    assert FixEncoding(lost_controls=False)(batch_of([bad])).batch["text"].to_pylist() == [bad]


WORDS = {
    "french": "Les châteaux bâtis à l’âge d’or tombent, âme et pâte, en théâtre. Quel dégât !",
    "french without accents": "Il va â Paris, â Lyon ? Non ! C'est â vous, â moi, â nous.",
    "romanian": "A râs, a surâs și iar a râs. Atât, cât?",
    "romanian mostly": "A mai râs, au râs.",
    "portuguese": "A câmara do âmbito atlântico: três distâncias.",
    "turkish": "Hâlâ mı? Kâr, hikâye, Abbâs. Hâlâ!",
    "vietnamese": "Âm nhạc, ân huệ; âm thanh lâm, tâm, câm.",
    "welsh": "Aeth â Siân i Blas Glâs â Chaerdydd gyda Plâs Newydd â hwy.",
    "english on persia": "Abbâs and Ilyâs ruled; Islâm and the Abbâs of Hirmâs.",
    "english with a chateau": "The château’s pâté was the “râble” of Neufchâtel.",
    "grades": "Rated â â â of five. â Fast â Cheap",
    "cyrillic read wrong": "â Ìîñêâå è â Ðèìå, â ãîðîäå. Âîò â?",
}


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("times", [1, 7])
def test_letters_stay(language: str, times: int) -> None:
    """â is a letter, or nothing tells what it was."""
    text = "\n".join([WORDS[language]] * times)
    assert mended([text]) == [text]


def test_document_with_mostly_letters_is_left_alone() -> None:
    """Damaged quotations among words with their â: another hand has mended it, or half of it came from elsewhere."""
    letters = "Le château, la pâte, le théâtre, le mâle et l'âne."
    bad = "âTout est fini,â? dit-il."
    assert mended([f"{letters} {bad}"]) == [f"{letters} {bad}"]
    assert mended([f"{bad} Le château."]) == ["“Tout est fini,” dit-il. Le château."]


LITTLE = {
    "one possessive": "The Presidentâs speech was long.",
    "a name often": "Boxerâs letter. Boxerâs bill. Boxerâs vote. Boxerâs aide.",
    "one dash": "WASHINGTON, D.C. â The Senate met.",
    "one bullet": "â¢ Roads",
    "broken bars": "a â¦ b",
}


@pytest.mark.parametrize("label", LITTLE)
def test_little_evidence_is_none(label: str) -> None:
    """One sure place may be anything."""
    assert mended([LITTLE[label]]) == [LITTLE[label]]


STAYS = [
    "the Senatorsâ bill, and the truthâ all of it",  # ’, or a dash that touches one word
    "the âgood guysâ are",  # a plural, or the end of a quotation
    "the forcesâespecially those",  # — or ‑
    "Justice OâConnor",  # ’, but O‑Ring
    "in the â90s",  # ’ or “
    "a âsmallâ one",  # single quotation marks, or what was not marked
    "ratings â â â",
    "Quel château",
]


@pytest.mark.parametrize("stays", STAYS)
def test_what_the_place_does_not_tell_stays(stays: str) -> None:
    """Also among much that is mended."""
    bad, _ = damaged(EVIDENCE, "latin-1 marked")
    text = f"{bad}\n{bad}\n{stays}\n{bad}"
    assert mended([text]) == [f"{EVIDENCE}\n{EVIDENCE}\n{stays}\n{EVIDENCE}"]


NOISE = st.text(st.sampled_from("ââââ???¢¦¬€œ“”’ .,\n\r(stmdrevlIWeDC59é\u00a0\x80"), max_size=60)


@settings(max_examples=60)
@given(st.lists(NOISE, min_size=1, max_size=4), st.sampled_from(WAYS))
def test_any_text_is_restored_and_settles(noise: list[str], way: str) -> None:
    """Whatever is done to noise beside real damage can be undone; a second pass changes nothing."""
    bad = "\n".join([*noise, damaged(EVIDENCE, way)[0], damaged(EVIDENCE, way)[0]])
    text, edits = of_stage(bad)
    assert restore(text, edits) == bad
    assert of_stage(text) == (text, [])


PIECES = ["châtâ", "Weâre", " didnât", " âThat", "all,â?", "â€œa", " bâ€", "â¢ ", "aâ¦", " â ", "mayorâs", "âteau", ".", "\n"]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_screen_lets_all_pass_that_would_be_mended(text: str) -> None:
    """The kernel, which knows less, stops nothing in which something is found."""
    if not may_have_lost_controls(pa.array([text], pa.large_string()), np.arange(1))[0]:
        assert list(lost_controls._restore(text)) == []


def test_screen_stops_words() -> None:
    """Words with â as a letter are not looked at, at any distance from the beginning; each odd place is."""
    words = ["château", "âge", "Vân", "câmara", "tâches", "bâti"]
    odd = ["â", "â?", "mâ¢", "â€", "âT", "nât", "tâs ", "Iâm.", "weâre", "weâve,", "weâll "]
    for before in ("", "x" * 31, "é" * 40):
        texts = pa.array([before + text for text in words + odd], pa.large_string())
        assert may_have_lost_controls(texts, np.arange(len(texts))).tolist() == [False] * len(words) + [True] * len(odd)


def test_rows_of_a_slice_are_the_right_ones() -> None:
    """Arrow slices share buffers."""
    bad, _ = damaged(EVIDENCE, "latin-1 marked")
    batch = batch_of(["plain", bad, "é", bad, "plain"])
    assert FixEncoding()(batch.slice(2, 2)).batch["text"].to_pylist() == ["é", EVIDENCE]


def test_seeds_are_not_looked_at() -> None:
    """Good news with curly quotes."""
    texts = pa.array(list(SEEDS.values()), pa.large_string())
    assert not may_have_lost_controls(texts, np.arange(len(texts))).any()
