"""Signatures and shingle hashes: equal to datasketch bit for bit, and tokens right in every script."""

import random
import string
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.neardup import shingle_hashes, signatures
from tests.support import REPO, SEEDS

SCRIPTS = (
    "aZ09 \n.'’_-éßŒİıΐΣςжЖұאבعربيةहिन्दीதமிழ்ไทยกำ"
    "ລາວខ្មែរမြန်བོད汉字かなカナー゙가힣𝐀𐐀𐐨𠮷\u0301\u0307\u00ad\u200b\u200c\u200d\ufe0f👩💻①½²\u0000"
)
TEXTS = st.lists(st.one_of(st.text(st.sampled_from(SCRIPTS), max_size=80), st.text(max_size=40)), max_size=6)


def by_datasketch(text: str, num_perm: int, seed: int, shingle_words: int) -> np.ndarray:
    """The signature that datasketch makes of our shingle hashes."""
    minhash = MinHash(num_perm=num_perm, seed=seed, scheme="affine32", hashfunc=int)
    minhash.update_batch(shingle_hashes([text], shingle_words)[0].tolist())
    return minhash.hashvalues


@settings(max_examples=150)
@given(TEXTS, st.sampled_from([(128, 1, 5), (16, 7, 1), (1, 1, 3)]))
@example(["", " ", "\u200d", "ß", "İ", "e\u0301", "ไทย", "𝐀𐐀", "a\u200db", "👩\u200d💻"], (128, 1, 5))
def test_signature_is_datasketchs_bit_for_bit(texts: list[str], rules: tuple[int, int, int]) -> None:
    """Whatever the script: the same minima as datasketch 2's affine32 scheme over the same hashes."""
    made = signatures(texts, *rules)
    assert made.dtype == np.uint32
    assert made.shape == (len(texts), rules[0])
    for text, row in zip(texts, made):
        assert row.tolist() == by_datasketch(text, *rules).tolist()


def test_signature_of_real_text_is_datasketchs() -> None:
    """The seeds, and one text long enough for several tiles of the permutation kernel."""
    texts = [*SEEDS.values(), "\n".join(f"{i} {text}" for i in range(9) for text in SEEDS.values())]
    for text, row in zip(texts, signatures(texts)):
        assert row.tolist() == by_datasketch(text, 128, 1, 5).tolist()


@settings(max_examples=100)
@given(TEXTS, st.integers(1, 6))
def test_hashes_are_sorted_and_do_not_depend_on_neighbours(texts: list[str], shingle_words: int) -> None:
    """Each text by itself gives what it gives in a batch, a slice or a chunked array."""
    sets = shingle_hashes(texts, shingle_words)
    array = pa.array(["before", *texts], pa.string())
    assert len(sets) == len(texts)
    for other in (
        [shingle_hashes([text], shingle_words)[0] for text in texts],
        shingle_hashes(array.slice(1), shingle_words),
        shingle_hashes(pa.chunked_array([array[1:2], array[2:]], pa.string()), shingle_words),
    ):
        assert [s.tolist() for s in other] == [s.tolist() for s in sets]
    for values in sets:
        assert values.dtype == np.uint32
        assert (np.diff(values.astype(np.int64)) > 0).all()


def test_tokens_of_one_letter_are_all_found() -> None:
    """As dense as tokens can be, in texts that end anywhere in a block of 64 bytes: the shingles are those of the windows by themselves."""
    letters = random.Random(1).choices(string.ascii_lowercase, k=150)
    windows = [shingles[0] for shingles in shingle_hashes([" ".join(letters[i : i + 5]) for i in range(146)])]
    for text, count in zip(shingle_hashes([" ".join(letters[:n]) for n in range(5, 151)]), range(1, 147)):
        assert text.tolist() == sorted(set(windows[:count]))


