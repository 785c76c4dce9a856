"""The laws of every stage, as functions that raise AssertionError when a stage breaks one."""

import itertools
import pickle
from collections.abc import Callable

import pyarrow as pa

from pipeline.edits import restore
from pipeline.schema import SCHEMA, live_rows
from pipeline.stage import DocumentStage, Stage
from tests.support import edits_of, run_stage

Law = Callable[[Stage, pa.RecordBatch], None]


def same_rows_ids_schema(stage: Stage, batch: pa.RecordBatch) -> None:
    """Rows in, rows out: none lost, added, renamed or reordered, in the one schema."""
    table, _ = run_stage(stage, [[batch]])
    assert table.schema.equals(SCHEMA)
    assert table["doc_id"].to_pylist() == batch["doc_id"].to_pylist()


def marked_rows_untouched(stage: Stage, batch: pa.RecordBatch) -> None:
    """A row that an earlier stage has marked comes out as it went in, and has no edits."""
    table, edits = run_stage(stage, [[batch]])
    marked = pa.array(~live_rows(batch))
    assert table.filter(marked).to_pylist() == pa.Table.from_batches([batch]).filter(marked).to_pylist()
    assert not {edit["row"] for edit in edits.to_pylist()} & {row for row, live in enumerate(live_rows(batch)) if not live}


def boundaries_do_not_matter(stage: Stage, batch: pa.RecordBatch) -> None:
    """One batch in one shard gives what single rows in many shards give."""
    whole = run_stage(stage, [[batch]])
    rows = [batch.slice(i, 1) for i in range(batch.num_rows)]
    third = max(1, len(rows) // 3)
    pieces = run_stage(stage, [rows[:third], [], rows[third:]])
    assert pieces[0].to_pylist() == whole[0].to_pylist()
    assert pieces[1].to_pylist() == whole[1].to_pylist()


def first_call_equals_later_ones(stage: Stage, batch: pa.RecordBatch) -> None:
    """What a stage has seen before changes nothing."""
    first = run_stage(stage, [[batch]])
    for size in (1, batch.num_rows // 2, batch.num_rows):
        run_stage(stage, [[batch.slice(0, size)]])
    again = run_stage(stage, [[batch]])
    assert again[0].to_pylist() == first[0].to_pylist()
    assert again[1].to_pylist() == first[1].to_pylist()


def pickles(stage: Stage, batch: pa.RecordBatch) -> None:
    """A stage reaches a worker whole."""
    copy = pickle.loads(pickle.dumps(stage))
    assert copy == stage
    assert run_stage(copy, [[batch]])[0].to_pylist() == run_stage(stage, [[batch]])[0].to_pylist()


def edits_restore_the_input(stage: Stage, batch: pa.RecordBatch) -> None:
    """Cleaned text and edits give back the text that came in; edits of a document are sorted and disjoint."""
    table, edits = run_stage(stage, [[batch]])
    for row, (before, after) in enumerate(zip(batch["text"].to_pylist(), table["text"].to_pylist())):
        own = edits_of(edits, row)
        assert restore(after, own) == before
        changes = [edit for edit in own if edit["kind"] == "edit"]
        assert all(a["start"] + len(a["removed"]) <= b["start"] for a, b in itertools.pairwise(changes))
        for edit in own:
            assert before[edit["start"] : edit["start"] + len(edit["removed"])] == edit["removed"]


def second_pass_changes_nothing(stage: Stage, batch: pa.RecordBatch) -> None:
    """A document stage leaves its own output as it is."""
    if not isinstance(stage, DocumentStage):
        return
    once, _ = run_stage(stage, [[batch]])
    twice, edits = run_stage(stage, [once.to_batches()])
    assert twice.to_pylist() == once.to_pylist()
    assert "edit" not in edits["kind"].to_pylist()


LAWS: list[Law] = [
    same_rows_ids_schema,
    marked_rows_untouched,
    boundaries_do_not_matter,
    first_call_equals_later_ones,
    pickles,
    edits_restore_the_input,
    second_pass_changes_nothing,
]
