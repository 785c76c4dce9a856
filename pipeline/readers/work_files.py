"""What a packed file has become so far: work files, each with a note that says what it is and where the next one begins."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from pipeline.readers.restart import BEGINNING, RestartPoint
from pipeline.readers.spec import Piece, ReadTask
from pipeline.storage import place
from pipeline.whole import whole


@dataclass(frozen=True)
class Place:
    """Where a work file begins: bytes of text, lines and records before it in the file, and where the stream may be entered for it."""

    text: int = 0
    lines: int = 0
    records: int = 0
    restart: RestartPoint = BEGINNING


class WorkFiles:
    """Those of the one piece of a task, in a folder that others share."""

    def __init__(self, folder: str, task: ReadTask) -> None:
        self.folder, self.task = folder, task

    def finished(self, start: Place) -> tuple[list[Piece], Place]:
        """The pieces that an earlier try has finished and noted, and where the next begins: at `start` without one."""
        pieces: list[Piece] = []
        while (path := self._path(len(pieces), "json")).exists():
            note = json.loads(path.read_text(encoding="utf-8"))
            pieces.append(Piece(**note["piece"]))
            start = Place(**note["next"] | {"restart": RestartPoint(**note["next"]["restart"])})
        return pieces, start

    def note(self, number: int, piece: Piece, then: Place) -> None:
        """Notes that a piece is finished. Not for the last one: what comes after it, if it is an error, is not known by its bytes."""
        with whole(self._path(number, "json"), trusted=True) as beside:
            beside.write_text(json.dumps({"piece": asdict(piece), "next": asdict(then)}), encoding="utf-8")

    def piece(self, number: int, encoding: str) -> Piece:
        """A piece that is to become this work file; it holds nothing yet."""
        packed = self.task.pieces[0]
        return replace(packed, path=str(self._path(number, packed.format)), packed=False, encoding=encoding, size=0)

    @contextmanager
    def writing(self, piece: Piece) -> Iterator[BinaryIO]:
        """The work file, whole or absent."""
        with whole(place(piece.path), trusted=True) as beside, open(beside, "wb") as stream:
            yield stream

    def _path(self, number: int, suffix: str) -> Path:
        return place(self.folder) / f"{self.task.number:06d}-{number:06d}.{suffix}"
