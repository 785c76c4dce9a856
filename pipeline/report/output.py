"""The tables of an output, read in portions: what a report takes from them stays small however large the corpus is."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.files import open_ipc, open_parquet

_COLUMN_ROWS, _TEXT_ROWS = 65_536, 1_024
_SHOWN = ("doc_id", "source", "url", "title", "published", "text")


def parts(output: Path, kind: str) -> list[Path]:
    """The Parquet files of one kind (documents, dropped, edits, quarantine), in order; or the one file `duplicates`."""
    single = output / f"{kind}.parquet"
    return [single] if single.exists() else sorted((output / kind).glob("part-*.parquet"))


def read_columns(output: Path, kind: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """These columns of all parts, 65,536 rows at a time."""
    for path in parts(output, kind):
        for batch in _batches(path, columns, _COLUMN_ROWS):
            yield pa.Table.from_batches([batch])


def find_documents(output: Path, ids: Iterable[str], columns: Sequence[str] = _SHOWN) -> dict[str, dict[str, Any]]:
    """Documents of the output, kept or dropped, by id: those of the columns that their part has, and `kept`.

    Reads about all text of the output, half a second for 250 MB, and holds what was asked for.
    """
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, dict[str, Any]] = {}
    for path in (path for kind in ("documents", "dropped") for path in parts(output, kind)):
        rows, first = _places(path, wanted), 0
        for batch in _batches(path, columns, _TEXT_ROWS) if len(rows) else ():
            inside = rows[(rows >= first) & (rows < first + batch.num_rows)]
            if len(inside):
                taken = batch.take(pa.array(inside - first)).to_pylist()
                found |= {row["doc_id"]: {**row, "kept": path.parent.name == "documents"} for row in taken}
            first += batch.num_rows
            if first > rows[-1]:
                break
    return found


def find_in_shards(shards: Iterable[Path], ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The same from the shards of a run that is not cleared away yet: memory-mapped, so that nothing else is read."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, dict[str, Any]] = {}
    for path in shards:
        named, reader = open_ipc(path, ["doc_id"]), open_ipc(path, [*_SHOWN, "drop_reason"])
        for number in range(named.num_record_batches):
            here = pc.is_in(named.get_batch(number)["doc_id"], wanted)
            for row in reader.get_batch(number).filter(here).to_pylist() if pc.any(here).as_py() else ():
                kept = row.pop("drop_reason") is None
                found[row["doc_id"]] = {name: row[name] for name in _SHOWN} | {"kept": kept}
    return found


def find_edits(output: Path, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The edits of these documents, by id, as `edits.restore` takes them."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, list[dict[str, Any]]] = {}
    columns = ("doc_id", "step", "start", "removed", "inserted", "rule", "kind", "evidence")
    for table in read_columns(output, "edits", columns):
        for edit in table.filter(pc.is_in(table["doc_id"], wanted)).to_pylist():
            found.setdefault(edit["doc_id"], []).append(edit)
    return found


def _places(path: Path, wanted: pa.Array) -> np.ndarray:
    """The rows of a part that hold one of the ids, ascending."""
    found, first = [np.zeros(0, np.int64)], 0
    for batch in _batches(path, ["doc_id"], _COLUMN_ROWS):
        found.append(np.flatnonzero(pc.is_in(batch["doc_id"], wanted).to_numpy(zero_copy_only=False)) + first)
        first += batch.num_rows
    return np.concatenate(found)


def _batches(path: Path, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    # Buffered and without threads: a column chunk of 128 MB is decompressed page by page and may be left in the middle.
    with pq.ParquetFile(open_parquet(path), pre_buffer=False, buffer_size=2**20) as file:
        there = [name for name in columns if name in file.schema_arrow.names]
        yield from file.iter_batches(batch_size=rows, columns=there, use_threads=False)
