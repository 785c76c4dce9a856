"""Candidate pairs by ranges of their smaller documents: there those of all bands are brought together, and there they are verified.

So no process holds all pairs, and the sets of a range's smaller ends lie one behind the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.arrays import load_array, open_array, write_array
from pipeline.kernels.sorting import sort
from pipeline.storage import place

# Of a range of a small corpus: press releases have some 22,000 pairs then, with 6 million shingles on both sides, a twentieth of a second.
_DOCUMENTS_PER_RANGE = 8192
# Each range reads the sets behind it once, so a store gives up to 128 times all sets; fewer ranges would hold more of them at a time.
MOST_RANGES = 256


def range_bounds(documents: int) -> list[int]:
    """The first document of each range, and the end."""
    ranges = min(max(1, documents // _DOCUMENTS_PER_RANGE), MOST_RANGES)
    return [documents * number // ranges for number in range(ranges + 1)]


def write_pairs(folder: Path, number: int, pairs: np.ndarray, documents: int) -> list[int]:
    """Writes `pairs-N.npy`: of ascending pairs those whose smaller document is one of the first `documents`.

    Returns where the pairs of each range begin, and their end.
    """
    bounds = np.array(range_bounds(documents), np.uint64) << np.uint64(32)
    cuts: list[int] = np.searchsorted(pairs, bounds).tolist()
    write_array(folder / f"pairs-{number:05d}.npy", pairs[: cuts[-1]])
    return cuts


@dataclass(frozen=True)
class MergePairs:
    """Brings the pairs of a range together. A picklable function of (R, pieces); a piece is [number of a `pairs-N.npy`, first, stop].

    Writes `candidates-R.npy` (uint64, distinct, ascending) and `ends-R.npy` (uint32, ascending), the documents in them. Returns how many
    pairs there are. Holds three times that at the most, and the pairs of a file (24 bytes a pair).
    """

    folder: str

    def __call__(self, item: tuple[int, Sequence[Sequence[int]]]) -> int:
        number, pieces = item
        folder = place(self.folder)
        pairs = merge(open_array(folder / f"pairs-{file:05d}.npy")[first:stop] for file, first, stop in pieces if stop > first)
        write_array(folder / f"candidates-{number:05d}.npy", pairs)
        ends = distinct(np.concatenate([pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)]))
        write_array(folder / f"ends-{number:05d}.npy", ends.astype(np.uint32))
        return len(pairs)


def read_pairs(folder: Path, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The documents in the pairs of a range (uint32, ascending), and the places among them (int64) of smaller and larger ends."""
    pairs, ends = (load_array(folder / f"{name}-{number:05d}.npy") for name in ("candidates", "ends"))
    smaller = np.searchsorted(ends, (pairs >> np.uint64(32)).astype(np.uint32))
    return ends, smaller, np.searchsorted(ends, (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32))


def merge(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """The distinct values (uint64) of all arrays, ascending. Holds three times these and an array at the most."""
    held = [np.empty(0, np.uint64)]  # the distinct values so far, and arrays that wait to be merged with them
    for array in arrays:
        held.append(array)
        if 2 * sum(map(len, held[1:])) > len(held[0]):
            held = [distinct(_joined(held))]
    return distinct(_joined(held))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """The parts one behind the other; they are taken out of the list, so that nobody holds them meanwhile."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def distinct(values: np.ndarray) -> np.ndarray:
    """The distinct values, ascending; sorts the array it is given (np.unique hashes first, which costs five times as much)."""
    sort(values)
    keep = np.ones(len(values), np.bool_)
    keep[1:] = values[1:] != values[:-1]
    return values[keep]
