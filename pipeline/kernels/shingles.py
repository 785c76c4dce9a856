"""Shingle hashes of texts, token fingerprints, and sets of shingles.

A shingle is `shingle_words` tokens in a row; a text with fewer tokens is one shingle; a text without tokens has none. Its hash is
the top half of a mixed polynomial of its token hashes.
"""

import numpy as np
from numba import boolean, int64, types, uint32, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import load_word
from pipeline.kernels.places import PLACES_AT_ONCE
from pipeline.kernels.sets import MAX_BUCKETS, sort_unique
from pipeline.kernels.tokens import BYTES, GROWTH, OFFSETS, PADDING, TABLE, mix64, tokenize

ROWS = types.Array(boolean, 1, "C", readonly=True)
_STEP = np.uint64(0x9E3779B97F4A7C15)


@njit(inline="always")
def longest(offsets, rows):
    """Bytes of the longest text among the chosen rows."""
    most = int64(0)
    for row in range(rows.shape[0]):
        if rows[row]:
            most = max(most, offsets[row + 1] - offsets[row])
    return most


@njit(inline="always")
def buffers_for(most):
    """Scratch for texts of up to `most` bytes: folded text, edges, token hashes, polynomials, shingle hashes.

    Two tokens take at least three bytes of text and a third one two more, so there are at most most / 2 + 1.
    """
    tokens = most // 2 + 2
    return (
        np.empty(GROWTH * most + PADDING, np.uint8),
        np.empty(2 * tokens + PLACES_AT_ONCE, np.int64),
        np.empty(tokens, np.uint64),
        np.empty(tokens, np.uint64),
        np.empty(tokens, np.uint32),
    )


@njit(inline="always")
def hash_shingles(tokens, count, shingle_words, polynomials, shingles):
    """Writes the shingle hashes of `count` tokens in text order; returns how many there are."""
    if count == 0:
        return int64(0)
    total = max(count - shingle_words + 1, 1)
    for j in range(total):
        polynomials[j] = tokens[j]
    for q in range(1, min(shingle_words, count)):
        for j in range(total):
            polynomials[j] = polynomials[j] * _STEP + tokens[j + q]
    for j in range(total):
        shingles[j] = uint32(mix64(polynomials[j]) >> uint64(32))
    return total


@njit(inline="always")
def fingerprint(tokens, count):
    """A hash of the sequence of tokens; 0 only for none."""
    total = uint64(0)
    for i in range(count):
        total += mix64(tokens[i] + uint64(i) * _STEP)
    if count > 0 and total == 0:
        return uint64(1)
    return total


@njit([uint64[::1](OFFSETS, BYTES)], cache=True, nogil=True)
def hash_bytes(offsets, data):
    """One 64-bit hash a text, of its bytes as they are: tells whether a text changed."""
    out = np.empty(offsets.shape[0] - 1, np.uint64)
    for row in range(out.shape[0]):
        start, length = offsets[row], offsets[row + 1] - offsets[row]
        words = length // 8
        total = uint64(0)
        for i in range(words):
            total += mix64(load_word(data, start + 8 * i) + uint64(i) * _STEP)
        last = uint64(0)
        for at in range(start + 8 * words, start + length):
            last = last << uint64(8) | uint64(data[at])
        out[row] = mix64(total ^ mix64(last + uint64(length) * _STEP))
    return out


@njit([types.Tuple((uint32[::1], int64[::1]))(OFFSETS, BYTES, ROWS, TABLE, int64)], cache=True, nogil=True)
def shingle_sets(offsets, data, rows, table, shingle_words):
    """The sets of shingle hashes of the chosen rows, one behind the other, each sorted and unique; and where they begin.

    The second array is as long as the texts plus one; rows that were not chosen have empty sets.
    """
    count = rows.shape[0]
    room = int64(0)
    for row in range(count):
        if rows[row]:
            room += (offsets[row + 1] - offsets[row]) // 2 + 2
    values = np.empty(room, np.uint32)
    starts = np.empty(count + 1, np.int64)
    counts = np.empty(MAX_BUCKETS + 1, np.int64)
    folded, edges, tokens, polynomials, shingles = buffers_for(longest(offsets, rows))
    put = int64(0)
    for row in range(count):
        starts[row] = put
        if rows[row]:
            found = tokenize(data, offsets[row], offsets[row + 1], table, folded, edges, tokens)
            total = hash_shingles(tokens, found, shingle_words, polynomials, shingles)
            put += sort_unique(shingles, total, counts, values, put)
    starts[count] = put
    return values[:put].copy(), starts
