"""Line counts beside an output, so that a later run counts the stories of this one too: a small batch profits from yesterday's.

Witnesses are kept, not sums: which story has which line. A story that comes again, because a batch is given twice or batches
overlap, is the same witness, as stories are told by their text and not by their ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.errors import UserError
from pipeline.exchange import facts_of_range
from pipeline.files import open_ipc, open_parquet, sha256_of, write_ipc
from pipeline.kernels.line_characters import unicode_version
from pipeline.kernels.repeated_lines import HEAD_LINES, TAIL_LINES

FILE = "line_counts.parquet"
# What makes two counts comparable: how lines become keys, where an edge ends, how stories are told.
RULES = f"lines-1 unicode-{unicode_version()} head-{HEAD_LINES} tail-{TAIL_LINES}"

WITNESSES = pa.schema(
    [
        pa.field("key", pa.uint64(), nullable=False),  # of source and line, ascending
        pa.field("story", pa.uint64(), nullable=False),
        pa.field("near_edge", pa.bool_(), nullable=False),
    ],
    metadata={"rules": RULES},
)


@dataclass(frozen=True)
class KeepWitnesses:
    """Writes `witnesses-N.arrow` for key range N of the facts that `exchange` left in the folder: one row a line and family."""

    folder: str
    shards: int

    def __call__(self, number: int) -> int:
        facts = facts_of_range(storage.place(self.folder), self.shards, number)
        key, family, story = (facts[name].to_numpy() for name in ("key", "family", "story"))
        order = np.lexsort((story, family, key))
        new = _changes(key[order], family[order])
        near = _any_by_group(facts["near_edge"].to_numpy()[order], new)
        columns = [pa.array(key[order][new]), pa.array(story[order][new]), pa.array(near)]
        table = pa.Table.from_arrays(columns, schema=WITNESSES).sort_by([("key", "ascending"), ("story", "ascending")])
        return write_ipc(
            storage.place(self.folder) / f"witnesses-{number:05d}.arrow", table.combine_chunks().to_batches(), WITNESSES
        )


def join_witnesses(folder: str, ranges: int) -> int:
    """Writes `line_counts.arrow`, all ranges in order: the run makes it the output's FILE. For a task, as it has 75 bytes a document."""
    parts = (open_ipc(storage.place(folder) / f"witnesses-{number:05d}.arrow").read_all() for number in range(ranges))
    return write_ipc(
        storage.place(folder) / "line_counts.arrow", (batch for part in parts for batch in part.to_batches()), WITNESSES
    )


def counts_file(place: str) -> Path:
    """The line counts of an output folder, or the file itself. Raises UserError if there are none, or of other rules."""
    path = storage.place(place)
    if not (path.is_dir() or path.is_file()):
        raise UserError(f"counts: {place}: no such output; name one that was made with keep_counts: true, or its {FILE}")
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"counts: {place}: keeps no line counts (no {path}); run it again with keep_counts: true")
    try:
        metadata = pq.read_schema(open_parquet(path)).metadata or {}
    except pa.ArrowInvalid:
        metadata = {}
    found = metadata.get(b"rules", b"none").decode()
    if found != RULES:
        raise UserError(
            f"counts: {path}: line counts of rules {found!r}, while this run counts by {RULES!r}; they cannot be added up. "
            "Make them again with this version"
        )
    return path


def counts_digest(place: str) -> str:
    """sha256 of the line counts at a place. Raises UserError as `counts_file` does."""
    return sha256_of(counts_file(place))


def describe_counts(place: str) -> str:
    """What is kept at a place. Raises UserError as `counts_file` does."""
    return f"line counts of {place}: {pq.read_metadata(open_parquet(counts_file(place))).num_rows:,} lines of stories"


def earlier_witnesses(
    paths: Sequence[str], keys: np.ndarray, known: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Of the witnesses kept in these files for the ascending, distinct `keys`: the place in `keys` and whether near an edge.

    Each line and story once. Those that are `known` (keys and stories of this run) are left out.
    """
    if len(keys) == 0 or not paths:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    near_by = (pc.field("key") >= pa.scalar(keys[0])) & (pc.field("key") <= pa.scalar(keys[-1]))
    found = pa.concat_tables([pq.read_table(open_parquet(storage.place(path)), filters=near_by) for path in paths])
    key, story, near = (found[name].to_numpy() for name in WITNESSES.names)
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    wanted = keys[place] == key
    key = np.concatenate([known[0], key[wanted]])
    story = np.concatenate([known[1], story[wanted]])
    ours = np.arange(len(key)) < len(known[0])
    near = np.concatenate([np.zeros(len(known[0]), np.bool_), near[wanted]])
    order = np.lexsort((~near, ~ours, story, key))  # of one line and story ours come first
    first = _changes(key[order], story[order]) & ~ours[order]
    return np.searchsorted(keys, key[order][first]), near[order][first]


def _changes(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where a new pair begins among sorted ones."""
    new = np.ones(len(one), np.bool_)
    new[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    return new


def _any_by_group(flags: np.ndarray, new: np.ndarray) -> np.ndarray:
    """For each group, which begins where `new` is True: whether any of its flags is True."""
    if len(flags) == 0:
        return flags
    any_flag: np.ndarray = np.logical_or.reduceat(flags, np.flatnonzero(new))
    return any_flag
