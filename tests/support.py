"""Batches, shards and whole stages for tests: the real parts on small inputs, in this process."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.edits import STEP_EDITS
from pipeline.files import open_ipc, write_ipc
from pipeline.schema import SCHEMA, make_batch
from pipeline.segment import cut_verdicts, read_verdicts
from pipeline.stage import Corpus, CorpusStage, Outcome, Stage

# CPU seconds in which all is done that does not grow without measure: a hundred times what it takes, and far less than it once took.
ENDLESS = 60

REPO = Path(__file__).parent.parent
# Files of hundreds of tiny runs are synced to the disk one by one; in memory that costs nothing. Containers often have but 64 MB of it.
_ROOMY = os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 2**29
SCRATCH = "/dev/shm" if _ROOMY else None
SEEDS = {path.name: path.read_text(encoding="utf-8") for path in sorted((REPO / "seeds").glob("*.txt"))}


def seed(number: int) -> str:
    """The raw text of one seed document."""
    return list(SEEDS.values())[number]


def batch_of(texts: Sequence[str], **columns: Any) -> pa.RecordBatch:
    """A batch of these texts with ids d0, d1, …; more columns by name."""
    return make_batch({"doc_id": [f"d{i}" for i in range(len(texts))], "text": list(texts), **columns})


def mapped(name: str, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """The simplest engine."""
    return [function(item) for item in items]


def write_shards(folder: Path, shards: Sequence[Sequence[pa.RecordBatch]]) -> Corpus:
    """A corpus of these shards in a folder."""
    paths, rows = [], []
    for number, batches in enumerate(shards):
        paths.append(folder / f"shard-{number:05d}.arrow")
        rows.append(write_ipc(paths[-1], batches, SCHEMA))
    (folder / "own").mkdir()
    (folder / "shared").mkdir()
    return Corpus(paths, rows, folder / "own", folder / "shared", mapped)


def run_stage(stage: Stage, shards: Sequence[Sequence[pa.RecordBatch]]) -> tuple[pa.Table, pa.Table]:
    """All documents and all edits (rows counted through the corpus) after the stage."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        corpus = write_shards(Path(name), shards)
        if isinstance(stage, CorpusStage):
            stage.judge(corpus)
        batches, edits, first = [], [STEP_EDITS.empty_table()], 0
        for number, path in enumerate(corpus.shards):
            place, reader = 0, open_ipc(path)
            verdicts = read_verdicts(corpus.folder, number) if isinstance(stage, CorpusStage) else None
            for batch in (reader.get_batch(i) for i in range(reader.num_record_batches)):
                outcome = apply_to(stage, batch, cut_verdicts(verdicts, place, batch.num_rows))
                batches.append(outcome.batch)
                edits.append(_shift(outcome.edits, first))
                place, first = place + batch.num_rows, first + batch.num_rows
        return pa.Table.from_batches(batches, SCHEMA).combine_chunks(), pa.concat_tables(edits).combine_chunks()


def apply_to(stage: Stage, batch: pa.RecordBatch, verdicts: pa.Table | None) -> Outcome:
    """One batch through a stage of either kind."""
    return stage.apply(batch, verdicts) if isinstance(stage, CorpusStage) else stage(batch)


def _shift(edits: pa.RecordBatch, first: int) -> pa.Table:
    rows = pa.array([row + first for row in edits["row"].to_pylist()], pa.int32())
    return pa.Table.from_batches([edits]).set_column(0, STEP_EDITS.field("row"), rows)


def edits_of(edits: pa.Table, row: int) -> list[Mapping[str, Any]]:
    """The ledger rows of one document, as `restore` takes them."""
    return [{**edit, "step": 1} for edit in edits.to_pylist() if edit["row"] == row]
