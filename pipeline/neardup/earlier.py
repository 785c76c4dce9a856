"""Earlier outputs: documents of theirs that may resemble a new one join the search, without their text being read again."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays import load_array, map_array, open_array, write_array, write_rows
from pipeline.errors import UserError
from pipeline.files import open_ipc, write_ipc
from pipeline.kernels.bands import band_keys
from pipeline.kernels.meeting import fill_filter, meets
from pipeline.kernels.packed_sets import unpack_sets
from pipeline.kernels.text import buffers
from pipeline.neardup.facts import FACTS
from pipeline.neardup.keep import Keep
from pipeline.neardup.members import members_schema
from pipeline.neardup.rules import SignatureRules
from pipeline.storage import place

_AT_ONCE = 65_536  # 16 MB of signatures
# Bits of the filter for each new key: so one old key in sixteen is looked up in vain. At most a megabyte a band.
_FILTER_BITS, _MAX_FILTER_WORDS = 16, 1 << 17


def open_store(output: str, rules: SignatureRules) -> list[str]:
    """The parts of the signatures kept beside an output. Raises UserError if there are none, or of other rules."""
    paths = [place(output) / entry["file"] for entry in _listed(output)]
    if not paths:
        raise UserError(f"{output}: keeps no signatures; run it again with keep_signatures: true, or leave it out of `against`")
    for path in paths:
        if not path.exists():
            raise UserError(
                f"{path}: is missing, though {output}/manifest.json lists it; run it again, or leave it out of `against`"
            )
        found = (open_ipc(path, []).schema.metadata or {}).get(b"rules", b"of no rules").decode()
        if found != rules.name:
            raise UserError(
                f"{path}: signatures {found}, while this run makes {rules.name}; signatures of different rules cannot be compared"
            )
    return [str(path) for path in paths]


def store_digest(output: str, rules: SignatureRules) -> str:
    """sha256 of the signatures kept beside an output, by the manifest. Raises UserError as `open_store` does."""
    open_store(output, rules)
    return hashlib.sha256(json.dumps([[entry["file"], entry["sha256"]] for entry in _listed(output)]).encode()).hexdigest()


def describe_store(output: str, rules: SignatureRules) -> str:
    """What is kept beside an output. Raises UserError as `open_store` does."""
    open_store(output, rules)
    return f"earlier output {output}: signatures of {sum(entry['rows'] for entry in _listed(output)):,} documents"


def _listed(output: str) -> list[dict[str, Any]]:
    path = place(output) / "manifest.json"
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
    except FileNotFoundError:
        raise UserError(f"{output}: holds no finished run (no manifest.json), so no signatures; name the output of one") from None
    return [entry for entry in files if entry["file"].startswith("signatures/")]


def read_part(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A part of the store (`store.store_schema`), or these columns, memory-mapped: what is not looked at is not read."""
    return open_ipc(place(str(path)), columns).read_all()


def stored_signatures(part: pa.Table) -> np.ndarray:
    """The shortened signatures of a part: uint16, shape (documents, num_perm); no copy for a part of one batch, as it is written."""
    column = part["signature"].combine_chunks()
    places = column.type.byte_width // 2
    _, data = column.buffers()
    if data is None or len(column) == 0:
        return np.empty((0, places), np.uint16)
    return np.frombuffer(data, np.uint16).reshape(-1, places)[column.offset : column.offset + len(column)]


