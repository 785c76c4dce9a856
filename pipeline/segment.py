"""One shard through one segment, in a worker: apply the barrier's verdicts, run the document stages, write shard and edits."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.clock import TookTooLong, time_limit
from pipeline.edits import NO_EDITS, STEP_EDITS
from pipeline.files import open_ipc, write_ipc
from pipeline.plan import Segment, Step
from pipeline.schema import SCHEMA, TOOK_TOO_LONG, replace_columns, stopped_rows
from pipeline.stage import CorpusStage, Outcome
from pipeline.storage import place

log = logging.getLogger(__name__)

SHARD_EDITS = pa.schema([STEP_EDITS.field("row"), pa.field("step", pa.int16(), nullable=False), *list(STEP_EDITS)[1:]])


@dataclass
class StepCounts:
    """What one step did to one shard. Adds up over shards with `merge_counts`."""

    step: int
    name: str
    seconds: float = 0.0
    documents_changed: int = 0
    characters_removed: int = 0
    characters_inserted: int = 0
    rules: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    took_too_long: int = 0  # documents that kept it too long

    def add(self, before: pa.RecordBatch, outcome: Outcome, seconds: float) -> None:
        self.seconds += seconds
        self._add_edits(outcome.edits)
        if outcome.batch is not before:
            marked = pc.and_(pc.is_null(before["drop_reason"]), pc.is_valid(outcome.batch["drop_reason"]))
            stopped = stopped_rows(outcome.batch) & marked.to_numpy(zero_copy_only=False)
            self.took_too_long += int(stopped.sum())
            _add_values(self.dropped, outcome.batch["drop_reason"].filter(pc.and_not(marked, pa.array(stopped))), 1)
            _add_values(self.flags, pc.list_flatten(outcome.batch["flags"]), 1)
            _add_values(self.flags, pc.list_flatten(before["flags"]), -1)

    def _add_edits(self, edits: pa.RecordBatch) -> None:
        if edits.num_rows == 0:
            return
        changes = edits.filter(pc.equal(edits["kind"], "edit"))
        self.documents_changed += len(np.unique(changes["row"].to_numpy()))
        self.characters_removed += pc.sum(pc.utf8_length(changes["removed"])).as_py() or 0
        self.characters_inserted += pc.sum(pc.utf8_length(changes["inserted"])).as_py() or 0
        counted = pa.Table.from_batches([edits]).group_by(["rule", "kind"], use_threads=False).aggregate([("start", "count")])
        for row in counted.to_pylist():
            kinds = self.rules.setdefault(row["rule"], {})
            kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["start_count"]

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "flags": {name: count for name, count in self.flags.items() if count}}


def process_shard(
    segment: Segment, verdicts: str | None, folder: str, max_seconds: float | None, item: list[Any]
) -> dict[str, Any]:
    """Reads shard `item = [number, path]`, writes `shard-<number>.arrow` and `edits-<number>.arrow` into `folder`.

    A document that keeps a step for more than `max_seconds` is marked, and ends in quarantine (set_aside.py). Returns rows and the counts
    of each step.
    """
    number, path = int(item[0]), place(item[1])
    steps = [*([segment.barrier] if segment.barrier else []), *segment.steps]
    counts = [StepCounts(step.number, step.name) for step in steps]
    judged = read_verdicts(place(verdicts), number) if verdicts is not None else None
    edits: list[pa.RecordBatch] = []

    def processed() -> Iterator[pa.RecordBatch]:
        reader, first = open_ipc(path), 0
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            for step, count in zip(steps, counts):
                batch, changed = _run_step(step, batch, count, cut_verdicts(judged, first, batch.num_rows), max_seconds)
                if changed.num_rows:
                    edits.append(_number(changed, first, step.number))
            first += batch.num_rows
            yield batch

    target = place(folder)
    rows = write_ipc(target / f"shard-{number:05d}.arrow", processed(), SCHEMA)
    write_ipc(target / f"edits-{number:05d}.arrow", edits, SHARD_EDITS)
    return {"rows": rows, "steps": [count.to_json() for count in counts]}


def _run_step(
    step: Step, batch: pa.RecordBatch, count: StepCounts, verdicts: pa.Table | None, max_seconds: float | None
) -> Outcome:
    start = time.perf_counter()
    outcome = _in_time(step, batch, verdicts, max_seconds)
    if outcome.batch.num_rows != batch.num_rows:
        raise RuntimeError(f"stage {step.name} made {outcome.batch.num_rows} rows of {batch.num_rows}")
    count.add(batch, outcome, time.perf_counter() - start)
    return outcome


def _in_time(step: Step, batch: pa.RecordBatch, verdicts: pa.Table | None, max_seconds: float | None) -> Outcome:
    """What the step makes of the batch. Where that takes too long it is done again by halves, and a row that takes too long is marked."""
    try:
        with time_limit(max_seconds):
            return step.stage.apply(batch, verdicts) if isinstance(step.stage, CorpusStage) else step.stage(batch)
    except TookTooLong:
        half = batch.num_rows // 2
        if half == 0:
            doc_id = batch["doc_id"][0].as_py()[:200]
            log.warning("%s: %r took more than %s s, and goes to quarantine", step.name, doc_id, max_seconds)
            reason = f"{TOOK_TOO_LONG} ({doc_id!r} in {step.name}, more than {max_seconds} s)"
            return Outcome(replace_columns(batch, drop_reason=pa.array([reason], pa.string())), NO_EDITS)
        halves = [(0, half), (half, batch.num_rows - half)]
        made = [_in_time(step, batch.slice(at, size), cut_verdicts(verdicts, at, size), max_seconds) for at, size in halves]
        later = made[1].edits
        shifted = pa.RecordBatch.from_arrays(
            [pa.array(later["row"].to_numpy() + np.int32(half), pa.int32()), *later.columns[1:]], schema=STEP_EDITS
        )
        return Outcome(*(pa.concat_batches(pair) for pair in ((made[0].batch, made[1].batch), (made[0].edits, shifted))))


def _number(edits: pa.RecordBatch, first: int, step: int) -> pa.RecordBatch:
    """The edits with rows counted through the shard and the step's number."""
    rows = pa.array(edits["row"].to_numpy() + np.int32(first), pa.int32())
    steps = pa.array(np.full(edits.num_rows, step, np.int16))
    return pa.RecordBatch.from_arrays([rows, steps, *edits.columns[1:]], schema=SHARD_EDITS)


