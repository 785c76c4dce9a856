"""Reads an input the way a run does, and writes the inputs that the tests read."""

import bz2
import csv
import gzip
import io
import json
import lzma
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pipeline.files import open_ipc
from pipeline.readers import InputSpec, ReadCorpus, plan_input, read_task, resolve_duplicate_ids, unpack, unpacked_tasks
from pipeline.readers.duplicates import Policy


@dataclass(frozen=True)
class Reading:
    """Everything that came out: documents and failures as dicts, in order, and the counts."""

    documents: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    corpus: ReadCorpus
    tasks: int

    def column(self, name: str) -> list[Any]:
        return [document[name] for document in self.documents]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Position and reason of each failure."""
        return [(failure["position"], failure["reason"]) for failure in self.quarantine]


def read(path: Path | str, *, limit: int | None = None, policy: Policy = "error", **settings: Any) -> Reading:
    """Plans, unpacks, reads every task through JSON as an engine would hand it on, and resolves ids."""
    plan = plan_input(InputSpec(str(path), **settings), limit)
    with tempfile.TemporaryDirectory() as folder:
        pieces = json.loads(json.dumps([unpack(f"{folder}/unpacked", task) for task in plan.tasks if task.packed]))
        tasks = unpacked_tasks(plan.tasks, pieces)
        results = json.loads(json.dumps([read_task(task, folder) for task in tasks]))
        corpus = resolve_duplicate_ids(folder, results, policy)
        documents = _rows(corpus["shards"])
        assert all(_rows([path]) for path in corpus["shards"])
        quarantine = _rows(corpus["quarantine"])
    assert corpus["rows"] == len(documents)
    assert corpus["quarantined"] == len(quarantine) == sum(corpus["reasons"].values())
    assert corpus["records"] == len(documents) + len(quarantine)
    assert sum(corpus["encodings"].values()) == len(documents)
    return Reading(documents, quarantine, corpus, len(tasks))


def write_jsonl(path: Path, records: Sequence[Mapping[str, Any] | bytes]) -> Path:
    """Records as lines (bytes as they are), compressed as the path's suffix says."""
    lines = [r if isinstance(r, bytes) else json.dumps(r, ensure_ascii=False).encode() for r in records]
    return write_bytes(path, b"".join(line + b"\n" for line in lines))


def write_bytes(path: Path, data: bytes) -> Path:
    """The bytes, compressed as the path's suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compress(data, path.suffix))
    return path


def compress(data: bytes, suffix: str) -> bytes:
    compressions = {
        ".gz": partial(gzip.compress, mtime=0),
        ".zst": zstandard.ZstdCompressor().compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
    }
    return compressions[suffix](data) if suffix in compressions else data


def write_csv(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    """Records under a header of their names; null as an empty field."""
    stream = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(stream, names, delimiter="\t" if ".tsv" in path.name else ",", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return write_bytes(path, stream.getvalue().encode())


def write_arrow(path: Path, records: Sequence[Mapping[str, Any]], *, schema: Any = None, stream: bool = False) -> Path:
    """Records as batches of ten rows in the file format, or in the stream format."""
    table = pa.Table.from_pylist(list(records), schema=schema)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink, make(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    return path


def write_parquet(path: Path, records: Sequence[Mapping[str, Any]], *, row_group_size: int = 1000, schema: Any = None) -> Path:
    pq.write_table(pa.Table.from_pylist(list(records), schema=schema), path, row_group_size=row_group_size)
    return path


def _rows(paths: Sequence[str]) -> list[dict[str, Any]]:
    return [row for path in paths for row in open_ipc(Path(path)).read_all().to_pylist()]
