"""Pieces of a file in a store: a range is one request, and what is not asked for is not transferred."""

from functools import partial

from pipeline.storage.remote import SizedFile, remote_status, settled_bytes
from pipeline.storage.retries import counted_here

# A smaller read brings what lies around it too, since others will follow: the footer of an Arrow file after its last ten bytes, the
# columns of a batch after what describes them. Half a millisecond of transfer, where a request takes some thirty.
AHEAD_BYTES = 2**14


class PieceFile(SizedFile):
    """A file that does not change any more, for reading from anywhere: it is asked once for its size, then only for bytes.

    What fails on the way is tried again, as in all reading. Raises FileNotFoundError where there is none of that name.
    """

    def __init__(self, url: str) -> None:
        status = remote_status(url)
        if status is None:
            raise FileNotFoundError(url)
        super().__init__(status.size)
        self._bytes = counted_here(partial(settled_bytes, url))
        self._first, self._held = 0, b""

    def read(self, size: int = -1) -> bytes:
        stop = self.size if size < 0 else min(self._at + size, self.size)
        found = self.piece(self._at, stop)
        self._at += len(found)
        return found

    def piece(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop), all of which there must be."""
        if stop - start >= AHEAD_BYTES:
            return self._bytes(start, stop)
        if start < stop and not self._first <= start <= stop <= self._first + len(self._held):
            self._first = max(0, min(start, self.size - AHEAD_BYTES))
            self._held = self._bytes(self._first, min(self._first + AHEAD_BYTES, self.size))
        return self._held[start - self._first : stop - self._first]
