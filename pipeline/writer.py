"""The Parquet parts of an output: cut by bytes through the whole corpus, so that shards and workers leave no trace in them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.arrays import write_array
from pipeline.edits import LEDGER
from pipeline.files import open_ipc, sha256_of, write_ipc
from pipeline.population import POPULATION, count_population, count_removed
from pipeline.schema import SCHEMA, TOOK_TOO_LONG, stopped_rows
from pipeline.storage import place
from pipeline.whole import whole

ONLY_DROPPED = ("survivor_id", "similarity", "containment", "drop_reason")
KEPT_SCHEMA = pa.schema([field for field in SCHEMA if field.name not in ONLY_DROPPED])
SCHEMAS = {"documents": KEPT_SCHEMA, "dropped": SCHEMA, "edits": LEDGER}
DUPLICATES = pa.schema([SCHEMA.field(n) for n in ("doc_id", "cluster_id", "survivor_id", "similarity", "containment")])
REPEATING = ["source", "encoding", "lang", "drop_reason", "cluster_id", "rule", "kind", "step", "file", "reason"]
ROW_BYTES = 256  # a row's share of the part besides text and meta: ids, scores, flags

# Arrow's Parquet writer looks whether a page is full after each so many rows of a chunk. So chunks of so many rows make the bytes that
# one chunk makes, and a part need not be brought together in memory a second time.
RUN_ROWS = 1024


def measure_shard(item: list[Any]) -> dict[str, Any]:
    """Writes `sizes.npy` (int64, documents x 3: bytes as a kept document, as a dropped one, of its edits) beside the shard.

    `item = [shard, sizes file, [edits files]]`. Beside the sizes go `.arrow`, the shard's POPULATION, and `.duplicates.arrow`, its members
    of clusters of two or more. What the clock has stopped is passed over. Returns counts of rows, kept and dropped, and the characters
    that the steps removed by language.
    """
    shard, sizes_path = place(item[0]), place(item[1])
    table = open_ipc(shard).read_all()
    edits = pa.concat_tables([open_ipc(place(path)).read_all() for path in item[2]])
    size = row_sizes(table["text"], table["meta"])
    stopped = stopped_rows(table)
    dropped = pc.is_valid(table["drop_reason"]).to_numpy() & ~stopped
    kept = ~(dropped | stopped)
    each = row_sizes(edits["removed"], edits["inserted"], edits["evidence"])
    edit_sizes = np.bincount(edits["row"].to_numpy(), each, table.num_rows).astype(np.int64)
    write_array(sizes_path, np.stack([np.where(kept, size, 0), np.where(dropped, size, 0), edit_sizes], axis=1))
    population = count_population(table, edits)
    population = population.filter(pc.invert(pc.starts_with(population["reason"], TOOK_TOO_LONG)))
    write_ipc(sizes_path.with_suffix(".arrow"), population.to_batches(), POPULATION)
    members = table.select(DUPLICATES.names).filter(pc.and_(pc.greater(table["cluster_size"], 1), pa.array(~stopped)))
    write_ipc(sizes_path.with_suffix(".duplicates.arrow"), members.to_batches(), DUPLICATES)
    counts = {"rows": int((~stopped).sum()), "kept": int(kept.sum()), "dropped": int(dropped.sum())}
    return counts | {"removed": count_removed(table, edits)}


def row_sizes(*columns: pa.ChunkedArray) -> np.ndarray:
    """The bytes that each row is taken to have in a part, int64, by the columns of strings or bytes that weigh."""
    lengths = [pc.fill_null(pc.binary_length(column), 0).to_numpy().astype(np.int64) for column in columns]
    return cast(np.ndarray, sum(lengths) + ROW_BYTES)


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
    read = _read_edits if kind == "edits" else _read_rows
    tables = (
        table
        for shard, first, end in slices
        for table in read(kind, place(shards[shard]), [place(p) for p in edits[shard]], first, end)
    )
    table = pa.concat_tables([SCHEMAS[kind].empty_table(), *in_runs(tables)])
    return write_parquet(place(folder) / f"part-{number:05d}.parquet", table)


def in_runs(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of these tables in tables of one chunk each, of RUN_ROWS rows but for the last."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= RUN_ROWS:
            rows = pa.concat_tables(held)
            whole = len(rows) // RUN_ROWS * RUN_ROWS
            yield from (rows.slice(start, RUN_ROWS).combine_chunks() for start in range(0, whole, RUN_ROWS))
            held = [rows.slice(whole)]
    if held:
        yield pa.concat_tables(held).combine_chunks()


def write_parquet(path: Path, table: pa.Table, *, row_group_rows: int | None = None) -> dict[str, Any]:
    """Writes a table, whole or absent, as zstd Parquet. Returns what the manifest lists: file, rows, bytes, sha256."""
    repeating = [name for name in REPEATING if name in table.column_names]
    with whole(path) as beside:
        rows = row_group_rows or max(1, table.num_rows)
        pq.write_table(table, beside, compression="zstd", use_dictionary=repeating, row_group_size=rows, data_page_size=2**20)
        size, digest = beside.stat().st_size, sha256_of(beside)
    name = (
        path.name if path.parent.name not in SCHEMAS and path.parent.name != "quarantine" else f"{path.parent.name}/{path.name}"
    )
    return {"file": name, "rows": table.num_rows, "bytes": size, "sha256": digest}


def write_table(path: str, sources: list[str], *, schema: pa.Schema | None = None) -> dict[str, Any]:
    """Writes the rows of these Arrow files, in order, as one Parquet file. `schema` is that of a table that may have no source."""
    empty = [] if schema is None else [schema.empty_table()]
    table = pa.concat_tables([*empty, *in_runs(open_ipc(place(source)).read_all() for source in sources)])
    return write_parquet(place(path), table, row_group_rows=2**20)


def _read_rows(kind: str, shard: Path, edits: list[Path], first: int, end: int) -> Iterator[pa.Table]:
    for batch in open_ipc(shard).read_all().slice(first, end - first).to_batches():
        kept = pc.is_null(batch["drop_reason"])
        chosen = kept if kind == "documents" else pc.and_not(pc.invert(kept), pa.array(stopped_rows(batch)))
        yield pa.Table.from_batches([batch.select(SCHEMAS[kind].names).filter(chosen)]).cast(SCHEMAS[kind])


def _read_edits(kind: str, shard: Path, edits: list[Path], first: int, end: int) -> Iterator[pa.Table]:
    yield read_edits(kind, shard, edits, first, end)


def read_edits(kind: str, shard: Path, edits: list[Path], first: int, end: int) -> pa.Table:
    """The LEDGER of rows [first, end) of a shard, by row, step and start."""
    table = pa.concat_tables([open_ipc(path).read_all() for path in edits])
    rows = table["row"].to_numpy()
    inside = np.flatnonzero((rows >= first) & (rows < end))
    order = inside[np.lexsort((table["step"].to_numpy()[inside], rows[inside]))]
    table = table.take(pa.array(order))
    ids = open_ipc(shard, ["doc_id"]).read_all()["doc_id"].take(table["row"])
    return table.drop_columns(["row"]).add_column(0, LEDGER.field("doc_id"), ids).select(LEDGER.names).cast(LEDGER)
