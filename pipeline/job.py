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
from pipeline.errors import UnfinishedError, UserError, WorkerKilledError
from pipeline.files import open_ipc, remove_tree, write_text
from pipeline.lasting import Unsynced
from pipeline.lock import LOCK
from pipeline.logs import event
from pipeline.storage import StorePath, counted_retries, place
from pipeline.whole import WORK, lasting_at_once, left_unsynced

log = logging.getLogger(__name__)

_MOST_TIMES = 5  # that an item is done whose node is lost before it has synced what was written


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
        """`engine.map` over the items that are not finished yet; results (small JSON values) of all, in order.

        When it returns, what the items wrote lasts, as far as nodes of a cluster wrote it.
        """
        folder = self.work / "done" / name
        folder.mkdir(parents=True, exist_ok=True)
        unsynced = Unsynced(self.engine, folder)
        marks = unsynced.known_marks()
        for _ in range(_MOST_TIMES):
            self._map_rest(name, function, items, marks, unsynced)
            lost = unsynced.sync()
            if not lost:
                return [self._finished(marks[number]) for number in range(len(items))]
            log.warning("%s: nodes are gone before they synced what they wrote; %d items are done again", name, len(lost))
            for number in lost:
                del marks[number]
        raise UnfinishedError(
            f"{name}: nodes were lost {_MOST_TIMES} times before they synced {_describe(items[lost[0]])}; start again"
        )

    def _map_rest(
        self, name: str, function: Callable[[Any], Any], items: Sequence[Any], marks: dict[int, str], unsynced: Unsynced
    ) -> None:
        """Does the items without a mark, and adds theirs."""
        folder = self.work / "done" / name
        todo = [[str(folder / f"{number:05d}.json"), item] for number, item in enumerate(items) if number not in marks]
        node = self.engine.node if self.engine.spread and not isinstance(self.work, StorePath) else None

        def done(usage: dict[str, Any]) -> None:
            marks[usage["item"]] = usage["mark"]
            if node is not None:
                unsynced.add(usage["node"], usage["item"], usage["mark"])
            self._done(name, usage)

        self.progress.start(name, len(todo))
        started = time.perf_counter()
        counts = {"items": len(items), "to_do": len(todo)}
        log.debug("%s: %d to do", name, len(todo), extra=event("step_started", step=name, counts=counts))
        try:
            self.engine.map(partial(_run_item, function, node), todo, done)
        except WorkerKilledError as error:
            raise UnfinishedError(
                f"{name}: a worker was killed {error.times} over {_describe(todo[error.place][1])}: "
                "out of memory? Set input.shard_bytes lower, or give it more memory; what is finished stays finished"
            ) from None
        told = event("step_finished", step=name, counts=counts, seconds=round(time.perf_counter() - started, 3))
        log.debug("%s: done", name, extra=told)

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
        (self.work / "run.json").unlink(missing_ok=True)  # first: killed here, the rest is nobody's
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


def _run_item(function: Callable[[Any], Any], node: Callable[[], str] | None, marked: list[Any]) -> dict[str, Any]:
    path, item = place(marked[0]), marked[1]
    with left_unsynced(node is not None) as wrote:
        with counted_retries() as count:
            try:
                result = function(item)
            except UserError:  # it says where itself
                raise
            except Exception as error:
                error.add_note(f"over {_describe(item)}")
                raise
        where = {} if node is None else {"node": node(), "wrote": [*wrote]}
        mark = _mark(result, count.total, **where)
        write_text(path, mark)
    counts = {key: value for key, value in result.items() if type(value) is int} if isinstance(result, dict) else {}
    known = {"item": int(path.stem), "counts": counts, "mark": mark, "node": where.get("node")}
    return {"pid": os.getpid(), "peak_rss": peak_rss_bytes(), **known}


def _mark(result: Any, retries: int, **where: Any) -> str:
    """What the mark of a finished item holds; on a node of a cluster also which one, and the work files that it wrote there."""
    return json.dumps({"result": result, "retries": retries, **where}, sort_keys=True, ensure_ascii=False)


def _describe(item: Any) -> str:
    """What an item of a map is about, for people: the documents of a shard, or the item as it prints."""
    paths = [part for part in item if isinstance(part, str) and part.endswith(".arrow")] if isinstance(item, list) else []
    for path in filter(Path.exists, map(place, paths)):
        table = open_ipc(path).read_all()
        if "doc_id" in table.column_names and table.num_rows:
            first, last = table["doc_id"][0].as_py(), table["doc_id"][-1].as_py()
            return f"{path.name} ({table.num_rows} documents, {first!r} to {last!r})"
    return str(item)


def peak_rss_bytes() -> int:
    """The largest resident set that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
