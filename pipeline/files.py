"""Files in folders and in object stores: Arrow IPC, in which shards lie in between segments, JSON and text; `whole` writes them."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.storage import PieceFile, StorePath, fetch, open_seekable, read_range, remote_status, remove_folder, scratch_file
from pipeline.whole import disk_full, whole


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


def open_ipc(path: Path, columns: Sequence[str] | None = None, *, by_ranges: bool = False) -> pa.ipc.RecordBatchFileReader:
    """A reader over the memory-mapped file: `num_record_batches`, `get_batch(i)`, `read_all()`; reading copies nothing.

    With `columns` it knows only these, in the order of the file. Of a file in a store those columns alone are transferred, of the batches
    that are asked for, and with `by_ranges` those batches alone. Raises FileNotFoundError.
    """
    if columns is None and not by_ranges:
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
