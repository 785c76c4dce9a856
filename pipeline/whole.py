"""Files that are whole or absent, in folders and in object stores, and when they outlive the machine."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from pipeline.errors import DiskFullError
from pipeline.storage import StorePath, scratch_file, upload

WORK = ".work"  # the name of work folders
# What FUSE, SMB and others say where only files can be synced.
_NO_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole(path: Path, size: int | None = None, *, trusted: bool = False) -> Iterator[Path]:
    """A path of this machine to write to; on success it becomes `path`, on an error it is removed.

    In a folder it is renamed, outside a work folder synced too; into a store it is brought whole. Where there is no room for it (of
    `size` bytes, if that is known), raises DiskFullError, which says how much is needed and free. `trusted`: what is there under
    this name will be taken for whole, whoever wrote it.
    """
    with _brought(path) if isinstance(path, StorePath) else _renamed(path, size, trusted) as beside:
        yield beside


@contextmanager
def _brought(path: StorePath) -> Iterator[Path]:
    with scratch_file() as beside:
        try:
            yield beside
        except OSError as error:
            raise disk_full(beside, error) or error from None
        upload(beside, str(path))


@contextmanager
def _renamed(path: Path, size: int | None, trusted: bool) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid4().int}.tmp")  # two machines may have processes of one number
    at_once, noted = _syncing.get()
    lasting = WORK not in path.parts or at_once or (trusted and noted is not None)
    try:
        yield beside
        if lasting:
            sync(beside)
        os.replace(beside, path)
        if lasting:
            sync(path.parent)
        elif noted is not None:
            noted.append(str(path))
    except OSError as error:
        needed = str(size) if size else f"more than {beside.stat().st_size if beside.exists() else 0}"
        beside.unlink(missing_ok=True)
        raise disk_full(path, error, needed) or error from None
    finally:
        beside.unlink(missing_ok=True)


class _Syncing(NamedTuple):
    """Who syncs a finished file of a work folder: `whole` at once, who reads `noted` (but for trusted ones), or checkpoints.py."""

    at_once: bool = False
    noted: list[str] | None = None


_BY_CHECKPOINTS = _Syncing()
_syncing: ContextVar[_Syncing] = ContextVar("_syncing", default=_BY_CHECKPOINTS)


@contextmanager
def lasting_at_once(wanted: bool) -> Iterator[None]:
    """Within the block files of work folders are synced too, where that is wanted: on a machine that may be lost while others go on."""
    with _set(_Syncing(at_once=wanted)):
        yield


@contextmanager
def left_unsynced(wanted: bool) -> Iterator[list[str]]:
    """The list to which files of work folders are added as they are finished within the block, where that is wanted; not synced yet."""
    noted: list[str] = []
    with _set(_Syncing(noted=noted) if wanted else _syncing.get()):
        yield noted


@contextmanager
def _set(syncing: _Syncing) -> Iterator[None]:
    token = _syncing.set(syncing)
    try:
        yield
    finally:
        _syncing.reset(token)


def is_leftover(path: Path) -> bool:
    """True for what a process that was killed has left of a file that `whole` was to make."""
    return re.search(r"\.\d+\.tmp$", path.name) is not None


def sync(path: Path) -> None:
    """Makes a file, or the names in a folder, outlive the machine; as far as the file system does that for folders."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (error.errno in _NO_FOLDERS and stat.S_ISDIR(os.fstat(handle).st_mode)):
            raise
    finally:
        os.close(handle)


def disk_full(path: Path, error: OSError, needed: str = "more") -> DiskFullError | None:
    """What to raise for an error that says that there is no room for a file, of `needed` bytes; None for other errors."""
    if error.errno not in _NO_ROOM:
        return None
    system = os.statvfs(path.parent)
    files_left = system.f_favail > 0 or system.f_files == 0  # no number of files where there is no limit
    lacking = (
        f"{needed} bytes needed, {system.f_bavail * system.f_frsize} free" if files_left else "no more files can be made there"
    )
    return DiskFullError(
        f"{path}: {os.strerror(error.errno).lower()} ({lacking}); finished work is kept: "
        "make room, and the same command goes on from there"
    )
