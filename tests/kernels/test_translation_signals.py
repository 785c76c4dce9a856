"""What the scan for marks of machine translation picks out, against the conditions tried on every word."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.anchors import make_anchors
from pipeline.kernels.cased_words import FRONT, cut_words, scratch_size, word_key, word_keys
from pipeline.kernels.key_tables import make_filter
from pipeline.kernels.odd_marks import DOUBLED_WORD, REPEATED_PHRASE
from pipeline.kernels.repetitions import repeats, sentence_again
from pipeline.kernels.text import buffers
from pipeline.kernels.translation_signals import REPEATED_SENTENCE, scan_words

DICTIONARY = make_filter(word_keys(["cat", "dog", "runs", "talks"]), 1 << 22)
ANCHORS = make_anchors({"st": 20, "talks": 21, "zyx": 22}, ["it"])
WORDS = st.sampled_from(["cat", "dog", "Dog", "a", "of", "qwx"])
GAPS = st.sampled_from([" ", " ", " ", ", ", ". ", "! ", "\n"])
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=60).map(lambda parts: "".join(word + gap for word, gap in parts))


def scan(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Kind and last byte of each place, and the strange words."""
    offsets, data = buffers(pa.array([text], pa.large_string()))
    places, words, _ = scan_words(offsets, data, np.array([0]), ANCHORS, DICTIONARY)
    return [(kind, stop) for _, kind, _, _, stop in places.tolist()], [bytes(data[a:b]).decode() for _, a, b in words.tolist()]


def cut(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """A row as the kernels see it, where its words lie, their keys, and how many they are."""
    offsets, data = buffers(pa.array([text], pa.large_string()))
    row, bounds = np.empty(scratch_size(offsets), np.uint8), np.empty(scratch_size(offsets), np.int64)
    words = cut_words(data, 0, len(data), row, bounds)
    return row, bounds, np.array([word_key(row, bounds[2 * i], bounds[2 * i + 1]) for i in range(words)], np.uint64), words


@settings(max_examples=150)
@given(TEXTS)
def test_finds_every_repeated_phrase_and_no_other(text):
    """Each word that ends the second copy of a phrase of one to three words has its place."""
    row, bounds, keys, words = cut(text)
    expected = [i for i in range(words) if repeats(row, bounds, keys, i)]
    found = [stop for kind, stop in scan(text)[0] if kind in (DOUBLED_WORD, REPEATED_PHRASE)]
    assert found == [bounds[2 * i + 1] - FRONT for i in expected]


@settings(max_examples=150)
@given(TEXTS, st.integers(1, 8))
def test_finds_every_repeated_sentence_and_no_other(text, count):
    """Each sentence that repeats the one before it has its place, of however many words the sentences around it are."""
    text = f"{text}Dog. The dog of a cat{' runs' * count}. The dog of a cat{' runs' * count}. {text}"
    row, bounds, keys, words = cut(text)
    ends = [0, *(i + 1 for i in range(words) if row[bounds[2 * i + 1]] in b".!?")]
    again = [sentence_again(row, bounds, keys, *ends[m - 2 : m + 1]) for m in range(2, len(ends))]
    expected = [end - FRONT for end in again if end]
    assert [stop for kind, stop in scan(text)[0] if kind == REPEATED_SENTENCE] == expected
    assert expected


@pytest.mark.parametrize(
    ("text", "kinds", "strange"),
    [
        ("cat talks", [21], []),  # an anchor that the dictionary holds
        ("Dog Talks", [21], []),  # with a capital
        ("cat st Zyx", [20, 22], []),  # anchors of two letters, and in no dictionary
        ("qwx zyx", [22], ["qwx", "zyx"]),
        ("Qwx qw QWX", [], []),  # no dictionary holds them, but a name or initials may look so
        ("cat dog runs", [], []),
    ],
)
def test_finds_anchors_and_strange_words_whatever_the_dictionary_holds(text, kinds, strange):
    """An anchor has its place in the dictionary or out of it; strange is a word of three small letters or more, in no dictionary."""
    places, words = scan(text)
    assert [kind for kind, _ in places] == kinds
    assert words == strange
