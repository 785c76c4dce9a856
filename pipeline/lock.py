"""One run at a time in an output folder: a lock that the system lets go when its process ends, however it ends."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import UserError


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Holds the output folder for this process. Raises UserError, naming the other process and its start, if a run has it.

    The file `.lock` that a killed run leaves behind holds nobody up: the lock is the system's, the file only says whose it is.
    """
    output.mkdir(parents=True, exist_ok=True)
    path = output / ".lock"
    with open(path, "a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{output}: {_holder(path)} is writing here; wait for it, or name another path") from None
        stream.truncate(0)
        json.dump({"pid": os.getpid(), "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}, stream)
        stream.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another run"
    return f"process {holder['pid']}, begun {holder['started']},"
