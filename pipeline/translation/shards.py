"""The steps of `repair_translation` that run over shards: score, answer what is needed, and write down what is to be done.

Files in the stage's folder: `scored-*.arrow` (VERDICTS as far as a document shows them by itself), `asked-*.arrow`,
`strange-*.arrow` (words that no dictionary holds), from all shards together `asked.arrow` and `passed.npy` (numbers of the documents
that pass, counted through the corpus), and in the end `verdicts-*.arrow`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays import map_array, write_array
from pipeline.edits import Span
from pipeline.files import open_ipc, read_batches, write_ipc
from pipeline.kernels.attestations import NAME, WORD
from pipeline.storage import place
from pipeline.translation import repairs
from pipeline.translation.evidence import ASKED, answer, ask, join_asked, read_asked
from pipeline.translation.respell import respell_names
from pipeline.translation.rewrite import capitalise_words, of_kind, repair_phrases
from pipeline.translation.scope import family_of, judged_rows, lengths
from pipeline.translation.score import Hits, evidence_json, scan, score
from pipeline.translation.verdicts import VERDICTS, add_spans, disjoint, make_verdicts, spans_by_row, without_edited
from pipeline.translation.words import STRANGE, Strange


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

    def passes(self, scores: np.ndarray) -> np.ndarray:
        """Which of these scores pass the gate; none at level `off`."""
        through: np.ndarray = (scores >= self.min_score) & (self.level != "off")
        return through

    def file(self, name: str) -> Path:
        return place(self.folder) / name


def score_shard(settings: Settings, item: Sequence[Any]) -> dict[str, int]:
    """Scores one shard; leaves its scores, its strange words, and what it asks."""
    shard = Shard(*item)
    asked, verdicts, words, row, passed = [], [], [], 0, 0
    for batch in read_batches(place(shard.path)):
        text, rows = batch.column("text"), judged_rows(batch)
        hits, repeats, strange = scan(text, rows)
        scores = score(hits, lengths(text))
        through = rows[settings.passes(scores[rows])]
        spans = own_spans(text, hits, repeats, frozenset(through.tolist()), settings.level)
        verdicts.append(make_verdicts(rows, scores, evidence_json(hits, batch.num_rows), spans, row))
        if settings.level != "off":
            words.append(strange.alone().to_batch(row))
            asked.append(ask(text, through, strange))
        passed += len(through)
        row += batch.num_rows
    write_ipc(settings.file(f"scored-{shard.number:05d}.arrow"), verdicts, VERDICTS)
    write_ipc(settings.file(f"strange-{shard.number:05d}.arrow"), words, STRANGE)
    count = write_ipc(settings.file(f"asked-{shard.number:05d}.arrow"), asked, ASKED)
    return {"judged": sum(len(part) for part in verdicts), "passed": passed, "asked": count}


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


def gather_asked(settings: Settings, shards: Sequence[Shard]) -> None:
    """Brings together what the shards ask, and which documents pass."""
    passed = [_passed(settings, shard, _scored(settings, shard, ["row", "mt_score"])) + shard.first for shard in shards]
    write_array(settings.file("passed.npy"), np.concatenate(passed))
    parts = (open_ipc(settings.file(f"asked-{shard.number:05d}.arrow")) for shard in shards)
    joined = join_asked(part.get_batch(i) for part in parts for i in range(part.num_record_batches))
    write_ipc(settings.file("asked.arrow"), joined.to_batches(), ASKED)


def answer_batch(settings: Settings, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """The facts of one batch, whose first document has this number."""
    asking = _within(map_array(settings.file("passed.npy")), first, batch.num_rows)
    others = np.setdiff1d(judged_rows(batch), asking)
    asked = read_asked(settings.file("asked.arrow"))
    return answer(batch.column("text"), family_of(batch), batch.column("doc_id"), asking, others, asked)


def write_verdicts(settings: Settings, item: Sequence[Any]) -> int:
    """Adds to a shard's scores what the corpus has shown about its documents. Returns how many documents are changed or noted."""
    shard = Shard(*item)
    scored = _scored(settings, shard)
    found = dict(_corpus_spans(settings, shard, _passed(settings, shard, scored)))
    if found:
        scored = add_spans(scored, found)
    write_ipc(settings.file(f"verdicts-{shard.number:05d}.arrow"), scored.to_batches(), VERDICTS)
    return int(pc.count(scored["spans"], mode="only_valid").as_py())


def _corpus_spans(settings: Settings, shard: Shard, passed: np.ndarray) -> Iterator[tuple[int, list[Span]]]:
    """For each document about which the corpus shows something: its row in the shard, and the spans, whose row is that in its batch."""
    evidence = open_ipc(settings.file("evidence.arrow")).read_all()
    words = {verdict["key"]: verdict for verdict in of_kind(evidence, WORD)}
    aliases = {verdict["variant"]: verdict for verdict in of_kind(evidence, NAME)}
    strange = Strange.load(settings.file(f"strange-{shard.number:05d}.arrow")).of_keys(np.array(list(words), np.uint64))
    row = 0
    for batch in read_batches(place(shard.path)) if len(strange.rows) or (len(passed) and evidence.num_rows) else ():
        rows = _within(passed, row, batch.num_rows)
        found = strange.within(row, row + batch.num_rows)
        if len(rows) or len(found.rows):
            text, chosen = batch.column("text"), np.union1d(rows, found.rows)
            families = dict(zip(chosen.tolist(), family_of(batch).take(pa.array(chosen)).to_pylist(), strict=True))
            spans = [*repair_phrases(text, rows, families, evidence, settings.min_families)]
            single = capitalise_words(text, found, families, words, frozenset(rows.tolist()), settings.min_families)
            spans += without_edited([*single], spans)
            rewrite = settings.level == "names"
            named = respell_names(text, rows, families, aliases, settings.min_families, rewrite=rewrite)
            spans += without_edited([*named], spans if rewrite else [])
            for number, edits in spans_by_row(spans).items():
                yield row + number, edits
        row += batch.num_rows


def _scored(settings: Settings, shard: Shard, columns: Sequence[str] | None = None) -> pa.Table:
    return open_ipc(settings.file(f"scored-{shard.number:05d}.arrow"), columns).read_all().combine_chunks()


def _passed(settings: Settings, shard: Shard, scored: pa.Table) -> np.ndarray:
    """The rows of a shard that pass the gate."""
    rows: np.ndarray = scored["row"].to_numpy()[settings.passes(scored["mt_score"].to_numpy())].astype(np.int64)
    return rows


def _within(numbers: np.ndarray, first: int, count: int) -> np.ndarray:
    """Those of ascending numbers that lie in [first, first + count), counted from `first`."""
    start, stop = np.searchsorted(numbers, [first, first + count])
    within: np.ndarray = numbers[start:stop] - first
    return within
