"""Arrays in object stores, of which parts are read without the whole."""

from typing import Any

import numpy as np

from pipeline.storage.pieces import PieceFile

# What lies between two pieces and comes with them, so that they are one request: that takes some thirty milliseconds, in which two
# megabytes pass; but what passes for one task is lacking for others.
_GAP_BYTES = 2**18


class StoredArray:
    """An .npy file by its URL, read by ranges. What can be asked of it is `[a:b]`, `[i]`, `[rows]` and, of a table, `[:, a:b]`.

    `rows` (int64) are ascending places. Raises FileNotFoundError where there is no such file.
    """

    def __init__(self, url: str) -> None:
        self._file = PieceFile(url)
        np.lib.format.read_magic(self._file)
        self.shape, _, self.dtype = np.lib.format.read_array_header_1_0(self._file)
        self._start = self._file.tell()
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
        if isinstance(wanted, np.ndarray):
            held, places = self.gather(wanted, wanted + 1)
            return np.take(held, places, axis=0)
        return self._items(wanted * self._width, (wanted + 1) * self._width).reshape(self.shape[1:])

    def gather(self, starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An array with the rows [start, stop) of each piece, and perhaps some between, and where each begins in it.

        The pieces (int64) are ascending both in where they begin and in where they end.
        """
        cuts = self._cuts(starts, stops)
        firsts, lasts = starts[cuts[:-1]], stops[cuts[1:] - 1]
        held = [self[first:last] for first, last in zip(firsts.tolist(), lasts.tolist())]
        shifts = np.cumsum(lasts - firsts) - lasts  # from a place in the file to one in what is held
        return np.concatenate([self[0:0], *held]), starts + np.repeat(shifts, np.diff(cuts))

    def share(self, starts: np.ndarray, stops: np.ndarray) -> float:
        """How much of the array `gather` transfers for these pieces."""
        cuts = self._cuts(starts, stops)
        return float((stops[cuts[1:] - 1] - starts[cuts[:-1]]).sum() / max(1, len(self)))

    def _cuts(self, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
        """Where among the pieces a new request begins, and their number."""
        row_bytes = max(1, self._width * self.dtype.itemsize)
        apart = np.flatnonzero((starts[1:] - stops[:-1]) * row_bytes > _GAP_BYTES) + 1
        return np.unique(np.concatenate([[0], apart, [len(starts)]]))

    def _items(self, start: int, stop: int) -> np.ndarray:
        size = self.dtype.itemsize
        held = self._file.piece(self._start + start * size, self._start + max(start, stop) * size)
        return np.frombuffer(held, self.dtype)
