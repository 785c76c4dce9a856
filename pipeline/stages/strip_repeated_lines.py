"""Removes lines that a source repeats across its stories, before and behind the body: templates that no rule pack knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.boilerplate.repeated_lines import Lines, count_families, extract, lines_of, source_keys
from pipeline.edits import NO_EDITS, apply_columns
from pipeline.exchange import exchange
from pipeline.files import write_ipc
from pipeline.kernels.lines import line_endings, line_forms, removal_spans
from pipeline.kernels.repeated_lines import reachable_from_edges
from pipeline.kernels.text import buffers
from pipeline.schema import add_flags, live_rows, replace_columns
from pipeline.stage import Corpus, Outcome

RULE = "repeated_line"
GUARD_FLAG = "repeated_lines_guard"

# Lines of that many tokens are sentences, and must repeat more. On 72,644 press releases the notices of a site had shares of 1.00
# ("Pursuant to …, newsletters … cannot be initiated by this office"); what the story of the day ends with, a programme described
# or a biography, had 0.05 to 0.08 and is to stay.
LONG_TOKENS, LONG_MIN_FAMILIES, LONG_MIN_SHARE = 20, 5, 0.2

VERDICTS = pa.schema([("key", pa.uint64()), ("source", pa.uint64()), ("families", pa.int64()), ("source_families", pa.int64())])


@dataclass(frozen=True)
class StripRepeatedLines:
    """Removes lines that stand near the edge of the text in enough near-duplicate families of one source.

    Lines are compared without case, digits, punctuation and space. The source is the `source` column, else the host of `url`; a
    row without either is left alone, and so is a document's own title. A copy of a story is no evidence: families
    (`family_id`, else `doc_id`) are counted, not documents. Only repeated lines before and behind the body go: headings and
    quotations within it stay. A document that would lose more than `max_removed` of its text is left as it is and flagged.
    """

    counts_families: ClassVar[bool] = True  # the planner finds them first

    min_families: Annotated[int, Ge(2)] = field(default=3, metadata={"help": "families of a source in which a line must stand"})
    min_share: Annotated[float, Ge(0), Le(1)] = field(
        default=0.05, metadata={"help": "and what share of the source's families they must be"}
    )
    max_removed: Annotated[float, Ge(0), Le(1)] = field(
        default=0.3, metadata={"help": "a document that would lose a larger share of its text is only flagged"}
    )

    def judge(self, corpus: Corpus) -> Mapping[str, Any]:
        counts = exchange(corpus, extract, partial(count_families, min_families=self.min_families))
        verdicts, sources = self._verdicts(counts)
        write_ipc(corpus.folder / "verdicts.arrow", verdicts.to_batches(), VERDICTS)
        if sources == 0:
            return {"note": "no document has a source or a URL host: no line was counted"}
        return {"sources": sources, "repeated_lines": verdicts.num_rows}

    def _verdicts(self, counts: pa.Table) -> tuple[pa.Table, int]:
        """The lines to remove, sorted by key, and the number of sources."""
        tokens, families = counts["tokens"].to_numpy(), counts["families"].to_numpy()
        near, source = counts["families_near_edge"].to_numpy(), counts["source"].to_numpy()
        totals = dict(zip(source[tokens < 0].tolist(), families[tokens < 0].tolist()))
        total = np.array([totals[s] for s in source.tolist()], np.int64)
        share, long_share = _in_10_000(self.min_share), _in_10_000(LONG_MIN_SHARE)
        keep = (tokens >= 0) & (near * 10_000 >= share * total) & (near * 10 >= families * 9)
        keep &= (tokens < LONG_TOKENS) | ((near >= LONG_MIN_FAMILIES) & (near * 10_000 >= long_share * total))
        order = np.flatnonzero(keep)[np.argsort(counts["key"].to_numpy()[keep], kind="stable")]
        columns = [counts["key"].to_numpy()[order], source[order], near[order], total[order]]
        return pa.Table.from_arrays([pa.array(column) for column in columns], schema=VERDICTS), len(totals)

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome:
        sources, known = source_keys(batch)
        wanted = known & live_rows(batch) & np.isin(sources, verdicts["source"].to_numpy())
        if not wanted.any():
            return Outcome(batch, NO_EDITS)
        text = batch.column("text")
        lines = lines_of(text, wanted, sources)
        drop = self._reachable(batch, lines, _contains(verdicts["key"].to_numpy(), lines.keys))
        guarded = self._guarded(lines, drop, batch.num_rows)
        drop &= ~guarded[lines.rows]
        batch = add_flags(batch, GUARD_FLAG, np.flatnonzero(guarded))
        rows, starts, stops, index = removal_spans(*buffers(text), lines.rows, lines.starts, lines.stops, drop)
        cleaned, edits = apply_columns(
            text,
            rows=rows,
            starts=starts,
            stops=stops,
            rule=pa.array([RULE] * len(rows), pa.string()),
            evidence=_evidence(verdicts, lines.keys[index]),
        )
        return Outcome(replace_columns(batch, text=cleaned), edits)

    def _reachable(self, batch: pa.RecordBatch, lines: Lines, repeated: np.ndarray) -> np.ndarray:
        """Which of the repeated lines lie outside the body and are not the title."""
        offsets, data = buffers(batch.column("text"))
        title_offsets, titles = buffers(pc.fill_null(batch.column("title"), "").cast(pa.large_string()))
        whole = np.arange(batch.num_rows), np.zeros(batch.num_rows, np.int64), np.diff(title_offsets)
        title_forms, _ = line_forms(title_offsets, titles, *whole)
        repeated = repeated & (lines.forms != title_forms[lines.rows])
        endings = line_endings(offsets, data, lines.rows, lines.starts, lines.stops)
        drop: np.ndarray = reachable_from_edges(lines.rows, lines.forms, lines.tokens, endings, repeated)
        return drop

    def _guarded(self, lines: Lines, drop: np.ndarray, count: int) -> np.ndarray:
        """Per row of the batch: whether `drop` would take more than `max_removed` of the bytes of its lines, or all of them."""
        sizes = (lines.stops - lines.starts) * (lines.forms != 0)
        whole = np.bincount(lines.rows, sizes, count).astype(np.int64)
        lost = np.bincount(lines.rows, sizes * drop, count).astype(np.int64)
        guarded: np.ndarray = (lost > 0) & ((lost * 10_000 > _in_10_000(self.max_removed) * whole) | (lost == whole))
        return guarded


def _in_10_000(share: float) -> int:
    return round(share * 10_000)


def _contains(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Whether each of `wanted` is among the sorted, non-empty `keys`."""
    found: np.ndarray = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found


def _evidence(verdicts: pa.Table, keys: np.ndarray) -> pa.Array:
    """One JSON object a removed line: the families of its source that have it near an edge, and their share."""
    used, place = np.unique(np.searchsorted(verdicts["key"].to_numpy(), keys), return_inverse=True)
    families, totals = verdicts["families"].to_numpy()[used].tolist(), verdicts["source_families"].to_numpy()[used].tolist()
    texts = [f'{{"families": {count}, "share": {count / total:.3f}}}' for count, total in zip(families, totals)]
    return pa.array(texts, pa.string()).take(pa.array(place))
