"""Documents that the clock has stopped, at the end of a run: from a mark in their shards to quarantine, as they were read.

Their rows stay in the shards, so that every place in files that were made before holds; the writer passes over them. Those that are
in one cluster with such a document go with it, since it may be the one that they were dropped for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.edits import restore
from pipeline.files import open_ipc, write_ipc
from pipeline.job import Job
from pipeline.readers import QUARANTINE, ReadCorpus, measure_withdrawn, origins, withdraw, withdrawn_batch
from pipeline.schema import SCHEMA, TOOK_TOO_LONG, stopped_rows
from pipeline.segment import SHARD_EDITS
from pipeline.segments import Processed
from pipeline.storage import place
from pipeline.writer import read_edits

_READ = ("doc_id", "source", "url", "title", "published", "encoding", "text", "meta")  # what a reader fills and a record holds


def set_aside_stopped(job: Job, done: Processed, read: ReadCorpus) -> tuple[Processed, ReadCorpus]:
    """The run without what the clock has stopped, and what was read with that in its quarantine; both as they are where there is none."""
    if not any(step["took_too_long"] for step in done.steps):
        return done, read
    found = job.map("clusters of what took too long", clusters_of_stopped, done.shards)
    clusters = sorted(set().union(*found))
    items = [list(item) for item in zip(range(len(done.shards)), done.shards, done.edits, read["shards"])]
    moved = job.map("set aside", partial(set_aside, str(job.work / "set-aside"), clusters), items)
    left, reasons = ReadCorpus(**read), Counter[str]()
    for shard in moved:
        withdraw(left, shard, TOOK_TOO_LONG)
        reasons.update(shard["reasons"])
    left["quarantine"] = [*read["quarantine"], *(path for shard in moved for path in shard["quarantine"])]
    shards, edits = [shard["shard"] for shard in moved], [shard["edits"] for shard in moved]
    return Processed(shards, edits, _without_dropped(done.steps, reasons), done.tables), left


def clusters_of_stopped(path: str) -> list[str]:
    """The clusters of two or more that stopped documents of a shard are in."""
    table = open_ipc(place(path), ["cluster_id", "cluster_size", "drop_reason"]).read_all()
    stopped = table.filter(pa.array(stopped_rows(table)))
    clusters: list[str] = stopped.filter(pc.greater(stopped["cluster_size"], 1))["cluster_id"].to_pylist()
    return sorted(set(clusters))


def set_aside(folder: str, clusters: Sequence[str], item: list[Any]) -> dict[str, Any]:
    """Shard `item = [number, shard, [edits files], shard as it was read]` without its stopped documents and those of these clusters.

    Returns `shard` and `edits` (paths, the same where there is none), `quarantine` (a path, or none), the drop `reasons` that the
    documents had otherwise, and their `measure_withdrawn`.
    """
    number, shard, edits, first_shard = item
    table = open_ipc(place(shard)).read_all()
    stopped = stopped_rows(table)
    chosen = stopped | pc.is_in(table["cluster_id"], pa.array(clusters, pa.string())).to_numpy()
    rows = np.flatnonzero(chosen)
    if len(rows) == 0:
        return {"shard": shard, "edits": edits, "quarantine": [], "reasons": {}} | measure_withdrawn([])
    out = table.take(pa.array(rows))
    others = out.filter(pa.array(~stopped[rows]))["drop_reason"].drop_null()
    reasons = [
        document["drop_reason"] if alone else f"{TOOK_TOO_LONG} (another document of the cluster of {document['doc_id'][:200]!r})"
        for document, alone in zip(out.select(["doc_id", "drop_reason"]).to_pylist(), stopped[rows])
    ]
    originals = _originals(out, read_edits("edits", place(shard), [place(path) for path in edits], 0, len(table)))
    read = place(first_shard)
    batch = withdrawn_batch(originals, origins(read.parent, read.name).take(pa.array(rows)), reasons)
    target = place(folder)
    paths = {name: target / f"{name}-{number:05d}.arrow" for name in ("shard", "edits", "quarantine")}
    write_ipc(paths["quarantine"], [batch], QUARANTINE)
    write_ipc(paths["edits"], [batch for path in edits for batch in _edits_without(place(path), rows)], SHARD_EDITS)
    marked = pc.replace_with_mask(table["drop_reason"].combine_chunks(), pa.array(chosen), pa.array(reasons))
    table = table.set_column(SCHEMA.get_field_index("drop_reason"), SCHEMA.field("drop_reason"), marked)
    write_ipc(paths["shard"], table.to_batches(), SCHEMA)
    told = {"shard": str(paths["shard"]), "edits": [str(paths["edits"])], "quarantine": [str(paths["quarantine"])]}
    return told | {"reasons": Counter(others.to_pylist())} | measure_withdrawn(originals)


def _originals(documents: pa.Table, ledger: pa.Table) -> list[dict[str, Any]]:
    """The documents as they were read."""
    edits: dict[str, list[dict[str, Any]]] = {}
    for edit in ledger.filter(pc.is_in(ledger["doc_id"], documents["doc_id"].combine_chunks())).to_pylist():
        edits.setdefault(edit["doc_id"], []).append(edit)
    found = documents.select(_READ).to_pylist()
    return [document | {"text": restore(document["text"], edits.get(document["doc_id"], []))} for document in found]


def _edits_without(path: Path, rows: np.ndarray) -> list[pa.RecordBatch]:
    edits = open_ipc(path).read_all()
    batches: list[pa.RecordBatch] = edits.filter(pa.array(~np.isin(edits["row"].to_numpy(), rows))).to_batches()
    return batches


def _without_dropped(steps: list[dict[str, Any]], reasons: Mapping[str, int]) -> list[dict[str, Any]]:
    """The counts of the steps without so many dropped documents by reason; of several steps that give one, the last."""
    left, changed = dict(reasons), []
    for step in reversed(steps):
        fewer = {reason: min(count, left.get(reason, 0)) for reason, count in step["dropped"].items()}
        left |= {reason: left[reason] - count for reason, count in fewer.items() if count}
        dropped = {reason: count - fewer[reason] for reason, count in step["dropped"].items() if count > fewer[reason]}
        changed.append(step | {"dropped": dropped})
    return changed[::-1]
