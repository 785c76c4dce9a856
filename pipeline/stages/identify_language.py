"""Writes the language of each document, `und` where the text does not tell, and marks those that are not wanted."""

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.edits import NO_EDITS, Span, apply_spans
from pipeline.kernels.language import SCORES_PER_NAT, identify
from pipeline.kernels.language_tables import label_names, load_profiles
from pipeline.kernels.text import buffers, strings
from pipeline.schema import live_rows, replace_columns
from pipeline.stage import Outcome

UNDETERMINED = "und"

# Thousandths of a nat per n-gram at which the rest of a text is not read.
DECISIVE_MARGIN = 300

# N-grams, and thousandths of a nat in all, below which nothing was told. Must pass "Good morning" (33 and 4,500) and "Guten Tag"
# (23 and 3,200); must not "A a a" (10 n-grams, Hungarian), "IBM HP AMD NVIDIA INTEL" (15), "Hello" (50 thousandths, Finnish).
MIN_NGRAMS, MIN_EVIDENCE = 16, 250

# What a mean may fall short by in a text of n n-grams: so many thousandths divided by the root of n, since the mean of few strays
# from that of the language. Chosen on half of 3,300 sentences in known languages so that 1 % of them are `und`; of the other half
# as many are. Without it 150 would be, most of them short ones with the right label.
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
    """One value a row, int64. All but the label are 0 for a text without n-grams of any profile."""

    labels: np.ndarray  # position in `label_names()`
    margins: np.ndarray  # over the next label, thousandths of a nat per n-gram
    ngrams: np.ndarray  # how many were read that some profile holds
    known: np.ndarray  # thousandths of them that the label's profile holds
    characters: np.ndarray  # how many were read


