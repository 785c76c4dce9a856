"""What engines are given to do in tests; workers import it by its name."""

import os
import signal
from pathlib import Path

from pipeline.errors import UserError


def square(item: int) -> int:
    """A pure function."""
    return item * item


def die(folder: Path, times: int, item: int) -> int:
    """Kills its own process, over item 3, the first so many times."""
    if item == 3:
        before = len(list(folder.iterdir()))
        if before < times:
            (folder / str(before)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def fail(item: int) -> int:
    """Raises over item 3."""
    if item == 3:
        raise UserError("three")
    return item


def break_off(item: list[int | str]) -> int:
    """Raises over the item that begins with 3 what is nobody's mistake."""
    if item[0] == 3:
        raise ValueError("broken")
    return 0


def folder_here(item: int) -> str:
    """Where relative paths begin."""
    return os.getcwd()


def process(item: int) -> int:
    """Its id."""
    return os.getpid()
