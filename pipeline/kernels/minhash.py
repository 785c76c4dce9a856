"""MinHash signatures from UTF-8 text in one pass, without a Python object a document."""

import numpy as np
from numba import types, uint32, uint64, void

from pipeline.kernels.lazy import njit
from pipeline.kernels.shingles import ROWS, buffers_for, fingerprint, hash_shingles, longest
from pipeline.kernels.tokens import BYTES, OFFSETS, TABLE, tokenize

WORDS = types.Array(uint32, 1, "C", readonly=True)
EMPTY = np.uint32(0xFFFFFFFF)


@njit(inline="always")
def _mix32(h):
    """MurmurHash3's 32-bit finalizer, which the scheme `affine32` puts before its permutations."""
    h ^= h >> np.uint32(16)
    h = uint32(h * np.uint32(0x85EBCA6B))
    h ^= h >> np.uint32(13)
    h = uint32(h * np.uint32(0xC2B2AE35))
    return h ^ (h >> np.uint32(16))


@njit([void(uint32[::1], WORDS, WORDS, uint32[::1])], cache=True, nogil=True)
def lower_minima(hashes, a, b, row):
    """row[k] = min(row[k], a[k] * h + b[k] modulo 2^32 for every hash h). The inner loop is what LLVM must turn into vector code.

    Four hashes at a time, the last ones over again: two thirds of the time that one permutation after another takes, which ends
    each in a minimum across the vector and in a rest that fills none.
    """
    last = hashes.shape[0] - 1
    for j in range(0, hashes.shape[0], 4):
        h0, h1, h2, h3 = hashes[j], hashes[min(j + 1, last)], hashes[min(j + 2, last)], hashes[min(j + 3, last)]
        for k in range(a.shape[0]):
            factor, shift = a[k], b[k]
            least = min(uint32(factor * h0 + shift), uint32(factor * h1 + shift))
            other = min(uint32(factor * h2 + shift), uint32(factor * h3 + shift))
            row[k] = min(row[k], min(least, other))


@njit([uint64[::1](OFFSETS, BYTES, ROWS, TABLE, types.int64, WORDS, WORDS, uint32[:, ::1])], cache=True, nogil=True)
def sign_rows(offsets, data, rows, table, shingle_words, a, b, signatures):
    """Writes the signatures of the chosen rows; returns their token fingerprints, 0 for no tokens (and for other rows).

    The signature of a text without tokens is all ones. Other rows of `signatures` stay as they are.
    """
    count = rows.shape[0]
    fingerprints = np.zeros(count, np.uint64)
    folded, edges, tokens, polynomials, shingles = buffers_for(longest(offsets, rows))
    for row in range(count):
        if not rows[row]:
            continue
        found = tokenize(data, offsets[row], offsets[row + 1], table, folded, edges, tokens)
        total = hash_shingles(tokens, found, shingle_words, polynomials, shingles)
        fingerprints[row] = fingerprint(tokens, found)
        for j in range(total):
            shingles[j] = _mix32(shingles[j])
        signatures[row, :] = EMPTY
        lower_minima(shingles[:total], a, b, signatures[row])
    return fingerprints