def same_tokens(a: str, b: str) -> bool:
    """Whether two texts have the same words in the same places, seen through shingles of one and of many words."""
    one, many = shingle_hashes([a, b], 1), shingle_hashes([a, b], 1000)
    return one[0].tolist() == one[1].tolist() and many[0].tolist() == many[1].tolist()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Straße", "STRASSE"),
        ("İstanbul", "i\u0307stanbul"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁve ΐ", "FIVE \u03b9\u0308\u0301"),
        ("𐐀𐐨", "𐐨𐐀"),
        ("co\u00adoperate", "cooperate"),
        ("می\u200cخواهم", "میخواهم"),
        ("♥\ufe0f love 👩\u200d💻", "love"),
        ("don't", "don’t"),
        ("a,b.c", "A B C"),
        ("汉字", "汉 字"),
        ("東京Tower", "東 京 tower"),
        ("ไทย", "ไ ท ย"),
        ("かなカナー", "か な カ ナ ー"),
        ("１２", "１２。"),
        ("word\u200bword", "word word"),
    ],
)
def test_texts_with_the_same_tokens_hash_alike(text: str, same: str) -> None:
    """Case, punctuation, emoji and invisible characters make no difference; some scripts need no spaces."""
    assert same_tokens(text, same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("word", "words"),
        ("ab cd", "abcd"),
        ("a b", "b a"),
        ("हिन्दी", "हिनदी"),
        ("resume", "résumé"),
        ("e\u0301", "e"),
        ("10", "1 0"),
        ("가 나", "가나"),
        ("eightlet", "eightlet8"),
        ("sixteen-letters!", "sixteenletters"),
        ("a" * 16, "a" * 17),
        ("a" * 24 + "b", "a" * 24 + "c"),
        ("ⅷ", "viii"),
        ("x²", "x2"),
    ],
)
def test_texts_with_other_tokens_hash_differently(text: str, other: str) -> None:
    """Marks, digits, order and word boundaries count."""
    assert not same_tokens(text, other)


@pytest.mark.parametrize("text", ["", " \n\t", "…—!?", "\u200d", "\ufeff", "👍🏽 ☃", "\u00a0"])
def test_text_without_tokens_has_no_shingles(text: str) -> None:
    """Its set is empty and its signature all ones."""
    assert len(shingle_hashes([text])[0]) == 0
    assert (signatures([text]) == 0xFFFFFFFF).all()


def test_short_text_is_one_shingle() -> None:
    """Texts of one to five words have one shingle, and of six words two; different short texts have different ones."""
    sets = shingle_hashes(["a", "a b", "a b c d", "a b c d e", "a b c d e f"])
    assert [len(s) for s in sets] == [1, 1, 1, 1, 2]
    assert len({int(s[0]) for s in sets[:4]}) == 4


def test_hashes_are_pinned() -> None:
    """Stored signatures stay comparable: a change here needs a new TOKEN_RULES."""
    assert [s.tolist() for s in shingle_hashes(["Hello, world", "Straße 10", "汉字", "internationalization of it"])] == PINNED


PINNED = [[1241163404], [967879715], [2049558843], [976499336]]


def test_long_texts_take_memory_in_proportion() -> None:
    """A word of a megabyte, a megabyte of one word, and one of single characters go through."""
    texts = ["a" * 1_000_000, "la " * 300_000, "漢" * 300_000, "ΐ" * 300_000, "é " * 300_000]
    assert [len(s) for s in shingle_hashes(texts)] == [1, 1, 1, 1, 1]


def test_refuses_impossible_sizes() -> None:
    """Zero words or permutations mean nothing."""
    with pytest.raises(ValueError, match="shingle_words is 0"):
        shingle_hashes(["a"], 0)
    with pytest.raises(ValueError, match="num_perm is 0"):
        signatures(["a"], 0)


def test_no_texts_give_empty_results() -> None:
    """An empty list or array is fine."""
    assert shingle_hashes([]) == []
    assert signatures(pa.array([], pa.large_string())).shape == (0, 128)


def test_unrelated_shingles_do_not_collide() -> None:
    """A million shingles that differ in one place each collide as random 32-bit numbers do (about 116 pairs)."""
    text = " ".join(f"abcdefg{chr(97 + i)} tail{j}" for i in range(26) for j in range(20_000))
    distinct = len(shingle_hashes([text], 2)[0])
    assert 0 <= 2 * 26 * 20_000 - 1 - distinct < 400


def test_scratch_memory_does_not_grow_with_documents_times_permutations() -> None:
    """200,000 documents and 128 permutations in one call take the 102 MB of their signatures and little else; products would be as much."""
    script = """
import numpy as np, pyarrow as pa
from pipeline.neardup.rules import SignatureRules
from pipeline.neardup.signatures import sign
from tests.peaks import forget_peak, peak
texts = pa.array([f"story {n} of the day about {n % 97} ships and {n % 89} men" for n in range(200_000)], pa.large_string())
rows = np.ones(len(texts), np.bool_)
sign(texts[:100], rows[:100], SignatureRules(128, 1, 5))
before = forget_peak()
out, _ = sign(texts, rows, SignatureRules(128, 1, 5))
print(peak() - before, out.nbytes)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPO)
    grown, needed = map(int, done.stdout.split())
    assert grown < needed + 48 * 2**20, f"{grown} bytes"
