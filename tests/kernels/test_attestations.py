"""What a corpus tells about phrases, names and words that are asked about."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.kernels.attestations import NAME, PHRASE, WORD, find_told, make_asked
from pipeline.kernels.cased_words import word_keys
from pipeline.kernels.casing import CAPITALISED, LOWERED
from pipeline.kernels.key_tables import find
from pipeline.kernels.names import find_names
from pipeline.kernels.phrases import find_phrases
from pipeline.kernels.text import buffers
from pipeline.translation.lexicon import classes

NO_KEYS = np.zeros(0, np.uint64)
NO_PHRASES, NO_NAMES = NO_KEYS.reshape(0, 2), NO_KEYS.reshape(0, 3)


def told(texts: list[str], *, phrase: str = "", word: str = "", name: str = "") -> tuple[list[tuple[int, str, int, int]], int]:
    """Row, text, kind and state of all that is told; and how often the word is capitalised."""
    arrays = [buffers(pa.array([text], pa.large_string())) for text in (f"xx {phrase} yy", f"said {name} today")]
    phrases = find_phrases(*arrays[0], np.array([0]), *classes(), NO_KEYS)[1] if phrase else NO_PHRASES
    names = find_names(*arrays[1], np.array([0]), *classes())[1] if name else NO_NAMES
    words = word_keys([word]) if word else NO_KEYS
    offsets, data = buffers(pa.array(texts, pa.large_string()))
    asked = make_asked(phrases, words, names)
    found, _, uses = find_told(offsets, data, np.arange(len(texts)), *classes(), asked)
    count = int(uses[find(asked.words, words[0])]) if word else 0
    return [(row, bytes(data[a:b]).decode(), kind, state) for row, a, b, kind, state in found.tolist()], count


def test_tells_how_a_phrase_is_written():
    """Capitalised in mid-sentence every time, in lower case once and for all."""
    name = "They had met Islamic State there before."
    texts = [name, "An Islamic state is that.", "The Islamic state met.", name]
    assert told(texts, phrase="islamic state")[0] == [
        (0, "Islamic State", PHRASE, CAPITALISED),
        (1, "Islamic state", PHRASE, LOWERED),
    ]


def test_tells_of_phrases_in_the_order_of_their_words():
    """A phrase of the same words in another order is another phrase."""
    assert told(["They had met Council Security Global there before."], phrase="global security council")[0] == []
    assert len(told(["They had met Global Security Council there before."], phrase="global security council")[0]) == 1


def test_tells_of_a_word_once_a_row_and_counts_all_uses():
    """Each document tells of a word once; every use by its own right is counted."""
    texts = [
        "They told Shaheen of it, then Shaheen told them.",
        "Shaheen said so.",
        "He told Suhail Shaheen.",
        "She told Shaheen.",
    ]
    assert told(texts, word="shaheen") == ([(0, "Shaheen", WORD, CAPITALISED), (3, "Shaheen", WORD, CAPITALISED)], 3)


def test_tells_of_names_that_sound_alike():
    """Names of the same sound are told in their own spelling, without titles; others are not."""
    texts = ["They told Mullah Amir Khan Muttaqi of it.", "They told Amir Khan of it.", "They told Amir Khan Mottaki of it."]
    assert told(texts, name="Amir Khan Mottaki")[0] == [
        (0, "Amir Khan Muttaqi", NAME, CAPITALISED),
        (2, "Amir Khan Mottaki", NAME, CAPITALISED),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Amir Muttaqi, he said, left.", "Amir Muttaqi"),  # where the text begins
        ("it was Amir Muttaqi", "Amir Muttaqi"),  # where it ends
        ("of Old Amir Muttaqi Senior", "Old Amir Muttaqi Senior"),
        ("it was Amir  Muttaqi", None),
        ("it was Amir-Muttaqi, Amir\nMuttaqi", None),
        ("it was Amir muttaqi, amir Muttaqi", None),
    ],
)
def test_tells_of_names_whose_words_stand_side_by_side(text, name):
    """Words of a name have capitals and a single space between them, wherever in the text they stand."""
    asked = name or "Amir Muttaqi"
    expected = [(0, name, NAME, CAPITALISED)] if name else []
    assert told([text], name=asked)[0] == expected


@pytest.mark.parametrize("words", [10, 100_000])
def test_reads_a_line_once_however_many_names_stand_in_it(words):
    """A document of one line is no slower by the square of its names (bug: the line was read anew for every name)."""
    text = "and they told of Shaheen " * words
    assert told([text], word="shaheen")[1] == words
