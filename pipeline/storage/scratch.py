"""Files of this machine for what goes to a store or comes from one. They go with the process, also with one that is killed."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_YOUNG_SECONDS = 60  # between being made and being locked a file is nobody's for a moment


@contextmanager
def scratch_file() -> Iterator[Path]:
    """An empty file in the folder for temporary ones (TMPDIR), for as long as the block lasts; what is mapped of it stays readable.

    Those of processes that were killed are removed by the next that asks for one: a file in use is locked.
    """
    folder = Path(tempfile.gettempdir()) / f"corpus-pipeline-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    _sweep(folder)
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield Path(name)
    finally:
        os.close(handle)
        Path(name).unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # its process has ended, or another sweeps
            if time.time() - path.stat().st_mtime > _YOUNG_SECONDS and _is_free(path):
                path.unlink()


def _is_free(path: Path) -> bool:
    """True when no process holds the file's lock."""
    with open(path, "rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
