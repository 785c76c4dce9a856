"""How the rest of the corpus writes a single word: whether it is a name that one document has written small (rule W).

A word in lower case is capitalised, in any document, if no dictionary holds it, at least three other families capitalise it in
mid-sentence (eight, if it is of initials), and of all that write it there at least 97 % do.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files import open_ipc
from pipeline.kernels.attestations import WORD
from pipeline.translation.phrases import Attested, Said

LEAST_FAMILIES = 3
LEAST_PERCENT = 97
# Three letters are initials of many things, and words besides: of books and manuals "asa" (Phoenician), "gls", "crt" and "esr" (names of a
# program, files, a person) were capitalised by 3 to 7 families; "API", "CPUs", "DNS", "PHP", "RFC" are by more.
INITIALS, LEAST_FAMILIES_OF_INITIALS = 3, 8

# Of the words that documents ask about, at most so many are looked up: those of the smallest keys, which is a sample by lot. A million
# is more than 10 million documents of news ask; it bounds the tables of every process (32 MB).
MOST_WORDS = 1 << 20


STRANGE = pa.schema([("row", pa.int64()), ("start", pa.int64()), ("stop", pa.int64()), ("key", pa.uint64())])


@dataclass(frozen=True)
class Strange:
    """Words in lower case that no dictionary holds, as columns: row, first and last byte counted from the row's beginning, key."""

    rows: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    keys: np.ndarray

    def alone(self) -> "Strange":
        """Those that stand beside no other: several in a row are a quotation in another language, where nothing is known."""
        beside = (np.diff(self.rows) == 0) & (self.starts[1:] - self.stops[:-1] == 1)
        kept = np.ones(len(self.rows), np.bool_)
        kept[1:] &= ~beside
        kept[:-1] &= ~beside
        return Strange(self.rows[kept], self.starts[kept], self.stops[kept], self.keys[kept])

    def of_keys(self, keys: np.ndarray) -> "Strange":
        """Those with one of these keys."""
        kept = np.isin(self.keys, keys)
        return Strange(self.rows[kept], self.starts[kept], self.stops[kept], self.keys[kept])

    def within(self, start: int, stop: int) -> "Strange":
        """Those of rows start to stop, counted from start."""
        a, b = np.searchsorted(self.rows, [start, stop])
        return Strange(self.rows[a:b] - start, self.starts[a:b], self.stops[a:b], self.keys[a:b])

    def to_batch(self, first: int) -> pa.RecordBatch:
        """As STRANGE, rows counted from `first` rows earlier."""
        return pa.RecordBatch.from_arrays([self.rows + first, self.starts, self.stops, self.keys], schema=STRANGE)

    @staticmethod
    def load(path: Path) -> "Strange":
        return Strange(*(column.to_numpy() for column in open_ipc(path).read_all().columns))


@dataclass(frozen=True)
class Uses:
    """How often documents below the gate write a word small, and with its capital where nothing but the word asks for one."""

    lower: int
    capital: int

    def is_name(self, own: int) -> bool:
        """Whether it is a name, leaving out the `own` uses in lower case that are in question."""
        others = max(self.lower - own, 0)
        return 100 * self.capital >= LEAST_PERCENT * (self.capital + others)


def first_families(told: np.ndarray, keys: np.ndarray, families: pa.Array, docs: pa.Array, most_families: int) -> np.ndarray:
    """Which of these places of capitalised words to tell of: for each word the first families in order, by their first document.

    So what is told is bounded by the words that are asked about, and does not depend on where batches end.
    """
    chosen = np.flatnonzero(told[:, 3] == WORD)
    if not len(chosen):
        return chosen
    rows = pa.array(told[chosen, 0])
    family, doc = (pc.rank(column.take(rows), tiebreaker="dense").to_numpy() for column in (families, docs))
    order = np.lexsort((doc, family, keys[chosen]))
    chosen, family = chosen[order], family[order]
    word = keys[chosen]
    new_word = np.r_[True, word[1:] != word[:-1]]
    new = new_word | np.r_[True, family[1:] != family[:-1]]
    count = np.cumsum(new)
    of_word = count - np.maximum.accumulate(np.where(new_word, count, 0)) + 1
    result: np.ndarray = chosen[new & (of_word <= most_families)]
    return result


def sum_uses(keys: np.ndarray, capital: np.ndarray, words: np.ndarray, lower: np.ndarray) -> dict[int, Uses]:
    """Uses by key of the words that could be names: more often capitalised than not.

    `keys` are sorted, with counts of capitalised uses that are to be added up; `words` are sorted, with all their uses in lower case.
    """
    if not len(keys):
        return {}
    distinct, first = np.unique(keys, return_index=True)
    capital = np.add.reduceat(capital, first)
    small = lower[np.searchsorted(words, distinct)]
    chosen = (capital >= LEAST_FAMILIES) & (capital > small)
    columns = (column[chosen].tolist() for column in (distinct, small, capital))
    return {key: Uses(few, many) for key, few, many in zip(*columns, strict=True)}


def judge_word(forms: Iterable[Said], most_families: int) -> Attested | None:
    """What (form, family, document) of one word come to: the form of most families, each by its first document."""
    first: dict[str, tuple[str, str]] = {}
    for form, family, doc in forms:
        first[family] = min((doc, form or ""), first.get(family, (doc, form or "")))
    chosen = sorted(first)[:most_families]
    counts: dict[str, int] = defaultdict(int)
    for family in chosen:
        counts[first[family][1]] += 1
    form = min(counts, key=lambda f: (-counts[f], f), default="")
    if len(chosen) < (LEAST_FAMILIES_OF_INITIALS if _is_of_initials(form) else LEAST_FAMILIES):
        return None
    return Attested(form, tuple(chosen), tuple(first[family][0] for family in chosen), len(chosen))


def _is_of_initials(form: str) -> bool:
    """Whether a form is three capitals or fewer, with or without the s of more than one."""
    letters = form.removesuffix("s")
    return len(letters) <= INITIALS and letters.isupper()
