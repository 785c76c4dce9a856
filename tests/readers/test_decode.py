"""Decoding of raw bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.decode import Decoded, UndecodableError, decode

RUSSIAN = "Правительство объявило о новых мерах поддержки экономики. Об этом сообщили в четверг журналисты агентства."
JAPANESE = "政府は木曜日、新しい経済対策を発表した。関係者によると、来月から実施される見通しだという。"
CHINESE = "国务院周四宣布了新的经济支持措施。据有关人士透露，这些措施将从下个月开始实施。\n一位官员说，这是2021年以来的第一次。"
GERMAN = "Die Regierung kündigte am Donnerstag neue Maßnahmen für die Wirtschaft an, über die Größe schwieg sie – „vorerst“."
CZECH = "Vláda ve čtvrtek oznámila nová opatření na podporu ekonomiky, žádné podrobnosti však nesdělila. Šlo prý o příští týden."
TEXTS = [RUSSIAN, CZECH, JAPANESE, CHINESE, GERMAN, "Plain words.\nOn two lines.\n"]


@given(st.text(st.characters(exclude_characters="\x00\x1b\ufeff", codec="utf-8")))
def test_valid_utf8_is_read_as_it_is(text: str) -> None:
    """What decodes strictly is never guessed at."""
    assert decode(text.encode()) == Decoded(text, "utf-8")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("mark", "encoding", "label"),
    [
        (b"\xef\xbb\xbf", "utf-8", "utf-8-sig"),
        (b"\xff\xfe", "utf-16-le", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be", "utf-16-be"),
        (b"\xff\xfe\x00\x00", "utf-32-le", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be", "utf-32-be"),
    ],
)
def test_byte_order_mark_decides_and_is_not_in_the_text(text: str, mark: bytes, encoding: str, label: str) -> None:
    """The mark tells the encoding; the label keeps that there was one for UTF-8."""
    assert decode(mark + text.encode(encoding)) == Decoded(text, label)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_mark_is_told_by_its_nul_bytes(text: str, encoding: str) -> None:
    """UTF-16/32 of any script is found as long as some ASCII character shows a NUL byte."""
    text += "\n" if text.isalpha() or "\n" not in text else ""
    assert decode(text.encode(encoding)) == Decoded(text, encoding)


def test_a_stray_byte_does_not_change_the_rest_of_utf8() -> None:
    """One cp1252 quote pasted into UTF-8 makes every charset detector fail; here only the byte itself is mapped."""
    raw = "La présidente a déclaré : ".encode() + b"\x93d\xe9j\xe0\x94" + ", très élégante, à Besançon, où l’été…".encode()
    assert decode(raw) == Decoded("La présidente a déclaré : “déjà”, très élégante, à Besançon, où l’été…", "utf-8+cp1252")


def test_a_stray_byte_that_cp1252_leaves_free_becomes_the_replacement_character() -> None:
    """Nothing is invented for 0x81."""
    assert decode("é ü ö ".encode() + b"\x81").text == "é ü ö \ufffd"


def test_surrogates_in_utf8_are_joined() -> None:
    """Some databases write an emoji as six bytes instead of four."""
    raw = b"so glad " + b"\xed\xa0\xbd\xed\xb8\x80" + " – said Zoë".encode()
    assert decode(raw) == Decoded("so glad 😀 – said Zoë", "cesu-8")


def test_a_character_cut_off_at_the_end_becomes_the_replacement_character() -> None:
    """A byte limit that split a dash must not leave its first two bytes as letters."""
    assert decode("Müller – Größe –".encode()[:-1]) == Decoded("Müller – Größe \ufffd", "utf-8+cp1252")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "iso8859-5"),
        (CZECH, "iso8859-2"),
        (CZECH, "cp1250"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gb18030"),
        (GERMAN, "cp1252"),
    ],
)
def test_legacy_charset_is_detected(text: str, encoding: str) -> None:
    """The text comes back; the label is a codec that reads it."""
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.text == text.encode(encoding).decode(decoded.encoding)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00",
        b"words \x00 words",
        b"words\x00 words",
        "mots d’été\x00 ".encode(),
        b"\xef\xbb\xbfwords \x00",
        bytes(range(256)) * 4,
        bytes(range(1, 256)) * 4,
        b"\xff\xfea",
        b"\x00",
    ],
)
def test_binary_is_refused_with_a_reason(raw: bytes) -> None:
    """No text is made of bytes that are none."""
    with pytest.raises(UndecodableError, match=r"binary|not valid"):
        decode(raw)


def test_terminal_escapes_are_not_taken_for_a_charset() -> None:
    """Coloured terminal output is ASCII."""
    assert decode(b"\x1b[31mred\x1b[0m text") == Decoded("\x1b[31mred\x1b[0m text", "utf-8")


def test_empty_file_is_empty_text() -> None:
    """Emptiness is judged later, not here."""
    assert decode(b"") == Decoded("", "utf-8")


@given(st.binary(max_size=200))
def test_any_bytes_give_text_or_a_reason(raw: bytes) -> None:
    """No other error gets out, the text is proper Unicode, and the answer repeats itself."""

    def outcome() -> Decoded | str:
        try:
            return decode(raw)
        except UndecodableError as error:
            return str(error) or "no reason"

    first = outcome()
    assert first == outcome()
    assert first != "no reason"
    assert isinstance(first, str) or first.text.encode() is not None
