"""Removes lines that a source repeats across its stories, before and behind the body: templates that no rule pack knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Le

from pipeline.boilerplate.line_counts import KeepWitnesses, counts_digest, counts_file, describe_counts, join_witnesses
from pipeline.boilerplate.repeated_lines import Lines, count_families, extract, lines_of, source_keys
from pipeline.boilerplate.telling_lines import tells_something, whole_sentences
from pipeline.boilerplate.templates import TEMPLATES, families_of, find_templates, in_10_000
from pipeline.edits import NO_EDITS, apply_columns, slices
from pipeline.exchange import exchange, key_ranges
from pipeline.files import write_ipc
from pipeline.kernels.lines import line_endings, line_forms, removal_spans
from pipeline.kernels.repeated_lines import end_marks, reachable_from_edges
from pipeline.kernels.text import buffers
from pipeline.schema import add_flags, live_rows, replace_columns
from pipeline.stage import Corpus, Outcome

RULE, MARK_RULE = "repeated_line", "repeated_line/end_mark"
GUARD_FLAG = "repeated_lines_guard"
# Of a shorter text (a quotation with its author, a joke with its channel) the lines that repeat are what it is about.
MIN_STORY_TOKENS = 50

_RANGES = 16  # of keys at least, each judged by itself


@dataclass(frozen=True)
class StripRepeatedLines:
    """Removes lines that stand near the edge of the text in enough near-duplicate families of one source.

    Lines are compared without case, digits, punctuation and space. The source is the `source` column, else the host of `url`; a
    row without either is left alone, and so is a document's own title. A copy of a story is no evidence: families
    (`family_id`, else `doc_id`) are counted, not documents. Only repeated lines before and behind the body go: headings and
    quotations within it stay. Dates, figures, authors of quotations and parts of sentences stay too. A mark ("# # #") above the
    last of them goes too. A document that would lose more than `max_removed_share` of its text, or has fewer than MIN_STORY_TOKENS
    words, is left as it is and flagged.
    """

    counts_families: ClassVar[bool] = True  # the planner finds them first

    min_families: Annotated[int, Ge(2)] = field(default=3, metadata={"help": "families of a source in which a line must stand"})
    min_share: Annotated[float, Ge(0), Le(1)] = field(
        default=0.05, metadata={"help": "and what share of the source's families they must be"}
    )
    max_removed_share: Annotated[float, Ge(0), Le(1)] = field(
        default=0.3, metadata={"help": "a document that would lose a larger share of its text is only flagged"}
    )
    counts: tuple[str, ...] = field(
        default=(),
        metadata={"help": "outputs of earlier runs with keep_counts (or their line_counts.parquet): their stories count too"},
    )
    keep_counts: bool = field(
        default=False, metadata={"help": "keep line_counts.parquet beside the output, for `counts` of later runs"}
    )

    def judge(self, corpus: Corpus) -> Mapping[str, Any]:
        earlier = tuple(str(counts_file(place)) for place in self.counts)
        tell_stories = bool(earlier) or self.keep_counts
        resolve = partial(count_families, min_families=self.min_families, earlier=earlier)
        ranges = key_ranges(corpus, _RANGES)
        counts = exchange(corpus, partial(extract, tell_stories=tell_stories), resolve, ranges=ranges)
        verdicts, sources = find_templates(counts, self.min_share)
        write_ipc(corpus.folder / "verdicts.arrow", verdicts.to_batches(), TEMPLATES)
        if self.keep_counts:
            corpus.map("keep counts", KeepWitnesses(str(corpus.folder), len(corpus.shards)), list(range(ranges)))
            corpus.map("join counts", partial(join_witnesses, str(corpus.folder)), [ranges])
        if sources == 0:
            return {"note": "no document has a source or a URL host: no line was counted"}
        return {"sources": sources, "repeated_lines": verdicts.num_rows}

    def input_digests(self) -> dict[str, str]:
        """What a run with these settings reads besides its documents: the line counts of earlier runs."""
        return {f"line counts {place}": counts_digest(place) for place in self.counts}

    def describe(self) -> list[str]:
        """A line for each of the line counts of earlier runs."""
        return [describe_counts(place) for place in self.counts]

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome:
        sources, known = source_keys(batch)
        wanted = known & live_rows(batch) & np.isin(sources, verdicts["source"].to_numpy())
        if not wanted.any():
            return Outcome(batch, NO_EDITS)
        text = batch.column("text")
        lines = lines_of(text, wanted, sources)
        repeated = np.flatnonzero(_contains(verdicts["key"].to_numpy(), lines.keys))
        tells = tells_something(
            slices(text, lines.rows[repeated], lines.starts[repeated], lines.stops[repeated]),
            *families_of(verdicts, lines.keys[repeated]),
        )
        template = np.zeros(len(lines.keys), np.bool_)
        template[repeated[~tells]] = True
        endings = line_endings(*buffers(text), lines.rows, lines.starts, lines.stops)
        drop = whole_sentences(text, lines, endings, self._reachable(batch, lines, endings, template))
        guarded = self._guarded(lines, drop, batch.num_rows)
        drop &= ~guarded[lines.rows]
        batch = add_flags(batch, GUARD_FLAG, np.flatnonzero(guarded))
        marks = end_marks(*buffers(text), lines.rows, lines.starts, lines.stops, lines.forms, drop)
        rows, starts, stops, index = removal_spans(*buffers(text), lines.rows, lines.starts, lines.stops, drop | marks)
        cleaned, edits = apply_columns(
            text,
            rows=rows,
            starts=starts,
            stops=stops,
            rule=pa.array(np.where(marks[index], MARK_RULE, RULE), pa.string()),
            evidence=_evidence(verdicts, lines.keys[index], marks[index]),
        )
        return Outcome(replace_columns(batch, text=cleaned), edits)

    def _reachable(self, batch: pa.RecordBatch, lines: Lines, endings: np.ndarray, repeated: np.ndarray) -> np.ndarray:
        """Which of the repeated lines lie outside the body and are not the title."""
        title_offsets, titles = buffers(pc.fill_null(batch.column("title"), "").cast(pa.large_string()))
        whole = np.arange(batch.num_rows), np.zeros(batch.num_rows, np.int64), np.diff(title_offsets)
        title_forms, _ = line_forms(title_offsets, titles, *whole)
        repeated = repeated & (lines.forms != title_forms[lines.rows])
        drop: np.ndarray = reachable_from_edges(lines.rows, lines.forms, lines.tokens, endings, repeated)
        return drop

    def _guarded(self, lines: Lines, drop: np.ndarray, count: int) -> np.ndarray:
        """Per row of the batch: whether `drop` takes more than `max_removed_share` of the bytes of its lines, or any of a short text."""
        sizes = (lines.stops - lines.starts) * (lines.forms != 0)
        whole = np.bincount(lines.rows, sizes, count).astype(np.int64)
        lost = np.bincount(lines.rows, sizes * drop, count).astype(np.int64)
        short = np.bincount(lines.rows, lines.tokens, count) < MIN_STORY_TOKENS
        guarded: np.ndarray = (lost > 0) & ((lost * 10_000 > in_10_000(self.max_removed_share) * whole) | (lost == whole) | short)
        return guarded


def _contains(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Whether each of `wanted` is among the sorted, non-empty `keys`."""
    found: np.ndarray = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found


def _evidence(verdicts: pa.Table, keys: np.ndarray, marks: np.ndarray) -> pa.Array:
    """One JSON object a removed line: the families of its source that have it near an edge, and their share. Null for a mark."""
    used, place = np.unique(keys[~marks], return_inverse=True)
    places = np.zeros(len(keys), np.int64)
    places[~marks] = place
    counts = zip(*(column.tolist() for column in families_of(verdicts, used)))
    texts = [f'{{"families": {count}, "share": {count / total:.3f}}}' for count, total in counts]
    return pa.array(texts, pa.string()).take(pa.array(places, mask=marks))
