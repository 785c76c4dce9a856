"""What the corpus tells about repeated lines: in how many families of its source each line stands near an edge."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boilerplate.line_counts import earlier_witnesses
from pipeline.kernels.lines import line_forms, line_spans
from pipeline.kernels.repeated_lines import hash_strings, mix, near_edges, stories
from pipeline.kernels.text import buffers
from pipeline.schema import live_rows, sources_of

# A longer line is a paragraph of its story. Lines of more bytes are not even hashed: on press releases that saves two thirds
# of the time.
MAX_TOKENS, MAX_LINE_BYTES = 60, 800

_WHOLE_SOURCE = np.uint64(0)  # stands for a line in the facts about a source as a whole: no line has key 0

FACTS = pa.schema(
    [
        ("key", pa.uint64()),  # of source and line
        ("source", pa.uint64()),
        ("family", pa.uint64()),
        ("story", pa.uint64()),  # of the text; 0 where nobody asks
        ("tokens", pa.int32()),  # of the line; -1: the family is of this source
        ("near_edge", pa.bool_()),
    ]
)
COUNTS = pa.schema(
    [
        ("key", pa.uint64()),
        ("source", pa.uint64()),
        ("tokens", pa.int32()),  # -1: the count of the source's families
        ("families", pa.int64()),
        ("families_near_edge", pa.int64()),
    ]
)


class Lines(NamedTuple):
    """The lines of some rows of a batch: all arrays have one place a line; `rows` are positions in the batch.

    A line of more than MAX_LINE_BYTES has the form 1 and MAX_TOKENS + 1 tokens.
    """

    rows: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    forms: np.ndarray  # `line_keys`, 0 for lines without letters and digits
    keys: np.ndarray  # of source and form
    tokens: np.ndarray


def source_keys(batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
    """The key of each row's source (uint64; see `schema.sources_of`), and whether it has one at all."""
    source = sources_of(batch)
    return hash_strings(*buffers(pc.fill_null(source, ""))), np.asarray(source.is_valid().to_numpy(zero_copy_only=False))


def lines_of(text: pa.Array, wanted: np.ndarray, sources: np.ndarray) -> Lines:
    """The lines of the rows where `wanted` is true."""
    positions = np.flatnonzero(wanted)
    offsets, data = buffers(text if len(positions) == len(text) else text.filter(pa.array(wanted)))
    rows, starts, stops = line_spans(offsets, data)
    short = stops - starts <= MAX_LINE_BYTES
    forms, tokens = np.ones(len(rows), np.uint64), np.full(len(rows), MAX_TOKENS + 1, np.int32)
    forms[short], tokens[short] = line_forms(offsets, data, rows[short], starts[short], stops[short])
    rows = positions[rows]
    return Lines(rows, starts, stops, forms, mix(sources[rows], forms), tokens)


def extract(batch: pa.RecordBatch, first: int, *, tell_stories: bool = False) -> pa.RecordBatch:
    """The facts of a batch: one for each line of at most MAX_TOKENS, and one for each live row that has a source."""
    sources, known = source_keys(batch)
    wanted = known & live_rows(batch)
    families = hash_strings(*buffers(pc.coalesce(batch.column("family_id"), batch.column("doc_id"))))
    lines = lines_of(batch.column("text"), wanted, sources)
    near = near_edges(lines.rows, lines.forms)
    story = _stories(batch.column("text"), lines) if tell_stories else np.zeros(batch.num_rows, np.uint64)
    used = (lines.forms != 0) & (lines.tokens <= MAX_TOKENS)
    rows, of_source = lines.rows[used], np.flatnonzero(wanted)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(np.concatenate([lines.keys[used], mix(sources[of_source], np.full(len(of_source), _WHOLE_SOURCE))])),
            pa.array(np.concatenate([sources[rows], sources[of_source]])),
            pa.array(np.concatenate([families[rows], families[of_source]])),
            pa.array(np.concatenate([story[rows], story[of_source]])),
            pa.array(np.concatenate([lines.tokens[used], np.full(len(of_source), -1, np.int32)])),
            pa.array(np.concatenate([near[used], np.ones(len(of_source), bool)])),
        ],
        schema=FACTS,
    )


def _stories(text: pa.Array, lines: Lines) -> np.ndarray:
    """The key of each row's story; lines too long for a form count here."""
    offsets, data = buffers(text)
    forms, tokens = lines.forms.copy(), lines.tokens.copy()
    long = lines.stops - lines.starts > MAX_LINE_BYTES
    forms[long], tokens[long] = line_forms(offsets, data, lines.rows[long], lines.starts[long], lines.stops[long])
    told: np.ndarray = stories(lines.rows, forms, tokens, len(text))
    return told


def count_families(facts: pa.Table, *, min_families: int, earlier: Sequence[str] = ()) -> pa.Table:
    """COUNTS of the keys that stand near an edge in at least `min_families` families, and of all sources, from sorted facts.

    Stories that the files `earlier` tell of are families too, but for those that are among the facts.
    """
    key, family = facts["key"].to_numpy(), facts["family"].to_numpy()
    order = np.lexsort((~facts["near_edge"].to_numpy(), family, key))
    key, family = key[order], family[order]
    new_key = np.append(True, key[1:] != key[:-1])[: len(key)]
    new_pair = new_key | np.append(True, family[1:] != family[:-1])[: len(key)]
    starts = np.flatnonzero(new_key)
    near = new_pair & facts["near_edge"].to_numpy()[order]  # near an edge sorts first within a family
    families, families_near_edge = _sums(new_pair, starts), _sums(near, starts)
    place, near_earlier = earlier_witnesses(earlier, key[starts], (facts["key"].to_numpy(), facts["story"].to_numpy()))
    families += np.bincount(place, minlength=len(starts))
    families_near_edge += np.bincount(place[near_earlier], minlength=len(starts))
    tokens = facts["tokens"].to_numpy()[order][starts]
    enough = (families_near_edge >= min_families) | (tokens < 0)
    columns = [key[starts], facts["source"].to_numpy()[order][starts], tokens, families, families_near_edge]
    return pa.Table.from_arrays([pa.array(column[enough]) for column in columns], schema=COUNTS)


def _sums(flags: np.ndarray, starts: np.ndarray) -> np.ndarray:
    if len(starts) == 0:
        return np.zeros(0, np.int64)
    sums: np.ndarray = np.add.reduceat(flags.astype(np.int64), starts)
    return sums
