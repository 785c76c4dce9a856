"""Differences between a text and its repaired version."""

import random
import string
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from pipeline.encoding.text_diff import Change, diff

few_letters = st.text(st.sampled_from("ab \né"), max_size=60)


def applied(old: str, changes: list[Change]) -> str:
    """The old text with the changes made."""
    pieces, at = [], 0
    for change in changes:
        pieces += [old[at : change.start], change.inserted]
        at = change.stop
    return "".join(pieces) + old[at:]


def size(changes: list[Change]) -> int:
    """Characters removed and inserted."""
    return sum(change.stop - change.start + len(change.inserted) for change in changes)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A text and the same with a few stretches replaced."""
    old = draw(few_letters)
    new = old
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(new)))
        new = new[:at] + draw(st.text(st.sampled_from("abc"), max_size=3)) + new[at + draw(st.integers(0, 3)) :]
    return old, new


@settings(max_examples=500)
@given(st.one_of(revisions(), st.tuples(few_letters, few_letters), st.tuples(st.text(), st.text())))
def test_changes_lead_to_the_new_text_and_are_small(pair: tuple[str, str]) -> None:
    """Sorted, apart, none empty, and less than three times a minimal difference."""
    old, new = pair
    changes = diff(old, new)
    assert applied(old, changes) == new
    assert all(a.stop + 1 < b.start for a, b in pairwise(changes))
    assert all(change.start < change.stop or change.inserted for change in changes)
    assert size(changes) <= 3 * Indel.distance(old, new)


def words(count: int, seed: int) -> str:
    """That many random words."""
    draw = random.Random(seed)
    vocabulary = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 9))) for _ in range(3000)]
    return " ".join(draw.choices(vocabulary, k=count))


def test_few_changes_in_a_long_line_stay_few() -> None:
    """Five million characters, 300 of them changed: quadratic work would not end."""
    old = words(800_000, seed=1)
    characters = list(old)
    for place in random.Random(2).sample(range(len(characters)), 300):
        characters[place] = "é"
    changes = diff(old, "".join(characters))
    assert applied(old, changes) == "".join(characters)
    assert size(changes) == 600


def test_carriage_return_on_every_line_is_one_character_each() -> None:
    """Changes on every line are found one by one."""
    old = "some words of a line\r\n" * 20_000
    assert size(diff(old, old.replace("\r", ""))) == 20_000


def test_long_stretch_put_in_or_taken_out_is_one_change() -> None:
    """The texts run together again after a stretch much longer than what is compared exactly."""
    text = words(50_000, seed=3)
    longer = text[:100_000] + "\x00" * 30_000 + text[100_000:]
    assert diff(longer, text) == [Change(100_000, 130_000, "")]
    assert diff(text, longer) == [Change(100_000, 100_000, "\x00" * 30_000)]
    shorter = text[:50_000] + text[70_000:150_000] + "XX" + text[150_000:]
    assert size(diff(text, shorter)) <= 1.1 * 20_002
    assert size(diff(shorter, text)) <= 1.1 * 20_002


def test_repaired_mojibake_keeps_the_ascii_between() -> None:
    """A long line in which every accented letter changes."""
    new = "La présidente a déclaré hier, très élégante, à Besançon, où l’été commence. " * 500
    old = new.encode().decode("latin-1")
    changes = diff(old, new)
    assert applied(old, changes) == new
    assert size(changes) <= 3 * (sum(not c.isascii() for c in old) + sum(not c.isascii() for c in new))


def test_texts_without_anything_in_common() -> None:
    """One change, at once."""
    assert diff("a" * 100_000, "b" * 90_000) == [Change(0, 100_000, "b" * 90_000)]


def test_equal_texts_have_no_changes() -> None:
    """Nothing."""
    assert diff(words(1000, seed=4), words(1000, seed=4)) == []
