"""What every document contributes: its signature, band keys and token fingerprint, written shard by shard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.arrays import growing_array, load_array, map_array, open_array, write_array
from pipeline.files import open_ipc, read_batches, write_ipc
from pipeline.kernels.bands import band_keys
from pipeline.kernels.shingles import hash_bytes
from pipeline.kernels.text import buffers
from pipeline.neardup.rules import SignatureRules
from pipeline.neardup.signatures import shorten, sign
from pipeline.schema import live_rows
from pipeline.storage import place

FACTS = pa.schema(
    [
        pa.field("text_hash", pa.uint64(), nullable=False),  # of the bytes as they are
        pa.field("fingerprint", pa.uint64(), nullable=False),  # of the tokens; 0: the document takes no part
    ]
)


@dataclass(frozen=True)
class Extract:
    """Signs the documents of a shard. A picklable function of (path, number of the shard, its documents).

    Writes `facts-N.arrow` (FACTS), `bands-N.npy` (uint32, bands x documents) and `signatures-N.npy` (shortened: uint16, documents x
    num_perm). Where the folder `earlier` holds signatures of the shard, only those of documents whose text has changed since are
    written, and `changed-N.npy` (int64) says which.
    """

    folder: str
    band_folder: str
    earlier: str | None
    rules: SignatureRules
    bands: int
    rows: int

    def __call__(self, item: Sequence[str | int]) -> dict[str, int]:
        path, number, documents = place(str(item[0])), int(item[1]), int(item[2])
        folder = place(self.folder)
        known = open_signed(place(self.earlier), number, documents) if self.earlier else None
        keys = np.empty((self.bands, documents), np.uint32)
        batches, changed, at = [], [np.empty(0, np.int64)], 0
        with growing_array(folder / f"signatures-{number:05d}.npy", self.rules.num_perm, np.uint16) as add:
            for batch in read_batches(path):
                stop = at + batch.num_rows
                here = None if known is None else (known[0][at:stop], known[1][at:stop])
                facts, signatures, new = sign_batch(batch, here, self.rules)
                band_keys(signatures, self.bands, self.rows, keys[:, at:stop])
                add(signatures if known is None else signatures[new])
                changed.append(np.flatnonzero(new) + at)
                batches.append(facts)
                at = stop
        rows = np.concatenate(changed)
        if known is not None:
            write_array(folder / f"changed-{number:05d}.npy", rows)
        write_array(place(self.band_folder) / f"bands-{number:05d}.npy", keys)
        write_ipc(folder / f"facts-{number:05d}.arrow", batches, FACTS)
        return {"documents": at, "signed": len(rows)}


Known = tuple[pa.Table, np.ndarray]
Signed = tuple[pa.RecordBatch, np.ndarray, np.ndarray]


def sign_batch(batch: pa.RecordBatch, known: Known | None, rules: SignatureRules) -> Signed:
    """FACTS and shortened signatures of a batch, and which documents had to be signed. Marked rows take no part."""
    text = batch.column("text")
    text_hash = hash_bytes(*buffers(text))
    todo = live_rows(batch)
    same = np.zeros(len(text), np.bool_)
    if known is not None:
        facts = known[0]
        same = todo & (facts["text_hash"].to_numpy() == text_hash) & (facts["fingerprint"].to_numpy() != 0)
    todo = todo & ~same
    signed, fingerprint = sign(text, todo, rules)
    signatures = shorten(signed)
    if known is not None and same.any():
        signatures[same] = known[1][same]
        fingerprint[same] = known[0]["fingerprint"].to_numpy()[same]
    return pa.RecordBatch.from_arrays([pa.array(text_hash), pa.array(fingerprint)], schema=FACTS), signatures, todo


def open_signed(folder: Path, number: int, documents: int) -> Known | None:
    """FACTS and signatures (memory-mapped) of a shard, if they were left there for just so many documents."""
    path = folder / f"facts-{number:05d}.arrow"
    if not path.exists():
        return None
    facts = open_ipc(path).read_all()
    if facts.num_rows != documents or documents == 0:
        return None
    return facts, map_array(folder / f"signatures-{number:05d}.npy")


@dataclass(frozen=True)
class SignatureSource:
    """Where signatures lie: in a folder, and those of documents that did not change since in an earlier one."""

    folder: Path
    earlier: str | None


class SignatureFiles:
    """The signatures of some shards, memory-mapped, read by the number of the document, counted through these shards.

    `few`: those of few documents will be asked for, so that of files in a store not the whole is fetched.
    """

    def __init__(self, source: SignatureSource, shards: Iterable[int], *, few: bool = False) -> None:
        opened = open_array if few else map_array
        self._parts: list[np.ndarray] = []
        self._changes: list[tuple[np.ndarray, np.ndarray] | None] = []
        for number in shards:
            own = opened(source.folder / f"signatures-{number:05d}.npy")
            changed = source.folder / f"changed-{number:05d}.npy"
            if changed.exists():
                self._changes.append((load_array(changed), own))
                self._parts.append(opened(place(str(source.earlier)) / f"signatures-{number:05d}.npy"))
            else:
                self._changes.append(None)
                self._parts.append(own)
        self._ends = np.cumsum([len(part) for part in self._parts])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The shortened signatures of these documents, in the order given."""
        out = np.empty((len(rows), self._parts[0].shape[1] if self._parts else 0), np.uint16)
        order = np.argsort(rows, kind="stable")  # so that each file is read from its beginning to its end
        bounds = np.searchsorted(rows[order], [0, *self._ends])
        for number in np.flatnonzero(np.diff(bounds)):
            here = order[bounds[number] : bounds[number + 1]]
            places = rows[here] - (self._ends[number] - len(self._parts[number]))
            out[here] = self._parts[number][places]
            changes = self._changes[number]
            if changes is not None and len(changes[0]):
                at = np.minimum(np.searchsorted(changes[0], places), len(changes[0]) - 1)
                hit = changes[0][at] == places
                out[here[hit]] = changes[1][at[hit]]
        return out


def read_fingerprints(folder: Path, shards: int) -> np.ndarray:
    """The token fingerprints of all documents of the corpus (uint64)."""
    tables = (open_ipc(folder / f"facts-{number:05d}.arrow", ["fingerprint"]).read_all() for number in range(shards))
    return np.concatenate([np.empty(0, np.uint64), *(table["fingerprint"].to_numpy() for table in tables)])
