"""Score documents for machine translation, and repair in those that pass what the rest of the corpus shows to be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.edits import apply_spans
from pipeline.exchange import exchange, key_ranges
from pipeline.files import write_ipc
from pipeline.kernels.attestations import NAME, PHRASE, WORD
from pipeline.schema import replace_columns
from pipeline.stage import Corpus, Outcome
from pipeline.translation.aliases import ALIASES, aliases
from pipeline.translation.evidence import EVIDENCE, NOTHING, resolve
from pipeline.translation.shards import Settings, Shard, answer_batch, gather_asked, score_shard, write_verdicts
from pipeline.translation.verdicts import spans_of

_RANGES = 4  # at least; facts are few: they only answer what documents above the gate ask

Level = Literal["off", "safe", "suggest", "names"]


@dataclass(frozen=True)
class RepairTranslation:
    """Rewrites the text of documents that pass the gate, by evidence from those below it; writes `mt_score` and `mt_evidence`.

    Judges documents in English (`lang` is `en`, or null and the text looks English). Evidence counts near-duplicate families,
    never documents. What it will not rewrite goes to the ledger as flags and proposals.
    """

    counts_families: ClassVar[bool] = True  # the planner finds them first

    level: Level = field(
        default="safe",
        metadata={
            "help": "off: score only. safe: repair what evidence proves, flag and propose the rest. suggest: propose weaker repairs "
            "too. names: as safe, and spell names as two other families do where nothing speaks against it"
        },
    )
    min_score: Annotated[int, Ge(0)] = field(
        default=2500,
        metadata={
            "help": "documents from this mt_score on (thousandths of a nat; 2500 is 12 to 1) count as translated by machine"
        },
    )
    min_families: Annotated[int, Ge(1), Le(8)] = field(
        default=1, metadata={"help": "other families that must write a phrase capitalised before it is repaired"}
    )

    def judge(self, corpus: Corpus) -> Mapping[str, Any]:
        settings = Settings(str(corpus.folder), self.level, self.min_score, self.min_families)
        items = [
            Shard(str(path), first, n) for n, (path, first) in enumerate(zip(corpus.shards, corpus.first_rows(), strict=True))
        ]
        counts = corpus.map("score", partial(score_shard, settings), items)
        summary = {name: sum(count[name] for count in counts) for name in ("judged", "passed")}
        evidence = NOTHING
        if any(count["asked"] for count in counts):
            gather_asked(settings, items)
            answers, verdicts = partial(answer_batch, settings), partial(resolve, settings.file("asked.arrow"))
            found = exchange(corpus, answers, verdicts, ranges=key_ranges(corpus, _RANGES))
            evidence = found.sort_by([("kind", "ascending"), ("key", "ascending")])
        write_ipc(corpus.folder / "evidence.arrow", evidence.combine_chunks().to_batches(), EVIDENCE)
        write_ipc(corpus.folder / "aliases.arrow", [aliases(evidence)], ALIASES)
        noted = corpus.map("verdicts", partial(write_verdicts, settings), items)
        kinds = evidence["kind"].to_numpy()
        shown = {name: int((kinds == kind).sum()) for name, kind in (("phrases", PHRASE), ("words", WORD), ("aliases", NAME))}
        return {**summary, **shown, "noted": sum(noted)}

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome:
        text, edits = apply_spans(batch.column("text"), spans_of(verdicts))
        rows = verdicts["row"].to_numpy()
        columns = {name: _written(batch.column(name), rows, verdicts[name]) for name in ("mt_score", "mt_evidence")}
        return Outcome(replace_columns(batch, text=text, **columns), edits)


def _written(column: pa.Array, rows: np.ndarray, values: pa.ChunkedArray) -> pa.Array:
    """The column with these values at these rows (ascending) and its own elsewhere."""
    chosen = np.zeros(len(column), np.bool_)
    chosen[rows] = True
    return pc.replace_with_mask(column, pa.array(chosen), values.combine_chunks().cast(column.type))
