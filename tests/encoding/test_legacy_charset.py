"""Text of a legacy charset read as Latin-1 or Windows-1252: read anew where its language is plain, left alone elsewhere."""

import random

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.edits import restore
from pipeline.encoding.legacy_charset import ALPHABETS, EXTRAS, MIN_HIGH, PAIRED, may_be_legacy, redecode_legacy
from pipeline.encoding.spans import splice_spans
from pipeline.stages.fix_encoding import FixEncoding
from tests.support import REPO, SEEDS, batch_of

NEWS = {
    case["label"]: case["text"]
    for case in yaml.safe_load((REPO / "tests/cases/identify_language.yaml").read_text(encoding="utf-8"))
}
CHARSETS = {
    "russian": ["cp1251", "koi8-r", "iso8859-5", "cp866", "mac_cyrillic"],
    "ukrainian": ["cp1251", "koi8-u"],
    "bulgarian": ["cp1251", "iso8859-5"],
    "greek": ["cp1253", "iso8859-7"],
    "hebrew": ["cp1255"],
    "arabic": ["cp1256", "iso8859-6"],
    "thai": ["cp874"],
    "korean": ["euc_kr", "cp949"],
    "japanese": ["shift_jis", "euc_jp"],
    "chinese simplified": ["gb18030", "gb2312"],
    "chinese traditional": ["big5"],
}
GARBLED = [
    (label, charset, read) for label, charsets in CHARSETS.items() for charset in charsets for read in ("latin-1", "cp1252")
]
ENGLISH = "The mayor, José Núñez, said so in a café."


def garbled(text: str, charset: str, read: str) -> str:
    """The text as a reader sees it who takes its bytes for another charset; bytes that cp1252 does not have are controls."""
    raw = text.encode(charset)
    return (
        raw.decode(read)
        if read == "latin-1"
        else "".join(bytes([b]).decode("cp1252", "replace").replace("\ufffd", chr(b)) for b in raw)
    )


def redecoded(texts: list[str]) -> list[str]:
    array = pa.array(texts, pa.large_string())
    return splice_spans(array, redecode_legacy(array)).to_pylist()


@pytest.mark.parametrize(("label", "charset", "read"), GARBLED)
def test_reads_text_anew(label: str, charset: str, read: str) -> None:
    """One sentence is enough; lines of English between are not touched, and the edits restore what came."""
    good = f"{NEWS[label]}\n{ENGLISH}\n\n{NEWS[label]}"
    bad = "\n".join(line if line == ENGLISH else garbled(line, charset, read) for line in good.split("\n"))
    outcome = FixEncoding()(batch_of([bad]))
    edits = outcome.edits.to_pylist()
    assert outcome.batch["text"].to_pylist() == [good]
    assert {edit["rule"] for edit in edits} == {"encoding/legacy_charset"}
    assert restore(good, [{**edit, "step": 1} for edit in edits]) == bad


def test_evidence_names_charset_and_likelihood() -> None:
    """What the ledger says for each edit."""
    edits = FixEncoding()(batch_of([garbled(NEWS["russian"], "cp1251", "cp1252")])).edits.to_pylist()
    assert all(edit["evidence"].startswith("cp1251 +3.") and edit["evidence"].endswith(" nats per n-gram") for edit in edits)


def test_line_that_is_mostly_ascii_follows_the_others() -> None:
    """A model number in a Russian text is no reason to leave the Russian word beside it."""
    good = f"{NEWS['russian']}\nМатрас SkySleep Wave Space BS 150x185 см."
    assert redecoded([garbled(good, "koi8-r", "latin-1")]) == [good]


def test_what_ftfy_mends_besides_is_told_apart() -> None:
    """Line breaks and entities in the same document keep their own rules; an edit that both made names both."""
    text = garbled(NEWS["russian"], "cp1251", "latin-1") + "\r\nQ&amp;A\r\n" + "\x00" + garbled("«Да»", "cp1251", "latin-1")
    outcome = FixEncoding()(batch_of([text]))
    rules = [edit["rule"] for edit in outcome.edits.to_pylist()]
    assert outcome.batch["text"].to_pylist() == [NEWS["russian"] + "\nQ&A\n«Да»"]
    assert {"encoding/legacy_charset", "encoding/line_breaks", "encoding/entities"} <= set(rules)
    assert restore(outcome.batch["text"][0].as_py(), [{**edit, "step": 1} for edit in outcome.edits.to_pylist()]) == text
    assert FixEncoding()(outcome.batch).edits.num_rows == 0


