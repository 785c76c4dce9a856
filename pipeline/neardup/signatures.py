"""Shingle hashes and MinHash signatures of texts. The home of datasketch: its scheme and permutations are ours.

It is imported only where one of its objects is asked for: with what it imports itself that takes 0.3 s.
"""

import reprlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from pipeline.kernels.minhash import EMPTY, sign_rows
from pipeline.kernels.shingles import shingle_sets
from pipeline.kernels.text import buffers
from pipeline.neardup.rules import SCHEME, SignatureRules, token_table

if TYPE_CHECKING:
    from datasketch import MinHash

Texts: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str]


def shingle_hashes(texts: Texts, shingle_words: int = 5) -> list[np.ndarray]:
    """The set of shingle hashes of each text: uint32, ascending, unique; empty for a text without tokens.

    A shingle is `shingle_words` case-folded tokens in a row; a text with fewer tokens is one shingle. A token is a run of
    letters, marks and digits of any script, or one character of a script written without spaces.
    """
    _check_positive("shingle_words", shingle_words)
    sets: list[np.ndarray] = []
    for chunk in text_chunks(texts):
        offsets, data = buffers(chunk)
        values, starts = shingle_sets(offsets, data, np.ones(len(chunk), np.bool_), token_table(), shingle_words)
        sets += np.split(values, starts[1:-1]) if len(chunk) else []
    return sets


def signatures(texts: Texts, num_perm: int = 128, seed: int = 1, shingle_words: int = 5) -> np.ndarray:
    """MinHash signatures of texts: uint32, shape (documents, num_perm); the row of a text without tokens is all ones.

    Equal, bit for bit, to datasketch.MinHash(num_perm, seed, scheme="affine32") fed the shingle hashes as they are. The share of
    equal places estimates the Jaccard similarity with standard error sqrt(J(1-J)/num_perm), at most 0.044 at 128 (Broder 1997).
    """
    rules = SignatureRules(num_perm, seed, shingle_words)
    parts = [sign(chunk, np.ones(len(chunk), np.bool_), rules)[0] for chunk in text_chunks(texts)]
    return np.concatenate([np.empty((0, num_perm), np.uint32), *parts])


def sign(text: pa.Array, rows: np.ndarray, rules: SignatureRules) -> tuple[np.ndarray, np.ndarray]:
    """Signatures (uint32, documents x num_perm) and token fingerprints (uint64) of the rows chosen by a boolean array.

    A fingerprint is a hash of the sequence of tokens, 0 for none; rows that are not chosen have 0 and a signature of all ones.
    """
    _check_positive("shingle_words", rules.shingle_words)
    out = np.full((len(text), rules.num_perm), EMPTY, np.uint32)
    a, b = permutations(rules.num_perm, rules.seed)
    offsets, data = buffers(text)
    return out, sign_rows(offsets, data, rows, token_table(), rules.shingle_words, a, b, out)


def shorten(signatures: np.ndarray) -> np.ndarray:
    """Signatures as they are stored and compared inside: uint16, the two halves of each place combined.

    Half the bytes; places that differ agree once in 65,536 (b-bit minwise hashing: Li and König 2010), which verification parts.
    """
    short: np.ndarray = (signatures ^ (signatures >> np.uint32(16))).astype(np.uint16)
    return short


def to_datasketch(signature: np.ndarray, seed: int = 1) -> "MinHash":
    """The signature (one row of `signatures`) as a datasketch.MinHash, which datasketch's own LSH, Forest and storages take.

    `seed` is that of `signatures`. To compare it with a MinHash of datasketch's own, feed that the `shingle_hashes` of its text.
    """
    from datasketch import MinHash

    return MinHash(seed=seed, scheme=SCHEME, hashvalues=np.asarray(signature, np.uint32), hashfunc=int)


@cache
def permutations(num_perm: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The odd factors and the shifts that datasketch draws for these settings: two uint32 arrays of `num_perm`.

    Drawn here from the same stream, which numpy keeps for good (NEP 19); the tests hold signatures against datasketch's own.
    """
    _check_positive("num_perm", num_perm)
    draw = np.random.RandomState(seed)
    halves = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32)
    return 2 * halves + 1, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)


def text_chunks(texts: Texts) -> list[pa.Array]:
    """The texts as arrays of large_string. Raises ValueError for what is none, and for a string, whose letters would be the texts."""
    found = reprlib.repr(texts)
    if isinstance(texts, pa.ChunkedArray | pa.Array):
        found = f"a column of {texts.type}"
        if _holds_text(texts.type):
            return [chunk.cast(pa.large_string()) for chunk in (texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts])]
    elif not isinstance(texts, str):
        with suppress(TypeError, KeyError):  # KeyError: a frame
            return [pa.array(texts, pa.large_string())]
    raise ValueError(f"texts is {found}; a list of strings, or a column of them, was expected")


def _holds_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings, bytes or dictionaries of them, or nothing at all."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return kind in (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.null())


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} is {value}; at least 1 was expected")
