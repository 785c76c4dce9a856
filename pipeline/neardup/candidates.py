"""Pairs of documents that may be near-duplicates: a band (or a range of its keys) in memory at a time, sorted, its buckets walked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.arrays import map_array, open_array
from pipeline.kernels.bands import ALL_PAIRS, buckets, candidate_pairs, may_repeat, pack
from pipeline.kernels.sorting import sort
from pipeline.neardup.facts import SignatureFiles, SignatureSource
from pipeline.neardup.pairs import merge, write_pairs
from pipeline.storage import place

# A bucket of more members is cut into pieces of this size, each led by the first member of the whole, so that memory and time
# stay bounded. Not reached by copies of one story (a wire story has hundreds); reached by templates: weather, obituaries, sports.
GIANT = 8192
_MEMBERS_AT_ONCE = 65_536  # 16 MB of signatures
_KEYS_PER_TASK = 500_000  # a tenth of a second
# Up to so many keys it pays to pass over those that occur once: 10 instead of 25 ns a key at 20,000, the same at 2 million.
_SCREENED_KEYS = 1 << 20
DOCUMENTS_PER_RANGE = 1 << 26  # some 2.4 GB in a task: a band of more documents is cut into ranges of its keys


def equal_keys(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of keys that occur more than once, bucket behind bucket, and where each bucket begins (one entry more)."""
    if len(keys) > _SCREENED_KEYS:
        return _equal_keys(keys)
    few = may_repeat(keys)
    places, starts = _equal_keys(keys[few])
    return few[places], starts


def _equal_keys(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    packed = pack(keys)
    sort(packed)
    found: tuple[np.ndarray, np.ndarray] = buckets(keys, packed)
    return found


def fold_copies(fingerprints: np.ndarray, signatures: SignatureFiles, most: int = DOCUMENTS_PER_RANGE) -> np.ndarray:
    """The first document with the same tokens, for every document (uint32): its own number if it is the first.

    Same tokens: the 64-bit fingerprints of the token sequences are equal, and so are all places of the signatures. Fingerprints of
    some `most` documents are sorted at a time.
    """
    first = np.arange(len(fingerprints), dtype=np.uint32)
    parts = _key_ranges(len(fingerprints), most)
    for number in range(parts):
        part = np.flatnonzero(fingerprints if parts == 1 else _in_range(fingerprints, number, parts) & (fingerprints != 0))
        places, starts = equal_keys(fingerprints[part])
        members = part[places]
        leaders = np.repeat(members[starts[:-1]], np.diff(starts))
        for at in range(0, len(members), _MEMBERS_AT_ONCE):
            here, lead = members[at : at + _MEMBERS_AT_ONCE], leaders[at : at + _MEMBERS_AT_ONCE]
            same = (signatures.take(here) == signatures.take(lead)).all(axis=1)
            first[here[same]] = lead[same]
    return first


def _key_ranges(documents: int, most: int) -> int:
    """How many ranges to cut keys into, so that one has those of some `most` documents at most: a power of two."""
    return 1 << ((max(documents, 1) - 1) // most).bit_length()


def _in_range(keys: np.ndarray, part: int, parts: int) -> np.ndarray:
    """Which of the keys, by their top bits, fall into one of two or more ranges."""
    inside: np.ndarray = keys >> keys.dtype.type(8 * keys.itemsize + 1 - parts.bit_length()) == part
    return inside


@dataclass(frozen=True)
class FindPairs:
    """Writes the distinct candidate pairs of some bands with `pairs.write_pairs`. A picklable function of an item of `split_bands`.

    A pair is `smaller document << 32 | larger document` (uint64, ascending). Only documents in `active.npy` take part: those with
    tokens, one of each set of copies. `fingerprints.npy` holds those of all documents. Returns counts, and the cuts of `write_pairs`.
    """

    folder: str
    source: SignatureSource
    shards: int
    documents: int  # of the run: a pair of two earlier ones is of no use
    least: int  # signature places in which a pair must agree
    sure: int  # and in which a member of a large bucket is left to its leader

    def __call__(self, item: Sequence[int]) -> dict[str, Any]:
        number, first, stop, part, parts = item
        folder = place(self.folder)
        signatures = SignatureFiles(self.source, range(self.shards))
        active, fingerprints = (map_array(folder / f"{name}.npy") for name in ("active", "fingerprints"))
        keys = [open_array(folder / f"bands-{number:05d}.npy") for number in range(self.shards)]
        counts = {"compared": 0, "largest": 0, "giants": 0}

        def found() -> Iterator[np.ndarray]:
            for band in range(first, stop):
                key, owners = _keys_of_range([own[band] for own in keys], active, part, parts)
                places, starts = equal_keys(key.astype(np.uint64) << np.uint64(32))
                del key
                sizes = np.diff(starts)
                rows = order_large(owners[places], starts, fingerprints)
                pairs, compared = self._walk(*cut_giants(rows, starts), signatures)
                counts["compared"] += compared
                counts["giants"] += int((sizes > GIANT).sum())
                counts["largest"] = max(counts["largest"], int(sizes.max(initial=0)))
                yield pairs

        return counts | {"cuts": write_pairs(folder, number, merge(found()), self.documents)}

    def _walk(self, rows: np.ndarray, starts: np.ndarray, signatures: SignatureFiles) -> tuple[np.ndarray, int]:
        found, compared = [np.empty(0, np.uint64)], 0
        for a, b in _chunks(starts):
            here = rows[starts[a] : starts[b]]
            pairs, count = candidate_pairs(here, starts[a : b + 1] - starts[a], signatures.take(here), self.least, self.sure)
            found.append(pairs)
            compared += count
        return np.concatenate(found), compared


def split_bands(bands: int, documents: int, most: int = DOCUMENTS_PER_RANGE) -> list[list[int]]:
    """[number, first band, last + 1, key range, key ranges]: a task each.

    Of at least _KEYS_PER_TASK keys, so that a small corpus makes few tasks and files, and of the keys of some `most` documents at most.
    The ranges are a power of two.
    """
    step = max(1, min(bands, _KEYS_PER_TASK // max(documents, 1)))
    parts = _key_ranges(documents, most)
    cut = [[band, min(band + step, bands), part, parts] for band in range(0, bands, step) for part in range(parts)]
    return [[number, *task] for number, task in enumerate(cut)]


def _keys_of_range(keys: Sequence[np.ndarray], active: np.ndarray, part: int, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """The keys of a band (uint32, an array for each shard) that fall into a range of the key, and the active documents they are of."""
    if parts == 1:
        return np.concatenate([np.empty(0, np.uint32), *keys])[active], active
    ends = np.cumsum([len(own) for own in keys])
    bounds = np.searchsorted(active, np.concatenate([[0], ends]))
    found, owners = [np.empty(0, np.uint32)], [np.empty(0, np.uint32)]
    for own, end, (start, stop) in zip(keys, ends, pairwise(bounds)):
        here = own[active[start:stop] - np.uint32(end - len(own))]
        inside = _in_range(here, part, parts)
        found.append(here[inside])
        owners.append(active[start:stop][inside])
    return np.concatenate(found), np.concatenate(owners)


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


def _chunks(starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of buckets of about _MEMBERS_AT_ONCE members in all."""
    a = 0
    while a < len(starts) - 1:
        b = max(a + 1, int(np.searchsorted(starts, starts[a] + _MEMBERS_AT_ONCE, side="right")) - 1)
        yield a, b
        a = b
