"""The steps of `repair_translation` that run over shards: score, answer what is needed, and write down what is to be done.

Files in the stage's folder: `scored-*.arrow` (VERDICTS as far as a document shows them by itself), `passed-*.npy` (numbers of the
documents that pass, counted through the corpus), `needs-*.npz`, `strange-*.npz` (words that no dictionary holds), and in the end
`verdicts-*.arrow`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.edits import Span
from pipeline.files import open_ipc, read_batches, write_array, write_ipc
from pipeline.kernels.attestations import WORD
from pipeline.translation import repairs
from pipeline.translation.evidence import Needs, answer, find_needs, join_needs, read_asked
from pipeline.translation.rewrite import capitalise_words, disjoint, propose_names, repair_phrases, without_edited
from pipeline.translation.scope import family_of, judged_rows, lengths
from pipeline.translation.score import Hits, evidence_json, scan, score
from pipeline.translation.words import Strange

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


class Shard(NamedTuple):
    """A shard as an item of a map."""

    path: str
    first: int  # number of its first document
    number: int


@dataclass(frozen=True)
class Settings:
    """What the steps need to know: the stage's settings and its folder."""

    folder: str
    level: str
    min_score: int
    min_families: int

    def file(self, name: str) -> Path:
        return Path(self.folder) / name


def score_shard(settings: Settings, item: Sequence[Any]) -> dict[str, int]:
    """Scores one shard; leaves its scores, which documents pass, and what these need."""
    shard = Shard(*item)
    passed, needs, verdicts, words, firsts, row = [np.zeros(0, np.int64)], [], [], [], [], 0
    for batch in read_batches(Path(shard.path)):
        text, rows = batch.column("text"), judged_rows(batch)
        hits, repeats, strange = scan(text, rows)
        scores = score(hits, lengths(text))
        through = rows[scores[rows] >= settings.min_score] if settings.level != "off" else rows[:0]
        spans = own_spans(text, hits, repeats, frozenset(through.tolist()), settings.level)
        verdicts.append(_verdicts(rows, scores, evidence_json(hits, batch.num_rows), spans, row))
        passed.append(through + row + shard.first)
        if settings.level != "off":
            words.append(strange.alone())
            firsts.append(row)
            needs.append(find_needs(text, through, strange))
        row += batch.num_rows
    write_ipc(settings.file(f"scored-{shard.number:05d}.arrow"), verdicts, VERDICTS)
    write_array(settings.file(f"passed-{shard.number:05d}.npy"), np.concatenate(passed))
    Strange.join(words, firsts).save(settings.file(f"strange-{shard.number:05d}.npz"))
    joined = join_needs(needs)
    joined.save(settings.file(f"needs-{shard.number:05d}.npz"))
    asked = sum(len(keys) for keys in (joined.phrases, joined.names, joined.words))
    return {"judged": sum(len(part) for part in verdicts), "passed": sum(len(part) for part in passed), "asked": asked}


def own_spans(text: pa.Array, hits: Hits, repeats: np.ndarray, passed: frozenset[int], level: str) -> list[Span]:
    """What documents show by themselves: edits, then flags and proposals where no edit is."""
    if level == "off":
        return []
    edits = disjoint(
        [
            *repairs.remove_repeats(repeats),
            *repairs.repair_full_width(text, hits),
            *repairs.repair_commas(text, hits, passed),
            *repairs.repair_doubled_words(text, hits, passed),
            *repairs.repair_quote_spaces(text, hits, passed),
            *repairs.insert_spaces(text, passed),
        ]
    )
    notes = [*repairs.flag_hits(hits, passed), *repairs.lowercase_names(text, passed, propose=level == "suggest")]
    return edits + without_edited(notes, edits)


def gather_needs(settings: Settings, shards: int) -> None:
    """Brings together what the shards have left."""
    write_array(
        settings.file("passed.npy"), np.concatenate([np.load(settings.file(f"passed-{n:05d}.npy")) for n in range(shards)])
    )
    join_needs([Needs.load(settings.file(f"needs-{n:05d}.npz")) for n in range(shards)]).save(settings.file("needs.npz"))


