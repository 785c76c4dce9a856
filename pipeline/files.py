"""Files that are whole or absent, in folders and in object stores, and the Arrow IPC files that shards lie in between segments."""

import errno
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa

from pipeline.errors import DiskFullError
from pipeline.storage import (
    PieceFile,
    StorePath,
    fetch,
    open_seekable,
    read_range,
    remote_status,
    remove_folder,
    scratch_file,
    upload,
)

WORK = ".work"  # the name of work folders
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
    unsynced = _unsynced.get()
    lasting = WORK not in path.parts or (_all_last.get() if unsynced is None else trusted)  # checkpoints.py sees to the rest
    try:
        yield beside
        if lasting:
            sync(beside)
        os.replace(beside, path)
        if lasting:
            sync(path.parent)
        elif unsynced is not None:
            unsynced.append(str(path))
    except OSError as error:
        needed = str(size) if size else f"more than {beside.stat().st_size if beside.exists() else 0}"
        beside.unlink(missing_ok=True)
        raise disk_full(path, error, needed) or error from None
    finally:
        beside.unlink(missing_ok=True)


_all_last: ContextVar[bool] = ContextVar("_all_last", default=False)


@contextmanager
def lasting_at_once(wanted: bool) -> Iterator[None]:
    """Within the block files of work folders are synced too, where that is wanted: on a machine that may be lost while others go on."""
    token = _all_last.set(wanted)
    try:
        yield
    finally:
        _all_last.reset(token)


_unsynced: ContextVar[list[str] | None] = ContextVar("_unsynced", default=None)


@contextmanager
def left_unsynced(wanted: bool) -> Iterator[list[str]]:
    """The list to which files of work folders are added as they are finished within the block, where that is wanted; not synced yet."""
    noted: list[str] = []
    token = _unsynced.set(noted if wanted else None)
    try:
        yield noted
    finally:
        _unsynced.reset(token)


def is_leftover(path: Path) -> bool:
    """True for what a process that was killed has left of a file that `whole` was to make."""
    return re.search(r"\.\d+\.tmp$", path.name) is not None


def sync(path: Path) -> None:
    """Makes a file, or the names in a folder, outlive the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def disk_full(path: Path, error: OSError, needed: str = "more") -> DiskFullError | None:
    """What to raise for an error that says that there is no room for a file, of `needed` bytes; None for other errors."""
    if error.errno not in _NO_ROOM:
        return None
    system = os.statvfs(path.parent)
    files_left = system.f_favail > 0 or system.f_files == 0  # no number of files where there is no limit
    lacking = f"{needed} bytes needed, {system.f_bavail * system.f_frsize} free" if files_left else "no more files can be made there"
    return DiskFullError(
        f"{path}: {os.strerror(error.errno).lower()} ({lacking}); finished work is kept: "
        "make room, and the same command goes on from there"
    )


def write_ipc(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Writes the batches as one Arrow IPC file, whole or absent. Returns the rows written."""
    with whole(path) as beside:
        return write_batches(beside, batches, schema)


def write_batches(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """`write_ipc` to a file that `whole` gave."""
    rows = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


@contextmanager
def on_this_machine(path: Path) -> Iterator[Path]:
    """The file, or a copy of one that is in a store: it goes with the block, but for what is mapped of it. Raises FileNotFoundError."""
    if not isinstance(path, StorePath):
        yield path
        return
    with scratch_file() as copy:
        try:
            fetch(str(path), copy)
        except OSError as error:
            raise disk_full(copy, error) or error from None
        yield copy


def open_ipc(path: Path, columns: Sequence[str] | None = None, *, whole: bool = True) -> pa.ipc.RecordBatchFileReader:
    """A reader over the memory-mapped file: `num_record_batches`, `get_batch(i)`, `read_all()`; reading copies nothing.

    With `columns` it knows only these, in the order of the file. Of a file in a store those columns alone are transferred, of the batches
    that are asked for, and with `whole=False` those batches alone. Raises FileNotFoundError.
    """
    if columns is None and whole:
        with on_this_machine(path) as local:
            return pa.ipc.open_file(pa.memory_map(str(local), "r"))
    source = pa.PythonFile(PieceFile(str(path))) if isinstance(path, StorePath) else pa.memory_map(str(path), "r")
    if columns is None:
        return pa.ipc.open_file(source)
    schema = pa.ipc.open_file(source).schema
    chosen = pa.ipc.IpcReadOptions(included_fields=sorted(schema.get_field_index(name) for name in columns))
    return pa.ipc.open_file(source, options=chosen)


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of an Arrow IPC file, one after another."""
    reader = open_ipc(path)
    for i in range(reader.num_record_batches):
        yield reader.get_batch(i)


def write_array(path: Path, array: np.ndarray) -> None:
    """Writes a numpy array as .npy, whole or absent."""
    write_rows(path, [array], array.shape, array.dtype)


def write_rows(path: Path, parts: Iterable[np.ndarray], shape: tuple[int, ...], dtype: Any) -> None:
    """Writes the parts one behind the other as one array of this shape as .npy, whole or absent.

    Not by numpy's `tofile`, whose error tells nothing of a disk that is full.
    """
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": tuple(shape)}
    with whole(path, math.prod(shape) * np.dtype(dtype).itemsize) as beside, open(beside, "wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for part in parts:
            stream.write(np.ascontiguousarray(part).data)


def open_parquet(path: Path) -> Any:
    """What pyarrow.parquet takes for a file: of one in a store it transfers what is read."""
    return open_seekable(str(path)) if isinstance(path, StorePath) else path


def version_of(path: Path) -> int | str | None:
    """What changes when a file is written anew. Raises FileNotFoundError."""
    if not isinstance(path, StorePath):
        return path.stat().st_mtime_ns
    status = remote_status(str(path))
    if status is None:
        raise FileNotFoundError(str(path))
    return status.version


def remove_tree(path: Path) -> None:
    """Removes a folder with all that is in it; nothing where there is none."""
    if isinstance(path, StorePath):
        remove_folder(str(path))
    else:
        shutil.rmtree(path, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal digits."""
    if isinstance(path, StorePath):
        digest = hashlib.sha256()
        for chunk in read_range(str(path)):
            digest.update(chunk)
        return digest.hexdigest()
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file, whole or absent: sorted keys, two spaces, UTF-8."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file, whole or absent."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
