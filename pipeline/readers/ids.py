"""Ids that occur twice: found by their hashes over all shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.files import open_ipc
from pipeline.kernels.shingles import hash_bytes
from pipeline.kernels.text import buffers

# Beside each shard: the hash of every id, and where in the input its document stands.
ORIGINS = pa.schema([("hash", pa.uint64()), ("file", pa.string()), ("position", pa.string())])


@dataclass(frozen=True)
class DuplicateId:
    """An id that several documents have, and those documents in input order: (number of the shard, row in it)."""

    doc_id: str
    places: tuple[tuple[int, int], ...]


def find_duplicate_ids(folder: Path, shards: Sequence[str]) -> list[DuplicateId]:
    """The ids that occur more than once in these shards (file names, in input order), by first occurrence.

    Takes 16 bytes a document for their hashes; the ids themselves are compared where hashes meet.
    """
    ordered = all_hashes(folder, shards)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    places: dict[str, list[tuple[int, int]]] = {}
    for shard, row, doc_id in _suspects(folder, shards, repeated) if len(repeated) else ():
        places.setdefault(doc_id, []).append((shard, row))
    return [DuplicateId(doc_id, tuple(found)) for doc_id, found in places.items() if len(found) > 1]


def id_hashes(ids: pa.Array) -> np.ndarray:
    """A uint64 for each id, the same on every machine."""
    hashes: np.ndarray = hash_bytes(*buffers(ids))
    return hashes


def all_hashes(folder: Path, shards: Sequence[str]) -> np.ndarray:
    """The hashes of all ids, sorted."""
    hashes = np.concatenate([np.zeros(0, np.uint64), *(origins(folder, shard, ["hash"])["hash"].to_numpy() for shard in shards)])
    hashes.sort()
    return hashes


def origins(folder: Path, shard: str, columns: Sequence[str] = ORIGINS.names) -> pa.Table:
    """The ORIGINS of a shard's documents, or some of their columns."""
    return open_ipc(origins_path(folder, shard), columns).read_all()


def origins_path(folder: Path, shard: str) -> Path:
    """Where the ORIGINS of the shard with this file name lie."""
    return folder / shard.replace("shard-", "ids-", 1)


def _suspects(folder: Path, shards: Sequence[str], repeated: np.ndarray) -> Iterator[tuple[int, int, str]]:
    """Shard, row and id of every document whose hash is one of these."""
    for number, shard in enumerate(shards):
        rows = np.flatnonzero(np.isin(origins(folder, shard, ["hash"])["hash"].to_numpy(), repeated))
        if len(rows):
            ids = open_ipc(folder / shard).read_all()["doc_id"].take(pa.array(rows))
            for row, doc_id in zip(rows.tolist(), ids.to_pylist()):
                yield number, row, doc_id
