"""Whether the originals come back: each cleaned text with its edits undone, and beside it the input read once more."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from pipeline.edits import restore
from pipeline.engines.local import LocalEngine
from pipeline.files import open_ipc, open_parquet
from pipeline.job import Job, Silent
from pipeline.readers import plan_input
from pipeline.reading import read_corpus
from pipeline.report.output import find_edits, parts
from pipeline.report.quarantine import stopped_documents
from pipeline.run_file import parse_input


@dataclass(frozen=True)
class _Input:
    """What was read: of each document that was not compared yet a digest, by id."""

    path: str
    digests: dict[str, bytes]

    def compare(self, doc_id: str, original: str) -> Iterator[str]:
        known = self.digests.pop(doc_id, None)
        if known is None:
            yield f"{doc_id!r} is in the output, but not in {self.path}"
        elif known != _digest(original):
            yield f"{doc_id!r}: its text with the edits undone is not that of {self.path}"


def check_originals(output: Path, manifest: Mapping[str, Any], input_path: str | None = None) -> Iterator[str]:
    """What does not come back from a finished output, one sentence each: edits that fit no text, and, with an input, other originals.

    The input is read as the run's own settings say. Holds one part of documents and its edits at a time, and of each document of the
    input its id and 16 bytes. Raises UserError.
    """
    read = None if input_path is None else _read_input(manifest, str(output / "manifest.json"), input_path)
    rows = sum(pq.read_metadata(open_parquet(path)).num_rows for path in parts(output, "edits"))
    for path in [*parts(output, "documents"), *parts(output, "dropped")]:
        table = pq.read_table(open_parquet(path), columns=["doc_id", "text"])
        ids = table["doc_id"].to_pylist()
        edits = find_edits(output, ids)
        rows -= sum(map(len, edits.values()))
        for doc_id, text in zip(ids, table["text"]):
            if read is not None or doc_id in edits:
                yield from _check_document(doc_id, text.as_py(), edits.get(doc_id, []), read)
    if rows:
        yield f"edits/: {rows} rows name no document of the output"
    if read is not None:
        for document in stopped_documents(output):
            yield from read.compare(document["doc_id"], document["text"])
        for doc_id in read.digests:
            yield f"{doc_id!r} is in {read.path}, but not in the output"


def _check_document(doc_id: str, cleaned: str, edits: list[dict[str, Any]], read: _Input | None) -> Iterator[str]:
    try:
        original = restore(cleaned, edits)
    except ValueError as error:
        yield f"edits/: those of {doc_id!r} do not fit its text ({error})"
        return
    if read is not None:
        yield from read.compare(doc_id, original)


def _read_input(manifest: Mapping[str, Any], origin: str, input_path: str) -> _Input:
    """The documents of an input as a run of these settings reads it."""
    settings = parse_input(manifest["run_file"]["input"] | {"path": input_path}, origin)
    plan = plan_input(settings, manifest["fingerprint"]["limit"])
    digests: dict[str, bytes] = {}
    with TemporaryDirectory() as folder, LocalEngine() as engine:
        for shard in read_corpus(Job(Path(folder), engine, Silent()), settings, plan)["shards"]:
            table = open_ipc(Path(shard), ["doc_id", "text"]).read_all()
            digests |= {doc_id: _digest(text.as_py()) for doc_id, text in zip(table["doc_id"].to_pylist(), table["text"])}
    return _Input(input_path, digests)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
