"""Arrays in .npy files, in folders and in object stores; `files` writes them."""

from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np

from pipeline.files import on_this_machine, version_of
from pipeline.storage import StoredArray, StorePath


def load_array(path: Path) -> np.ndarray:
    """An array as .npy, in memory."""
    with on_this_machine(path) as local:
        return cast(np.ndarray, np.load(local))


def map_array(path: Path) -> np.ndarray:
    """An array as .npy, memory-mapped: one in a store is fetched to this machine, and stays there while it is used or was lately."""
    if isinstance(path, StorePath):
        return _fetched_array(path, version_of(path))
    return cast(np.ndarray, np.load(path, mmap_mode="r"))


@lru_cache(maxsize=64)
def _fetched_array(path: StorePath, _version: int | str | None) -> np.ndarray:
    with on_this_machine(path) as local:
        return cast(np.ndarray, np.load(local, mmap_mode="r"))


def open_array(path: Path) -> np.ndarray:
    """An array as .npy for reading parts of it, `[a:b]`, `[i]` or `[:, a:b]`: memory-mapped, or of a store by ranges."""
    return cast(np.ndarray, StoredArray(str(path)) if isinstance(path, StorePath) else map_array(path))
