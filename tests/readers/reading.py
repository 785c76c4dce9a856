"""Reads an input the way a run does, and writes the inputs that the tests read."""

import gzip
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pipeline.files import open_ipc
from pipeline.readers import InputSpec, ReadCorpus, plan_input, read_task, resolve_duplicate_ids
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


def read(path: Path, *, limit: int | None = None, policy: Policy = "error", **settings: Any) -> Reading:
    """Plans, reads every task through JSON as an engine would hand it on, and resolves ids."""
    plan = plan_input(InputSpec(str(path), **settings), limit)
    with tempfile.TemporaryDirectory() as folder:
        results = json.loads(json.dumps([read_task(task, folder) for task in plan.tasks]))
        corpus = resolve_duplicate_ids(folder, results, policy)
        documents = _rows(corpus["shards"])
        assert all(_rows([path]) for path in corpus["shards"])
        quarantine = _rows(corpus["quarantine"])
    assert corpus["rows"] == len(documents)
    assert corpus["quarantined"] == len(quarantine) == sum(corpus["reasons"].values())
    assert corpus["records"] == len(documents) + len(quarantine)
    assert sum(corpus["encodings"].values()) == len(documents)
    return Reading(documents, quarantine, corpus, len(plan.tasks))


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
    if suffix == ".gz":
        return gzip.compress(data, mtime=0)
    return zstandard.ZstdCompressor().compress(data) if suffix == ".zst" else data


def write_parquet(path: Path, records: Sequence[Mapping[str, Any]], *, row_group_size: int = 1000, schema: Any = None) -> Path:
    pq.write_table(pa.Table.from_pylist(list(records), schema=schema), path, row_group_size=row_group_size)
    return path


def _rows(paths: Sequence[str]) -> list[dict[str, Any]]:
    return [row for path in paths for row in open_ipc(Path(path)).read_all().to_pylist()]
