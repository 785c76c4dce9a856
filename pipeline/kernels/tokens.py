"""Tokens of UTF-8 text: folded bytes, token boundaries, one 64-bit hash a token.

A token is a run of letters, marks and digits, case-folded by full Unicode case folding; in scripts written without spaces every
character is one. What counts as which is the table of `tools/make_unicode_table.py`; the Unicode version is inside it.
The hash of a token is a function of its folded UTF-8 bytes alone.
"""

import numpy as np
from numba import int32, int64, types, uint8, uint16, uint32, uint64

from pipeline.kernels.lazy import njit
from pipeline.kernels.machine_words import BLOCK, fold_block, load_word, nonzero_mask, trailing_zeros
from pipeline.kernels.places import list_places
from pipeline.kernels.utf8 import put_code_point

BYTES = types.Array(uint8, 1, "C", readonly=True)
OFFSETS = types.Array(int64, 1, "C", readonly=True)
PAGES = types.Array(uint16, 1, "C", readonly=True)
ENTRIES = types.Array(int32, 2, "C", readonly=True)
EXPANSIONS = types.Array(uint32, 2, "C", readonly=True)
TABLE = types.Tuple((PAGES, ENTRIES, EXPANSIONS))

GROWTH = 3  # bytes of folded text for a byte of text, at most: U+0390 is 2 bytes and folds to 6
PADDING = 2 * BLOCK  # bytes that kernels may write and read behind the folded text

PASSED_OVER, ALONE, EXPANDED = 1, 3, 4  # kinds of tools/make_unicode_table.py; 0 separates, 2 is a plain letter

_M1 = np.uint64(0xFF51AFD7ED558CCD)  # the multipliers of MurmurHash3's 64-bit finalizer
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
_M3 = np.uint64(0x9E3779B97F4A7C15)


@njit(inline="always")
def mix64(h):
    """MurmurHash3's 64-bit finalizer: a bijection that spreads every bit over all."""
    h ^= h >> np.uint64(33)
    h *= _M1
    h ^= h >> np.uint64(33)
    h *= _M2
    return h ^ (h >> np.uint64(33))


@njit(
    [types.Tuple((int64, int64))(BYTES, int64, int64, TABLE, uint8[::1], int64)],
    cache=True,
    nogil=True,
)
def fold_other(data, at, stop, table, folded, put):
    """Folds the run of non-ASCII characters that begins at `at`. Returns the places behind it in text and folded text."""
    pages, entries, expansions = table
    while at < stop and data[at] >= 0x80:
        lead = int64(data[at])
        size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        if at + size > stop:
            return stop, put  # a cut character: Arrow strings have none
        code_point = lead & (0x7F >> size)
        for i in range(1, size):
            code_point = code_point << 6 | (int64(data[at + i]) & 0x3F)
        at += size
        if code_point > 0x10FFFF:
            continue
        entry = int64(entries[pages[code_point >> 8], code_point & 0xFF])
        kind, value = entry & 7, entry >> 3
        if kind == 2:
            put = put_code_point(folded, put, code_point + value)
        elif kind == 0:
            folded[put] = 0
            put += 1
        elif kind == ALONE:
            # The separator before is needed only behind a run, the one after only before a run; a run of such characters
            # shares them, so that three bytes become four at most.
            if put > 0 and folded[put - 1] != 0:
                folded[put] = 0
                put += 1
            put = put_code_point(folded, put, code_point + value)
            folded[put] = 0
            put += 1
        elif kind == EXPANDED:
            for i in range(3):
                if expansions[value, i] != 0:
                    put = put_code_point(folded, put, int64(expansions[value, i]))
    return at, put


@njit(inline="always")
def fold(data, start, stop, table, folded):
    """Writes the tokens of data[start:stop] to `folded`, parted by zero bytes, and BLOCK zeros behind. Returns their length."""
    at, put = start, int64(0)
    limit = data.shape[0] - BLOCK
    while at < stop:
        if at <= limit:
            other = fold_block(data, at, folded, put)
            ascii_bytes = min(trailing_zeros(other), stop - at)
            at += ascii_bytes
            put += ascii_bytes
        else:
            while at < stop and data[at] < 0x80:
                byte = data[at]
                lower = byte | uint8(0x20)
                keep = (ord("a") <= lower <= ord("z")) or (ord("0") <= byte <= ord("9"))
                folded[put] = lower if keep else uint8(0)
                at += 1
                put += 1
        if at < stop and data[at] >= 0x80:
            at, put = fold_other(data, at, stop, table, folded, put)
    folded[put : put + BLOCK] = 0
    return put


@njit(inline="always")
def find_edges(folded, length, edges):
    """Writes where tokens begin and end, in turn. Returns how many tokens there are.

    `edges` has room for PLACES_AT_ONCE more.
    """
    count = int64(0)
    carry = uint64(0)
    for at in range(0, length + 1, BLOCK):  # one place behind the text is looked at, so that the last token ends
        mask = nonzero_mask(folded, at)
        change = mask ^ (mask << uint64(1) | carry)
        carry = mask >> uint64(63)
        count = list_places(change, at, edges, count)
    return count >> 1


@njit([uint64(uint8[::1], int64, int64, uint64)], cache=True, nogil=True)
def hash_rest(folded, at, stop, h):
    """Goes on with the hash of a token behind its first 16 bytes."""
    while at < stop:
        word = load_word(folded, at)
        if stop - at < 8:
            word <<= uint64(64 - 8 * (stop - at))
        h = mix64(h ^ word) + _M3
        at += 8
    return h


@njit(inline="always")
def hash_tokens(folded, edges, count, hashes):
    """One hash a token. Tokens of up to 8 bytes never collide; others as 64 random bits would."""
    for i in range(count):
        start, stop = edges[2 * i], edges[2 * i + 1]
        length = stop - start
        h = load_word(folded, start) << uint64(max(64 - 8 * length, 0))
        h *= _M3
        if length > 8:
            second = load_word(folded, start + 8) << uint64(max(128 - 8 * length, 0))
            second *= _M2
            h ^= second << uint64(32) | second >> uint64(32)
            if length > 16:
                h = hash_rest(folded, start + 16, stop, mix64(h))
        hashes[i] = h
    for i in range(count):
        hashes[i] = mix64(hashes[i])


@njit(inline="always")
def tokenize(data, start, stop, table, folded, edges, hashes):
    """Token hashes of data[start:stop]; returns their number. The buffers must be large enough for `buffer_sizes`."""
    length = fold(data, start, stop, table, folded)
    count = find_edges(folded, length, edges)
    hash_tokens(folded, edges, count, hashes)
    return count
