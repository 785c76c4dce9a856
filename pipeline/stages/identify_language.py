"""Writes the language of each document, `und` where the text does not tell, and marks those that are not wanted."""

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.edits import NO_EDITS, Span, apply_spans
from pipeline.kernels.language_tables import label_names
from pipeline.language.guesses import Guesses, Limits, bytes_by_label, guess_documents, labels_told
from pipeline.schema import live_rows, replace_columns
from pipeline.stage import Outcome

UNDETERMINED = "und"

# Thousandths of a nat that a label needs by which a document is dropped. Of 4,973 pieces of 8 English words 2 % have another label,
# 0.2 % with so much evidence (of 3 words 21 and 0.5 %); 98 % of German sentences have it.
UNWANTED_EVIDENCE = 10_000


@dataclass(frozen=True)
class IdentifyLanguage:
    """Fills `lang` (ISO 639-1, one of `label_names()`, or `und`) and `lang_score` of every live row.

    The method is langdetect's (naive Bayes over its profiles of 55 languages), over all n-grams instead of a random draw, so
    that the same text always has the same label. `zh` stands for both of its Chinese profiles. `lang_score` is the margin of
    the best label over the next in thousandths of a nat per n-gram. The label is `und` when that is below `min_margin`, and when
    the label's profile holds too few of the text's n-grams (`min_known`): a text in a language without a profile. Both are less
    strict with short texts. Of fewer than MIN_NGRAMS n-grams, or MIN_EVIDENCE nats in all, nothing is said. A text mostly in
    capitals, whose n-grams the method passes over, is read in small letters.

    Unwanted languages get `drop_reason` `language:<label>`; a short text whose label is unwanted but may well be wrong is `und`.

    With `per_line` the lines are labelled too, where one tells enough. A document whose lines have several labels gets a flag
    `language/lines` in the ledger, whose evidence is a JSON object: label -> percent of the bytes of the lines that have a label.

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
        default=False,
        metadata={"help": "put the share of each language by line into the ledger, for documents that have several"},
    )
    min_margin: Annotated[int, Ge(0), Le(10_000)] = field(
        default=50, metadata={"help": "least margin over the next language, thousandths of a nat per n-gram; below it: und"}
    )
    min_known: Annotated[int, Ge(0), Le(1000)] = field(
        default=960,
        metadata={
            "help": "least share of n-grams that the language's profile holds, thousandths, plus a tenth of the margin; below it: und"
        },
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
        guesses = guess_documents(batch.column("text"), rows, self._limits)
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
        for row, sizes in zip(rows.tolist(), bytes_by_label(text.take(pa.array(rows)), self._limits)):
            labels = np.flatnonzero(sizes[:-1])
            if len(labels) > 1:
                shares = {label_names()[label]: int(100 * sizes[label] // sizes[:-1].sum()) for label in labels.tolist()}
                spans.append(Span(row, 0, 0, "", "language/lines", "flag", json.dumps(shares)))
        return apply_spans(text, spans)[1]

    def _labels(self, guesses: Guesses) -> np.ndarray:
        """Positions in `label_names()`, one past its end for und."""
        labels = labels_told(guesses, self._limits)
        if self.keep:
            kept = np.isin(labels, [label_names().index(name) for name in self.keep])
            labels[~kept & (guesses.margins * guesses.ngrams < UNWANTED_EVIDENCE)] = len(label_names())
        return labels

    @property
    def _limits(self) -> Limits:
        return Limits(self.min_margin, self.min_known)

    def _reason(self, name: str) -> str | None:
        kept = self.keep_und if name == UNDETERMINED else not self.keep or name in self.keep
        return None if kept else f"language:{name}"


def _advice(name: str) -> str:
    if name == UNDETERMINED:
        return "`keep_und` says whether undetermined documents are kept."
    near = get_close_matches(name.lower().replace("_", "-").split("-")[0], label_names(), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(label_names())}."
