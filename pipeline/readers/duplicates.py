"""What becomes of ids that occur twice: an error, a number behind the id, or quarantine. Before any stage runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline import storage
from pipeline.errors import UserError
from pipeline.files import open_ipc, write_ipc
from pipeline.readers.corpus import ReadCorpus, measure_withdrawn, merge_results, withdraw, withdrawn_batch
from pipeline.readers.ids import ORIGINS, DuplicateId, all_hashes, find_duplicate_ids, id_hashes, origins, origins_path
from pipeline.readers.read import ReadResult
from pipeline.readers.records import QUARANTINE
from pipeline.schema import SCHEMA

Policy = Literal["error", "quarantine", "number"]

_REASON = "duplicate id"


def resolve_duplicate_ids(folder: str, results: Sequence[ReadResult], policy: Policy) -> ReadCorpus:
    """The results of all tasks put together, with unique ids.

    `error` raises UserError that names the first three and where they are; `number` makes the second document with an id `id#2`,
    the third `id#3`, passing over ids that are taken; `quarantine` keeps the first. Shards that change are written anew under
    other names, so that this can be done again.
    """
    corpus = merge_results(folder, results)
    shards = [name for result in results for name, _, _ in result["shards"]]
    read = storage.place(folder)
    duplicates = find_duplicate_ids(read, shards)
    if not duplicates:
        return corpus
    if policy == "error":
        raise UserError(_message(read, shards, duplicates))
    if policy == "number":
        return _numbered(read, shards, duplicates, corpus)
    return _quarantined(read, shards, duplicates, corpus)


def _message(folder: Path, shards: Sequence[str], duplicates: Sequence[DuplicateId]) -> str:
    shown = [f"{duplicate.doc_id!r} ({_places(folder, shards, duplicate)})" for duplicate in duplicates[:3]]
    more = f" and {len(duplicates) - 3} more" if len(duplicates) > 3 else ""
    noun = "ids occur" if len(duplicates) > 1 else "id occurs"
    return (
        f"input: {len(duplicates)} {noun} more than once: {', '.join(shown)}{more}; "
        "set input.on_duplicate_id to number or quarantine, or input.columns.doc_id to another column"
    )


def _places(folder: Path, shards: Sequence[str], duplicate: DuplicateId) -> str:
    found = [origins(folder, shards[shard]).slice(row, 1).to_pylist()[0] for shard, row in duplicate.places[:3]]
    names = [origin["file"] if origin["position"] == "file" else f"{origin['file']} {origin['position']}" for origin in found]
    return ", ".join(names) + (", …" if len(duplicate.places) > 3 else "")


def _numbered(folder: Path, shards: Sequence[str], duplicates: Sequence[DuplicateId], corpus: ReadCorpus) -> ReadCorpus:
    """The corpus with numbers behind all but the first of each id."""
    taken, given = all_hashes(folder, shards), set[str]()
    renamed: dict[int, dict[int, str]] = {}
    for duplicate in duplicates:
        number = 1
        for shard, row in duplicate.places[1:]:
            number += 1
            while (name := f"{duplicate.doc_id}#{number}") in given or _contains(taken, name):
                number += 1
            given.add(name)
            renamed.setdefault(shard, {})[row] = name
    for shard, names in renamed.items():
        table = open_ipc(folder / shards[shard]).read_all()
        ids = table["doc_id"].to_pylist()
        for row, name in names.items():
            ids[row] = name
        table = table.set_column(SCHEMA.get_field_index("doc_id"), SCHEMA.field("doc_id"), pa.chunked_array([pa.array(ids)]))
        places = origins(folder, shards[shard])
        corpus["shards"][shard] = _write_anew(folder, shards[shard], table, places)
    return corpus


def _quarantined(folder: Path, shards: Sequence[str], duplicates: Sequence[DuplicateId], corpus: ReadCorpus) -> ReadCorpus:
    """The corpus without all but the first of each id; the others are failures, with their columns as JSON for raw bytes."""
    removed: dict[int, list[int]] = {}
    for shard, row in sorted(place for duplicate in duplicates for place in duplicate.places[1:]):
        removed.setdefault(shard, []).append(row)
    for shard, rows in removed.items():
        table = open_ipc(folder / shards[shard]).read_all()
        places = origins(folder, shards[shard])
        kept = np.ones(table.num_rows, bool)
        kept[rows] = False
        anew = table.filter(pa.array(kept)), places.filter(pa.array(kept))
        corpus["shards"][shard] = _write_anew(folder, shards[shard], *anew)
        path = folder / shards[shard].replace("shard-", "quarantine-ids-", 1)
        out = table.take(pa.array(rows)).to_pylist()
        reasons = [f"{_REASON} ({document['doc_id']!r} came before)" for document in out]
        write_ipc(path, [withdrawn_batch(out, places.take(pa.array(rows)), reasons)], QUARANTINE)
        corpus["quarantine"].append(str(path))
        withdraw(corpus, measure_withdrawn(out), _REASON)
    emptied = {corpus["shards"][shard] for shard, rows in removed.items() if _rows(folder / shards[shard]) == len(rows)}
    corpus["shards"] = [path for path in corpus["shards"] if path not in emptied]
    return corpus


def _write_anew(folder: Path, shard: str, table: pa.Table, places: pa.Table) -> str:
    """Writes the changed shard and its ORIGINS beside the old ones, under names that sort likewise; returns the shard's path."""
    path = folder / shard.replace(".arrow", "-unique.arrow")
    ids = pa.array(id_hashes(table["doc_id"].combine_chunks()))
    write_ipc(origins_path(folder, path.name), places.set_column(0, ORIGINS.field("hash"), ids).to_batches(), ORIGINS)
    write_ipc(path, table.to_batches(), SCHEMA)
    return str(path)


def _rows(path: Path) -> int:
    return int(open_ipc(path).read_all().num_rows)


def _contains(ordered: np.ndarray, doc_id: str) -> bool:
    """True when the sorted hashes hold that of the id."""
    wanted = id_hashes(pa.array([doc_id]))[0]
    place = np.searchsorted(ordered, wanted)
    return bool(place < len(ordered) and ordered[place] == wanted)
