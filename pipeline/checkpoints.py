"""What of a work folder outlives the machine.

Work files are not synced one by one: that took an eighth of a run's time, and a process that is killed loses nothing that it has
written. After each segment a thread syncs what there is while the next segment runs, and notes which steps are finished. If the
machine has been started anew since (another boot id), all else is removed and done again, since names may be there without their data.
"""

import json
import os
import shutil
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.files import write_json
from pipeline.whole import disk_full, sync

_NOTE = "checkpoint.json"


class Checkpoints:
    """Those of one run; a context manager that ends with the last one whole, or raises what went wrong in it."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self._synced: set[Path] = set()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._join()
        if kind is None:
            self._raise()

    def take(self, then: Callable[[], None]) -> None:
        """Begins to sync all that is finished now; when it will last, calls `then`. Raises what went wrong in the one before."""
        self._join()
        self._raise()
        finished = sorted(["read", *(path.name for path in (self.work / "done").glob("*.json"))])
        self._thread = threading.Thread(target=self._take, args=(finished, then), name="checkpoint")
        self._thread.start()

    def _take(self, finished: list[str], then: Callable[[], None]) -> None:
        try:
            for top in _kept(self.work, finished):
                for folder, _, names in os.walk(top):
                    for path in [Path(folder), *(Path(folder, name) for name in names if not name.endswith(".tmp"))]:
                        self._sync(path)
                if top.is_file():
                    self._sync(top)
            shared = sorted(
                path.relative_to(self.work).as_posix() for path in self._synced if self.work / "shared" in path.parents
            )
            write_json(self.work / _NOTE, {"finished": finished, "shared": shared})
            for path in (self.work / _NOTE, self.work / "done", self.work):
                sync(path)
            then()
        except OSError as error:
            self._error = error

    def _sync(self, path: Path) -> None:
        if path in self._synced:
            return
        try:
            sync(path)
        except FileNotFoundError:  # a step that runs now has removed what it does not need any more
            return
        if not path.is_dir():
            self._synced.add(path)

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _raise(self) -> None:
        if self._error is not None:
            raise disk_full(self.work, self._error) or self._error


class NoCheckpoints(Checkpoints):
    """For work that lasts without: in a store, or on a cluster (see lasting.py); and for work that need not outlive the call."""

    def take(self, then: Callable[[], None]) -> None:
        then()


def roll_back(work: Path) -> None:
    """Removes what was written after the last checkpoint of a work folder that another start of the machine has left."""
    note = work / _NOTE
    known = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {"finished": [], "shared": []}
    finished, shared = known["finished"], {work / name for name in known["shared"]}
    kept = {work / "done", work / "run.json", note, *_kept(work, finished)}
    for path in [*work.iterdir(), *(work / "done").glob("*")]:
        if path not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (work / "shared").rglob("*"):
        if path.is_file() and path not in shared:
            path.unlink()


def _kept(work: Path, finished: list[str]) -> list[Path]:
    """What a run needs to go on when these marks are there; those of single items are not needed once their step has its own."""
    if not finished:
        return []
    segments = [work / name.removesuffix(".json") for name in finished if name.startswith("segment-")]
    return [work / "shared", work / "read", *segments, *(work / "done" / name for name in finished)]


def boot_id() -> str:
    """The same until the machine is started anew; where the system does not tell, another one at each call."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())
