"""Work files of a cluster outlive the nodes that wrote them.

A node that is lost takes with it what it has not synced: names may be there without their data. So what an item of a map has written
is synced by a task on its node, when the map ends or a minute after the first, and items of a node that was lost before are done again.
Not by the item itself, file by file: waiting for the disk that often took a sixth more CPU time (20,000 documents, one worker).

A batch of items that is synced leaves a note with their marks, synced too. The mark of a single item is not: after another start of the
driver it counts when its node still lives, and syncs what it tells of. In a store, and on one machine, none of this is needed.
"""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pipeline.engines import Engine
from pipeline.files import write_json
from pipeline.whole import WORK, disk_full, lasting_at_once, sync

_WAIT_SECONDS = 60  # between syncs of a node while a map goes on: about so much of its work is done again when it is lost
_NOTE = "synced-"


class _Batch(NamedTuple):
    """Items of one node: their marks by number, and since when the first waits to be synced."""

    marks: dict[int, str]
    since: float


class Unsynced:
    """What the items of one map have left on nodes, until it is synced. `folder` holds the marks of the map."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self._waiting: dict[str, _Batch] = {}  # by node
        self._begun: list[tuple[dict[int, str], Callable[[], bool]]] = []

    def known_marks(self) -> dict[int, str]:
        """The marks that an earlier try left, by number; those of nodes that had not synced yet are added."""
        paths = list(self._folder.iterdir())
        marks = synced_marks(paths)
        for path in paths:
            if path.suffix != ".json" or not path.stem.isdigit() or int(path.stem) in marks:
                continue
            try:
                text = path.read_text(encoding="utf-8")
                node = json.loads(text).get("node")
            except ValueError:  # a name without its data, from a node that was lost
                continue
            marks[int(path.stem)] = text
            if node is not None:
                self.add(node, int(path.stem), text)
        return marks

    def add(self, node: str, number: int, mark: str) -> None:
        """An item that is done there; syncs are begun for those that have waited for a while."""
        batch = self._waiting.setdefault(node, _Batch({}, time.monotonic()))
        batch.marks[number] = mark
        if time.monotonic() - batch.since >= _WAIT_SECONDS:
            self._begin(node)

    def sync(self) -> list[int]:
        """Returns when all that was added lasts, but for the items that are returned: their node was lost before."""
        for node in list(self._waiting):
            self._begin(node)
        lost = [number for marks, lasts in self._begun if not lasts() for number in marks]
        self._begun.clear()
        return sorted(lost)

    def _begin(self, node: str) -> None:
        marks = self._waiting.pop(node).marks
        self._begun.append((marks, self._engine.start_on(node, sync_batch, [str(self._folder), marks])))


def sync_batch(batch: tuple[str, dict[int, str]]) -> None:
    """Syncs what the marks of a folder say that their items wrote, and then the note about it; on the node that wrote it."""
    folder, marks = Path(batch[0]), batch[1]
    note = folder / f"{_NOTE}{min(marks):05d}.json"
    files = {Path(name) for mark in marks.values() for name in json.loads(mark)["wrote"]}
    folders = {above for path in (*files, note) for above in path.parents if WORK in above.parts}
    try:
        for path in [*sorted(files), *sorted(folders)]:
            with suppress(FileNotFoundError):  # an item may remove what it has written
                sync(path)
        with lasting_at_once(True):
            write_json(note, marks)
    except OSError as error:
        raise disk_full(note, error) or error from None


def synced_marks(paths: Iterable[Path]) -> dict[int, str]:
    """The marks, among the files of a folder, that last whatever becomes of the nodes, by number."""
    notes = [path for path in paths if path.name.startswith(_NOTE)]
    return {int(number): mark for note in notes for number, mark in json.loads(note.read_text(encoding="utf-8")).items()}
