"""The work folder of a run: what is finished stays finished, so that an interrupted run goes on where it was."""

import json
import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pipeline.checkpoints import Checkpoints, NoCheckpoints
from pipeline.engines import Engine
from pipeline.errors import UnfinishedError, WorkerKilledError
from pipeline.files import WORK, lasting_at_once, open_ipc, remove_tree, write_text
from pipeline.lock import LOCK
from pipeline.logs import event
from pipeline.storage import StorePath, counted_retries, place

log = logging.getLogger(__name__)

class Progress(Protocol):
    """What a run tells while it works. `start` begins a map of so many items; `advance` says that one is done."""

    def start(self, name: str, total: int) -> None: ...

    def advance(self) -> None: ...


class Silent:
    """A progress that nobody watches."""

    def start(self, name: str, total: int) -> None: ...

    def advance(self) -> None: ...


class Job:
    """Maps that remember: each finished item leaves a small JSON file under `work/done`, written after its data.

    `work` is the folder of the work files, by default one in the output. `retries` counts what was tried again for what is finished.
    `max_document_seconds`: the clock of the stages.
    """

    def __init__(self, output: Path, engine: Engine, progress: Progress, work: Path | None = None) -> None:
        self.output, self.engine, self.progress = output, engine, progress
        self.work = work or output / WORK
        self.checkpoints = (NoCheckpoints if isinstance(self.work, StorePath) or engine.spread else Checkpoints)(self.work)
        self.peak_rss: dict[int, int] = {}  # bytes by process
        self.retries = 0
        self.max_document_seconds: int | None = None

    def map(self, name: str, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """`engine.map` over the items that are not finished yet; results (small JSON values) of all, in order."""
        folder = self.work / "done" / name
        folder.mkdir(parents=True, exist_ok=True)
        marks = [folder / f"{number:05d}.json" for number in range(len(items))]
        finished = {path.name for path in folder.iterdir()}
        todo = [[str(mark), item] for mark, item in zip(marks, items) if mark.name not in finished]
        self.progress.start(name, len(todo))
        started = time.perf_counter()
        counts = {"items": len(items), "to_do": len(todo)}
        log.debug("%s: %d to do", name, len(todo), extra=event("step_started", step=name, counts=counts))
        try:
            usages = self.engine.map(partial(_run_item, function, self.engine.spread), todo, partial(self._done, name))
        except WorkerKilledError as error:
            raise UnfinishedError(
                f"{name}: a worker was killed {error.times} over {_describe(todo[error.place][1])}: "
                "out of memory? Set input.shard_bytes lower, or give it more memory; what is finished stays finished"
            ) from None
        told = event("step_finished", step=name, counts=counts, seconds=round(time.perf_counter() - started, 3))
        log.debug("%s: done", name, extra=told)
        marked = {path: usage["mark"] for (path, _), usage in zip(todo, usages)}
        return [self._finished(marked.get(str(mark)) or mark.read_text(encoding="utf-8")) for mark in marks]

    def once(self, name: str, function: Callable[[], Any]) -> Any:
        """The small JSON value of a function that runs in this process, unless an earlier try finished it."""
        mark = self.work / "done" / f"{name}.json"
        if mark.exists():
            return self._finished(mark.read_text(encoding="utf-8"))
        before = self.retries
        with lasting_at_once(self.engine.spread):
            text = _mark(function(), 0)
            write_text(mark, json.dumps(json.loads(text) | {"retries": self.retries - before}))
        return self._finished(text)

    def abandon(self) -> None:
        """Removes the work of a run that cannot go on until its input is mended, and the output folder if nothing else is in it."""
        remove_tree(self.work)
        if not isinstance(self.output, StorePath) and all(path.name == LOCK for path in self.output.iterdir()):
            shutil.rmtree(self.output)

    def _finished(self, mark: str) -> Any:
        """The result that a mark holds; what was tried again for it is counted."""
        found = json.loads(mark)
        self.retries += found["retries"]
        return found["result"]

    def _done(self, name: str, usage: dict[str, Any]) -> None:
        self.peak_rss[usage["pid"]] = max(usage["peak_rss"], self.peak_rss.get(usage["pid"], 0))
        self.progress.advance()
        done = event("shard_done", step=name, shard=usage["item"], counts=usage["counts"])
        log.debug("%s: %d done", name, usage["item"], extra=done)


def _run_item(function: Callable[[Any], Any], spread: bool, marked: list[Any]) -> dict[str, Any]:
    path, item = place(marked[0]), marked[1]
    with lasting_at_once(spread):
        with counted_retries() as count:
            result = function(item)
        mark = _mark(result, count.total)
        write_text(path, mark)
    counts = {key: value for key, value in result.items() if type(value) is int} if isinstance(result, dict) else {}
    return {"pid": os.getpid(), "peak_rss": peak_rss_bytes(), "item": int(path.stem), "counts": counts, "mark": mark}


def _mark(result: Any, retries: int) -> str:
    """What the mark of a finished item holds."""
    return json.dumps({"result": result, "retries": retries}, sort_keys=True, ensure_ascii=False)


def _describe(item: Any) -> str:
    """What an item of a map is about, for people: the documents of a shard, or the item as it prints."""
    paths = [part for part in item if isinstance(part, str) and part.endswith(".arrow")] if isinstance(item, list) else []
    for path in map(place, paths):
        table = open_ipc(path).read_all()
        if "doc_id" in table.column_names and table.num_rows:
            first, last = table["doc_id"][0].as_py(), table["doc_id"][-1].as_py()
            return f"{path.name} ({table.num_rows} documents, {first!r} to {last!r})"
    return str(item)


def peak_rss_bytes() -> int:
    """The largest resident set that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
