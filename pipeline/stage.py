"""What a stage is. Three shapes: rewrite the text, annotate other columns, or mark rows with a `drop_reason`.

A stage is a frozen dataclass whose fields are its settings. It removes no row, changes no id, and leaves rows that already
have a `drop_reason` untouched. It comes as one of two kinds, told apart by what they have: document stages are called on a
batch; corpus stages must see all documents before they can judge one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import pyarrow as pa


class Outcome(NamedTuple):
    """What a stage makes of a batch: the same rows, and its changes of text as `edits.STEP_EDITS`."""

    batch: pa.RecordBatch
    edits: pa.RecordBatch


@runtime_checkable
class DocumentStage(Protocol):
    """Judges each document by itself. Pure: the same batch gives the same outcome, whatever was seen before."""

    def __call__(self, batch: pa.RecordBatch) -> Outcome: ...


@dataclass(frozen=True)
class Corpus:
    """All documents of a run as a corpus stage sees them: shards in input order, a work folder of its own, and a map.

    `map(name, function, items)` runs a picklable function over items (small descriptors: paths, ranges, numbers) on the engine
    and returns the results in order. Results are small JSON values; data goes into files, whole or absent, under `folder`.
    Finished items are not run again when a run continues, so a function must do nothing but return its value and write
    files named after its item.
    """

    shards: Sequence[Path]  # Arrow IPC files of batches of the schema
    rows: Sequence[int]  # documents in each shard
    folder: Path  # this stage's own, empty at first
    shared: Path  # kept for the whole run: what one stage leaves for a later one (signatures)
    map: Callable[[str, Callable[[Any], Any], Sequence[Any]], list[Any]]

    def first_rows(self) -> list[int]:
        """The number of the first document of each shard; documents are numbered through the corpus in input order."""
        firsts, total = [], 0
        for rows in self.rows:
            firsts.append(total)
            total += rows
        return firsts


@runtime_checkable
class CorpusStage(Protocol):
    """Judges documents by what the whole corpus holds.

    `judge` maps over shards (extract) and key ranges (resolve), combines, and writes its verdicts into `corpus.folder`: either
    `verdicts-00000.arrow` and so on, one per shard with an ascending int32 column `row` (place in the shard), or a single small
    `verdicts.arrow` that holds for all. It returns a small JSON summary for the manifest. `apply` is pure: it gets a batch and
    the verdicts (per shard: cut to the batch, `row` counted from its first row) and does what a document stage does.
    """

    def judge(self, corpus: Corpus) -> Mapping[str, Any]: ...

    def apply(self, batch: pa.RecordBatch, verdicts: pa.Table) -> Outcome: ...


Stage = DocumentStage | CorpusStage