@dataclass(frozen=True)
class IdentifyLanguage:
    """Fills `lang` (ISO 639-1, one of `label_names()`, or `und`) and `lang_score` of every live row.

    The method is langdetect's (naive Bayes over its profiles of 55 languages), over all n-grams instead of a random draw, so
    that the same text always has the same label. `zh` stands for both of its Chinese profiles. `lang_score` is the margin of
    the best label over the next in thousandths of a nat per n-gram. The label is `und` when that is below `min_margin`, and when
    the label's profile holds too few of the text's n-grams (`min_known`): a text in a language without a profile. Both are less
    strict with short texts. Of fewer than MIN_NGRAMS n-grams, or MIN_EVIDENCE nats in all, nothing is said. A text mostly in
    capitals, whose n-grams the method passes over, is read in small letters. Unwanted languages get `drop_reason`
    `language:<label>`.

    With `per_line` the lines are labelled too; a document whose lines have several labels gets a flag `language/lines` in the
    ledger, whose evidence is a JSON object: label -> percent of the bytes of the lines that have a label.

    No letters (digits, emoji, white space, an address alone), few letters, and letters of a script that no profile knows are
    `und` with score 0 or little more. Of a text of any length at most 32 kB are read.

    Measured with the defaults: `und` are 0.2 % of 1,514 news documents in known languages, 1.0 % of 3,300 sentences (most of
    these had a wrong label), 12 of 659 chapters of a declaration (in Walloon, though marked French); and 88 % of 583 documents and
    58 % of 1,800 sentences in languages without a profile (Sakha, whose n-grams are Russian, hardly ever). Of the labelled
    sentences 1.7 % have a wrong label; a higher `min_margin` trades these for `und`.
    """

    keep: tuple[str, ...] = field(default=(), metadata={"help": "languages to keep (ISO 639-1); none named: all"})
    keep_und: bool = field(default=True, metadata={"help": "keep documents whose language is undetermined"})
    per_line: bool = field(
        default=False, metadata={"help": "put the share of each language by line into the ledger, for documents that have several"}
    )
    min_margin: Annotated[int, Ge(0), Le(10_000)] = field(
        default=50, metadata={"help": "least margin over the next language, thousandths of a nat per n-gram; below it: und"}
    )
    min_known: Annotated[int, Ge(0), Le(1000)] = field(
        default=960, metadata={
            "help": "least share of n-grams that the language's profile holds, thousandths, plus a tenth of the margin; below it: und"
        }
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", tuple(self.keep))
        for name in self.keep:
            if name not in label_names():
                raise ValueError(f"no language {name!r}. {_advice(name)}")

    def __call__(self, batch: pa.RecordBatch) -> Outcome:
        live = live_rows(batch)
        rows = np.flatnonzero(live)
        if len(rows) == 0:
            return Outcome(batch, NO_EDITS)
        guesses = self._guess(batch.column("text"), rows)
        labels, names = self._labels(guesses), [*label_names(), UNDETERMINED]
        reasons = [self._reason(name) for name in names]
        place = np.cumsum(live) - 1  # of a live row among the live rows
        index = pa.array(labels[place], mask=~live)
        columns = {
            "lang": pa.array(names, pa.string()).take(index),
            "lang_score": pa.array(guesses.margins[place].astype(np.int32), mask=~live),
            "drop_reason": pa.array(reasons, pa.string()).take(index),
        }
        mask = pa.array(live)
        merged = {name: pc.if_else(mask, column, batch.column(name)) for name, column in columns.items()}
        edits = self._flag_mixed(batch.column("text"), rows) if self.per_line else NO_EDITS
        return Outcome(replace_columns(batch, **merged), edits)

    def _flag_mixed(self, text: pa.Array, rows: np.ndarray) -> pa.RecordBatch:
        spans = []
        for row, sizes in zip(rows.tolist(), self._bytes_by_label(text.take(pa.array(rows)))):
            labels = np.flatnonzero(sizes[:-1])
            if len(labels) > 1:
                shares = {label_names()[label]: int(100 * sizes[label] // sizes[:-1].sum()) for label in labels.tolist()}
                spans.append(Span(row, 0, 0, "", "language/lines", "flag", json.dumps(shares)))
        return apply_spans(text, spans)[1]

    def _bytes_by_label(self, text: pa.Array) -> np.ndarray:
        """Bytes of the lines of each label, und last; shape (texts, labels + 1)."""
        offsets, data = buffers(text)
        ends = np.flatnonzero(data[offsets[0] : offsets[-1]] == 0x0A) + offsets[0] + 1
        cuts = np.unique(np.concatenate([offsets, ends]))
        labels = self._labels(best_labels(strings(cuts, data), np.arange(len(cuts) - 1)))
        sizes = np.zeros((len(text), len(label_names()) + 1), np.int64)
        np.add.at(sizes, (np.searchsorted(offsets, cuts[:-1], side="right") - 1, labels), np.diff(cuts))
        return sizes

    def _guess(self, text: pa.Array, rows: np.ndarray) -> Guesses:
        """The best labels, with text in capitals read as small letters where it says little as it is.

        Text has 2.8 n-grams a character, Chinese more than one, capitals 0.6 at most.
        """
        guesses = best_labels(text, rows)
        little = guesses.ngrams < guesses.characters
        doubtful = np.flatnonzero(little | (self._labels(guesses) == len(label_names())))
        heads = pc.utf8_slice_codeunits(text.take(pa.array(rows[doubtful])), 0, MAX_LOWERED)
        capital, small = (pc.count_substring_regex(heads, pattern).to_numpy() for pattern in (r"\p{Lu}", r"\p{Ll}"))
        shouted = np.flatnonzero((capital > small) & (capital >= MIN_CAPITALS))
        again = best_labels(pc.utf8_lower(heads.take(pa.array(shouted))), np.arange(len(shouted)))
        for column, values in zip(guesses, again):
            column[doubtful[shouted]] = values
        return guesses

    def _labels(self, guesses: Guesses) -> np.ndarray:
        """Positions in `label_names()`, one past its end for und."""
        ngrams, alphabetic = guesses.ngrams, ~np.isin(guesses.labels, [label_names().index(name) for name in LARGE_ALPHABETS])
        told = (ngrams >= MIN_NGRAMS) & (guesses.margins * ngrams >= MIN_EVIDENCE)
        told &= _is_enough(guesses.margins, self.min_margin, MARGIN_ALLOWANCE, ngrams)
        known = guesses.known + guesses.margins // MARGIN_FOR_KNOWN
        told &= _is_enough(known, self.min_known, KNOWN_ALLOWANCE, ngrams) | ~alphabetic
        return np.where(told, guesses.labels, len(label_names()))

    def _reason(self, name: str) -> str | None:
        kept = self.keep_und if name == UNDETERMINED else not self.keep or name in self.keep
        return None if kept else f"language:{name}"


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


def _is_enough(mean: np.ndarray, least: int, allowance: int, ngrams: np.ndarray) -> np.ndarray:
    """Whether a mean over so many n-grams reaches `least`, or falls short by no more than allowance / sqrt(n-grams)."""
    short = np.maximum(least - mean, 0)
    enough: np.ndarray = short * short * ngrams <= allowance * allowance
    return enough


def _advice(name: str) -> str:
    if name == UNDETERMINED:
        return "`keep_und` says whether undetermined documents are kept."
    near = get_close_matches(name.lower().replace("_", "-").split("-")[0], label_names(), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(label_names())}."
