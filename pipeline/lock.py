"""One run at a time in an output folder: a lock that the system lets go when its process ends, however it ends.

In a store, where the system has no say, it is the same lock on a file of this machine, against runs on this machine, and an object that
is put only where there is none, against those on others.
"""

import errno
import fcntl
import hashlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from pipeline.checkpoints import boot_id
from pipeline.errors import UserError
from pipeline.storage import StorePath, check_writable, create_object, shown

LOCK = ".lock"


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Holds the output folder for this process. Raises UserError, naming the other process and its start, if a run has it.

    The file `.lock` that a killed run leaves behind holds nobody up on the same machine. In a store it does on others, which cannot
    see whether that run is at work: the error says how to go on.
    """
    if isinstance(output, StorePath):
        check_writable(str(output))
        name = f"corpus-pipeline-{os.getuid()}-{hashlib.sha256(str(output).encode()).hexdigest()[:16]}.lock"
        with _flocked(Path(tempfile.gettempdir()) / name, str(output)), _held_object(output, f"{_machine()} {name}"):
            yield
    else:
        made = _make_folder(output)
        try:
            with _flocked(output / LOCK, str(output)):
                yield
        finally:
            if made:  # a run that cannot even begin leaves no empty folder
                with suppress(OSError):
                    output.rmdir()


@contextmanager
def locked_apart(work: Path, output: Path) -> Iterator[None]:
    """Holds the folder of the work files, where that is not the output itself; it goes with the block unless there is work in it."""
    if work == output:
        yield
        return
    with locked(work):
        yield
    if not isinstance(work, StorePath):
        with suppress(OSError):  # not empty
            work.rmdir()


def _make_folder(folder: Path) -> bool:
    """Whether the folder had to be made. Raises UserError where that cannot be done, or nothing written into it."""
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise UserError(f"{folder}: nothing can be written there ({error.strerror}); name another path") from None
    return made


@contextmanager
def _flocked(path: Path, output: str) -> Iterator[None]:
    with _locked_file(path, output) as stream:
        stream.truncate(0)
        json.dump(_ourselves(), stream)
        stream.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked_file(path: Path, output: str) -> TextIO:
    """The file, made if need be, and locked. Raises UserError where another process has it, or where the file system has no locks."""
    while True:
        stream = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - the caller closes it
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.close()
            if isinstance(error, BlockingIOError):
                raise UserError(f"{output}: {_holder(path)} is writing here; wait for it, or name another path") from None
            path.unlink(missing_ok=True)
            raise UserError(f"{output}: the folder cannot be locked ({error.strerror}); name another path") from None
        if _is_at(path, stream):
            return stream
        stream.close()  # a run that ended meanwhile has removed it: nobody else would see this lock


def _is_at(path: Path, stream: TextIO) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _held_object(output: StorePath, machine: str) -> Iterator[None]:
    """`machine` is the same for runs that would see each other's lock of this output on a temporary file."""
    path, own = output / LOCK, {**_ourselves(), "host": socket.gethostname(), "machine": machine, "token": uuid4().hex}
    found = _read(path)
    if found is not None and found["machine"] == machine:  # ended: the lock of this machine would have stopped us
        path.unlink(missing_ok=True)
    create_object(str(path), json.dumps(own).encode())
    found = _read(path)
    if found != own:
        told = f"process {found['pid']} on {found['host']}, begun {found['started']}," if found else "another run"
        raise UserError(
            f"{shown(str(output))}: {told} is writing here; wait for it, or name another path. "
            f"If it is not at work any more, remove {shown(str(path))} and start again"
        )
    try:
        yield
    finally:
        if _read(path) == own:
            path.unlink(missing_ok=True)


def _ourselves() -> dict[str, Any]:
    return {"pid": os.getpid(), "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def _machine() -> str:
    """The same for processes that have one folder for temporary files; another one after each start of the machine."""
    folder = Path(tempfile.gettempdir()).stat()
    return f"{boot_id()} {folder.st_dev}-{folder.st_ino}"


def _read(path: StorePath) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another run"
    return f"process {holder['pid']}, begun {holder['started']},"
