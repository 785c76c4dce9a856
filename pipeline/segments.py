"""All shards through one segment: first the judgement of its barrier over the whole corpus, then each shard by itself."""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.files import open_ipc
from pipeline.job import Job
from pipeline.plan import Segment
from pipeline.segment import merge_counts, process_shard
from pipeline.stage import Corpus, CorpusStage
from pipeline.writer import write_parquet


def run_segment(job: Job, segment: Segment, shards: list[str]) -> dict[str, Any]:
    """The barrier's judgement over all shards, then every shard through the segment."""
    name = f"segment-{segment.number}"
    folder, verdicts, summary = job.work / name, None, {}
    if segment.barrier is not None:
        verdicts = job.work / f"verdicts-{segment.number}"
        summary = _judge(job, segment, shards, verdicts)
    items = [[number, path] for number, path in enumerate(shards)]
    function = partial(process_shard, segment, str(verdicts) if verdicts else None, str(folder))
    steps = merge_counts(job.map(f"{name} {'+'.join(s.name for s in segment.steps) or 'apply'}", function, items))
    if segment.barrier is not None and steps:
        steps[0]["summary"] = summary
    return {"folder": str(folder), "steps": steps, "tables": _publish(verdicts, job.output) if verdicts else []}


def _publish(verdicts: Path, output: Path) -> list[dict[str, Any]]:
    """What a corpus stage has learned and users may want as a table of its own: `aliases.parquet`."""
    path = verdicts / "aliases.arrow"
    return [write_parquet(output / "aliases.parquet", open_ipc(path).read_all())] if path.exists() else []


def _judge(job: Job, segment: Segment, shards: list[str], folder: Path) -> dict[str, Any]:
    assert segment.barrier is not None
    assert isinstance(segment.barrier.stage, CorpusStage)
    folder.mkdir(parents=True, exist_ok=True)
    shared = job.work / "shared"
    shared.mkdir(exist_ok=True)
    prefix = f"{segment.barrier.name} {segment.number} "

    def mapped(name: str, function: Callable[[Any], Any], items: Any) -> list[Any]:
        return job.map(prefix + name, function, items)

    paths = [Path(path) for path in shards]
    start = time.perf_counter()
    summary = dict(segment.barrier.stage.judge(Corpus(paths, _row_counts(paths), folder, shared, mapped)))
    return summary | {"seconds": round(time.perf_counter() - start, 3)}


def _row_counts(shards: list[Path]) -> list[int]:
    counts = []
    for path in shards:
        reader = open_ipc(path)
        counts.append(sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches)))
    return counts


def remove_inputs(job: Job, segment: int) -> None:
    """What a finished segment has read is not needed again: its shards (not their edits) and its verdicts."""
    before = job.work / ("read" if segment == 0 else f"segment-{segment - 1}")
    for path in before.glob("shard-*.arrow"):
        path.unlink()
    shutil.rmtree(job.work / f"verdicts-{segment}", ignore_errors=True)
