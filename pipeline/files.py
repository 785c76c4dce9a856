"""Files that are whole or absent, and the Arrow IPC files that shards lie in between segments."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to; on success it is synced and renamed to `path`, on an error it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield beside
        with open(beside, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


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
    with whole(path) as beside, open(beside, "wb") as stream:
        np.save(stream, array, allow_pickle=False)


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file, whole or absent: sorted keys, two spaces, UTF-8."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file, whole or absent."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
