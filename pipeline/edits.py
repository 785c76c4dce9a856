"""The ledger of text changes: record byte spans as edits, apply them to a batch of texts, and restore the original.

An edit says that at code point `start` of its step's input, `removed` gave way to `inserted`. The edits of one step of one
document are sorted and do not overlap. Kind `edit` changed the text; `proposal` and `flag` only say what was seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.text import buffers, code_points_before, copy_spans, splice, strings

# What a stage hands over: `row` is the position in its batch.
STEP_EDITS = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("removed", pa.large_string(), nullable=False),
        pa.field("inserted", pa.large_string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # edit, proposal or flag
        ("evidence", pa.string()),
    ]
)

# What a run writes to `edits/`.
LEDGER = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("step", pa.int16(), nullable=False),
        *(STEP_EDITS.field(name) for name in STEP_EDITS.names if name != "row"),
    ]
)

NO_EDITS = pa.RecordBatch.from_pylist([], schema=STEP_EDITS)


@dataclass(frozen=True)
class Span:
    """One change to one row: bytes [start, stop) of its text, UTF-8, counted from the row's beginning."""

    row: int
    start: int
    stop: int
    inserted: str
    rule: str
    kind: str = "edit"
    evidence: str | None = None


def apply_spans(text: pa.Array, spans: Iterable[Span]) -> tuple[pa.Array, pa.RecordBatch]:
    """The texts with the spans of kind `edit` replaced, and all the spans as STEP_EDITS.

    Spans may come in any order. Those of kind `edit` must not overlap within a row and must lie on character boundaries
    (ValueError: a stage that breaks this has a bug).
    """
    ordered = sorted(spans, key=lambda s: (s.row, s.start, s.stop))
    return apply_columns(
        text,
        rows=np.array([s.row for s in ordered], np.int64),
        starts=np.array([s.start for s in ordered], np.int64),
        stops=np.array([s.stop for s in ordered], np.int64),
        inserted=pa.array([s.inserted for s in ordered], pa.large_string()),
        rule=pa.array([s.rule for s in ordered], pa.string()),
        kind=pa.array([s.kind for s in ordered], pa.string()),
        evidence=pa.array([s.evidence for s in ordered], pa.string()),
    )


def apply_columns(
    text: pa.Array,
    *,
    rows: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    inserted: pa.Array | None = None,
    rule: pa.Array,
    kind: pa.Array | None = None,
    evidence: pa.Array | None = None,
) -> tuple[pa.Array, pa.RecordBatch]:
    """`apply_spans` for spans that already are columns (int64), sorted by row and start. By default every span is deleted."""
    if len(rows) == 0:
        return text, NO_EDITS
    offsets, data = buffers(text)
    count = len(rows)
    inserted = pa.array([""], pa.large_string()).take(pa.array(np.zeros(count, np.int64))) if inserted is None else inserted
    kind = pa.array(["edit"] * count, pa.string()) if kind is None else kind
    changes = np.asarray(pc.equal(kind, "edit").to_numpy(zero_copy_only=False))
    _check(offsets, data, rows, starts, stops, changes)
    ledger = pa.RecordBatch.from_arrays(
        [
            pa.array(rows, pa.int32()),
            pa.array(code_points_before(offsets, data, rows, starts)),
            slices(text, rows, starts, stops),
            inserted,
            rule,
            kind,
            pa.nulls(count, pa.string()) if evidence is None else evidence,
        ],
        schema=STEP_EDITS,
    )
    if not changes.any():
        return text, ledger
    inserted_offsets, inserted_data = buffers(inserted.filter(pa.array(changes)))
    return strings(
        *splice(offsets, data, rows[changes], starts[changes], stops[changes], inserted_offsets, inserted_data)
    ), ledger


def slices(text: pa.Array, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> pa.Array:
    """The byte spans [starts, stops) of these rows as a large_string array, in the order given (rows ascending)."""
    offsets, data = buffers(text)
    out_offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(stops - starts, out=out_offsets[1:])
    return strings(out_offsets, copy_spans(data, offsets[rows] + starts, out_offsets))


def _check(
    offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray, changes: np.ndarray
) -> None:
    lengths = offsets[rows + 1] - offsets[rows]
    if (starts < 0).any() or (stops < starts).any() or (stops > lengths).any():
        raise ValueError("a span lies outside its text")
    order = rows * (int(lengths.max(initial=0)) + 1) + starts
    if (np.diff(order) < 0).any():
        raise ValueError("spans are not sorted by row and start")
    r, a, b = rows[changes], starts[changes], stops[changes]
    if ((np.diff(r) == 0) & (a[1:] < b[:-1])).any():
        raise ValueError("two edits of one text overlap")
    for places in (starts, stops):
        inside = places < lengths
        if ((data[offsets[rows[inside]] + places[inside]] & 0xC0) == 0x80).any():
            raise ValueError("a span begins or ends inside a character")


def restore(cleaned: str, edits: Sequence[dict[str, Any]]) -> str:
    """The original text of one document from its cleaned text and its ledger rows (dicts with the LEDGER's keys, any order).

    >>> restore("a B", [{"step": 1, "start": 2, "removed": "b", "inserted": "B", "kind": "edit"}])
    'a b'
    """
    text = cleaned
    changes = [e for e in edits if e["kind"] == "edit"]
    for step in sorted({e["step"] for e in changes}, reverse=True):
        pieces, at, shift = [], 0, 0
        for edit in sorted((e for e in changes if e["step"] == step), key=lambda e: (e["start"], len(e["removed"]))):
            start = edit["start"] + shift
            if text[start : start + len(edit["inserted"])] != edit["inserted"]:
                raise ValueError(f"step {step}, code point {edit['start']}: the text does not hold {edit['inserted']!r} there")
            pieces += [text[at:start], edit["removed"]]
            at = start + len(edit["inserted"])
            shift += len(edit["inserted"]) - len(edit["removed"])
        text = "".join(pieces) + text[at:]
    return text
