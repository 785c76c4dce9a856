"""The documents of a pass that something may be found in, one by one."""

from collections.abc import Iterator
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa

from pipeline.boilerplate.document import Document
from pipeline.boilerplate.lines import Lines, Zones
from pipeline.boilerplate.match import Hits, NamedRule
from pipeline.boilerplate.matchers import Matchers

_LINES_AT_HAND = 32  # of a document: rules look at a line and those beside it again and again


def documents(
    lines: Lines, zones: Zones, hits: Hits, matchers: Matchers, titles: pa.Array, worth: np.ndarray
) -> Iterator[tuple[int, int, Document]]:
    """The row, the position of the first line and the document, for each row for which `worth` is True and that has lines.

    `hits`, by position, are those in the zones of their rules; `titles` has one string a row, "" where none is known.
    """
    of_worth = worth[lines.row]
    row = lines.row[of_worth]
    first = np.flatnonzero(np.append(True, row[1:] != row[:-1])[: len(row)])  # of each document among its likes
    bounds = np.append(first, len(row)).tolist()
    rows, starts = row[first], np.flatnonzero(of_worth)[first]
    columns = (lines.key, lines.tokens, lines.ending, zones.head, zones.after_body)
    key, tokens, ending, head, after_body = (column[of_worth].tolist() for column in columns)
    low = np.searchsorted(hits.line, starts).tolist()
    high = np.searchsorted(hits.line, starts + np.diff(bounds)).tolist()
    lines_hit, rules_hit = hits.line.tolist(), hits.rule.tolist()
    names = titles.take(pa.array(rows)).to_pylist()
    for n, (number, start) in enumerate(zip(rows.tolist(), starts.tolist())):
        part, rules = slice(bounds[n], bounds[n + 1]), matchers.of(number).rules
        by_line: dict[int, list[NamedRule]] = {}
        for hit in range(low[n], high[n]):
            by_line.setdefault(lines_hit[hit] - start, []).append(rules[rules_hit[hit]])
        text = lru_cache(maxsize=_LINES_AT_HAND)(partial(_text, lines, start))
        document = Document(key[part], tokens[part], ending[part], head[part], after_body[part], by_line, text, names[n])
        yield number, start, document


def _text(lines: Lines, first: int, i: int) -> str:
    """The text of line `i` of the document whose first line this is."""
    return lines.text(first + i)
