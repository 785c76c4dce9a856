"""Changes to a batch of texts as a table of byte spans, and how two turns of changes become one."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.encoding.text_diff import diff
from pipeline.kernels.text import buffers, splice, strings

# Spans of a pass: row in its texts, bytes [start, stop) of that text. Sorted by row and start, disjoint, all of them changes.
SPANS = pa.schema(
    [
        ("row", pa.int64()),
        ("start", pa.int64()),
        ("stop", pa.int64()),
        ("inserted", pa.large_string()),
        ("rule", pa.string()),
        ("evidence", pa.string()),
    ]
)


class SegmentChange(NamedTuple):
    """Bytes [start, stop) of a segment give way to `inserted`."""

    start: int
    stop: int
    inserted: str
    rule: str
    evidence: str | None


def difference(old: str, new: str, rule: str, evidence: str | None = None) -> list[SegmentChange]:
    """The changes between two versions of a segment, for one reason."""
    changes, at, place = [], 0, 0
    for change in diff(old, new):
        start = place + len(old[at : change.start].encode())
        at, place = change.stop, start + len(old[change.start : change.stop].encode())
        changes.append(SegmentChange(start, place, change.inserted, rule, evidence))
    return changes


def span_table(rows: list[int], changes: list[SegmentChange]) -> pa.Table:
    """A table of SPANS: one row number for each change."""
    columns: list[list[Any]] = [rows, *map(list, zip(*changes))] if changes else [[] for _ in SPANS]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, SPANS)], schema=SPANS)


def splice_spans(text: pa.Array, spans: pa.Table) -> pa.Array:
    """The texts with the spans replaced."""
    if spans.num_rows == 0:
        return text
    places = (spans[name].to_numpy() for name in ("row", "start", "stop"))
    return strings(*splice(*buffers(text), *places, *buffers(pa.concat_arrays(spans["inserted"].chunks))))


def in_order(tables: list[pa.Table]) -> pa.Table:
    """The spans of several tables, sorted."""
    return pa.concat_tables(tables).sort_by([("row", "ascending"), ("start", "ascending")])


def renumber(spans: pa.Table, rows: np.ndarray) -> pa.Table:
    """The spans with row i given as `rows[i]`."""
    return spans.set_column(0, SPANS.field("row"), pa.array(rows[spans["row"].to_numpy()], pa.int64()))


def without_rows(spans: pa.Table, rows: list[int]) -> pa.Table:
    """The spans of the other rows."""
    return spans.filter(pa.array(~np.isin(spans["row"].to_numpy(), rows)))


def compose(first: pa.Table, second: pa.Table, between: pa.Array) -> pa.Table:
    """The spans that do in one turn what `first` does, giving the texts `between`, and then `second`.

    Where a span of `second` meets what `first` inserted they become one, whose rule names both.
    """
    if first.num_rows == 0 or second.num_rows == 0:
        return second if first.num_rows == 0 else first
    starts, meeting = _before(first, second, buffers(between)[0])
    apart = second.set_column(1, SPANS.field("start"), pa.array(starts))
    apart = apart.set_column(2, SPANS.field("stop"), pa.array(starts + _sizes(second)))
    ours, theirs = (_by_row(spans.filter(pa.array(np.isin(spans["row"].to_numpy(), meeting)))) for spans in (first, second))
    rows, changes = [], []
    for row, earlier in ours.items():
        combined = _compose_row(earlier, theirs[row], between[row].as_py().encode())
        rows += [row] * len(combined)
        changes += combined
    return in_order([*(without_rows(spans, meeting.tolist()) for spans in (first, apart)), span_table(rows, changes)])


def _sizes(spans: pa.Table) -> np.ndarray:
    sizes: np.ndarray = spans["stop"].to_numpy() - spans["start"].to_numpy()
    return sizes


def _before(first: pa.Table, second: pa.Table, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the spans of `second` begin in the texts before `first`, which gave texts of these offsets; and the rows in which one of
    them meets what `first` inserted, where that says nothing. An empty span meets what it touches: which comes first is not told."""
    rows, later = first["row"].to_numpy(), second["row"].to_numpy()
    inserted = np.diff(buffers(pa.concat_arrays(first["inserted"].chunks))[0])
    grown = np.concatenate([[0], np.cumsum(inserted - _sizes(first))])
    of_row = grown[np.searchsorted(rows, rows)]  # before the first span of the row
    offsets = offsets + np.arange(len(offsets))  # so that the end of one text is not where the next begins
    starts = offsets[rows] + first["start"].to_numpy() + grown[:-1] - of_row
    stops, empty = starts + inserted, np.concatenate([[0], np.cumsum(inserted == 0)])
    places = offsets[later] + second["start"].to_numpy()
    ends = places + _sizes(second)
    before = np.searchsorted(stops, places, side="right")
    meets = np.searchsorted(starts, ends) > before
    low, high = np.searchsorted(stops, places), np.searchsorted(starts, ends, side="right")
    meets |= (high > low) & ((places == ends) | (empty[high] > empty[low]))
    shift = grown[before] - grown[np.minimum(np.searchsorted(rows, later), before)]
    return second["start"].to_numpy() - shift, np.unique(later[meets])


def _by_row(spans: pa.Table) -> dict[int, list[SegmentChange]]:
    found = defaultdict(list)
    for row, *change in zip(*(column.to_pylist() for column in spans.columns)):
        found[row].append(SegmentChange(*change))
    return found


def _compose_row(earlier: list[SegmentChange], later: list[SegmentChange], between: bytes) -> list[SegmentChange]:
    groups = _groups(earlier, later)
    changes, shift = [], 0  # shift: from a place in `between` to the place in the text before
    for start, stop, grown, own, other in groups:
        pieces, at = [], start
        for change in other:
            pieces += [between[at : change.start], change.inserted.encode()]
            at = change.stop
        inserted = b"".join([*pieces, between[at:stop]]).decode()
        rules = {rule for change in own + other for rule in change.rule.removeprefix("encoding/").split("+")}
        evidence = " ".join(dict.fromkeys(change.evidence for change in own + other if change.evidence)) or None
        changes.append(
            SegmentChange(start + shift, stop + shift - grown, inserted, "encoding/" + "+".join(sorted(rules)), evidence)
        )
        shift -= grown
    return changes


_Group = tuple[int, int, int, list[SegmentChange], list[SegmentChange]]


def _groups(earlier: list[SegmentChange], later: list[SegmentChange]) -> list[_Group]:
    """Changes of either turn that overlap: bytes [start, stop) between the turns, by how much the first turn made them longer, and
    the changes of each."""
    items: list[_Group] = [(c.start, c.stop, 0, [], [c]) for c in later]
    shift = 0
    for change in earlier:
        grown = len(change.inserted.encode()) - (change.stop - change.start)
        items.append((change.start + shift, change.stop + shift + grown, grown, [change], []))
        shift += grown
    groups: list[_Group] = []
    for start, stop, grown, own, other in sorted(items, key=lambda item: (item[0], item[1])):
        if groups and start < groups[-1][1]:
            before = groups[-1]
            groups[-1] = (before[0], max(before[1], stop), before[2] + grown, before[3] + own, before[4] + other)
        else:
            groups.append((start, stop, grown, own, other))
    return groups