def answer_batch(settings: Settings, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """The facts of one batch, whose first document has this number."""
    asking = _passed_rows(np.load(settings.file("passed.npy")), batch, first)
    others = np.setdiff1d(judged_rows(batch), asking)
    asked = read_asked(settings.file("needs.npz"))
    return answer(batch.column("text"), family_of(batch), batch.column("doc_id"), asking, others, asked)


def write_verdicts(settings: Settings, item: Sequence[Any]) -> int:
    """Adds to a shard's scores what the corpus has shown about its documents. Returns how many documents are changed or noted."""
    shard = Shard(*item)
    scored = open_ipc(settings.file(f"scored-{shard.number:05d}.arrow")).read_all().combine_chunks()
    passed = np.load(settings.file(f"passed-{shard.number:05d}.npy"))
    strange = Strange.load(settings.file(f"strange-{shard.number:05d}.npz"))
    found = list(_corpus_spans(settings, shard, passed, strange))
    if found:
        own = dict(zip(scored["row"].to_pylist(), scored["spans"].to_pylist(), strict=True))
        for row, spans in found:
            own[row] = merge_spans([Span(row=row, **span) for span in own[row] or ()], spans)
        scored = scored.set_column(3, VERDICTS.field("spans"), pa.array(list(own.values()), VERDICTS.field("spans").type))
    write_ipc(settings.file(f"verdicts-{shard.number:05d}.arrow"), scored.to_batches(), VERDICTS)
    return int(pc.count(scored["spans"], mode="only_valid").as_py())


def merge_spans(own: Sequence[Span], shown: Sequence[Span]) -> list[dict[str, Any]]:
    """Both as values of VERDICTS. Edits stand over flags at the same place, and those of the document over those of the corpus."""
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


def _corpus_spans(settings: Settings, shard: Shard, passed: np.ndarray, strange: Strange) -> Iterator[tuple[int, list[Span]]]:
    """For each document about which the corpus shows something: its row in the shard, and the spans."""
    evidence = open_ipc(settings.file("evidence.arrow")).read_all()
    words = {verdict["key"]: verdict for verdict in evidence.filter(pc.equal(evidence["kind"], WORD)).to_pylist()}
    strange = strange.of_keys(np.array(list(words), np.uint64))
    row = 0
    for batch in read_batches(Path(shard.path)) if len(strange.rows) or (len(passed) and evidence.num_rows) else ():
        rows = _passed_rows(passed, batch, shard.first + row)
        found = strange.within(row, row + batch.num_rows)
        if len(rows) or len(found.rows):
            text, chosen = batch.column("text"), np.union1d(rows, found.rows)
            families = dict(zip(chosen.tolist(), family_of(batch).take(pa.array(chosen)).to_pylist(), strict=True))
            spans = [*repair_phrases(text, rows, families, evidence, settings.min_families)]
            single = capitalise_words(text, found, families, words, frozenset(rows.tolist()), settings.min_families)
            spans += without_edited([*single], spans)
            spans += propose_names(text, rows, families, evidence, settings.min_families)
            for number, edits in _by_row(spans).items():
                yield row + number, [replace(span, row=row + number) for span in edits]
        row += batch.num_rows


def _passed_rows(passed: np.ndarray, batch: pa.RecordBatch, first: int) -> np.ndarray:
    """The rows of a batch among documents that pass, given by their numbers."""
    start, stop = np.searchsorted(passed, [first, first + batch.num_rows])
    rows: np.ndarray = passed[start:stop] - first
    return rows


def _verdicts(rows: np.ndarray, scores: np.ndarray, evidence: pa.Array, spans: list[Span], first: int) -> pa.RecordBatch:
    by_row = {row: [_plain(span) for span in found] for row, found in _by_row(spans).items()}
    columns = [
        pa.array(rows + first, pa.int32()),
        pa.array(scores[rows], pa.int32()),
        evidence.take(pa.array(rows)),
        pa.array([by_row.get(row) for row in rows.tolist()] if by_row else [None] * len(rows), VERDICTS.field("spans").type),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=VERDICTS)


def _by_row(spans: Sequence[Span]) -> Mapping[int, list[Span]]:
    rows: dict[int, list[Span]] = {}
    for span in spans:
        rows.setdefault(span.row, []).append(span)
    return rows


def _plain(span: Span) -> dict[str, Any]:
    return {field.name: getattr(span, field.name) for field in _SPAN}
