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

from pipeline.checkpoints import Checkpoints, boot_id, roll_back
from pipeline.engines.local import LocalEngine
from pipeline.errors import UnfinishedError, UserError, WorkerKilledError
from pipeline.files import WORK, is_leftover, open_ipc, sync, write_json
from pipeline.logs import event
from pipeline.report.card import CARD, is_card

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


class Job:
    """Maps that remember: each finished item leaves a small JSON file under `work/done`, written after its data."""

    def __init__(self, output: Path, engine: LocalEngine, progress: Progress) -> None:
        self.output, self.engine, self.progress = output, engine, progress
        self.work = output / WORK
        self.checkpoints = Checkpoints(self.work)
        self.peak_rss: dict[int, int] = {}  # bytes by process

    def map(self, name: str, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """`engine.map` over the items that are not finished yet; results (small JSON values) of all, in order."""
        folder = self.work / "done" / name
        folder.mkdir(parents=True, exist_ok=True)
        marks = [folder / f"{place:05d}.json" for place in range(len(items))]
        todo = [[str(mark), item] for mark, item in zip(marks, items) if not mark.exists()]
        self.progress.start(name, len(todo))
        started = time.perf_counter()
        counts = {"items": len(items), "to_do": len(todo)}
        log.debug("%s: %d to do", name, len(todo), extra=event("step_started", step=name, counts=counts))
        try:
            self.engine.map(partial(_run_item, function), todo, partial(self._done, name))
        except WorkerKilledError as error:
            raise UnfinishedError(
                f"{name}: a worker was killed twice over {_describe(todo[error.place][1])}, the second time with no other beside it: "
                "out of memory? Set input.shard_bytes lower, or give it more memory; what is finished stays finished"
            ) from None
        finished = event("step_finished", step=name, counts=counts, seconds=round(time.perf_counter() - started, 3))
        log.debug("%s: done", name, extra=finished)
        return [json.loads(mark.read_text(encoding="utf-8")) for mark in marks]

    def once(self, name: str, function: Callable[[], Any]) -> Any:
        """The small JSON value of a function that runs in this process, unless an earlier try finished it."""
        mark = self.work / "done" / f"{name}.json"
        if not mark.exists():
            write_json(mark, function())
        return json.loads(mark.read_text(encoding="utf-8"))

    def abandon(self) -> None:
        """Removes the work of a run that cannot go on until its input is mended, and the output folder if nothing else is in it."""
        shutil.rmtree(self.work)
        if all(path.name == ".lock" for path in self.output.iterdir()):
            shutil.rmtree(self.output)

    def _done(self, name: str, usage: dict[str, Any]) -> None:
        self.peak_rss[usage["pid"]] = max(usage["peak_rss"], self.peak_rss.get(usage["pid"], 0))
        self.progress.advance()
        done = event("shard_done", step=name, shard=usage["item"], counts=usage["counts"])
        log.debug("%s: %d done", name, usage["item"], extra=done)


def _run_item(function: Callable[[Any], Any], marked: list[Any]) -> dict[str, Any]:
    mark, item = Path(marked[0]), marked[1]
    result = function(item)
    write_json(mark, result)
    counts = {key: value for key, value in result.items() if type(value) is int} if isinstance(result, dict) else {}
    return {"pid": os.getpid(), "peak_rss": peak_rss_bytes(), "item": int(mark.stem), "counts": counts}


def _describe(item: Any) -> str:
    """What an item of a map is about, for people: the documents of a shard, or the item as it prints."""
    paths = [part for part in item if isinstance(part, str) and part.endswith(".arrow")] if isinstance(item, list) else []
    for path in paths:
        table = open_ipc(Path(path)).read_all()
        if "doc_id" in table.column_names and table.num_rows:
            first, last = table["doc_id"][0].as_py(), table["doc_id"][-1].as_py()
            return f"{Path(path).name} ({table.num_rows} documents, {first!r} to {last!r})"
    return str(item)


def peak_rss_bytes() -> int:
    """The largest resident set that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def open_output(output: Path, fingerprint: dict[str, Any], *, overwrite: bool) -> dict[str, Any] | None:
    """Makes the output folder ready for a run with this fingerprint.

    Returns the manifest if that very run is finished already, else None. Raises UserError when the folder holds the result of another
    run (or one that is under way) and `overwrite` is off, or files that no run wrote.
    """
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: a file stands where the output folder should be; name another path")
    if overwrite:
        remove_outputs(output)
    ours = (*OUTPUTS, WORK, ".lock")
    entries = sorted(output.iterdir()) if output.exists() else []
    foreign = [p.name for p in entries if p.name not in ours and not (is_leftover(p) and p.name.startswith(ours)) and not is_card(p)]
    if foreign:
        raise UserError(f"{output}: holds {foreign[0]!r}, which no run wrote; name an empty or new folder")
    for path, state in ((output / "manifest.json", "the result of"), (output / WORK / "run.json", "the unfinished work of")):
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
        if found["boot"] != boot_id():
            roll_back(path.parent)
            _write_start(path, fingerprint)
        _remove_leftovers(output)
        return None
    if any(not is_leftover(path) and path.name not in (".lock", WORK) for path in entries if path.exists()):
        raise UserError(f"{output}: holds files but no manifest.json; name another path or use --overwrite")
    _remove_leftovers(output)
    shutil.rmtree(output / WORK, ignore_errors=True)  # nothing is done before run.json is there, or after it was removed
    _write_start(output / WORK / "run.json", fingerprint)
    return None


def _remove_leftovers(output: Path) -> None:
    for path in list(output.rglob("*.tmp")):
        if is_leftover(path):
            path.unlink(missing_ok=True)


def _write_start(path: Path, fingerprint: dict[str, Any]) -> None:
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(path, {"fingerprint": fingerprint, "started": started, "boot": boot_id()})
    for written in (path, path.parent):
        sync(written)


def remove_outputs(output: Path) -> None:
    """Removes what runs write into an output folder, and nothing else."""
    for name in (*OUTPUTS, WORK, *([CARD] if is_card(output / CARD) else [])):
        path = output / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
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
