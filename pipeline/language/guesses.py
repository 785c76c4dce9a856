"""What the n-grams of texts say of their languages, and how much they must say to be believed."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.language import SCORES_PER_NAT, identify
from pipeline.kernels.language_tables import label_names, load_profiles
from pipeline.kernels.text import buffers, strings

# Thousandths of a nat per n-gram at which the rest of a text is not read.
DECISIVE_MARGIN = 300

# N-grams, and thousandths of a nat in all, below which nothing was told. Must pass "Good morning" (33 and 4,500) and "Guten Tag"
# (23 and 3,200); must not "A a a" (10 n-grams, Hungarian), "IBM HP AMD NVIDIA INTEL" (15), "Hello" (50 thousandths, Finnish).
MIN_NGRAMS, MIN_EVIDENCE = 16, 250

# Thousandths of a nat that a line among others needs, of which many are tried. With 20 nats 1 of 4,000 press releases is said to
# be mixed, with 10 nats 11: headings pass for German, "Media Alert:" for Catalan; one clause of a sentence comes to 30 and more.
LINE_EVIDENCE = 20_000

# What a mean may fall short by in a text of n n-grams: so many thousandths divided by the root of n, since the mean of few strays
# from that of the language. Chosen so that 1 % of 3,300 sentences in known languages are `und` (0.8 and 1.2 % of two halves), two
# thirds of which have a wrong label. Without it 374 would be, 313 of them with the right one.
KNOWN_ALLOWANCE, MARGIN_ALLOWANCE = 950, 800

# So many thousandths of a nat of margin make up for one of n-grams that the profile does not hold: press releases full of names
# (known 920, margin 320) are English, while of Hausa (known 900, margin 34) and Zulu (857, 227) neither speaks for a profile.
MARGIN_FOR_KNOWN = 10

# A profile of these holds only some of the n-grams of its own language: `min_known` says nothing about them.
LARGE_ALPHABETS = ("ja", "ko", "zh")

# Capitals from which a text in capitals is read as words. Must let "COUNCIL PUTS OFF BRIDGE DECISION" (28) pass, and must not
# "NATO UNESCO OPEC" (14), which would be Italian.
MIN_CAPITALS = 20

# Characters of a text in capitals that are read.
MAX_LOWERED = 2000


class Guesses(NamedTuple):
    """One value a row, int64. Margin and share are 0 for a text without n-grams of any profile."""

    labels: np.ndarray  # position in `label_names()`
    margins: np.ndarray  # over the next label, thousandths of a nat per n-gram
    ngrams: np.ndarray  # how many were read that some profile holds
    known: np.ndarray  # thousandths of them that the label's profile holds
    characters: np.ndarray  # how many were read


class Limits(NamedTuple):
    """Below either a text is undetermined; thousandths."""

    margin: int  # of a nat per n-gram
    known: int  # of the n-grams, with what the margin makes up for


def best_labels(text: pa.Array, rows: np.ndarray) -> Guesses:
    """The best label of these rows of the texts, however little speaks for it."""
    profiles = load_profiles()
    languages, margins, ngrams, known, characters = identify(*buffers(text), rows, DECISIVE_MARGIN, *profiles).T
    seen = np.maximum(ngrams, 1)
    return Guesses(
        labels=profiles.labels[languages].astype(np.int64),
        margins=margins * 1000 // (SCORES_PER_NAT * seen),
        ngrams=ngrams,
        known=known * 1000 // seen,
        characters=characters,
    )


def labels_told(guesses: Guesses, limits: Limits) -> np.ndarray:
    """The labels as positions in `label_names()`, one past its end where the text does not tell."""
    ngrams, alphabetic = guesses.ngrams, ~np.isin(guesses.labels, [label_names().index(name) for name in LARGE_ALPHABETS])
    told = (ngrams >= MIN_NGRAMS) & (guesses.margins * ngrams >= MIN_EVIDENCE)
    told &= _is_enough(guesses.margins, limits.margin, MARGIN_ALLOWANCE, ngrams)
    known = guesses.known + guesses.margins // MARGIN_FOR_KNOWN
    told &= _is_enough(known, limits.known, KNOWN_ALLOWANCE, ngrams) | ~alphabetic
    return np.where(told, guesses.labels, len(label_names()))


def guess_documents(text: pa.Array, rows: np.ndarray, limits: Limits) -> Guesses:
    """The best labels of these rows, with text in capitals read as small letters where it says little as it is.

    Text has 2.8 n-grams a character, Chinese more than one, capitals 0.6 at most.
    """
    guesses = best_labels(text, rows)
    little = guesses.ngrams < guesses.characters
    doubtful = np.flatnonzero(little | (labels_told(guesses, limits) == len(label_names())))
    heads = pc.utf8_slice_codeunits(text.take(pa.array(rows[doubtful])), 0, MAX_LOWERED)
    capital, small = (pc.count_substring_regex(heads, pattern).to_numpy() for pattern in (r"\p{Lu}", r"\p{Ll}"))
    shouted = np.flatnonzero((capital > small) & (capital >= MIN_CAPITALS))
    again = best_labels(pc.utf8_lower(heads.take(pa.array(shouted))), np.arange(len(shouted)))
    for column, values in zip(guesses, again):
        column[doubtful[shouted]] = values
    return guesses


def bytes_by_label(text: pa.Array, limits: Limits) -> np.ndarray:
    """Bytes of the lines of each label, those that do not tell last; shape (texts, labels + 1)."""
    offsets, data = buffers(text)
    ends = np.flatnonzero(data[offsets[0] : offsets[-1]] == 0x0A) + offsets[0] + 1
    cuts = np.unique(np.concatenate([offsets, ends]))
    guesses = best_labels(strings(cuts, data), np.arange(len(cuts) - 1))
    labels = np.where(guesses.margins * guesses.ngrams >= LINE_EVIDENCE, labels_told(guesses, limits), len(label_names()))
    sizes = np.zeros((len(text), len(label_names()) + 1), np.int64)
    np.add.at(sizes, (np.searchsorted(offsets, cuts[:-1], side="right") - 1, labels), np.diff(cuts))
    return sizes


def _is_enough(mean: np.ndarray, least: int, allowance: int, ngrams: np.ndarray) -> np.ndarray:
    """Whether a mean over so many n-grams reaches `least`, or falls short by no more than allowance / sqrt(n-grams)."""
    short = np.maximum(least - mean, 0)
    enough: np.ndarray = short * short * ngrams <= allowance * allowance
    return enough
