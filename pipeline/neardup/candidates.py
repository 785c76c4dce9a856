"""Pairs of documents that may be near-duplicates: one band in memory at a time, sorted, buckets of equal keys walked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.files import write_array
from pipeline.kernels.bands import ALL_PAIRS, buckets, candidate_pairs, pack
from pipeline.kernels.sorting import sort
from pipeline.neardup.facts import SignatureFiles, SignatureSource

# A bucket of more members is cut into pieces of this size, each led by the first member of the whole, so that memory and time
# stay bounded. Not reached by copies of one story (a wire story has hundreds); reached by templates: weather, obituaries, sports.
GIANT = 8192
_MEMBERS_AT_ONCE = 65_536  # 16 MB of signatures
_KEYS_PER_TASK = 500_000  # a tenth of a second


def equal_keys(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of keys that occur more than once, bucket behind bucket, and where each bucket begins (one entry more)."""
    packed = pack(keys)
    sort(packed)
    found: tuple[np.ndarray, np.ndarray] = buckets(keys, packed)
    return found


def fold_copies(fingerprints: np.ndarray, signatures: SignatureFiles) -> np.ndarray:
    """The first document with the same tokens, for every document (uint32): its own number if it is the first.

    Same tokens: the 64-bit fingerprints of the token sequences are equal, and so are all places of the signatures.
    """
    first = np.arange(len(fingerprints), dtype=np.uint32)
    part = np.flatnonzero(fingerprints)
    places, starts = equal_keys(fingerprints[part])
    members = part[places]
    leaders = np.repeat(members[starts[:-1]], np.diff(starts))
    for at in range(0, len(members), _MEMBERS_AT_ONCE):
        here, lead = members[at : at + _MEMBERS_AT_ONCE], leaders[at : at + _MEMBERS_AT_ONCE]
        same = (signatures.take(here) == signatures.take(lead)).all(axis=1)
        first[here[same]] = lead[same]
    return first


@dataclass(frozen=True)
class FindPairs:
    """Writes the distinct candidate pairs of some bands to `pairs-FIRST.npy`. A picklable function of (first band, last + 1).

    A pair is `smaller document << 32 | larger document` (uint64, ascending). Only documents in `active.npy` take part: those with
    tokens, one of each set of copies. `fingerprints.npy` holds those of all documents.
    """

    folder: str
    source: SignatureSource
    shards: int
    least: int  # signature places in which a pair must agree
    sure: int  # and in which a member of a large bucket is left to its leader

    def __call__(self, bands: Sequence[int]) -> dict[str, int]:
        folder = Path(self.folder)
        signatures = SignatureFiles(self.source, range(self.shards))
        active, fingerprints = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("active", "fingerprints"))
        keys = [np.load(folder / f"bands-{number:05d}.npy", mmap_mode="r") for number in range(self.shards)]
        pairs, counts = np.empty(0, np.uint64), {"compared": 0, "largest": 0, "giants": 0}
        for band in range(*bands):
            key = np.concatenate([np.empty(0, np.uint32), *(part[band] for part in keys)])[active]
            places, starts = equal_keys(key.astype(np.uint64) << np.uint64(32))
            del key
            sizes = np.diff(starts)
            rows = order_large(active[places], starts, fingerprints)
            found, compared = self._walk(*cut_giants(rows, starts), signatures)
            pairs = distinct(np.concatenate([pairs, found]))
            counts["compared"] += compared
            counts["giants"] += int((sizes > GIANT).sum())
            counts["largest"] = max(counts["largest"], int(sizes.max(initial=0)))
        write_array(folder / f"pairs-{bands[0]:05d}.npy", pairs)
        return counts

    def _walk(self, rows: np.ndarray, starts: np.ndarray, signatures: SignatureFiles) -> tuple[np.ndarray, int]:
        found, compared = [np.empty(0, np.uint64)], 0
        for a, b in _chunks(starts):
            here = rows[starts[a] : starts[b]]
            pairs, count = candidate_pairs(here, starts[a : b + 1] - starts[a], signatures.take(here), self.least, self.sure)
            found.append(pairs)
            compared += count
        return np.concatenate(found), compared


def split_bands(bands: int, documents: int) -> list[list[int]]:
    """Ranges of bands, a task each: of at least _KEYS_PER_TASK keys, so that a small corpus makes few tasks and files."""
    step = max(1, min(bands, _KEYS_PER_TASK // max(documents, 1)))
    return [[band, min(band + step, bands)] for band in range(0, bands, step)]


def order_large(rows: np.ndarray, starts: np.ndarray, fingerprints: np.ndarray) -> np.ndarray:
    """The members with those of buckets that will be walked put in the order of their fingerprints.

    So who leads depends on the texts, not on the order of the input.
    """
    sizes = np.diff(starts)
    large = np.flatnonzero(np.repeat(sizes > ALL_PAIRS, sizes))
    order = np.lexsort((fingerprints[rows[large]], np.repeat(np.arange(len(sizes)), sizes)[large]))
    ordered = rows.copy()
    ordered[large] = rows[large][order]
    return ordered


def cut_giants(rows: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The buckets with every one of more than GIANT members cut into pieces that share its first member."""
    giants = np.flatnonzero(np.diff(starts) > GIANT)
    if len(giants) == 0:
        return rows, starts
    cuts = [np.arange(starts[g] + GIANT, starts[g + 1], GIANT - 1) for g in giants]
    leaders = np.concatenate([np.repeat(starts[g], len(c)) for g, c in zip(giants, cuts)])
    places = np.concatenate(cuts)
    bounds = np.sort(np.concatenate([starts, places]))
    shifted = bounds + np.searchsorted(places, bounds, side="left")
    return np.insert(rows, places, rows[leaders]), shifted


def merge_pairs(folder: Path, tasks: Sequence[Sequence[int]]) -> np.ndarray:
    """The distinct pairs of all bands, ascending. Holds no more than twice the distinct pairs and a task's at a time."""
    merged = np.empty(0, np.uint64)
    waiting: list[np.ndarray] = []
    for first, _ in tasks:
        waiting.append(np.load(folder / f"pairs-{first:05d}.npy"))
        if sum(map(len, waiting)) > len(merged):
            merged, waiting = distinct(np.concatenate([merged, *waiting])), []
    return distinct(np.concatenate([merged, *waiting]))


def distinct(values: np.ndarray) -> np.ndarray:
    """The distinct values, ascending; sorts the array it is given (np.unique hashes first, which costs five times as much)."""
    sort(values)
    keep = np.ones(len(values), np.bool_)
    keep[1:] = values[1:] != values[:-1]
    return values[keep]


def _chunks(starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of buckets of about _MEMBERS_AT_ONCE members in all."""
    a = 0
    while a < len(starts) - 1:
        b = max(a + 1, int(np.searchsorted(starts, starts[a] + _MEMBERS_AT_ONCE, side="right")) - 1)
        yield a, b
        a = b
