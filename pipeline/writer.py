"""The Parquet parts of an output: cut by bytes through the whole corpus, so that shards and workers leave no trace in them."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.edits import LEDGER
from pipeline.files import open_ipc, whole, write_array, write_ipc
from pipeline.population import POPULATION, count_population, count_removed
from pipeline.schema import SCHEMA

ONLY_DROPPED = ("survivor_id", "similarity", "containment", "drop_reason")
KEPT_SCHEMA = pa.schema([field for field in SCHEMA if field.name not in ONLY_DROPPED])
SCHEMAS = {"documents": KEPT_SCHEMA, "dropped": SCHEMA, "edits": LEDGER}
DUPLICATES = pa.schema([SCHEMA.field(n) for n in ("doc_id", "cluster_id", "survivor_id", "similarity", "containment")])
REPEATING = ["source", "encoding", "lang", "drop_reason", "cluster_id", "rule", "kind", "step", "file", "reason"]
ROW_BYTES = 256  # a row's share of the part besides text and meta: ids, scores, flags


def measure_shard(item: list[Any]) -> dict[str, Any]:
    """Writes `sizes.npy` (int64, documents x 3: bytes as a kept document, as a dropped one, of its edits) beside the shard.

    `item = [shard, sizes file, [edits files]]`. Beside the sizes goes `.arrow`, the shard's POPULATION. Returns counts of rows, kept
    and dropped, and the characters that the steps removed by language.
    """
    shard, sizes_path = Path(item[0]), Path(item[1])
    table = open_ipc(shard).read_all()
    edits = pa.concat_tables([open_ipc(Path(path)).read_all() for path in item[2]])
    size = _lengths(table["text"]) + _lengths(table["meta"]) + ROW_BYTES
    dropped = pc.is_valid(table["drop_reason"]).to_numpy()
    each = _lengths(edits["removed"]) + _lengths(edits["inserted"]) + _lengths(edits["evidence"]) + ROW_BYTES
    edit_sizes = np.bincount(edits["row"].to_numpy(), each, table.num_rows).astype(np.int64)
    write_array(sizes_path, np.stack([np.where(dropped, 0, size), np.where(dropped, size, 0), edit_sizes], axis=1))
    write_ipc(sizes_path.with_suffix(".arrow"), count_population(table, edits).to_batches(), POPULATION)
    counts = {"rows": table.num_rows, "kept": int((~dropped).sum()), "dropped": int(dropped.sum())}
    return counts | {"removed": count_removed(table, edits)}


def cut_parts(sizes: list[np.ndarray], part_bytes: int) -> list[list[list[int]]]:
    """Parts as lists of slices [shard, first row, end row], by prefix sums of bytes through all shards.

    A part ends after the document with which it reaches `part_bytes`. Rows of size 0 take no room. Never returns an empty list.
    """
    parts: list[list[list[int]]] = []
    total, open_part = 0, -1
    for shard, size in enumerate(sizes):
        before = total + np.cumsum(size) - size
        numbers = before // part_bytes
        numbers[size == 0] = -1
        present = np.flatnonzero(numbers >= 0)
        for number in np.unique(numbers[present]):
            rows = present[numbers[present] == number]
            if int(number) != open_part:
                parts.append([])
                open_part = int(number)
            parts[-1].append([shard, int(rows[0]), int(rows[-1]) + 1])
        total += int(size.sum())
    return parts or [[]]


def write_part(kind: str, folder: str, shards: list[str], edits: list[list[str]], item: list[Any]) -> dict[str, Any]:
    """Writes `<folder>/part-<number>.parquet` from `item = [number, slices]`; one row group. Returns file, rows, bytes, sha256.

    `edits[shard]` are the edits files of that shard, one per segment.
    """
    number, slices = int(item[0]), item[1]
    read = read_edits if kind == "edits" else _read_rows
    tables = [read(kind, Path(shards[shard]), [Path(p) for p in edits[shard]], first, end) for shard, first, end in slices]
    table = pa.concat_tables(tables) if tables else SCHEMAS[kind].empty_table()
    return write_parquet(Path(folder) / f"part-{number:05d}.parquet", table.combine_chunks())


def write_parquet(path: Path, table: pa.Table, *, row_group_rows: int | None = None) -> dict[str, Any]:
    """Writes a table, whole or absent, as zstd Parquet. Returns what the manifest lists: file, rows, bytes, sha256."""
    repeating = [name for name in REPEATING if name in table.column_names]
    with whole(path) as beside:
        rows = row_group_rows or max(1, table.num_rows)
        pq.write_table(table, beside, compression="zstd", use_dictionary=repeating, row_group_size=rows, data_page_size=2**20)
    with open(path, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    name = (
        path.name if path.parent.name not in SCHEMAS and path.parent.name != "quarantine" else f"{path.parent.name}/{path.name}"
    )
    return {"file": name, "rows": table.num_rows, "bytes": path.stat().st_size, "sha256": digest}


def duplicates_table(shards: list[str]) -> pa.Table:
    """Every member of a cluster of two or more, in input order."""
    tables = [DUPLICATES.empty_table()]
    for path in shards:
        table = open_ipc(Path(path)).read_all()
        tables.append(table.filter(pc.greater(table["cluster_size"], 1)).select(DUPLICATES.names))
    return pa.concat_tables(tables).combine_chunks()


def _read_rows(kind: str, shard: Path, edits: list[Path], first: int, end: int) -> pa.Table:
    table = open_ipc(shard).read_all().slice(first, end - first)
    keep = pc.is_null(table["drop_reason"])
    return table.filter(keep if kind == "documents" else pc.invert(keep)).select(SCHEMAS[kind].names).cast(SCHEMAS[kind])


def read_edits(kind: str, shard: Path, edits: list[Path], first: int, end: int) -> pa.Table:
    """The LEDGER of rows [first, end) of a shard, by row, step and start."""
    table = pa.concat_tables([open_ipc(path).read_all() for path in edits])
    rows = table["row"].to_numpy()
    inside = np.flatnonzero((rows >= first) & (rows < end))
    order = inside[np.lexsort((table["step"].to_numpy()[inside], rows[inside]))]
    table = table.take(pa.array(order))
    ids = open_ipc(shard).read_all()["doc_id"].take(table["row"])
    return table.drop_columns(["row"]).add_column(0, LEDGER.field("doc_id"), ids).select(LEDGER.names).cast(LEDGER)


def _lengths(column: pa.ChunkedArray) -> np.ndarray:
    lengths: np.ndarray = pc.fill_null(pc.binary_length(column), 0).to_numpy().astype(np.int64)
    return lengths
