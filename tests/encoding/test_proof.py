"""The proof that ftfy leaves a text as it is: sound everywhere, and worth having on good text."""

import unicodedata

import ftfy
import numpy as np
import pyarrow as pa
import pytest
from ftfy.badness import is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoding.automaton import CODE_POINTS
from pipeline.encoding.proof import prove, replacements, tables
from pipeline.kernels.encoding import REPLACED, UNPROVEN, WIDE
from pipeline.kernels.text import buffers
from tests.encoding.mojibake import ALPHABET, damaged_texts, random_texts


def flags_of(texts: list[str]) -> np.ndarray:
    """What the proof says of each text."""
    offsets, data = buffers(pa.array(texts, pa.large_string()))
    return prove(offsets[:-1], offsets[1:], data)


def by_ftfy(text: str, *, fix_width: bool = False) -> str:
    """The text after one call of ftfy under our settings."""
    return ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=fix_width)


def check(texts: list[str]) -> None:
    """Whatever the proof says holds."""
    for text, flags in zip(texts, flags_of(texts).tolist(), strict=True):
        if not flags & (UNPROVEN | REPLACED):
            assert by_ftfy(text) == text
        if flags == 0:
            assert by_ftfy(text, fix_width=True) == text


@settings(max_examples=100)
@given(st.lists(damaged_texts, min_size=1, max_size=50))
def test_what_is_proven_is_unchanged_by_ftfy(texts: list[str]) -> None:
    """Hypothesis looks for a text that the proof lets pass and ftfy changes."""
    check(texts)


@pytest.mark.parametrize("most", [3, 6, 40])
def test_what_is_proven_is_unchanged_by_ftfy_on_many_texts(most: int) -> None:
    """The same in bulk, over the characters that mojibake is made of."""
    check(random_texts(12_000 // most + 4_000, most, seed=most))


def test_every_pair_of_classes_is_proven_only_if_unchanged() -> None:
    """One character for each class of the automaton, and every two of them beside each other."""
    members = [chr(c) for c in tables().automaton.members.tolist() if not 0xD800 <= c < 0xE000]
    check([a + b for a in members for b in members])


def test_every_character_that_is_proven_is_unchanged() -> None:
    """All of Unicode, apart from one another."""
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    proven = [c for c, flags in zip(characters, flags_of(characters).tolist(), strict=True) if flags == 0]
    text = "Z".join(proven)
    assert len(proven) > 190_000
    assert ftfy.fix_text_segment(text, uncurl_quotes=False) == text


def test_whatever_looks_like_mojibake_to_ftfy_is_unproven() -> None:
    """The automaton finds every match of ftfy's own expression."""
    texts = random_texts(20_000, 6, seed=1)
    flags = flags_of(texts)
    assert all(flag & UNPROVEN for text, flag in zip(texts, flags.tolist(), strict=True) if is_bad(text))


@settings(max_examples=100)
@given(st.lists(st.text(st.sampled_from([c for c in ALPHABET if not c.isascii()]), max_size=6), min_size=1, max_size=50))
def test_proven_text_is_in_nfc(texts: list[str]) -> None:
    """Canonical order and composition are checked with everything else."""
    for text, flags in zip(texts, flags_of(texts).tolist(), strict=True):
        assert flags & UNPROVEN or unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("trigger", ["q Ã ", "q\u0301", "&amp;", "\r", "zÃ€", "bαƒ", "œ."])
def test_plain_text_around_hides_nothing(trigger: str) -> None:
    """Plain ASCII is jumped block by block; what begins or ends in it is found at every place all the same."""
    texts = ["p" * before + trigger + "p" * after for before in range(70) for after in (0, 1, 40)]
    assert (flags_of(texts) != 0).all()


@pytest.mark.parametrize(
    "text",
    [
        "Plain ASCII, with tabs\tand\nlines; AT&T and R&D",
        "“It’s over,” he said – or … ‘maybe’ — 1990–2000, £5m, €3, 20 °C, § 5, ½",
        "Ångström, Élysée, São Paulo, Größe, façade, El Niño, Łódź, Škoda, œuvre, ¿qué?, ¡hola!",
        "Il a dit\xa0: «\xa0C’est fini\xa0», à Orléans, l’été dernier.",
        "Правительство объявило – «срочно» – о мерах. Їжак, ґанок, ў",
        "Η κυβέρνηση ανακοίνωσε νέα μέτρα.",
        "यह एक बड़ी ख़बर है। बाংলা தமிழ் செய்தி ภาษาไทย นี่คือข่าว",
        "كَتَبَ الوَلَدُ שָׁלוֹם",
        "대통령은 오늘 「발표」했다。これは新聞です。中国新闻",
        "👩‍👩‍👧 🏳️‍🌈 ❤️ 🇫🇷",
        "Tiếng Việt có nhiều dấu",
    ],
)
def test_good_text_is_proven(text: str) -> None:
    """The proof would be sound if it never proved anything; these it must."""
    assert flags_of([text]).tolist() == [0]


def test_characters_of_other_width_are_reported_apart() -> None:
    """Chinese with its own punctuation is clean where width is left alone."""
    assert flags_of(["他说：“好！”", "a\u3000b", "a：\rb"]).tolist() == [WIDE, WIDE, WIDE | REPLACED]


def test_replacements_are_those_of_ftfy() -> None:
    """Each character that has a kind becomes what ftfy makes of it."""
    for code_point in np.flatnonzero(tables().kinds).tolist():
        after = f"q{replacements()[code_point]}q"
        assert by_ftfy(f"q{chr(code_point)}q", fix_width=True) == unicodedata.normalize("NFC", after)


def test_code_points_beyond_the_tables_are_not_proven() -> None:
    """Rare planes go to ftfy."""
    assert flags_of([chr(CODE_POINTS), "\U0010ffff"]).tolist() == [UNPROVEN, UNPROVEN]
