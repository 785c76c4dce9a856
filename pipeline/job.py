"""The work folder of a run: what is finished stays finished, so that an interrupted run goes on where it was."""

import hashlib
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

from pipeline.checkpoints import Checkpoints, NoCheckpoints, boot_id, roll_back
from pipeline.engines import Engine
from pipeline.errors import UnfinishedError, UserError, WorkerKilledError
from pipeline.files import WORK, is_leftover, lasting_at_once, open_ipc, remove_tree, sync, write_json, write_text
from pipeline.lock import LOCK
from pipeline.logs import event
from pipeline.report.card import CARD, is_card
from pipeline.storage import StorePath, counted_retries, place, sweep_uploads

log = logging.getLogger(__name__)

FOLDERS = ("documents", "dropped", "edits", "quarantine", "signatures")
TABLES = ("aliases", "line_counts")  # left by corpus stages
OUTPUTS = (*FOLDERS, "duplicates.parquet", *(f"{name}.parquet" for name in TABLES), "manifest.json", "report.json", "report.html")


class Progress(Protocol):
    """What a run tells while it works. `start` begins a map of so many items; `advance` says that one is done."""

    def start(self, name: str, total: int) -> None: ...

    def advance(self) -> None: ...


class Silent:
    """A progress that nobody watches."""

    def start(self, name: str, total: int) -> None: ...

    def advance(self) -> None: ...


def work_home(output: str, work: str | None) -> Path:
    """The folder in which a run with this output has its work folder and its lock: the output, or one of its own in another place."""
    home = place(output)
    if work is None:
        return home
    whose = str(home if isinstance(home, StorePath) else home.absolute())
    return place(work) / f"{home.name}-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"


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


def open_output(
    output: Path, fingerprint: dict[str, Any], *, overwrite: bool, work: Path | None = None, spread: bool = False
) -> dict[str, Any] | None:
    """Makes the output and the work folder ready for a run with this fingerprint.

    Returns the manifest if that very run is finished already, else None. Raises UserError when the folder holds the result of another
    run (or one that is under way) and `overwrite` is off, or files that no run wrote. `spread`: what workers on other machines write
    lasts at once, so it does not matter where this process is started again.
    """
    boot = None if spread else boot_id()
    work = work or output / WORK
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: a file stands where the output folder should be; name another path")
    if overwrite:
        remove_outputs(output)
        remove_tree(work)
    ours = (*OUTPUTS, WORK, LOCK)
    entries = sorted(output.iterdir()) if output.exists() else []
    foreign = [p.name for p in entries if p.name not in ours and not (is_leftover(p) and p.name.startswith(ours)) and not is_card(p)]
    if foreign:
        raise UserError(f"{output}: holds {foreign[0]!r}, which no run wrote; name an empty or new folder")
    for path, state in ((output / "manifest.json", "the result of"), (work / "run.json", "the unfinished work of")):
        if not path.exists():
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = _differences(found["fingerprint"], fingerprint)
        if changed:
            raise UserError(
                f"{output}: holds {state} another run (changed since: {', '.join(changed)}); name another path or use --overwrite"
            )
        if state == "the result of":
            return dict(found)
        if found["boot"] not in (None, boot_id()) and not isinstance(work, StorePath):
            roll_back(work)
            _write_start(path, fingerprint, boot)
        elif found["boot"] is None and not spread:
            _write_start(path, fingerprint, boot)
        _remove_leftovers(output, work)
        return None
    if any(not is_leftover(path) and path.name not in (LOCK, WORK) for path in entries if path.exists()):
        raise UserError(f"{output}: holds files but no manifest.json; name another path or use --overwrite")
    _remove_leftovers(output, work)
    remove_tree(work)  # nothing is done before run.json is there, or after it was removed
    _write_start(work / "run.json", fingerprint, boot)
    return None


def _remove_leftovers(*folders: Path) -> None:
    """Removes what killed processes have left of files that they were writing."""
    for folder in folders:
        if isinstance(folder, StorePath):
            sweep_uploads(str(folder))
            continue
        for path in list(folder.rglob("*.tmp")):
            if is_leftover(path):
                path.unlink(missing_ok=True)


def _write_start(path: Path, fingerprint: dict[str, Any], boot: str | None) -> None:
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(path, {"fingerprint": fingerprint, "started": started, "boot": boot})
    for written in (path, path.parent) if not isinstance(path, StorePath) else ():
        sync(written)


def remove_outputs(output: Path) -> None:
    """Removes what runs write into an output folder, and nothing else; the manifest first, without which there is no result."""
    for name in ("manifest.json", *OUTPUTS, WORK, *([CARD] if is_card(output / CARD) else [])):
        path = output / name
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)


def _differences(found: Any, wanted: Any, where: str = "") -> list[str]:
    """Dotted names of what differs; at most five."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        names = [
            d
            for key in sorted({*found, *wanted})
            for d in _differences(found.get(key), wanted.get(key), f"{where}.{key}".lstrip("."))
        ]
        return names[:5]
    return [] if found == wanted else [where]
