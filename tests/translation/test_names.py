"""Spellings of one name, by rule A and its exclusions."""

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.names import find_names
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes, pinyin
from pipeline.translation.names import is_variant, judge_names
from tests.support import ENDLESS

VARIANTS = [
    ("suhaile Shahin", "Suhail Shaheen"),
    ("Amir Khan Mottaki", "Amir Khan Muttaqi"),
    ("Andres Borquez", "Andrés Borques"),
    ("Patricio Giusto", "Patricio Justo"),
    ("Budwin Catri", "Boudwin Katri"),
    ("Peng Jiening", "Peng Jiining"),
    ("German Chancellor Scholts", "German Chancellor Schultz"),
]
OTHERS = [
    ("Ali Hassan", "Ali Hussain", "given names of two people"),
    ("Youjiang River", "Wujiang River", "places"),
    ("Jiangsu Province", "Jiangxi Province", "places"),
    ("North Vietnam", "North Vietnamese", "too far apart"),
    ("Zhang Jun", "Zhang Jin", "pinyin"),
    ("Mohammad balsi", "Mohammad Barshi", "consonants differ"),
    ("Bill Rojo", "Bill Roggio", "three letters of six"),
    ("Shahin", "Shaheen", "a single word"),
    ("Amir Khan", "Amir Khan Muttaqi", "as many words"),
    ("Amir Khan", "Amir Khan", "no difference"),
    ("South Africa", "South African", "not alike"),
    ("Amir Mottaki", "Amir Mujahid", "not alike"),
    ("Suhail Shahin", "Suhail Barshi", "not alike"),
    ("State Iran", "State Iraq", "not alike"),
    ("East Germany", "East German", "a country and its people"),
    ("North Qatar", "North Qatari", "a country and its people"),
    ("ISIS", "ISIL", "a single word"),
    ("balsi", "Barshi", "a single word"),
    ("Capital Theatre", "Capital Theater", "English words"),
    ("Northwest China", "Northeast China", "English words"),
]


def names_in(text: str) -> tuple[list[str], np.ndarray]:
    offsets, data = buffers(pa.array([text], pa.large_string()))
    found, keys = find_names(offsets, data, np.array([0]), *classes())
    return [bytes(data[start:stop]).decode() for _, start, stop in found], keys


@pytest.mark.parametrize(("left", "right"), VARIANTS)
def test_joins_spellings_of_one_name(left, right):
    """Transliterations that sound alike are variants, either way round."""
    assert is_variant(left, right)
    assert is_variant(right, left)


@pytest.mark.parametrize(("left", "right", "why"), OTHERS)
def test_does_not_join_different_names(left, right, why):
    """Names that only look alike stay apart."""
    assert not is_variant(left, right), why
    assert not is_variant(right, left), why


@settings(max_examples=200)
@given(st.text("abcdefghijklmnopqrstuvwxyzéüñš", min_size=2, max_size=9), st.integers(0, 8), st.sampled_from("aeiouhykcgjszqwv"))
def test_names_that_rule_a_joins_meet_under_one_key(word, at, letter):
    """The kernel's sound key is never finer than the rule: two variants always share it."""
    other = word[:at] + letter + word[at + 1 :]
    left, right = f"Zed Dak{word}", f"Zed Dak{other}"
    if is_variant(left, right):
        assert names_in(f"said {left} today")[1][0, 0] == names_in(f"said {right} today")[1][0, 0]


def test_finds_names_without_titles_and_after_a_spokesman():
    """Leading titles are no part of a name; a word in lower case between "spokesman" and a name is."""
    assert names_in("said Mullah Amir Khan Muttaqi, and Foreign Minister Wang Yi")[0] == ["Amir Khan Muttaqi", "Wang Yi"]
    assert names_in("Taliban spokesman suhaile Shahin told the press")[0] == ["suhaile Shahin"]
    assert names_in("the STATE DEPARTMENT told Reuters and The Hill")[0] == []


def test_pinyin_matches_syllables_only():
    """Names of Mandarin syllables are pinyin; other names are not."""
    assert all(pinyin().fullmatch(word) for word in ("zhang", "yongshu", "jiang", "xi"))
    assert not any(pinyin().fullmatch(word) for word in ("muttaqi", "shahin", "suhail", "roggio"))


def test_alias_needs_a_variant_unknown_elsewhere():
    """A spelling that other documents use too is no variant."""
    variant, canonical = ("Ali Yousif", "t", "t1"), ("Ali Yousuf", "a", "a1")
    assert [alias.form for alias in judge_names([variant], [canonical], 9)] == ["Ali Yousuf"]
    assert judge_names([variant], [canonical, ("Ali Yousif", "b", "b1")], 9) == []


def test_alias_needs_one_best_canonical_form():
    """With two forms of equally many families neither is proposed; the one of more families is."""
    variant = ("Ali Yousif", "t", "t1")
    known = [("Ali Yousuf", "a", "a1"), ("Ali Yusuf", "b", "b1")]
    assert judge_names([variant], known, 9) == []
    aliases = judge_names([variant], [*known, ("Ali Yusuf", "c", "c1")], 9)
    assert [(alias.form, alias.families, alias.docs, alias.count) for alias in aliases] == [
        ("Ali Yusuf", ("b", "c"), ("b1", "c1"), 2)
    ]


def test_two_forms_in_one_document_are_two_names():
    """A document that holds both spellings means two people."""
    variants = [("Ali Yousif", "t", "t1"), ("Ali Yousuf", "t", "t1")]
    assert judge_names(variants, [("Ali Yousuf", "a", "a1")], 9) == []


@pytest.mark.parametrize("word", ["xian" * 40 + "q", "Sha" + "hee" * 100_000])
def test_a_word_without_end_is_no_name(word: str) -> None:
    """One such pair took an hour, with no clock over it: whether a word is pinyin was tried in every way."""
    started = time.process_time()
    assert not is_variant(f"Abdul {word}i", f"Abdul {word}y")
    assert time.process_time() - started < ENDLESS


def test_thousands_of_spellings_of_one_sound_prove_nothing() -> None:
    """All pairs of 12,000 took a quarter of an hour."""
    vowels = [a + b + c for a in "aeiou" for b in ("", *"aeiou") for c in ("", *"aeiou")]
    forms = sorted({f"Abd{x}l R{y}hman" for x in vowels for y in vowels})[:12_000]
    said = [(form, f"family {number}", f"doc {number}") for number, form in enumerate(forms)]
    started = time.process_time()
    assert judge_names(said[:6000], said[6000:], 9) == []
    assert time.process_time() - started < ENDLESS
