"""langdetect's naive Bayes over its own n-gram profiles, in kernels from UTF-8 bytes to scores.

The text is cleaned as langdetect does (addresses out, characters normalised to classes, Vietnamese composed, Latin letters left
out of a text that is mostly in another script, runs of capitals skipped), but all its n-grams are scored in turn where
langdetect draws them at random. Scores are integers: 1024 times ln((p + 5e-5) / 5e-5) for an n-gram of share p in a language.
The tables are those of `language_tables`.
"""

import numpy as np
from numba import from_dtype, int16, int32, int64, types, uint16, uint32

from pipeline.kernels.addresses import blank_addresses, has_address
from pipeline.kernels.language_classes import BYTES, CLASSES, SPACE, mostly_not_latin, read_classes
from pipeline.kernels.lazy import njit

MAX_BYTES = 1 << 15  # of a text; langdetect reads 10,000 characters
PIECE_BYTES = 250
# Less than this is enough only where the share of the n-grams (thousandths) that the language's profile holds, with a tenth of the
# margin, comes to so much: with the first 500 bytes alone 5 of 8,000 English documents would pass for text of an unknown language.
SURE_BYTES, SURE_KNOWN = 1000, 960
# Fewer decide nothing: the first bytes may be a heading ("Press Release", of which the margin says German) after white space.
SURE_NGRAMS = 300
WIDTH = 64  # languages, padded: one row of scores is two cache lines
SCORES_PER_NAT = 1024
_ROOT = np.uint32(1)

_I64 = types.Array(int64, 1, "C", readonly=True)
# Of the trie of n-grams, a double array: the child of a state by a class is the cell `base + class`, if its parent is the state.
CELL = np.dtype([("base", np.uint32), ("parent", np.uint32), ("row", np.uint32)])  # row: of scores
_CELLS = types.Array(from_dtype(CELL), 1, "C", readonly=True)
_SCORES = types.Array(int16, 2, "C", readonly=True)
_PROFILES = types.Tuple((_CELLS, _SCORES, BYTES, uint16))  # trie, scores, label of each language, first upper-case class


@njit(inline="always")
def _child(cells, state, class_):
    """The state of a state's n-gram with one more class; 0 when no profile has it. No branch: it would be mispredicted."""
    cell = cells[state].base + class_
    return uint32(cell * uint32(cells[cell].parent == state))


@njit([int64(uint16[::1], int64, uint16, _CELLS, uint32[:, ::1])], cache=True, nogil=True)
def find_ngrams(read, count, first_upper, cells, rows):
    """Writes the rows of scores of the three n-grams that end at each class from the third on; returns how many have one.

    As in langdetect an n-gram holds no space but at its ends, and none is looked up behind two capitals.
    """
    found, previous = int64(0), uint32(read[1])
    letter = _child(cells, _ROOT, previous)
    pair = _child(cells, _child(cells, _ROOT, uint32(read[0])), previous)
    small, last = previous < first_upper, read[2:count]  # indexed from 0, without a check for negative places
    for i in range(last.shape[0]):
        current, after_small = uint32(last[i]), small
        small = current < first_upper
        usable = uint32(small | after_small)
        triple = _child(cells, pair * uint32(previous != SPACE), current)
        pair = _child(cells, letter, current)
        letter = _child(cells, _ROOT, current)
        previous = current
        first, second, third = cells[letter].row * usable, cells[pair].row * usable, cells[triple].row * usable
        rows[i, 0], rows[i, 1], rows[i, 2] = first, second, third
        found += int64(first != 0) + int64(second != 0) + int64(third != 0)
    return found


@njit([types.void(uint32[:, ::1], int64, _SCORES, int32[::1])], cache=True, nogil=True)
def add_rows(rows, count, scores, totals):
    """Adds three rows of scores a character to the totals; three scores fit in int16, so that only their sum is widened."""
    for i in range(count):
        first, second, third = rows[i, 0], rows[i, 1], rows[i, 2]
        for j in range(WIDTH):
            totals[j] += int32(int16(scores[first, j] + scores[second, j] + scores[third, j]))


@njit([types.Tuple((int64, int64))(int32[::1], BYTES)], cache=True, nogil=True)
def best_and_margin(totals, labels):
    """The language of the highest total, the first of equals, and how far it is above the next one of another label."""
    best = 0
    for j in range(1, labels.shape[0]):
        if totals[j] > totals[best]:
            best = j
    second = int32(0)
    for j in range(labels.shape[0]):
        if labels[j] != labels[best] and totals[j] > second:
            second = totals[j]
    return best, int64(totals[best] - second)


@njit([int64(uint32[:, ::1], int64, _SCORES, int64)], cache=True, nogil=True)
def count_known(rows, count, scores, language):
    """How many of the n-grams of these rows one language's profile holds."""
    known = int64(0)
    for i in range(count):
        known += int64(scores[rows[i, 0], language] > 0)
        known += int64(scores[rows[i, 1], language] > 0)
        known += int64(scores[rows[i, 2], language] > 0)
    return known


