"""Signatures kept beside an output, so that a later run finds near-duplicates of its documents without reading their text again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.errors import UserError
from pipeline.files import open_ipc, read_batches, write_array, write_ipc, write_json
from pipeline.kernels.bands import band_keys
from pipeline.kernels.clusters import copy_slices
from pipeline.kernels.shingles import shingle_sets
from pipeline.kernels.text import buffers
from pipeline.neardup.facts import FACTS, SignatureFiles, SignatureSource
from pipeline.neardup.keep import Keep
from pipeline.neardup.members import members_schema
from pipeline.neardup.rules import SignatureRules, token_table
from pipeline.neardup.verdicts import VERDICTS

KEPT = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("fingerprint", pa.uint64(), nullable=False),
        pa.field("set_start", pa.int64(), nullable=False),  # in sets-N.npy
        pa.field("set_stop", pa.int64(), nullable=False),
    ]
)
_AT_ONCE = 65_536  # 32 MB of signatures


@dataclass(frozen=True)
class StoreKept:
    """Writes what later runs need of a shard's kept documents under `target`. A picklable function of (path, number, first document).

    `kept-N.arrow` (KEPT), `signatures-N.npy` (uint32, documents x num_perm), `sets-N.npy` (uint32): 512 bytes a document at 128
    permutations, and four for each shingle.
    """

    folder: str
    source: SignatureSource
    shards: int
    target: str
    rules: SignatureRules

    def __call__(self, item: Sequence[str | int]) -> int:
        path, number, first = Path(str(item[0])), int(item[1]), int(item[2])
        fingerprint = open_ipc(self.source.folder / f"facts-{number:05d}.arrow").read_all()["fingerprint"].to_numpy()
        kept = fingerprint != 0
        verdicts = pa.Table.from_batches(read_batches(Path(self.folder) / f"verdicts-{number:05d}.arrow"), VERDICTS)
        kept[verdicts["row"].to_numpy()[verdicts["survivor_id"].is_valid().to_numpy()]] = False
        batches, sets, at, used = [], [np.empty(0, np.uint32)], 0, 0
        for batch in read_batches(path):
            chosen = kept[at : at + batch.num_rows]
            here = np.flatnonzero(chosen)
            values, starts = shingle_sets(*buffers(batch["text"]), chosen, token_table(), self.rules.shingle_words)
            columns = [batch["doc_id"].take(pa.array(here)), fingerprint[at + here], used + starts[here], used + starts[here + 1]]
            batches.append(pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=KEPT))
            sets.append(values)
            used += len(values)
            at += batch.num_rows
        target = Path(self.target)
        signatures = SignatureFiles(self.source, self.shards).take(first + np.flatnonzero(kept))
        write_array(target / f"signatures-{number:05d}.npy", signatures)
        write_array(target / f"sets-{number:05d}.npy", np.concatenate(sets))
        write_ipc(target / f"kept-{number:05d}.arrow", batches, KEPT)
        return int(kept.sum())


def finish_store(target: Path, rules: SignatureRules, parts: int) -> None:
    """Writes `rules.json`: what the signatures were made with, and in how many parts they are."""
    write_json(target / "rules.json", {"rules": rules.name, "parts": parts})


def open_store(output: str, rules: SignatureRules) -> list[list[str | int]]:
    """[folder, part] of the signatures kept beside an output. Raises UserError if there are none, or of other rules."""
    folder = Path(output) / "signatures"
    try:
        found = json.loads((folder / "rules.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{output}: keeps no signatures (no {folder / 'rules.json'}); run it again with keep_signatures: true") from None
    if found["rules"] != rules.name:
        raise UserError(
            f"{folder}: signatures {found['rules']}, while this run makes {rules.name}; signatures of different rules cannot be compared"
        )
    return [[str(folder), part] for part in range(found["parts"])]


def store_digest(output: str) -> str:
    """sha256 of what tells the signatures kept beside an output from others: their rules, and the parts with their sizes.

    "none" if there are none; `open_store` says so in words.
    """
    folder = Path(output) / "signatures"
    if not (folder / "rules.json").exists():
        return "none"
    sizes = [[path.name, path.stat().st_size] for path in sorted(folder.iterdir())]
    return hashlib.sha256((folder / "rules.json").read_bytes() + json.dumps(sizes).encode()).hexdigest()


@dataclass(frozen=True)
class MeetEarlier:
    """Writes the facts of earlier documents that agree with a new one in some band. A picklable function of (folder, part, number).

    As if they were a shard N of the corpus: `signatures-N.npy`, `bands-N.npy`, `facts-N.arrow`, and `rows-N.npy`, their places
    in the part. `new_keys.npy` holds the band keys of all new documents (bands x documents), each band sorted.
    """

    folder: str
    bands: int
    rows: int

    def __call__(self, item: Sequence[str | int]) -> int:
        store, part, number = Path(str(item[0])), int(item[1]), int(item[2])
        folder = Path(self.folder)
        new_keys = np.load(folder / "new_keys.npy", mmap_mode="r")
        signatures = np.load(store / f"signatures-{part:05d}.npy", mmap_mode="r")
        met, met_keys = [np.empty(0, np.int64)], [np.empty((self.bands, 0), np.uint32)]
        for at in range(0, len(signatures), _AT_ONCE):
            block = np.ascontiguousarray(signatures[at : at + _AT_ONCE])
            keys = np.empty((self.bands, len(block)), np.uint32)
            band_keys(block, self.bands, self.rows, keys)
            here = np.flatnonzero(meet(keys, new_keys))
            met.append(at + here)
            met_keys.append(keys[:, here])
        rows = np.concatenate(met)
        fingerprint = open_ipc(store / f"kept-{part:05d}.arrow").read_all()["fingerprint"].to_numpy()[rows]
        facts = pa.RecordBatch.from_arrays([pa.array(np.zeros(len(rows), np.uint64)), pa.array(fingerprint)], schema=FACTS)
        write_array(folder / f"rows-{number:05d}.npy", rows)
        write_array(folder / f"signatures-{number:05d}.npy", signatures[rows])
        write_array(folder / f"bands-{number:05d}.npy", np.concatenate(met_keys, axis=1))
        write_ipc(folder / f"facts-{number:05d}.arrow", [facts], FACTS)
        return len(rows)


def meet(keys: np.ndarray, sorted_keys: np.ndarray) -> np.ndarray:
    """Which columns of `keys` (bands x documents) have a key that is in the same row of `sorted_keys`."""
    met = np.zeros(keys.shape[1], np.bool_)
    if sorted_keys.shape[1]:
        for own, others in zip(keys, sorted_keys):
            order = np.argsort(own)
            places = np.minimum(np.searchsorted(others, own[order]), len(others) - 1)
            met[order[others[places] == own[order]]] = True
    return met


@dataclass(frozen=True)
class DescribeEarlier:
    """`members.DescribeMembers` for shard N of earlier documents. A picklable function of (folder, part, N, first, start, stop)."""

    folder: str
    keep: Keep

    def __call__(self, item: Sequence[str | int]) -> dict[str, int]:
        store, part, number, first, start, stop = Path(str(item[0])), *(int(v) for v in item[1:])
        folder = Path(self.folder)
        numbers = np.load(folder / "members.npy", mmap_mode="r")[start:stop].astype(np.int64)
        needs_set = np.load(folder / "needs_set.npy", mmap_mode="r")[start:stop]
        rows = np.load(folder / f"rows-{number:05d}.npy")[numbers - first]
        kept = open_ipc(store / f"kept-{part:05d}.arrow").read_all().take(pa.array(rows)).combine_chunks()
        begin, end = kept["set_start"].to_numpy(), kept["set_stop"].to_numpy()
        sizes = np.where(needs_set, end - begin, 0)
        ends = np.cumsum(sizes)
        values = np.empty(int(sizes.sum()), np.uint32)
        copy_slices(np.load(store / f"sets-{part:05d}.npy", mmap_mode="r"), begin, begin + sizes, values, ends - sizes)
        schema = members_schema(self.keep)
        columns = [kept["doc_id"].combine_chunks(), *[numbers] * (len(schema) - 3), ends - sizes, ends]
        write_array(folder / f"sets-{number:05d}.npy", values)
        batch = pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=schema)
        write_ipc(folder / f"members-{number:05d}.arrow", [batch], schema)
        return {"members": len(rows), "shingles": len(values)}