def stored_sets(part: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """The shingle sets of all documents of a (taken) part in one array, and where each begins (one entry more)."""
    offsets, data = buffers(part["shingles"].combine_chunks().view(pa.large_string()))
    values, starts = unpack_sets(offsets, data)
    return values, starts


def kept_sets(output: str, ids: set[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Id and shingle set of the stored documents of an output with one of these ids; nothing where none are stored."""
    for path in sorted((place(output) / "signatures").glob("part-*.arrow")):
        part = read_part(path)
        taken = part.filter(pc.is_in(part["doc_id"], pa.array(sorted(ids), pa.string())))
        values, starts = stored_sets(taken)
        yield from zip(taken["doc_id"].to_pylist(), np.split(values, starts[1:-1]))


def write_new_keys(folder: Path, shards: int) -> None:
    """Writes `new_keys.npy`, the band keys of all new documents (bands x documents, each band sorted), and `new_filter.npy` for them."""
    parts = [open_array(folder / f"bands-{number:05d}.npy") for number in range(shards)]
    bands, count = len(parts[0]) if parts else 0, sum(part.shape[1] for part in parts)
    rows = (np.sort(np.concatenate([part[band] for part in parts])) for band in range(bands))
    write_rows(folder / "new_keys.npy", rows, (bands, count), np.uint32)
    words = min(count * _FILTER_BITS // 64 + 1, _MAX_FILTER_WORDS)
    write_array(folder / "new_filter.npy", fill_filter(map_array(folder / "new_keys.npy"), words))


@dataclass(frozen=True)
class MeetEarlier:
    """Writes the facts of earlier documents that agree with a new one in some band. A picklable function of (part, number).

    As if they were a shard N of the corpus: `signatures-N.npy`, `bands-N.npy`, `facts-N.arrow`, and `rows-N.npy`, their places
    in the part. One pass over the signatures of the part; see `write_new_keys`.
    """

    folder: str
    bands: int
    rows: int

    def __call__(self, item: Sequence[str | int]) -> int:
        part, number, folder = read_part(str(item[0]), ["fingerprint", "signature"]), int(item[1]), place(self.folder)
        new_keys, bits = (map_array(folder / name) for name in ("new_keys.npy", "new_filter.npy"))
        stored = stored_signatures(part)
        met = [np.empty(0, np.int64)]
        for at in range(0, len(stored), _AT_ONCE):
            met.append(at + np.flatnonzero(meets(stored[at : at + _AT_ONCE], self.bands, self.rows, new_keys, bits)))
        rows = np.concatenate(met)
        signatures = stored[rows]
        keys = np.empty((self.bands, len(rows)), np.uint32)
        band_keys(signatures, self.bands, self.rows, keys)
        fingerprint = part["fingerprint"].to_numpy()[rows]
        facts = pa.RecordBatch.from_arrays([pa.array(np.zeros(len(rows), np.uint64)), pa.array(fingerprint)], schema=FACTS)
        write_array(folder / f"rows-{number:05d}.npy", rows)
        write_array(folder / f"signatures-{number:05d}.npy", signatures)
        write_array(folder / f"bands-{number:05d}.npy", keys)
        write_ipc(folder / f"facts-{number:05d}.arrow", [facts], FACTS)
        return len(rows)


@dataclass(frozen=True)
class DescribeEarlier:
    """`members.DescribeMembers` for shard N of earlier documents. A picklable function of (part, N, first, start, stop)."""

    folder: str
    keep: Keep

    def __call__(self, item: Sequence[str | int]) -> dict[str, int]:
        part, number, first, start, stop = read_part(str(item[0]), ["doc_id", "shingles"]), *(int(v) for v in item[1:])
        folder = place(self.folder)
        numbers = open_array(folder / "members.npy")[start:stop].astype(np.int64)
        needs_set = open_array(folder / "needs_set.npy")[start:stop]
        rows = load_array(folder / f"rows-{number:05d}.npy")[numbers - first]
        values, starts = stored_sets(part.take(pa.array(rows[needs_set])))
        ends = np.zeros(len(rows), np.int64)
        ends[needs_set] = np.diff(starts)
        sizes, ends = ends, np.cumsum(ends)
        schema = members_schema(self.keep)
        ids = part["doc_id"].take(pa.array(rows)).combine_chunks()
        columns = [ids, *[numbers] * (len(schema) - 3), ends - sizes, ends]
        write_array(folder / f"sets-{number:05d}.npy", values)
        batch = pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=schema)
        write_ipc(folder / f"members-{number:05d}.arrow", [batch], schema)
        return {"members": len(rows), "shingles": len(values)}