def test_can_be_turned_off() -> None:
    """Then the stage is ftfy and nothing else, which sees no mojibake here."""
    bad = garbled(NEWS["russian"], "cp1251", "latin-1")
    assert FixEncoding(legacy_charsets=False)(batch_of([bad])).batch["text"].to_pylist() == [bad]


@pytest.mark.parametrize("label", sorted(NEWS))
def test_good_text_is_left_alone(label: str) -> None:
    """As it is, in capitals, and with nothing but its letters beyond ASCII."""
    texts = [NEWS[label], NEWS[label].upper(), " ".join(word for word in NEWS[label].split() if not word.isascii())]
    assert redecoded(texts) == texts


@pytest.mark.parametrize(
    "text",
    [
        "ÞÓRÐUR ÓLAFUR ÆVAR ÁRNASON ÚTGÁFA ÝMIR ÖRN",
        "ÄÖÜ ÉÈÊ ÀÁÂ ÇÑ ÕØ ÅÆ ÐÞ ÍÏ",
        "·" * 80 + "\n" + "»" * 80 + "\n" + "°±°±" * 20 + "\n" + "¦¦¦¦ ×××× ÷÷÷÷ ¬¬¬¬",
        "¡¿Él así? ¡Sí! ¿Qué? ¡Olé! ¿Más? ¡Adiós!",
        "½ ¼ ¾ ² ³ ¹ º ª µ € £ ¥ ¢ § © ® ™ • – — … “ ” ‘ ’ « » ‹ ›",
        "Ïðèâåò",
        "«Été à Orléans» – ça été",
    ],
)
def test_what_only_looks_odd_is_left_alone(text: str) -> None:
    """Capitals with accents, rows of signs, and mojibake too short to tell."""
    assert redecoded([text]) == [text]


@pytest.mark.parametrize("label", ["russian", "greek", "chinese simplified", "japanese", "korean", "hindi", "arabic"])
def test_mojibake_of_utf8_is_left_to_ftfy(label: str) -> None:
    """Even where characters were lost, so that ftfy cannot mend all of it."""
    draw = random.Random(1)
    bad = NEWS[label].encode().decode("latin-1")
    texts = [bad, *("".join(c for c in bad if draw.random() > 0.05) for _ in range(10))]
    assert redecoded(texts) == texts


def test_good_news_is_not_even_suspicious() -> None:
    """The kernel sends no seed and no Western text to the charsets."""
    texts = [*SEEDS.values(), *(NEWS[label] for label in ("french", "german", "icelandic", "turkish", "portuguese")), ENGLISH]
    array = pa.array(texts, pa.large_string())
    assert not may_be_legacy(array, pa.array(range(len(texts))).to_numpy()).any()


SIGNS = "".join(map(chr, [*range(0x80, 0x100), *EXTRAS.tolist()])) + "ab \nж中"


@settings(max_examples=100)
@given(st.lists(st.text(st.sampled_from(SIGNS), max_size=40), min_size=1, max_size=8), st.sampled_from(ALPHABETS + PAIRED))
def test_any_text_is_restored_and_settles(lines: list[str], charset: str) -> None:
    """Whatever is done to noise, and to real text among noise, can be undone; a second pass changes nothing."""
    bad = "\n".join([*lines, NEWS["russian"].encode(charset, "ignore").decode("latin-1")])
    outcome = FixEncoding()(batch_of([bad]))
    text = outcome.batch["text"][0].as_py()
    assert restore(text, [{**edit, "step": 1} for edit in outcome.edits.to_pylist()]) == bad
    assert FixEncoding()(outcome.batch).edits.num_rows == 0


@pytest.mark.parametrize("text", [NEWS["english"], NEWS["german"], NEWS["english"][:40]], ids=["english", "german", "short"])
def test_latin_letters_with_the_eighth_bit_on_are_no_cyrillic(text: str) -> None:
    """koi8 holds Cyrillic letters where that bit makes them of Latin ones; what is Latin without it stays as it is."""
    marked = "".join(chr(ord(c) | 0x80) if c.isalpha() and c.isascii() else c for c in text)
    assert redecode_legacy(pa.array([marked], pa.large_string())).num_rows == 0


def test_few_characters_are_never_read_anew() -> None:
    """Below MIN_HIGH no likelihood is asked for."""
    words = garbled("да нет или", "cp1251", "latin-1")
    assert sum(not c.isascii() for c in words) < MIN_HIGH
    assert redecoded([words]) == [words]
