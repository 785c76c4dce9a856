"""What every document contributes: its signature, band keys and token fingerprint, written shard by shard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.files import open_ipc, read_batches, write_array, write_ipc
from pipeline.kernels.bands import band_keys
from pipeline.kernels.shingles import hash_bytes
from pipeline.kernels.text import buffers
from pipeline.neardup.rules import SignatureRules
from pipeline.neardup.signatures import sign
from pipeline.schema import live_rows

FACTS = pa.schema(
    [
        pa.field("text_hash", pa.uint64(), nullable=False),  # of the bytes as they are
        pa.field("fingerprint", pa.uint64(), nullable=False),  # of the tokens; 0: the document takes no part
    ]
)


@dataclass(frozen=True)
class Extract:
    """Signs the documents of a shard. A picklable function of (path, number of the shard).

    Writes under `folder`: `facts-N.arrow` (FACTS), `signatures-N.npy` (uint32, documents x num_perm) and `bands-N.npy` (uint64,
    bands x documents). Signatures under `earlier` are taken over for documents whose text is still the same.
    """

    folder: str
    band_folder: str
    earlier: str | None
    rules: SignatureRules
    bands: int
    rows: int

    def __call__(self, item: Sequence[str | int]) -> dict[str, int]:
        path, number = Path(str(item[0])), int(item[1])
        earlier = open_signed(Path(self.earlier), number) if self.earlier else None
        batches, at, signed = [], 0, 0
        parts: list[np.ndarray] = []
        for batch in read_batches(path):
            known = None if earlier is None else (earlier[0][at : at + batch.num_rows], earlier[1][at : at + batch.num_rows])
            facts, signatures, new = sign_batch(batch, known, self.rules)
            batches.append(facts)
            parts.append(signatures)
            at += batch.num_rows
            signed += new
        signatures = np.concatenate([np.empty((0, self.rules.num_perm), np.uint32), *parts])
        keys = np.empty((self.bands, at), np.uint64)
        band_keys(signatures, self.bands, self.rows, keys)
        write_array(Path(self.folder) / f"signatures-{number:05d}.npy", signatures)
        write_array(Path(self.band_folder) / f"bands-{number:05d}.npy", keys)
        write_ipc(Path(self.folder) / f"facts-{number:05d}.arrow", batches, FACTS)
        return {"documents": at, "signed": signed}


Known = tuple[pa.Table, np.ndarray]


def sign_batch(batch: pa.RecordBatch, known: Known | None, rules: SignatureRules) -> tuple[pa.RecordBatch, np.ndarray, int]:
    """FACTS and signatures of a batch, and how many documents had to be signed. Marked rows take no part."""
    text = batch.column("text")
    text_hash = hash_bytes(*buffers(text))
    todo = live_rows(batch)
    same = np.zeros(len(text), np.bool_)
    if known is not None and len(known[1]) == len(text):
        facts = known[0]
        same = todo & (facts["text_hash"].to_numpy() == text_hash) & (facts["fingerprint"].to_numpy() != 0)
    todo = todo & ~same
    signatures, fingerprint = sign(text, todo, rules)
    if known is not None and same.any():
        signatures[same] = known[1][same]
        fingerprint[same] = known[0]["fingerprint"].to_numpy()[same]
    return pa.RecordBatch.from_arrays([pa.array(text_hash), pa.array(fingerprint)], schema=FACTS), signatures, int(todo.sum())


def open_signed(folder: Path, number: int) -> Known | None:
    """FACTS and signatures (memory-mapped) of a shard, if they were left there."""
    path = folder / f"facts-{number:05d}.arrow"
    if not path.exists():
        return None
    signatures: np.ndarray = np.load(folder / f"signatures-{number:05d}.npy", mmap_mode="r")
    return open_ipc(path).read_all(), signatures


class SignatureFiles:
    """The signatures of all shards, memory-mapped, read by the number of the document in the corpus."""

    def __init__(self, folder: Path, shards: int) -> None:
        self._parts = [np.load(folder / f"signatures-{number:05d}.npy", mmap_mode="r") for number in range(shards)]
        self._ends = np.cumsum([len(part) for part in self._parts])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The signatures of these documents, in the order given."""
        out = np.empty((len(rows), self._parts[0].shape[1]), np.uint32)
        shard = np.searchsorted(self._ends, rows, side="right")
        for number in np.unique(shard):
            here = np.flatnonzero(shard == number)
            part = self._parts[number]
            out[here] = part[rows[here] - (self._ends[number] - len(part))]
        return out


def read_fingerprints(folder: Path, shards: int) -> np.ndarray:
    """The token fingerprints of all documents of the corpus (uint64)."""
    parts = [open_ipc(folder / f"facts-{number:05d}.arrow").read_all()["fingerprint"].to_numpy() for number in range(shards)]
    return np.concatenate([np.empty(0, np.uint64), *parts])