@njit([types.UniTuple(int64, 5)(BYTES, int64, int64, int64, CLASSES, _PROFILES, uint32[:, ::1])], cache=True, nogil=True)
def identify_one(data, start, stop, decisive, tables, profiles, rows):
    """`identify` for the text [start, stop); `rows` is scratch, (MAX_BYTES, 3)."""
    cells, scores, labels, first_upper = profiles
    without_latin = mostly_not_latin(data, start, stop)
    read, totals = np.empty(PIECE_BYTES + 2, np.uint16), np.zeros(WIDTH, np.int32)
    read[0] = read[1] = SPACE
    best, margin, ngrams, characters = int64(0), int64(0), int64(0), int64(0)
    known, counted, counted_for = int64(0), int64(0), int64(0)  # characters whose n-grams were looked up, in which language
    at = start
    while at < stop:
        count, at = read_classes(data, at, min(at + PIECE_BYTES, stop), stop, without_latin, tables, read[2:])
        ngrams += find_ngrams(read, count + 2, first_upper, cells, rows[characters:])
        add_rows(rows[characters:], count, scores, totals)
        read[0], read[1] = read[count], read[count + 1]
        characters += count
        best, margin = best_and_margin(totals, labels)
        enough = decisive if at - start < SURE_BYTES else decisive // 2
        decided = ngrams >= SURE_NGRAMS and margin * 1000 >= enough * SCORES_PER_NAT * ngrams
        if decided or at == stop:
            if counted_for != best:
                known, counted, counted_for = int64(0), int64(0), best
            known += count_known(rows[counted:], characters - counted, scores, best)
            counted = characters
        if decided and (at - start >= SURE_BYTES or known * 1000 + margin * 100 // SCORES_PER_NAT >= SURE_KNOWN * ngrams):
            break
    return best, margin, ngrams, known, characters


@njit([int64[:, ::1](_I64, BYTES, _I64, int64, CLASSES, _PROFILES)], cache=True, nogil=True)
def identify(offsets, data, rows, decisive, tables, profiles):
    """For each of these rows of the texts: best language, its margin, the n-grams seen, how many of them its profile holds, and the
    characters read (runs of spaces as one).

    Shape (rows, 5). The margin over the next label is the sum over the n-grams, in 1024ths of a nat; languages of one label do
    not compete. At most MAX_BYTES of a text are read, in pieces of PIECE_BYTES, until the margin per n-gram reaches `decisive`
    (thousandths of a nat) and the profile holds enough of the n-grams, or SURE_BYTES are read and it reaches half of that.
    """
    out = np.zeros((rows.shape[0], 5), np.int64)
    blanked, found = np.empty(MAX_BYTES, np.uint8), np.empty((MAX_BYTES, 3), np.uint32)
    for i in range(rows.shape[0]):
        start, stop = offsets[rows[i]], offsets[rows[i] + 1]
        if stop - start > MAX_BYTES:
            stop = start + MAX_BYTES
            while (data[stop] & 0xC0) == 0x80:
                stop -= 1
        if has_address(data, start, stop):
            length = blank_addresses(data, start, stop, blanked)
            one = identify_one(blanked, 0, length, decisive, tables, profiles, found)
        else:
            one = identify_one(data, start, stop, decisive, tables, profiles, found)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4] = one
    return out


@njit([int64[:, ::1](_I64, BYTES, CLASSES, _PROFILES)], cache=True, nogil=True)
def likelihoods(offsets, data, tables, profiles):
    """How well each text fits the language that it fits best: the sum of its scores, and how many n-grams it has, known or not.

    Shape (texts, 2), the sum in 1024ths of a nat. At most MAX_BYTES of a text are read. Texts of one content in several charsets
    compare by their mean; the case of letters matters, since runs of capitals are skipped.
    """
    cells, scores, labels, first_upper = profiles
    out = np.zeros((offsets.shape[0] - 1, 2), np.int64)
    read, rows = np.empty(PIECE_BYTES + 2, np.uint16), np.empty((PIECE_BYTES, 3), np.uint32)
    for row in range(out.shape[0]):
        at, stop = offsets[row], min(offsets[row + 1], offsets[row] + MAX_BYTES)
        without_latin = mostly_not_latin(data, at, stop)
        totals = np.zeros(WIDTH, np.int32)
        read[0] = read[1] = SPACE
        while at < stop:
            count, at = read_classes(data, at, min(at + PIECE_BYTES, stop), offsets[row + 1], without_latin, tables, read[2:])
            find_ngrams(read, count + 2, first_upper, cells, rows)
            add_rows(rows, count, scores, totals)
            read[0], read[1] = read[count], read[count + 1]
            out[row, 1] += 3 * count
        best, _ = best_and_margin(totals, labels)
        out[row, 0] = totals[best]
    return out
