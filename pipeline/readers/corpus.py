"""What all tasks together have read, and documents taken out of it again: into quarantine, with their columns as JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import pyarrow as pa

from pipeline.readers.read import ReadResult, add_counts
from pipeline.readers.records import Rejected, quarantine_batch
from pipeline.readers.values import to_json


class ReadCorpus(TypedDict):
    """What all tasks together left: shards with unique ids. JSON; paths are those of `folder`."""

    shards: list[str]
    quarantine: list[str]
    records: int
    rows: int
    quarantined: int
    text_bytes: int
    reasons: dict[str, int]
    encodings: dict[str, int]
    undated: int  # of all that were read, also of those that then went to quarantine after all
    bytes: int
    retries: int


def merge_results(folder: str, results: Iterable[ReadResult]) -> ReadCorpus:
    """The results of all tasks put together."""
    corpus = ReadCorpus(
        shards=[],
        quarantine=[],
        records=0,
        rows=0,
        quarantined=0,
        text_bytes=0,
        reasons={},
        encodings={},
        undated=0,
        bytes=0,
        retries=0,
    )
    for result in results:
        corpus["shards"] += [f"{folder}/{name}" for name, _, _ in result["shards"]]
        corpus["quarantine"] += [f"{folder}/{name}" for name in result["quarantine"]]
        corpus["records"] += result["rows"] + result["quarantined"]
        corpus["rows"] += result["rows"]
        corpus["quarantined"] += result["quarantined"]
        corpus["text_bytes"] += sum(text_bytes for _, _, text_bytes in result["shards"])
        corpus["reasons"] = add_counts(corpus["reasons"], result["reasons"])
        corpus["encodings"] = add_counts(corpus["encodings"], result["encodings"])
        corpus["undated"] += result["undated"]
        corpus["bytes"] += result["bytes"]
        corpus["retries"] += result["retries"]
    return corpus


def withdrawn_batch(documents: Sequence[Mapping[str, Any]], places: pa.Table, reasons: Sequence[str]) -> pa.RecordBatch:
    """Documents with their places (ORIGINS) as a batch of QUARANTINE; their raw bytes are JSON of the columns that are not null."""
    rejected = []
    for document, place, reason in zip(documents, places.to_pylist(), reasons, strict=True):
        raw = to_json({name: value for name, value in document.items() if value is not None}).encode()
        rejected.append(Rejected(place["file"], place["position"], reason, raw))
    return quarantine_batch(rejected)


def measure_withdrawn(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What these documents, with their texts as they were read, had in the counts of a corpus. JSON."""
    text_bytes = sum(len(document["text"].encode()) for document in documents)
    return {"rows": len(documents), "text_bytes": text_bytes, "encodings": Counter(d["encoding"] for d in documents)}


def withdraw(corpus: ReadCorpus, measured: Mapping[str, Any], kind: str) -> None:
    """Counts documents, by their `measure_withdrawn`, as quarantined for this kind of reason."""
    corpus["rows"] -= measured["rows"]
    corpus["quarantined"] += measured["rows"]
    corpus["text_bytes"] -= measured["text_bytes"]
    corpus["reasons"] = add_counts(corpus["reasons"], {kind: measured["rows"]})
    fewer = add_counts(corpus["encodings"], {label: -count for label, count in measured["encodings"].items()})
    corpus["encodings"] = {label: count for label, count in fewer.items() if count}
