"""Files that are whole or absent, and the Arrow IPC files that shards lie in between segments."""

import errno
import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import DiskFullError

WORK = ".work"  # the name of work folders
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole(path: Path, size: int | None = None) -> Iterator[Path]:
    """A path to write to; on success it is renamed to `path`, on an error it is removed. Outside a work folder it is synced too.

    Where there is no room for it (of `size` bytes, if that is known), raises DiskFullError, which says how much is needed and free.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    lasting = WORK not in path.parts  # checkpoints.py sees to the rest
    try:
        yield beside
        if lasting:
            sync(beside)
        os.replace(beside, path)
        if lasting:
            sync(path.parent)
    except OSError as error:
        needed = str(size) if size else f"more than {beside.stat().st_size if beside.exists() else 0}"
        beside.unlink(missing_ok=True)
        raise disk_full(path, error, needed) or error from None
    finally:
        beside.unlink(missing_ok=True)


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
    free = shutil.disk_usage(path.parent).free
    return DiskFullError(
        f"{path}: {os.strerror(error.errno).lower()} ({needed} bytes needed, {free} free); finished work is kept: "
        "make room, and the same command goes on from there"
    )


def write_ipc(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Writes the batches as one Arrow IPC file, whole or absent. Returns the rows written."""
    rows = 0
    with whole(path) as beside, pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def open_ipc(path: Path) -> pa.ipc.RecordBatchFileReader:
    """A reader over the memory-mapped file: `num_record_batches`, `get_batch(i)`, `read_all()`; reading copies nothing."""
    return pa.ipc.open_file(pa.memory_map(str(path), "r"))


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


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file, whole or absent: sorted keys, two spaces, UTF-8."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file, whole or absent."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
