"""Which matcher serves each document of a batch: one for each set of packs, and few languages make many documents."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boilerplate.match import Hits, Matcher


@dataclass(frozen=True)
class Matchers:
    """The distinct matchers, and by row the place among them of the one that serves it."""

    distinct: tuple[Matcher, ...]
    of_row: np.ndarray

    @classmethod
    def by_language(cls, langs: pa.Array, matcher: Callable[[str | None], Matcher]) -> "Matchers":
        """For these languages of the rows, null where not known. `matcher` may give the same one for several."""
        codes = pc.dictionary_encode(langs, null_encoding="encode")
        found = [matcher(lang) for lang in codes.dictionary.to_pylist()]
        distinct = tuple(dict.fromkeys(found))
        place = np.array([distinct.index(one) for one in found], np.int64)
        return cls(distinct, place[codes.indices.to_numpy()] if len(langs) else np.zeros(0, np.int64))

    def groups(self, rows: np.ndarray) -> list[tuple[Matcher, np.ndarray]]:
        """Each matcher with the positions in `rows` that it serves."""
        if len(self.distinct) == 1:
            return [(self.distinct[0], np.arange(len(rows)))]
        which = self.of_row[rows]
        return [(matcher, np.flatnonzero(which == number)) for number, matcher in enumerate(self.distinct)]

    def of(self, row: int) -> Matcher:
        """The matcher of a row."""
        return self.distinct[int(self.of_row[row])]

    def columns(self, column: Callable[[Matcher], np.ndarray], rows: np.ndarray, hits: Hits) -> np.ndarray:
        """What a column of the matchers, with a number for each rule, holds for the rules of these hits, which stand in `rows`."""
        found = np.zeros(len(rows), np.int64)
        for matcher, mine in self.groups(rows):
            found[mine] = column(matcher)[hits.rule[mine]]
        return found
