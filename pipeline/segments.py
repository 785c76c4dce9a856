"""All shards through one segment: first the judgement of its barrier over the whole corpus, then each shard by itself."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config import NamedStage
from pipeline.files import open_ipc, remove_tree
from pipeline.job import Job
from pipeline.output_folder import TABLES
from pipeline.plan import Segment, plan_segments
from pipeline.segment import merge_counts, process_shard
from pipeline.stage import Corpus, CorpusStage
from pipeline.storage import place
from pipeline.writer import write_table


class Processed(NamedTuple):
    """Shards after all stages, the files with the edits of each, the counts of the steps, and the tables that stages left for users."""

    shards: list[str]
    edits: list[list[str]]
    steps: list[dict[str, Any]]
    tables: list[dict[str, Any]]


def run_segments(job: Job, stages: Sequence[NamedStage], shards: list[str]) -> Processed:
    """All shards through all stages; the shards given are removed when what is made of them will last."""
    done, rows = Processed(shards, [[] for _ in shards], [], []), None
    for segment in plan_segments(stages):
        outcome = job.once(f"segment-{segment.number}", partial(run_segment, job, segment, done.shards, rows))
        folder, rows = outcome["folder"], outcome["rows"]
        done = Processed(
            [f"{folder}/shard-{number:05d}.arrow" for number in range(len(shards))],
            [[*paths, f"{folder}/edits-{number:05d}.arrow"] for number, paths in enumerate(done.edits)],
            done.steps + outcome["steps"],
            done.tables + outcome["tables"],
        )
        job.checkpoints.take(partial(remove_inputs, job, segment.number))
    return done


def last_shards(job: Job, stages: Sequence[NamedStage]) -> list[Path]:
    """The shards after all stages, as long as the work folder is there."""
    return sorted((job.work / f"segment-{plan_segments(stages)[-1].number}").glob("shard-*.arrow"))


def run_segment(job: Job, segment: Segment, shards: list[str], rows: list[int] | None) -> dict[str, Any]:
    """The barrier's judgement over all shards, then every shard through the segment.

    `rows` are the documents of each, as the segment before has counted them; None for the first.
    """
    name = f"segment-{segment.number}"
    folder, verdicts, summary = job.work / name, None, {}
    if segment.barrier is not None:
        verdicts = job.work / f"verdicts-{segment.number}"
        summary = _judge(job, segment, shards, rows, verdicts)
    items = [[number, path] for number, path in enumerate(shards)]
    function = partial(process_shard, segment, str(verdicts) if verdicts else None, str(folder), job.max_document_seconds)
    processed = job.map(f"{name} {'+'.join(s.name for s in segment.steps) or 'apply'}", function, items)
    steps = merge_counts(processed)
    if segment.barrier is not None and steps:
        steps[0]["summary"] = summary
    tables = _publish(job, name, verdicts) if verdicts else []
    return {"folder": str(folder), "rows": [shard["rows"] for shard in processed], "steps": steps, "tables": tables}


def _publish(job: Job, name: str, verdicts: Path) -> list[dict[str, Any]]:
    """What a corpus stage has learned and users, or later runs, may want as a table of its own."""
    written = []
    for path in (verdicts / f"{table}.arrow" for table in TABLES):
        if path.exists():
            function = partial(write_table, str(job.output / f"{path.stem}.parquet"))
            written += job.map(f"{name} {path.stem}", function, [[str(path)]])
    return written


def _judge(job: Job, segment: Segment, shards: list[str], rows: list[int] | None, folder: Path) -> dict[str, Any]:
    assert segment.barrier is not None
    assert isinstance(segment.barrier.stage, CorpusStage)
    folder.mkdir(parents=True, exist_ok=True)
    shared = job.work / "shared"
    shared.mkdir(exist_ok=True)
    prefix = f"{segment.barrier.name} {segment.number} "

    def mapped(name: str, function: Callable[[Any], Any], items: Any) -> list[Any]:
        return job.map(prefix + name, function, items)

    paths = [place(path) for path in shards]
    start = time.perf_counter()
    summary = dict(segment.barrier.stage.judge(Corpus(paths, rows or _row_counts(paths), folder, shared, mapped)))
    return summary | {"seconds": round(time.perf_counter() - start, 3)}


def _row_counts(shards: list[Path]) -> list[int]:
    counts = []
    for path in shards:
        reader = open_ipc(path, ["cluster_size"])  # a small column, so that little of a shard in a store is transferred
        counts.append(sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches)))
    return counts


def remove_inputs(job: Job, segment: int) -> None:
    """What a finished segment has read is not needed again: its shards (not their edits) and its verdicts."""
    before = job.work / ("read" if segment == 0 else f"segment-{segment - 1}")
    for path in before.glob("shard-*.arrow"):
        path.unlink()
    remove_tree(job.work / f"verdicts-{segment}")