def read_verdicts(folder: Path, number: int) -> pa.Table:
    """The verdicts for this shard, or those that hold for all."""
    own = folder / f"verdicts-{number:05d}.arrow"
    return open_ipc(own if own.exists() else folder / "verdicts.arrow").read_all()


def cut_verdicts(verdicts: pa.Table | None, first: int, size: int) -> pa.Table:
    """Verdicts of rows [first, first + size), rows counted from `first`; a table without `row` holds for all."""
    if verdicts is None or "row" not in verdicts.column_names:
        return verdicts
    rows = verdicts["row"].to_numpy()
    a, b = np.searchsorted(rows, [first, first + size])
    cut = verdicts.slice(a, b - a)
    return cut.set_column(cut.column_names.index("row"), "row", pa.array(rows[a:b] - np.int32(first), pa.int32()))


def _add_values(counts: dict[str, int], values: pa.Array, sign: int) -> None:
    for entry in pc.value_counts(values).to_pylist():
        if entry["values"] is not None:
            counts[entry["values"]] = counts.get(entry["values"], 0) + sign * entry["counts"]


def merge_counts(shards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The step counts of several shards added up, step by step; keys of dicts sorted."""
    merged: dict[int, dict[str, Any]] = {}
    for shard in shards:
        for number, step in enumerate(shard["steps"]):
            merged[number] = _add(merged[number], step) if number in merged else step
    return [merged[number] for number in sorted(merged)]


def _add(a: Any, b: Any) -> Any:
    """Numbers added, dicts merged, names kept."""
    if isinstance(a, dict):
        return {key: _add(a[key], b[key]) if key in a and key in b else a.get(key, b.get(key)) for key in sorted({*a, *b})} | {
            key: a[key] for key in ("step", "name") if key in a
        }
    return a + b if isinstance(a, int | float) else a
