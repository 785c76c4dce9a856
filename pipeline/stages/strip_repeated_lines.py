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
from pipeline.boilerplate.patterns import count_matches, matching
from pipeline.boilerplate.repeated_lines import Lines, count_families, extract, lines_of, source_keys
from pipeline.edits import NO_EDITS, apply_columns, slices
from pipeline.exchange import exchange, key_ranges
from pipeline.files import write_ipc
from pipeline.kernels.lines import line_endings, line_forms, removal_spans
from pipeline.kernels.repeated_lines import reachable_from_edges
from pipeline.kernels.text import buffers
from pipeline.schema import add_flags, live_rows, replace_columns
from pipeline.stage import Corpus, Outcome

RULE = "repeated_line"
GUARD_FLAG = "repeated_lines_guard"

# What must repeat more than `min_share` says; measured on 72,644 press releases of 96 sources.
# Lines of that many tokens are sentences. The notices of a site had shares of 1.00 ("Pursuant to …, newsletters … cannot be
# initiated by this office"); what the story of the day ends with, a programme described or a biography, had 0.05 to 0.08.
LONG_TOKENS, LONG_MIN_FAMILIES, LONG_MIN_SHARE = 20, 5, 0.2
# Shorter ones can be headlines, which follow-ups share ("SENS. COCHRAN, LOTT ANNOUNCE HURRICANE RECOVERY GRANTS": 5 families, 0.07);
# contact lines had 28 families and more. So ten families, or a fifth of the source.
HEADLINE_MIN_FAMILIES, HEADLINE_SHARES = 10, 4
# Shorter than a headline are also "Sincerely," and "Thank you." (0.05 to 0.10); "### return", names with telephones had 0.35 to 1.00.
SHORT_TOKENS, SHORT_SHARES = 5, 2
# A heading ends like this ("Background:", 0.17); "Filter by:" and "Browse by:" had 1.00.
HEADING_MIN_SHARE = 0.5
_HEADING = r"[:：]\s*$"
# Dates tell something, and all are one line here as digits are masked: three words and a year ("September 12, 2005"), two words
# and four digits ("Monday, May 3"; not "Larry Smar (202) 228-6367"), or no word at all ("12.05.").
_WORD, _DIGIT = r"\p{L}[\p{L}\p{M}]*", r"\p{Nd}"
_YEAR = r"(?:^|[^\p{Nd}])(?:19|20)[0-9]{2}(?:[^\p{Nd}]|$)|[٠-٩]{4}|[۰-۹]{4}"

_RANGES = 16  # of keys at least, each judged by itself

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
        verdicts, sources = self._verdicts(exchange(corpus, partial(extract, tell_stories=tell_stories), resolve, ranges=ranges))
        write_ipc(corpus.folder / "verdicts.arrow", verdicts.to_batches(), VERDICTS)
        if self.keep_counts:
            corpus.map("keep counts", KeepWitnesses(str(corpus.folder), len(corpus.shards)), list(range(ranges)))
            join_witnesses(corpus.folder, ranges)
        if sources == 0:
            return {"note": "no document has a source or a URL host: no line was counted"}
        return {"sources": sources, "repeated_lines": verdicts.num_rows}

    def input_digests(self) -> dict[str, str]:
        """What a run with these settings reads besides its documents: the line counts of earlier runs."""
        return {f"line counts {place}": counts_digest(place) for place in self.counts}

    def describe(self) -> list[str]:
        """A line for each of the line counts of earlier runs."""
        return [describe_counts(place) for place in self.counts]

    def _verdicts(self, counts: pa.Table) -> tuple[pa.Table, int]:
        """The lines to remove, sorted by key, and the number of sources."""
        tokens, families = counts["tokens"].to_numpy(), counts["families"].to_numpy()
        near, source = counts["families_near_edge"].to_numpy(), counts["source"].to_numpy()
        totals = dict(zip(source[tokens < 0].tolist(), families[tokens < 0].tolist()))
        total = np.array([totals[s] for s in source.tolist()], np.int64)
        share, long_share = _in_10_000(self.min_share), _in_10_000(LONG_MIN_SHARE)
        keep = (tokens >= 0) & (near * 10_000 >= share * total) & (near * 10 >= families * 9)
        keep &= (tokens >= SHORT_TOKENS) | (near * 10_000 >= SHORT_SHARES * share * total)
        keep &= (tokens < SHORT_TOKENS) | (near >= HEADLINE_MIN_FAMILIES) | (near * 10_000 >= HEADLINE_SHARES * share * total)
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
        repeated = np.flatnonzero(_contains(verdicts["key"].to_numpy(), lines.keys))
        tells = _tells_something(
            slices(text, lines.rows[repeated], lines.starts[repeated], lines.stops[repeated]),
            *_counts(verdicts, lines.keys[repeated]),
        )
        template = np.zeros(len(lines.keys), np.bool_)
        template[repeated[~tells]] = True
        drop = self._reachable(batch, lines, template)
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


def _counts(verdicts: pa.Table, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each key, one of the verdicts': the families of its source that have the line near an edge, and all its families."""
    place = np.searchsorted(verdicts["key"].to_numpy(), keys)
    return verdicts["families"].to_numpy()[place], verdicts["source_families"].to_numpy()[place]


def _tells_something(text: pa.Array, families: np.ndarray, source_families: np.ndarray) -> np.ndarray:
    """Which of these repeated lines are dates, or headings that not every other story has."""
    coded = text.dictionary_encode()  # one in fifteen differs from those before it
    date, heading = (told[coded.indices.to_numpy()] for told in _dates_and_headings(coded.dictionary.to_pylist()))
    rare = families * 10_000 < _in_10_000(HEADING_MIN_SHARE) * source_families
    tells: np.ndarray = date | (heading & rare)
    return tells


def _dates_and_headings(lines: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which of these lines are dates, and which end like a heading. Not by Arrow, which reads an expression anew for each batch."""
    words, digits = (np.array(count_matches(pattern, lines), np.int64) for pattern in (_WORD, _DIGIT))
    encoded = [line.encode() for line in lines]
    year, heading = (np.array(matching(pattern, encoded), np.bool_) for pattern in (_YEAR, _HEADING))
    return (words == 0) | ((words <= 3) & year) | ((words <= 2) & (digits >= 1) & (digits <= 4)), heading


def _evidence(verdicts: pa.Table, keys: np.ndarray) -> pa.Array:
    """One JSON object a removed line: the families of its source that have it near an edge, and their share."""
    used, place = np.unique(keys, return_inverse=True)
    counts = zip(*(column.tolist() for column in _counts(verdicts, used)))
    texts = [f'{{"families": {count}, "share": {count / total:.3f}}}' for count, total in counts]
    return pa.array(texts, pa.string()).take(pa.array(place))
