"""Score documents for machine translation, and repair in those that pass what the rest of the corpus shows to be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.edits import NO_EDITS, Span, apply_spans
from pipeline.exchange import exchange
from pipeline.files import read_batches, write_array, write_ipc
from pipeline.schema import replace_columns
from pipeline.stage import Corpus, Outcome
from pipeline.translation import repairs
from pipeline.translation.evidence import NAME, NOTHING, PHRASE, VERDICTS, Needs, answer, find_needs, join_needs, resolve
from pipeline.translation.rewrite import propose_names, repair_phrases, without_edited
from pipeline.translation.scope import family_of, judged_rows, lengths
from pipeline.translation.score import Hits, evidence_json, find_hits, score

Level = Literal["off", "safe", "suggest"]


@dataclass(frozen=True)
class RepairTranslation:
    """Rewrites the text of documents that pass the gate, by evidence from those below it; writes `mt_score` and `mt_evidence`.

    Judges documents in English (`lang` is `en`, or null and the text looks English). Evidence counts near-duplicate families,
    never documents. What it will not rewrite goes to the ledger as flags and proposals.
    """

    level: Level = field(
        default="safe",
        metadata={
            "help": "off: score only. safe: repair what evidence proves, flag the rest. suggest: also propose weaker repairs."
        },
    )
    min_score: Annotated[int, Ge(0)] = field(
        default=2500,
        metadata={
            "help": "Documents from this mt_score on (thousandths of a nat; 2500 is 12 to 1) count as translated by machine."
        },
    )
    min_families: Annotated[int, Ge(1), Le(8)] = field(
        default=1, metadata={"help": "Other families that must write a phrase capitalised before it is repaired."}
    )

    def judge(self, corpus: Corpus) -> Mapping[str, Any]:
        items = [
            [str(path), first, number]
            for number, (path, first) in enumerate(zip(corpus.shards, corpus.first_rows(), strict=True))
        ]
        counts = corpus.map("score", partial(_score_shard, self, str(corpus.folder)), items)
        summary = {name: sum(count[name] for count in counts) for name in ("judged", "passed")}
        verdicts = NOTHING
        if self.level != "off" and summary["passed"]:
            _gather(corpus.folder, len(items))
            verdicts = exchange(corpus, partial(_answer_batch, str(corpus.folder)), resolve).sort_by(
                [("kind", "ascending"), ("key", "ascending")]
            )
        write_ipc(corpus.folder / "verdicts.arrow", verdicts.combine_chunks().to_batches(), VERDICTS)
        kinds = verdicts["kind"].to_numpy()
        return {**summary, "phrases": int((kinds == PHRASE).sum()), "aliases": int((kinds == NAME).sum())}

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome:
        text, rows = batch.column("text"), judged_rows(batch)
        hits, scores = self._scores(text, rows)
        batch = _with_scores(batch, rows, hits, scores)
        if self.level == "off":
            return Outcome(batch, NO_EDITS)
        passed = rows[scores[rows] >= self.min_score]
        repaired, edits = apply_spans(text, self._spans(batch, hits, passed, verdicts))
        return Outcome(replace_columns(batch, text=repaired), edits)

    def _scores(self, text: pa.Array, rows: np.ndarray) -> tuple[Hits, np.ndarray]:
        hits = find_hits(text, rows)
        return hits, score(hits, lengths(text))

    def _spans(self, batch: pa.RecordBatch, hits: Hits, passed: np.ndarray, verdicts: pa.Table) -> list[Span]:
        """Edits first; then what is left to flag and propose where no edit has been made."""
        text, gated = batch.column("text"), frozenset(passed.tolist())
        edits = list(repairs.repair_full_width(text, hits))
        if not gated:
            return edits
        families = dict(zip(passed.tolist(), family_of(batch).take(pa.array(passed)).to_pylist(), strict=True))
        edits += repairs.repair_commas(text, hits, gated)
        edits += repair_phrases(text, passed, families, verdicts, self.min_families)
        notes = list(repairs.flag_hits(hits, gated))
        notes += repairs.lowercase_names(text, gated, propose=self.level == "suggest")
        notes += propose_names(text, passed, families, verdicts, self.min_families)
        return edits + without_edited(notes, edits)


def _score_shard(stage: RepairTranslation, folder: str, item: list[Any]) -> dict[str, int]:
    """Scores one shard and leaves which documents pass and what they need."""
    path, first, number = Path(item[0]), int(item[1]), int(item[2])
    judged, passed, needs = 0, [np.zeros(0, np.int64)], []
    for batch in read_batches(path):
        text, rows = batch.column("text"), judged_rows(batch)
        scores = stage._scores(text, rows)[1]
        through = rows[scores[rows] >= stage.min_score]
        judged += len(rows)
        passed.append(through + first)
        if len(through) and stage.level != "off":
            needs.append(find_needs(text, through))
        first += batch.num_rows
    write_array(Path(folder) / f"passed-{number:05d}.npy", np.concatenate(passed))
    join_needs(needs).save(Path(folder) / f"needs-{number:05d}.npz")
    return {"judged": judged, "passed": sum(len(part) for part in passed)}


def _gather(folder: Path, shards: int) -> None:
    """Brings together what the shards left: which documents pass, by their number in the corpus, and what they need."""
    write_array(folder / "passed.npy", np.concatenate([np.load(folder / f"passed-{n:05d}.npy") for n in range(shards)]))
    join_needs([Needs.load(folder / f"needs-{n:05d}.npz") for n in range(shards)]).save(folder / "needs.npz")


def _answer_batch(folder: str, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    passed = np.load(Path(folder) / "passed.npy")
    asking = passed[np.searchsorted(passed, first) : np.searchsorted(passed, first + batch.num_rows)] - first
    others = np.setdiff1d(judged_rows(batch), asking)
    needs = Needs.load(Path(folder) / "needs.npz")
    return answer(batch.column("text"), family_of(batch), batch.column("doc_id"), asking, others, needs)


def _with_scores(batch: pa.RecordBatch, rows: np.ndarray, hits: Hits, scores: np.ndarray) -> pa.RecordBatch:
    """The batch with score and evidence of the judged rows; the others keep what they have."""
    judged = np.zeros(batch.num_rows, np.bool_)
    judged[rows] = True
    mask = pa.array(judged)
    return replace_columns(
        batch,
        mt_score=pc.if_else(mask, pa.array(scores, pa.int32()), batch.column("mt_score")),
        mt_evidence=pc.if_else(mask, evidence_json(hits, batch.num_rows), batch.column("mt_evidence")),
    )
