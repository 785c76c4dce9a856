"""Words with their case, as the kernels cut them."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.cased_words import ALL_CAPITALS, CAPITAL, FRONT, LOWER, OTHER, cut_words, scratch_size, word_case, word_keys
from pipeline.kernels.key_tables import find, make_slots
from pipeline.kernels.text import buffers

WORD = re.compile(r"[A-Za-z\u00c0-\u07ff\u1000-\u1fff]+")


def words_of(text: str) -> list[str]:
    offsets, data = buffers(pa.array(["before", text, "after"], pa.large_string()))
    size = scratch_size(offsets)
    scratch, bounds = np.empty(size, np.uint8), np.empty(size, np.int64)
    count = cut_words(data, offsets[1], offsets[2], scratch, bounds)
    places = bounds[: 2 * count].reshape(-1, 2) - FRONT
    return [text.encode()[a:b].decode() for a, b in places]


@given(st.text(max_size=200))
def test_cuts_words_as_the_pattern_says(text):
    """Words are the runs of letters of the scripts that the module names, wherever masks of 64 bytes begin."""
    assert words_of(text) == WORD.findall(text)


def test_keys_fold_ascii_and_latin_1_capitals():
    """A word has one key in any case; words that differ have different keys, long ones too."""
    a, b, c = word_keys(["Élan", "élan", "elan"])
    assert a == b != c
    keys = word_keys(["internationalization", "internationalisation", "Internationalization", "state", "stat", "states"])
    assert keys[0] == keys[2]
    assert len(set(keys.tolist())) == 5


def test_table_finds_exactly_its_keys():
    """Every key of a table is found and no other."""
    keys = np.arange(1, 2000, 2, dtype=np.uint64)
    slots = make_slots(keys)
    assert all(slots[find(slots, key)] == key for key in keys)
    assert all(find(slots, np.uint64(key)) == -1 for key in range(2, 2000, 2))


def test_case_of_words():
    """Lower case, capital, all capitals; a first letter beyond Latin-1 is not judged."""
    cases = {
        "ned": LOWER,
        "Ned": CAPITAL,
        "McDonald": CAPITAL,
        "NATO": ALL_CAPITALS,
        "A": CAPITAL,
        "élan": LOWER,
        "Élan": CAPITAL,
        "Łódź": OTHER,
    }
    for word, case in cases.items():
        text = np.frombuffer(bytes(FRONT) + word.encode() + bytes(80), np.uint8).copy()
        assert word_case(text, FRONT, FRONT + len(word.encode())) == case, word
