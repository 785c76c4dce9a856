"""Arrays in object stores, of which parts are read without the whole."""

import io
from typing import Any

import numpy as np

from pipeline.storage.reading import first_bytes

_HEADER_BYTES = 4096  # more than the header of any array that is written here


class StoredArray:
    """An .npy file by its URL. `[a:b]`, `[i]` and, of a table, `[:, a:b]` are read by ranges; nothing else can be asked of it."""

    def __init__(self, url: str) -> None:
        stream = io.BytesIO(first_bytes(url, _HEADER_BYTES))
        np.lib.format.read_magic(stream)
        self.shape, _, self.dtype = np.lib.format.read_array_header_1_0(stream)
        self._url, self._start = url, stream.tell()
        self._width = int(np.prod(self.shape[1:], dtype=np.int64))  # items of a row

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, wanted: Any) -> np.ndarray:
        if isinstance(wanted, tuple):  # of each row of a table the same columns
            start, stop, _ = wanted[1].indices(self._width)
            return np.stack([self._items(row * self._width + start, row * self._width + stop) for row in range(len(self))])
        if isinstance(wanted, slice):
            start, stop, _ = wanted.indices(len(self))
            return self._items(start * self._width, stop * self._width).reshape(max(0, stop - start), *self.shape[1:])
        return self._items(wanted * self._width, (wanted + 1) * self._width).reshape(self.shape[1:])

    def _items(self, start: int, stop: int) -> np.ndarray:
        size = self.dtype.itemsize
        held = first_bytes(self._url, max(0, stop - start) * size, self._start + start * size)
        return np.frombuffer(held, self.dtype)
