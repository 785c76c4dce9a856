"""Arrays in .npy files, in folders and in object stores."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from pipeline.files import on_this_machine, version_of
from pipeline.storage import StoredArray, StorePath
from pipeline.whole import whole

_MOST = 0.5  # of an array: fetching the rest as well pays with the second task
# Copies of arrays in stores that a process keeps, as files that are gone with it: those of a shard of 64 MiB have some 4 MB (signatures)
# to 14 MB (shingle sets of a third of its documents), so three gigabytes at the most.
_KEPT = 256


def write_array(path: Path, array: np.ndarray) -> None:
    """Writes a numpy array as .npy, whole or absent."""
    write_rows(path, [array], array.shape, array.dtype)


def write_rows(path: Path, parts: Iterable[np.ndarray], shape: tuple[int, ...], dtype: Any) -> None:
    """Writes the parts one behind the other as one array of this shape as .npy, whole or absent.

    Not by numpy's `tofile`, whose error tells nothing of a disk that is full.
    """
    with whole(path, math.prod(shape) * np.dtype(dtype).itemsize) as beside, open(beside, "wb") as stream:
        _write_header(stream, shape, dtype)
        for part in parts:
            stream.write(np.ascontiguousarray(part).data)


@contextmanager
def growing_array(path: Path, columns: int, dtype: Any) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that adds rows to a table as .npy, of so many columns, whose number of rows is known at the end; whole or absent."""
    rows = 0

    def add(part: np.ndarray) -> None:
        nonlocal rows
        assert part.dtype == dtype
        assert part.shape[1:] == (columns,)
        stream.write(np.ascontiguousarray(part).data)
        rows += len(part)

    with whole(path) as beside, open(beside, "wb") as stream:
        _write_header(stream, (rows, columns), dtype)
        yield add
        stream.seek(0)
        _write_header(stream, (rows, columns), dtype)


def _write_header(stream: BinaryIO, shape: tuple[int, ...], dtype: Any) -> None:
    """What an .npy file begins with: as many bytes however many rows, since numpy leaves room for the first number to grow."""
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": tuple(shape)})


def load_array(path: Path) -> np.ndarray:
    """An array as .npy, in memory."""
    with on_this_machine(path) as local:
        return cast(np.ndarray, np.load(local))


def map_array(path: Path) -> np.ndarray:
    """An array as .npy, memory-mapped: one in a store is fetched to this machine, and stays there while it is used or was lately."""
    if isinstance(path, StorePath):
        return _fetched_array(path, version_of(path))
    return cast(np.ndarray, np.load(path, mmap_mode="r"))


@lru_cache(maxsize=_KEPT)
def _fetched_array(path: StorePath, _version: int | str | None) -> np.ndarray:
    with on_this_machine(path) as local:
        return cast(np.ndarray, np.load(local, mmap_mode="r"))


def open_array(path: Path) -> np.ndarray:
    """An array as .npy for reading parts of it, as `StoredArray` has them: memory-mapped, or of a store by ranges."""
    return cast(np.ndarray, StoredArray(str(path)) if isinstance(path, StorePath) else map_array(path))


def gather(path: Path, starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An array that holds the slices [start, stop) of one as .npy, and where each begins in it.

    Memory-mapped, or of a store by ranges (`StoredArray.gather`, which says the order of the slices) unless they are most of it: then it
    is fetched, since the next task of this process will ask for as much.
    """
    if isinstance(path, StorePath):
        array = StoredArray(str(path))
        if array.share(starts, stops) < _MOST:
            return array.gather(starts, stops)
    return map_array(path), starts
