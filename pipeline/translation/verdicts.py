"""What is to be done with each document of a shard: its score, the evidence for it, and spans that change, propose or flag."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.edits import Span

_SPAN = pa.struct(
    [
        ("start", pa.int64()),
        ("stop", pa.int64()),
        ("inserted", pa.string()),
        ("rule", pa.string()),
        ("kind", pa.string()),
        ("evidence", pa.string()),
    ]
)
VERDICTS = pa.schema([("row", pa.int32()), ("mt_score", pa.int32()), ("mt_evidence", pa.string()), ("spans", pa.list_(_SPAN))])


def make_verdicts(rows: np.ndarray, scores: np.ndarray, evidence: pa.Array, spans: list[Span], first: int) -> pa.RecordBatch:
    """VERDICTS of these rows, counted from `first` rows earlier: their scores, evidence and own spans."""
    by_row = {row: [_plain(span) for span in found] for row, found in spans_by_row(spans).items()}
    place = np.zeros(len(rows), np.int64)  # 0: none
    place[np.searchsorted(rows, list(by_row))] = 1 + np.arange(len(by_row))
    columns = [
        pa.array(rows + first, pa.int32()),
        pa.array(scores[rows], pa.int32()),
        evidence.take(pa.array(rows)),
        pa.array([None, *by_row.values()], VERDICTS.field("spans").type).take(pa.array(place)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=VERDICTS)


def spans_by_row(spans: Sequence[Span]) -> Mapping[int, list[Span]]:
    """The spans of each row that has any, in the order given."""
    rows: dict[int, list[Span]] = {}
    for span in spans:
        rows.setdefault(span.row, []).append(span)
    return rows


def _plain(span: Span) -> dict[str, Any]:
    """A span as a value of VERDICTS: all but its row."""
    return {name: value for name, value in vars(span).items() if name != "row"}


def add_spans(scored: pa.Table, found: Mapping[int, Sequence[Span]]) -> pa.Table:
    """VERDICTS with the spans that the corpus has shown, by row, joined to the documents' own."""
    rows, own = scored["row"].to_numpy(), scored["spans"].combine_chunks()
    places = np.searchsorted(rows, list(found))
    before = own.take(pa.array(places)).to_pylist()
    merged = pa.array([merge_spans(*pair) for pair in zip(before, found.values(), strict=True)], own.type)
    index = np.arange(len(rows))
    index[places] = len(rows) + np.arange(len(places))
    return scored.set_column(3, VERDICTS.field("spans"), pa.concat_arrays([own, merged]).take(pa.array(index)))


def merge_spans(before: Sequence[Mapping[str, Any]] | None, shown: Sequence[Span]) -> list[dict[str, Any]]:
    """A document's own spans and those that the corpus has shown, as values of VERDICTS.

    Edits stand over flags at the same place, and those of the document over those of the corpus.
    """
    own = [Span(row=shown[0].row, **span) for span in before or ()]
    edits = [span for span in own if span.kind == "edit"]
    shown = without_edited(shown, edits)
    notes = [span for span in own if span.kind != "edit"]
    return [_plain(span) for span in [*edits, *without_edited(notes, [s for s in shown if s.kind == "edit"]), *shown]]


def spans_of(verdicts: pa.Table) -> Iterator[Span]:
    """The spans of verdicts, row by row."""
    chosen = verdicts.filter(verdicts["spans"].is_valid())
    for row, spans in zip(chosen["row"].to_pylist(), chosen["spans"].to_pylist(), strict=True):
        for span in spans:
            yield Span(row=row, **span)


def without_edited(notes: Sequence[Span], edits: Sequence[Span]) -> list[Span]:
    """The notes that do not say again what an edit has done: those that touch no edit."""
    edited: dict[int, set[int]] = {}
    for edit in edits:
        edited.setdefault(edit.row, set()).update(range(edit.start, edit.stop))
    none: set[int] = set()
    return [note for note in notes if edited.get(note.row, none).isdisjoint(range(note.start, max(note.stop, note.start + 1)))]


def disjoint(edits: Iterable[Span]) -> list[Span]:
    """The edits without those that touch one before them."""
    kept: list[Span] = []
    taken: set[tuple[int, int]] = set()
    for edit in edits:
        places = {(edit.row, at) for at in range(edit.start, edit.stop)}
        if taken.isdisjoint(places):
            taken |= places
            kept.append(edit)
    return kept
